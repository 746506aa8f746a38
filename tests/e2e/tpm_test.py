"""The whole line on a machine with a TPM, which is a software one: enrolled, measured, quoted.

The attestation key is enrolled with the endorsement certificate, glovebox-launch measures the image
into register 14 and runs it, and whoever releases a key or reads an answer verifies the quote. Then
what a host can do about it: run something else, which may lie about what it is.

The image is that of ./dev image where the programs are one; otherwise this build beside the
system's loader and libraries, whose room program then needs more of the system's.
"""

import hashlib
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import time
import unittest

import line_test

BIN = line_test.BIN
LIBRARIES = ("ld-linux-x86-64.so.2", "libc.so.6", "libdl.so.2", "libgcc_s.so.1", "libm.so.6",
             "libpthread.so.0", "libstdc++.so.6")
IMAGE = ("glovebox-room", "glovebox-worker", "libduckdb.so", *LIBRARIES)
IS_IMAGE = (BIN / "image.json").exists()
SECTION = """  tpm:
    keys: []
    machines: []
    pcrs: {{bank: sha256, images: [], selection: [14]}}
    require_crl: false
    require_event_log: true
    roots: []
"""


def listening(pid):
    """The ports on which this process itself listens."""
    sockets = set()
    for file in pathlib.Path(f"/proc/{pid}/fd").glob("*"):
        try:
            sockets.add(os.readlink(file))
        except FileNotFoundError:
            pass
    lines = [line.split() for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {int(line[1].split(":")[1], 16) for line in lines
            if line[3] == "0A" and f"socket:[{line[9]}]" in sockets}


class SoftwareTpm:
    """A TPM with an endorsement certificate of a certificate authority of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.process = None
        for name in ("ca", "state"):
            (folder / name).mkdir()
        (folder / "ca.conf").write_text(
            f"statedir = {folder}/ca\nsigningkey = {folder}/ca/key.pem\n"
            f"issuercert = {folder}/ca/issuer.pem\ncertserial = {folder}/ca/serial\n")
        (folder / "ca.options").write_text(
            "--platform-manufacturer Nobody\n--platform-version 1\n--platform-model test\n")
        (folder / "setup.conf").write_text(
            "create_certs_tool = /usr/bin/swtpm_localca\n"
            f"create_certs_tool_config = {folder}/ca.conf\n"
            f"create_certs_tool_options = {folder}/ca.options\nactive_pcr_banks = sha256\n")
        subprocess.run(["swtpm_setup", "--tpm2", "--tpmstate", folder / "state",
                        "--create-ek-cert", "--config", folder / "setup.conf", "--logfile",
                        folder / "setup.log"], check=True, stdout=subprocess.DEVNULL)

    def power_on(self):
        """As after a restart of the machine: all registers are zero again."""
        self.power_off()
        for _ in range(20):
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port = probe.getsockname()[1]
            address = "type=tcp,bindaddr=127.0.0.1,port="
            self.process = subprocess.Popen(
                ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={self.folder}/state",
                 "--server", address + str(port), "--ctrl", address + str(port + 1), "--flags",
                 "not-need-init,startup-clear"],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            end = time.monotonic() + 10
            while self.process.poll() is None and time.monotonic() < end:
                if {port, port + 1} <= listening(self.process.pid):
                    return f"swtpm:127.0.0.1:{port}"
                time.sleep(0.01)
            self.power_off()
        raise AssertionError("swtpm does not start")

    def power_off(self):
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=10)
        self.process = None


def attester(*arguments):
    return subprocess.run([BIN / "glovebox-attester", *map(str, arguments)], check=True,
                          capture_output=True, text=True, timeout=60).stdout


def glovebox(*arguments):
    return subprocess.run([BIN / "glovebox", *map(str, arguments)], check=True,
                          capture_output=True, text=True, timeout=60).stdout


def source_of(name):
    """Where a file of the image comes from."""
    places = (BIN / name, line_test.SOURCE / "deps" / "duckdb" / name,
              pathlib.Path("/lib/x86_64-linux-gnu") / name)
    return next(place for place in places if place.exists())


def children(pid):
    text = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8")
    return [int(child) for child in text.split()]


def enrol(tpm, agreement, assurance):
    """The attestation key of a TPM, by its endorsement certificate, into an agreement."""
    where, folder = tpm.power_on(), tpm.folder
    authority = folder / "ca" / "swtpm-localca-rootca-cert.pem"
    (folder / "offer.json").write_text(
        attester("offer", "--tpm", where, "--chain", folder / "ca" / "issuer.pem", "--chain",
                 authority))
    kept, challenge = folder / "kept.json", folder / "challenge.json"
    glovebox("trust", "challenge", folder / "offer.json", "--root", authority, "--keep", kept,
             "-o", challenge)
    (folder / "answer.json").write_text(attester("answer", "--tpm", where, challenge))
    glovebox("trust", "enrol-key", agreement, folder / "answer.json", "--keep", kept,
             "--assurance", assurance)
    tpm.power_off()


class OnATpm(line_test.Line):
    """Register 14 holds what was measured, and the key is enrolled as DEV-TPM."""

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="glovebox-tpm-"))
        cls.tpm = SoftwareTpm(cls.folder)
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.addClassCleanup(cls.tpm.power_off)
        cls.stage = line_test.Stage("collaboration.yaml", cls.believe_tpm)

    @classmethod
    def believe_tpm(cls, text):
        """The agreement, with this machine's key and the agreed image in place of sim."""
        image = re.search(r"sim: \{images: \[([0-9a-f]{64})\]\}.*\n", text)
        text = text.replace("  " + image.group(0), SECTION.format())
        file = cls.folder / "collaboration.yaml"
        file.write_text(text.replace("INSECURE-SIM", "DEV-TPM"), encoding="utf-8")
        enrol(cls.tpm, file, "DEV-TPM")
        cls.program = cls.copy()
        said = subprocess.run([cls.program, "--measure"], check=True, capture_output=True,
                              text=True).stdout
        (cls.folder / "image.json").write_text(said)
        cls.image = hashlib.sha256(said.strip().encode()).hexdigest()
        assert [file["name"] for file in json.loads(said)["files"]] == list(IMAGE), said
        register = json.loads(glovebox("--json", "measure", "tpm", "--image",
                                       cls.folder / "image.json"))["pcrs"][0]
        glovebox("trust", "add-image", file, "--platform", "tpm", "--image", cls.image,
                 "--pcr", f"{register['index']}={register['value']}")
        return file.read_text(encoding="utf-8")

    def setUp(self):
        self.start(self.program)
        super().setUp()

    def start(self, program):
        self.where = self.tpm.power_on()
        self.stage.options = ("--launch", self.where, "--room-program", program,
                              *(() if IS_IMAGE else ("--system-libraries",)))

    def restart(self, program):
        """The machine again, with another room program."""
        self.room.stop()
        self.start(program)
        self.room = line_test.Room(self.stage)
        self.addCleanup(self.room.stop)

    def test_a_measured_room_gets_keys_and_its_answer_verifies(self):
        said = self.provide(self.shopgood, "purchases")
        self.assertIn("DEV-TPM", said)
        self.provide(self.newsnow, "exposures")
        self.ask(line_test.ATTRIBUTION, "-o", "answer.json")
        said = self.newsnow.run("verify", "answer.json", "--policy", "policy.json")
        self.assertIn("PASS (DEV-TPM, which whoever owns the machine can forge)", said)
        answer = json.loads((self.newsnow.folder / "answer.json").read_text(encoding="utf-8"))
        self.assertEqual(answer["evidence"]["platform"], "tpm")
        said = self.newsnow.run("evidence", "show", "answer.json", "--policy", "policy.json")
        self.assertIn("Verified: DEV-TPM", said)
        said = self.newsnow.run("evidence", "show", "--room", self.room.socket, "--policy",
                                "policy.json")
        self.assertIn("Verified: DEV-TPM", said)
        aged = ("evidence", "show", "answer.json", "--room", self.room.socket, "--policy",
                "policy.json")
        self.assertRegex(self.newsnow.run(*aged, "--max-age", "600"),
                         r"Made \d+ s ago by the clock of its TPM")
        self.assertIn("older than you allow", self.newsnow.run(*aged, "--max-age", "0", fails=True))
        # Years later, too: nothing in it expires.
        self.newsnow.run("verify", "answer.json", "--policy", "policy.json", "--at",
                         "2034-01-01T00:00:00Z")

    def room_process(self):
        """The room, below glovebox-launch."""
        for child in children(self.room.host.pid):
            for grandchild in children(child):
                return pathlib.Path(f"/proc/{grandchild}")
        raise AssertionError("no room runs")

    def test_the_room_is_in_a_cage(self):
        process = self.room_process()
        lines = (process / "status").read_text(encoding="utf-8").splitlines()
        status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
        self.assertEqual(status["NoNewPrivs"], "1")
        self.assertEqual(status["Seccomp"], "2")
        self.assertGreaterEqual(int(status["Seccomp_filters"]), 2)  # the launcher's and its own
        for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            self.assertEqual(int(status[kind], 16), 0, kind)
        self.assertEqual(status["NSpid"].split()[-1], "1")
        for kind in ("user", "mnt", "net", "ipc", "uts", "pid", "cgroup"):
            self.assertNotEqual(os.readlink(process / "ns" / kind),
                                os.readlink(f"/proc/self/ns/{kind}"), kind)
        self.assertEqual((process / "environ").read_bytes(), b"")
        self.assertIn("Max core file size        0                    0",
                      (process / "limits").read_text(encoding="utf-8"))
        if os.geteuid() == 0:
            self.assertEqual(status["Uid"].split()[0], "61993")
            shown = [] if IS_IMAGE else ["lib", "lib64", "usr"]
            self.assertEqual(sorted(os.listdir(process / "root")), sorted(["dev", "proc", *shown]))
        runs = os.readlink(process / "exe")
        self.assertTrue(runs.startswith("/memfd:glovebox-room"), runs)

    def test_no_clock_vouches_across_a_restart(self):
        self.provide_both()
        self.ask(line_test.ATTRIBUTION, "-o", "answer.json")
        self.restart(self.program)
        said = self.newsnow.run("evidence", "show", "answer.json", "--room", self.room.socket,
                                "--policy", "policy.json", fails=True)
        self.assertIn("the TPM was restarted", said)

    def test_the_worker_uses_what_was_measured(self):
        room = self.room_process()
        workers = children(int(room.name))
        self.assertTrue(workers)
        for process in workers:
            used = set()
            for line in pathlib.Path(f"/proc/{process}/maps").read_text().splitlines():
                if len(line.split()) >= 6 and "/" in line:
                    used.add(line.split()[5])
            for name in IMAGE[1:]:
                if name not in ("libdl.so.2", "libpthread.so.0"):  # which may be of no use
                    self.assertIn(f"/memfd:{name}", used)
            named = {path.rpartition("/")[2] for path in used if not path.startswith("/memfd:")}
            self.assertEqual(named & set(IMAGE), set())
            if IS_IMAGE:
                self.assertEqual(named, set())

    def test_a_room_goes_with_whoever_has_started_it(self):
        process = self.room_process()
        self.room.host.kill()
        end = time.monotonic() + 10
        while process.exists() and time.monotonic() < end:
            time.sleep(0.01)
        self.assertFalse(process.exists())

    @classmethod
    def copy(cls, changed=None, claims=None):
        """The image in a folder of its own: with a byte more in one file, or a room that lies."""
        folder = pathlib.Path(tempfile.mkdtemp(dir=cls.folder))
        room = BIN / ("lying_room" if claims else "glovebox-room")
        for name in IMAGE:
            source = room if name == "glovebox-room" else source_of(name)
            if name in (changed, "glovebox-room"):  # which looks for the others beside itself
                shutil.copy(source, folder / name)
            else:
                (folder / name).symlink_to(source.resolve())
        if changed:
            with open(folder / changed, "ab") as out:
                out.write(b"\0")
        if claims:  # at the end of its file
            with open(folder / "glovebox-room", "ab") as out:
                out.write(bytes.fromhex(claims))
        return folder / "glovebox-room"

    def refused(self, reason):
        said = self.provide(self.shopgood, "purchases", fails=True)
        self.assertIn(reason, said)
        self.assertEqual(self.room.kinds(), ["boot"])
        self.assertEqual(list((self.room.folder / "snapshots").iterdir()), [])

    def test_what_was_measured_is_what_runs(self):
        program = self.copy()
        for file in list(program.parent.iterdir()):
            if file.is_symlink():
                source = file.resolve()
                file.unlink()
                shutil.copy(source, file)
        self.restart(program)
        for file in program.parent.iterdir():  # whatever becomes of the files on disk
            file.write_bytes(b"something else")
        self.provide_both()
        self.ask(line_test.ATTRIBUTION, "-o", "answer.json")

    def test_a_changed_image_that_says_so_does_not_start(self):
        self.room.stop()
        for name in IMAGE:
            with self.subTest(changed=name):
                self.start(self.copy(name))
                with self.assertRaisesRegex(AssertionError, "image_not_allowed"):
                    line_test.Room(self.stage)

    def test_owners_release_nothing_to_a_room_that_lies_about_its_image(self):
        for changed in IMAGE:
            with self.subTest(changed=changed):
                self.restart(self.copy(changed, claims=self.image))
                self.refused("runs an image that the policy does not allow")

    def test_a_log_that_lies_is_no_use(self):
        self.restart(self.copy(claims=self.image))
        lying = hashlib.sha256((self.copy(claims=self.image)).read_bytes()).digest()
        log = self.room.folder / "launch.log"
        text = log.read_bytes()
        self.assertIn(lying, text)
        honest = hashlib.sha256((BIN / "glovebox-room").read_bytes()).digest()
        log.write_bytes(text.replace(lying, honest))
        self.refused("runs an image that the policy does not allow")

    def test_a_log_must_be_there_and_right(self):
        log = self.room.folder / "launch.log"
        text = log.read_bytes()
        log.write_bytes(text[:-1] + bytes([text[-1] ^ 1]))  # a description, which is nobody's word
        self.provide(self.shopgood, "purchases")
        log.write_bytes(text.replace(hashlib.sha256((BIN / "glovebox-room").read_bytes()).digest(),
                                     bytes(32)))
        said = self.provide(self.newsnow, "exposures", fails=True)
        self.assertIn("event log", said)
        log.unlink()
        said = self.provide(self.newsnow, "exposures", fails=True)
        self.assertIn("quote_failed", said)

    def test_what_was_not_measured_is_not_believed(self):
        self.room.stop()
        where = self.tpm.power_on()
        self.stage.options = ("--room-program", self.program)
        self.stage.attester = ("glovebox-attester", "tpm", "--tpm", where)
        self.addCleanup(setattr, self.stage, "attester", ())
        self.room = line_test.Room(self.stage)
        self.addCleanup(self.room.stop)
        self.refused("runs an image that the policy does not allow")

    def test_a_second_start_shows(self):
        self.room.stop()  # without a restart of the machine the register keeps the first one
        self.room = line_test.Room(self.stage)
        self.addCleanup(self.room.stop)
        self.refused("runs an image that the policy does not allow")

    def test_without_its_tpm_no_room_starts(self):
        self.room.stop()
        self.tpm.power_off()
        with self.assertRaisesRegex(AssertionError, "glovebox-launch: tpm_unreachable"):
            line_test.Room(self.stage)

    def test_a_system_without_namespaces_must_be_named(self):
        self.restart(self.program)
        self.room.stop()
        self.start(self.program)
        self.stage.options += ("--no-namespaces",)
        self.room = line_test.Room(self.stage)
        self.addCleanup(self.room.stop)
        self.provide(self.shopgood, "purchases")
        self.assertEqual(os.readlink(self.room_process() / "ns" / "mnt"),
                         os.readlink("/proc/self/ns/mnt"))

    def test_a_changed_policy_does_not_start(self):
        text = self.stage.policy.read_text(encoding="utf-8")
        changed = self.folder / "changed.json"
        changed.write_text(text.replace('"payload": "ey', '"payload": "eX')
                           if '"payload": "ey' in text
                           else text.replace('"payload":"', '"payload":"e', 1))
        self.room.stop()
        kept, self.stage.policy = self.stage.policy, changed
        self.addCleanup(setattr, self.stage, "policy", kept)
        with self.assertRaises(AssertionError):
            line_test.Room(self.stage)

    def test_a_tpm_that_is_gone_gives_no_evidence(self):
        self.provide(self.shopgood, "purchases")
        self.tpm.power_off()
        said = self.provide(self.newsnow, "exposures", fails=True)
        self.assertIn("quote_failed", said)
        self.assertTrue(os.path.exists(self.room.socket))


if __name__ == "__main__":
    unittest.main(verbosity=2)
