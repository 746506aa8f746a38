"""Builds the image of a VM: one unified kernel image (UKI) that holds kernel, command line and an
initramfs with init, launcher, attester and room, and nothing else.

The same files give the same bytes: entries are sorted, owned by root and without time.
"""

import argparse
import gzip
import pathlib
import re
import struct
import subprocess

COMMAND_LINE = ("console=ttyS0 loglevel=4 panic=-1 lockdown=confidentiality "
                "sysctl.kernel.sysrq=0 rdinit=/init")
# What a virtual machine needs besides what is built into Debian's kernel, in the order of loading.
MODULES = ("virtio/virtio_ring.ko", "virtio/virtio.ko", "virtio/virtio_pci_modern_dev.ko",
           "virtio/virtio_pci_legacy_dev.ko", "virtio/virtio_pci.ko", "char/virtio_console.ko")
PROGRAMS = ("glovebox-room", "glovebox-worker", "glovebox-attester", "glovebox-launch")
OF_ROOM = PROGRAMS[:2]
ROOM = "glovebox"  # the folder of the room, as init has it
SECTION_ALIGNMENT = 4096


def libraries(program):
    """What the loader takes for a program, by the names under which it looks."""
    listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        return []  # static
    if "not found" in listed.stdout:
        raise SystemExit(f"{program} lacks libraries:\n{listed.stdout}")
    return re.findall(r"(/\S+) \(0x", listed.stdout)


class Tree:
    """The files of an initramfs."""

    def __init__(self):
        self.files = {}

    def add(self, name, content, mode=0o100555):
        self.files[name.lstrip("/")] = (mode, content)
        folder = name.lstrip("/")
        while "/" in folder:
            folder = folder.rpartition("/")[0]
            self.files.setdefault(folder, (0o040555, b""))

    def add_program(self, name, path):
        """A program with its loader and libraries. Those beside it stay beside it."""
        path = pathlib.Path(path).resolve()
        self.add(name, path.read_bytes())
        for library in libraries(path):
            library = pathlib.Path(library)
            beside = library.parent.resolve() == path.parent
            self.add(f"{pathlib.PurePath(name).parent}/{library.name}" if beside else str(library),
                     library.read_bytes())

    def cpio(self):
        """newc, as the kernel unpacks it."""
        out = bytearray()
        entries = sorted(self.files.items()) + [("TRAILER!!!", (0, b""))]
        for number, (name, (mode, content)) in enumerate(entries):
            fields = (number, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0)
            out += b"070701" + b"".join(b"%08x" % field for field in fields)
            out += name.encode() + b"\0"
            out += bytes(-len(out) % 4) + content
            out += bytes(-len(out) % 4)
        return bytes(out)


def initramfs(options):
    tree = Tree()
    for folder in ("dev", "proc", "sys", "sealed"):
        tree.add(folder, b"", 0o040555)
    tree.add_program("init", options.programs / "glovebox-init")
    room = options.room or options.programs
    for program in PROGRAMS:
        folder = room if program in OF_ROOM else options.programs
        tree.add_program(f"{ROOM}/{program}", folder / program)
    for file in sorted(room.glob("*.so*")):  # the loader, too
        tree.add(f"{ROOM}/{file.name}", file.read_bytes())
    drivers = next((options.packages / "lib" / "modules").glob("*/kernel/drivers"))
    for number, module in enumerate(MODULES):
        tree.add(f"modules/{number}.ko", (drivers / module).read_bytes(), 0o100444)
    return gzip.compress(tree.cpio(), compresslevel=6, mtime=0)


def add_sections(stub, sections):
    """A PE file with more sections behind its own; there is room for their headers."""
    image = bytearray(stub)
    pe = struct.unpack_from("<I", image, 0x3c)[0]
    count, optional_size = struct.unpack_from("<H12xH", image, pe + 6)
    optional = pe + 24
    file_alignment, = struct.unpack_from("<I", image, optional + 36)
    size_of_headers, = struct.unpack_from("<I", image, optional + 60)
    table = optional + optional_size
    if table + 40 * (count + len(sections)) > size_of_headers:
        raise SystemExit("the stub has no room for more sections")
    # Symbols behind the last section say nothing to firmware.
    struct.pack_into("<II", image, pe + 12, 0, 0)
    last = [struct.unpack_from("<8xIIII", image, table + 40 * i) for i in range(count)]
    del image[max(offset + size for _, _, size, offset in last):]
    address = max(start + size for size, start, _, _ in last)
    for number, (name, content) in enumerate(sections):
        address += -address % SECTION_ALIGNMENT
        image += bytes(-len(image) % file_alignment)
        raw = len(content) + -len(content) % file_alignment
        struct.pack_into("<8sIIIIIIHHI", image, table + 40 * (count + number), name.encode(),
                         len(content), address, raw, len(image), 0, 0, 0, 0, 0x40000040)
        image += content + bytes(raw - len(content))
        address += len(content)
    struct.pack_into("<H", image, pe + 6, count + len(sections))
    struct.pack_into("<I", image, optional + 56, address + -address % SECTION_ALIGNMENT)
    struct.pack_into("<I", image, optional + 64, 0)  # the checksum, which nobody looks at
    return bytes(image)


def unified_kernel_image(options):
    stub = options.packages / "usr/lib/systemd/boot/efi/linuxx64.efi.stub"
    kernel = next((options.packages / "boot").glob("vmlinuz-*"))
    return add_sections(stub.read_bytes(), [
        (".cmdline", options.command_line.encode()),
        (".linux", kernel.read_bytes()),
        (".initrd", initramfs(options)),
    ])


def main():
    parser = argparse.ArgumentParser(description="Builds the unified kernel image of a VM.")
    parser.add_argument("--packages", type=pathlib.Path, required=True,
                        help="where the packages of deps/vm.lock are unpacked")
    parser.add_argument("--programs", type=pathlib.Path, required=True,
                        help="where glovebox-init, glovebox-attester and glovebox-launch are")
    parser.add_argument("--room", type=pathlib.Path,
                        help="the folder of the room's image; otherwise where the programs are")
    parser.add_argument("--command-line", default=COMMAND_LINE)
    parser.add_argument("-o", "--output", type=pathlib.Path, required=True)
    options = parser.parse_args()
    options.output.write_bytes(unified_kernel_image(options))


if __name__ == "__main__":
    main()
