"""The whole line with the room in a virtual machine: firmware, kernel, command line and initramfs
are measured into the machine's TPM, which is a software one, and owners verify them before a key
leaves. Then what whoever starts the machine can change: the command line, init, the room.

The last argument says how: `kvm`, which is skipped where it does not work, or `tcg`, which emulates
the processor and takes minutes.
"""

import argparse
import base64
import gzip
import hashlib
import importlib.util
import json
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

ACCELERATOR = sys.argv.pop(3)

import line_test  # pylint: disable=wrong-import-position
import tpm_test  # pylint: disable=wrong-import-position

BIN = line_test.BIN
PACKAGES = line_test.SOURCE / "deps" / "vm"
REGISTERS = "0, 2, 4, 9, 11, 12, 13, 14"
COMPUTED = (2, 4, 9, 11, 12, 13, 14)
EXIT_SKIPPED = 77


def module(name):
    spec = importlib.util.spec_from_file_location(f"vm_{name}",
                                                  line_test.SOURCE / "vm" / f"{name}.py")
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


vm_image, vm_run = module("image"), module("run")


def build(output, *more, programs=BIN):
    subprocess.run([sys.executable, line_test.SOURCE / "vm" / "image.py", "--packages", PACKAGES,
                    "--programs", programs, *more, "-o", output], check=True)


def computed(image, programs=BIN):
    """What a start of the image leaves, with the room of these programs in it."""
    said = subprocess.run([programs / "glovebox-room", "--measure"], check=True,
                          capture_output=True, text=True).stdout
    manifest = image.with_suffix(".json")
    manifest.write_text(said)
    said = subprocess.run([BIN / "glovebox", "--json", "measure", "vm", "--image", image, "--room",
                           manifest], check=True, capture_output=True, text=True,
                          timeout=60).stdout
    return {one["index"]: one["value"] for one in json.loads(said)["pcrs"]}


def events_of(log):
    """Register and digest of each event of a log with the one bank sha256."""
    at = 32 + struct.unpack_from("<I", log, 28)[0]
    out = []
    while at < len(log):
        register, kind, count, bank = struct.unpack_from("<IIIH", log, at)
        assert (count, bank) == (1, 0xb), (count, bank)
        if kind != 3:  # EV_NO_ACTION
            out.append((register, log[at + 14:at + 46]))
        at += 50 + struct.unpack_from("<I", log, at + 46)[0]
    return out


def authenticode(program):
    at = struct.unpack_from("<I", program, 0x3c)[0] + 24
    end = len(program) - struct.unpack_from("<I", program, at + 148)[0]  # Debian signs its kernel
    covered = program[:at + 64] + program[at + 68:at + 144] + program[at + 152:end]
    return hashlib.sha256(covered).digest()


def section(program, wanted):
    pe, = struct.unpack_from("<I", program, 0x3c)
    count, = struct.unpack_from("<H", program, pe + 6)
    table = pe + 24 + struct.unpack_from("<H", program, pe + 20)[0]
    for at in range(table, table + 40 * count, 40):
        name, size, _, _, offset = struct.unpack_from("<8sIIII", program, at)
        if name.rstrip(b"\0") == wanted:
            return program[offset:offset + size]
    raise AssertionError(wanted)


class Host(line_test.Room):
    PATIENCE = vm_run.BOOT_SECONDS


class InAMachine(line_test.Line):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="glovebox-vm-test-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.tpm = tpm_test.SoftwareTpm(cls.folder)
        cls.addClassCleanup(cls.tpm.power_off)
        cls.image = cls.folder / "glovebox.efi"
        build(cls.image)
        cls.stage = line_test.Stage("collaboration.yaml", cls.believe_machine)

    @classmethod
    def believe_machine(cls, text):
        """The agreement, with this image and the machine's key in place of sim."""
        measured = cls.measured_in_a_start()
        section = tpm_test.SECTION.replace("[14]", f"[{REGISTERS}]")
        digest = re.search(r"  sim: \{images: \[([0-9a-f]{64})\]\}.*\n", text)
        text = text.replace(digest.group(0), section.format())
        file = cls.folder / "collaboration.yaml"
        file.write_text(text.replace("INSECURE-SIM", "DEV-VM"), encoding="utf-8")
        tpm_test.enrol(cls.tpm, file, "DEV-VM")
        cls.agreed = {0: measured[0], **computed(cls.image)}
        for index in COMPUTED[:-1]:  # the last comes with the room
            assert cls.agreed[index] == measured[index], (index, cls.agreed, measured)
        tpm_test.glovebox("trust", "add-image", file, "--platform", "tpm", "--image",
                          digest.group(1), *(f"--pcr={i}={v}" for i, v in cls.agreed.items()))
        return file.read_text(encoding="utf-8")

    @classmethod
    def measured_in_a_start(cls):
        machine, socket = cls.switch_on(cls.image)
        try:
            return machine.registers(socket)
        finally:
            machine.stop()

    @classmethod
    def switch_on(cls, image, *more):
        cls.tpm.power_off()
        socket = pathlib.Path(tempfile.mkdtemp(dir=cls.folder)) / "room"
        return vm_run.Machine(image, cls.folder / "state", socket, ACCELERATOR, more), socket

    def setUp(self):
        self.shopgood, self.newsnow = self.stage.shopgood, self.stage.newsnow
        for party in (self.shopgood, self.newsnow):
            shutil.rmtree(party.folder / "home")
            shutil.copytree(party.folder / "home.fresh", party.folder / "home")

    def start(self, image, *more):
        self.machine, socket = self.switch_on(image, *more)
        self.addCleanup(self.machine.stop)
        try:
            self.room = Host(self.stage, "--room-socket", socket)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.machine.said()}") from error
        self.addCleanup(self.room.stop)

    def refused(self):
        said = self.provide(self.shopgood, "purchases", fails=True)
        self.assertIn("runs an image that the policy does not allow", said)
        self.assertEqual(self.room.kinds(), ["boot"])
        self.assertEqual(list((self.room.folder / "snapshots").iterdir()), [])

    def changed(self, name):
        """The programs, with a byte more in one of them."""
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        for program in ("glovebox-init", *vm_image.PROGRAMS):
            shutil.copy(BIN / program, folder)
        with open(folder / name, "ab") as out:
            out.write(b"\0")
        build(folder / "glovebox.efi", programs=folder)
        return folder / "glovebox.efi"

    def test_one_verified_private_answer_out_of_a_machine(self):
        self.start(self.image)
        self.assertIn("DEV-VM", self.provide(self.shopgood, "purchases"))
        self.provide(self.newsnow, "exposures")
        self.ask(line_test.ATTRIBUTION, "-o", "answer.json")
        said = self.newsnow.run("verify", "answer.json", "--policy", "policy.json")
        self.assertIn("PASS (DEV-VM, which whoever owns the machine can forge)", said)
        answer = json.loads((self.newsnow.folder / "answer.json").read_text(encoding="utf-8"))
        rows = {row[0][0]: int(row[1][0]) for row in answer["result"]["rows"] if row[1]}
        self.assertAlmostEqual(rows["sg_denim"], line_test.PEOPLE // 2, delta=200)
        self.programs_are_measured_in_the_order_of_rtmr_1(answer["evidence"])
        self.room.stop()  # and with its host the machine goes
        self.assertEqual(self.machine.processes[-1].wait(timeout=60), 0)

    def programs_are_measured_in_the_order_of_rtmr_1(self, evidence):
        """On a trust domain one register stands for PCR 2 to 6, so that there, other than here, the
        order among them counts, for which `glovebox measure tdx --image` has no machine to ask."""
        image = self.image.read_bytes()
        separator, *texts = (hashlib.sha256(text).digest() for text in (
            bytes(4), b"Calling EFI Application from Boot Option", b"Exit Boot Services Invocation",
            b"Exit Boot Services Returned with Success"))
        events = [digest for register, digest in events_of(base64.b64decode(evidence["collateral"]))
                  if 2 <= register <= 6]
        self.assertEqual(events, [authenticode(image), texts[0], *[separator] * 5,
                                  authenticode(section(image, b".linux")), *texts[1:]])

    def test_owners_release_nothing_under_another_command_line(self):
        self.start(self.image, "-append", vm_image.COMMAND_LINE + " ")
        self.refused()

    def test_owners_release_nothing_to_another_initramfs(self):
        self.start(self.changed("glovebox-init"))
        self.refused()

    def test_another_room_does_not_start(self):
        with self.assertRaisesRegex(AssertionError, "image_not_allowed"):
            self.start(self.changed("glovebox-room"))

    def test_each_part_of_the_image_shows_in_the_registers(self):
        other = self.folder / "other.efi"
        build(other, "--command-line", vm_image.COMMAND_LINE + " quiet")
        worker = self.changed("glovebox-worker")
        for image, programs, expected in ((other, BIN, {4, 9, 11}),
                                          (worker, worker.parent, {4, 9, 11, 14})):
            pcrs = computed(image, programs)
            differ = {i for i, value in pcrs.items() if value != self.agreed[i]}
            self.assertEqual(differ, expected)

    def test_all_files_of_a_rooms_folder_are_in_the_image(self):
        room = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        for program in ("glovebox-room", "glovebox-worker"):
            shutil.copy(BIN / program, room)
        for library in ("ld-linux-x86-64.so.2", "libc.so.6", "libother.so"):
            (room / library).write_bytes(library.encode())
        packed = gzip.decompress(vm_image.initramfs(argparse.Namespace(
            packages=PACKAGES, programs=BIN, room=room)))
        for file in room.iterdir():
            self.assertIn(f"glovebox/{file.name}\0".encode(), packed)

    def test_the_same_files_give_the_same_image(self):
        programs = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        for program in ("glovebox-init", *vm_image.PROGRAMS):
            shutil.copy(BIN / program, programs)
            os.utime(programs / program, (0, 0))
        again = self.folder / "again.efi"
        build(again, programs=programs)
        self.assertEqual(again.read_bytes(), self.image.read_bytes())


def missing():
    """Why this test cannot run here; nothing when it can."""
    if not PACKAGES.exists() or shutil.which(vm_run.QEMU) is None or not vm_run.FIRMWARE.exists():
        return "QEMU, OVMF and the kernel are fetched by ./dev vm"
    if ACCELERATOR == "kvm" and not vm_run.kvm_works():
        return "KVM does not work here; ./dev test --long emulates"
    return None


if __name__ == "__main__":
    why = missing()
    if why:
        print(f"skipped: {why}")
        sys.exit(EXIT_SKIPPED)
    unittest.main(verbosity=2)
