"""MRTD and RTMRs of TDX and the registers of Nitro enclaves, computed a second time and held
against glovebox.

Nothing is shared with the first implementation but the documents. Firmware and images are made up
here; where ./dev vm has fetched Debian's OVMF, which is built for TDX too, that one is taken
besides. No machine has confirmed any of these values.
"""

import hashlib
import json
import pathlib
import struct
import subprocess
import sys
import tempfile
import unittest
import uuid
import zlib

PROGRAM, SOURCE = sys.argv.pop(1), pathlib.Path(sys.argv.pop(1))
DEBIAN = SOURCE / "deps/vm/usr/share/ovmf/OVMF.fd"
EMPTY_PCR = ("21b9efbc184807662e966d34f390821309eeac6802309798826296bf3e8bec7c"
             "10edb30948c90ba67310f7b964fc500a")  # as AWS's tools print it for no more RAM disks


def measure(platform, content, option, *more):
    """What glovebox says; the word of its refusal otherwise."""
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "file"
        file.write_bytes(content)
        done = subprocess.run([PROGRAM, "--json", "measure", platform, option, file, *more],
                              capture_output=True, text=True, check=False)
    if done.returncode:
        return json.loads(done.stderr)["error"]["reason"]
    return json.loads(done.stdout)


def guid(text):
    return uuid.UUID(text).bytes_le


def table_entry(name, data):
    return data + struct.pack("<H", len(data) + 18) + guid(name)


def firmware(sections, size=0x6000, metadata=True):
    """A firmware that nobody could start: bytes that differ, and the tables at their end."""
    out = bytearray(i * 31 % 251 for i in range(size))
    described = b"TDVF" + struct.pack("<III", 16 + 32 * len(sections), 1, len(sections))
    described += b"".join(struct.pack("<IIQQII", *section) for section in sections)
    place = 0x800
    out[-place:len(out) - place + len(described)] = described
    table = table_entry("e47a6535-984a-4798-865e-4685a7bf8ec2",
                        struct.pack("<I", place)) if metadata else b""
    table += struct.pack("<H", len(table) + 18) + guid("96b582de-1fb2-45f7-baea-a366c55a082d")
    out[-32 - len(table):-32] = table
    return bytes(out)


def sections_of(image):
    at = len(image) - 50
    size, = struct.unpack_from("<H", image, at)
    rest = image[at - size + 18:at]
    while rest:
        entry, = struct.unpack_from("<H", rest, len(rest) - 18)
        if rest[-16:] == guid("e47a6535-984a-4798-865e-4685a7bf8ec2"):
            place = len(image) - struct.unpack_from("<I", rest, len(rest) - entry)[0]
            count, = struct.unpack_from("<I", image, place + 12)
            return [struct.unpack_from("<IIQQII", image, place + 16 + 32 * i)
                    for i in range(count)]
        rest = rest[:-entry]
    raise AssertionError("no metadata")


def mrtd(image, by_page):
    digest = hashlib.sha384()

    def record(name, address):
        digest.update(name.ljust(16, b"\0") + struct.pack("<Q", address) + bytes(104))

    for offset, _, address, size, _, attributes in sections_of(image):
        def extend(page):
            for chunk in range(page, page + 4096, 256):
                record(b"MR.EXTEND", address + chunk)
                digest.update(image[offset + chunk:offset + chunk + 256])
        for page in range(0, size, 4096):
            record(b"MEM.PAGE.ADD", address + page)
            if attributes & 1 and by_page:
                extend(page)
        for page in range(0, size, 4096):
            if attributes & 1 and not by_page:
                extend(page)
    return digest.hexdigest()


BOOT = (0, 0x3000, 0xfffd000, 0x3000, 0, 1)
VARIABLES = (0x3000, 0x1000, 0xfffc000, 0x1000, 1, 0)
SCRATCH = (0, 0, 0x810000, 0x2000, 3, 0)
HAND_OFF = (0, 0, 0x809000, 0x1000, 2, 0)


class Mrtd(unittest.TestCase):
    def agree(self, image):
        for order, by_page in (("page", True), ("section", False)):
            said = measure("tdx", image, "--firmware", "--page-order", order)
            self.assertEqual(said, {"mrtd": mrtd(image, by_page), "platform": "tdx"})

    def test_of_made_firmware(self):
        self.agree(firmware([BOOT, VARIABLES, SCRATCH, HAND_OFF]))
        self.agree(firmware([SCRATCH]))

    @unittest.skipUnless(DEBIAN.exists(), "./dev vm has not fetched OVMF")
    def test_of_debians_firmware(self):
        self.agree(DEBIAN.read_bytes())

    def test_every_byte_and_place_that_is_measured_counts(self):
        image = firmware([BOOT, SCRATCH])
        before = measure("tdx", image, "--firmware")["mrtd"]
        changed = bytearray(image)
        changed[0x2fff] ^= 1
        self.assertNotEqual(measure("tdx", bytes(changed), "--firmware")["mrtd"], before)
        moved = firmware([BOOT, SCRATCH[:2] + (0x811000,) + SCRATCH[3:]])
        self.assertNotEqual(measure("tdx", moved, "--firmware")["mrtd"], before)
        self.assertNotEqual(measure("tdx", firmware([SCRATCH, BOOT]), "--firmware")["mrtd"], before)

    def test_what_would_be_a_guess_is_refused(self):
        def refused(section):
            return measure("tdx", firmware([section]), "--firmware")
        malformed = (
            BOOT[:1] + (0x2000,) + BOOT[2:],             # measured, and not all of it there
            BOOT[:1] + (0x4000,) + BOOT[2:],             # more than its memory
            (0x5000, 0x3000) + BOOT[2:],                 # outside of the file
            BOOT[:2] + (0xfffd001,) + BOOT[3:],          # no page
            BOOT[:3] + (0x3001,) + BOOT[4:],
            BOOT[:3] + (0,) + BOOT[4:],
            BOOT[:2] + (0xfffff000,) + BOOT[3:],         # behind 4 GiB
            SCRATCH[:3] + (0x8000000,) + SCRATCH[4:],    # more than a start adds
            BOOT[:4] + (4, 1), BOOT[:4] + (0, 2), BOOT[:4] + (0, 3),
        )
        for section in malformed:
            self.assertEqual(refused(section), "firmware_malformed", section)
        self.assertEqual(measure("tdx", firmware([]), "--firmware"), "firmware_malformed")
        self.assertEqual(measure("tdx", firmware([BOOT], metadata=False), "--firmware"),
                         "firmware_not_for_tdx")
        self.assertEqual(measure("tdx", bytes(8192), "--firmware"), "firmware_not_for_tdx")


def program(sections):
    """A PE file: headers of 1 KiB, then sections in steps of 512 bytes."""
    body, table = b"", b""
    for name, content in sections:
        padded = content + bytes(-len(content) % 512)
        table += struct.pack("<8sIIII16x", name, len(content), 0, len(padded), 1024 + len(body))
        body += padded
    optional = struct.pack("<H58xI", 0x20b, 1024).ljust(240, b"\0")
    head = b"MZ".ljust(0x3c, b"\0") + struct.pack("<I", 0x80)
    head = head.ljust(0x80, b"\0") + b"PE\0\0" + struct.pack("<HH12xHH", 0x8664, len(sections),
                                                             240, 0)
    return (head + optional + table).ljust(1024, b"\0") + body


def authenticode(file):
    at, = struct.unpack_from("<I", file, 0x3c)
    at += 24
    covered = file[:at + 64] + file[at + 68:at + 144] + file[at + 152:]
    return hashlib.sha384(covered).digest()


def rtmr(*digests):
    value = bytes(48)
    for digest in digests:
        value = hashlib.sha384(value + digest).digest()
    return value.hex()


def cc_log(events, first=1, filler=b"\xff" * 40):
    spec = b"Spec ID Event03\0" + struct.pack("<IBBBBIHHB", 0, 0, 2, 0, 2, 1, 12, 48, 0)
    out = struct.pack("<II20xI", first, 3, len(spec)) + spec
    for register, kind, data in events:
        out += struct.pack("<IIIH", register, kind, 1, 12) + hashlib.sha384(data).digest()
        out += struct.pack("<I", len(data)) + data
    return out + filler


class Rtmrs(unittest.TestCase):
    LINUX = program([(b".text", b"kernel" * 200)])
    UKI = program([(b".text", b"stub"), (b".cmdline", b"quiet"), (b".linux", LINUX),
                   (b".initrd", b"files")])

    def values(self, content, option, *more):
        said = measure("tdx", content, option, *more)
        return {one["index"]: one["value"] for one in said["rtmrs"]}

    def test_of_a_start_of_the_image(self):
        action = [hashlib.sha384(text).digest() for text in (
            b"Calling EFI Application from Boot Option", bytes(4),
            b"Exit Boot Services Invocation", b"Exit Boot Services Returned with Success")]
        programs = authenticode(self.UKI), authenticode(self.LINUX)
        zeros = bytes(48).hex()
        first = rtmr(programs[0], action[0], action[1], programs[1], *action[2:])
        self.assertEqual(self.values(self.UKI, "--image"), {1: first, 2: zeros, 3: zeros})
        older = rtmr(programs[0], action[0], programs[1], *action[2:])
        self.assertEqual(self.values(self.UKI, "--image", "--separator", "rtmr0")[1], older)
        self.assertEqual(measure("tdx", self.LINUX, "--image"), "vm_image_malformed")

    def test_of_a_starts_log(self):
        events = [(1, 1, b"a"), (2, 1, b"b"), (0, 3, b"no action"), (1, 4, b"c"), (4, 1, b"d")]
        digest = [hashlib.sha384(data).digest() for data in (b"a", b"b", b"c", b"d")]
        expected = {0: rtmr(digest[0], digest[2]), 1: rtmr(digest[1]), 2: bytes(48).hex(),
                    3: rtmr(digest[3])}
        for log in (cc_log(events), cc_log(events, 0, bytes(9)), cc_log(events, 0, b"")):
            self.assertEqual(self.values(log, "--event-log"), expected)
        self.assertEqual(measure("tdx", cc_log([(0, 1, b"a")]), "--event-log"),
                         "tdx_log_register_wrong")
        self.assertEqual(measure("tdx", cc_log(events, 2), "--event-log"), "event_log_malformed")
        self.assertEqual(measure("tdx", cc_log(events, 1, b"\0\xff"), "--event-log"),
                         "event_log_malformed")


KERNEL, COMMAND_LINE, RAMDISK, SIGNATURE, METADATA = range(1, 6)


def eif(sections, version=4, flags=0, crc=None, count=None, more=b"", section_flags=0):
    body, offsets, sizes = b"", [], []
    for kind, content in sections:
        offsets.append(548 + len(body))
        sizes.append(len(content))
        body += struct.pack(">HHQ", kind, section_flags, len(content)) + content
    body += more
    pad = [0] * (32 - len(sections))
    head = b".eif" + struct.pack(">HHQQHH", version, flags, 1 << 29, 2, 0,
                                 len(sections) if count is None else count)
    head += struct.pack(">32Q", *offsets, *pad) + struct.pack(">32Q", *sizes, *pad) + bytes(4)
    return head + struct.pack(">I", zlib.crc32(head + body) if crc is None else crc) + body


def pcr(*parts):
    return hashlib.sha384(bytes(48) + hashlib.sha384(b"".join(parts)).digest()).hexdigest()


PARTS = [(KERNEL, b"kernel" * 99), (COMMAND_LINE, b"quiet"), (METADATA, b"{}"),
         (RAMDISK, b"init"), (RAMDISK, b"room"), (RAMDISK, b"more")]


class Nitro(unittest.TestCase):
    def values(self, image):
        said = measure("nitro", image, "--image")
        return [one["value"] for one in said["pcrs"]] if isinstance(said, dict) else said

    def test_of_made_images(self):
        kernel, line = PARTS[0][1], PARTS[1][1]
        expected = [pcr(kernel, line, b"init", b"room", b"more"), pcr(kernel, line, b"init"),
                    pcr(b"room", b"more")]
        self.assertEqual(self.values(eif(PARTS)), expected)
        self.assertEqual(self.values(eif(PARTS + [(SIGNATURE, b"signed")], flags=1)), expected)
        self.assertEqual(self.values(eif(PARTS[:4]))[2], EMPTY_PCR)

    def test_what_aws_would_not_write_is_refused(self):
        good = eif(PARTS)
        bad = [good[:-1], good + b"\0", eif(PARTS, version=3), eif(PARTS, version=5),
               eif(PARTS, flags=2), eif(PARTS, crc=0), eif(PARTS, count=5), eif(PARTS, count=33),
               eif(PARTS, more=b"\0"), eif(PARTS, section_flags=1), eif(PARTS[1:]), eif(PARTS[:3]),
               eif([PARTS[0], PARTS[3]]), eif([PARTS[0]] + PARTS), eif([PARTS[1]] + PARTS),
               eif(PARTS[:2] + [PARTS[2]] * 2 + PARTS[3:]), eif([PARTS[3]] + PARTS),
               eif([PARTS[1], PARTS[0]] + PARTS[2:]), eif(PARTS + [(0, b"")]),
               eif(PARTS + [(6, b"")]), b"", b".eif"]
        for number, image in enumerate(bad):
            self.assertEqual(self.values(image), "eif_malformed", number)
        for place in (0, 9, 27, 28, 300, 543, 547, 548, 560, len(good) - 1):
            changed = bytearray(good)
            changed[place] ^= 1
            self.assertEqual(self.values(bytes(changed)), "eif_malformed", place)


if __name__ == "__main__":
    unittest.main(verbosity=2)
