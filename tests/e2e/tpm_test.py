"""The whole line on a machine with a TPM, which is a software one: enrolled, measured, quoted.

The attestation key is enrolled with the endorsement certificate, the image is measured into
register 14, and whoever releases a key or reads an answer verifies the quote. Then what a host can
do about it: run or measure something else, and keep quiet about what runs.
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
SECTION = """  tpm:
    keys: []
    machines: []
    pcrs: {{bank: sha256, images: [], selection: [14]}}
    require_crl: false
    require_event_log: true
    roots: []
"""


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
            end = time.monotonic() + 5
            while self.process.poll() is None and time.monotonic() < end:
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port + 1)) == 0:
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
    subprocess.run([BIN / "glovebox", *map(str, arguments)], check=True, capture_output=True,
                   text=True, timeout=60)


class OnATpm(line_test.Line):
    """Register 14 holds what was measured, and the key is enrolled as DEV-TPM."""

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="glovebox-tpm-"))
        cls.tpm = SoftwareTpm(cls.folder)
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.addClassCleanup(cls.tpm.power_off)
        cls.where = cls.tpm.power_on()
        cls.stage = line_test.Stage("collaboration.yaml", cls.believe_tpm)

    @classmethod
    def believe_tpm(cls, text):
        """The agreement, with this machine's key and the agreed image in place of sim."""
        image = re.search(r"sim: \{images: \[([0-9a-f]{64})\]\}.*\n", text)
        text = text.replace("  " + image.group(0), SECTION.format())
        file = cls.folder / "collaboration.yaml"
        file.write_text(text.replace("INSECURE-SIM", "DEV-TPM"), encoding="utf-8")
        authority = cls.folder / "ca" / "swtpm-localca-rootca-cert.pem"
        (cls.folder / "offer.json").write_text(
            attester("offer", "--tpm", cls.where, "--chain", cls.folder / "ca" / "issuer.pem",
                     "--chain", authority))
        kept, challenge = cls.folder / "kept.json", cls.folder / "challenge.json"
        glovebox("trust", "challenge", cls.folder / "offer.json", "--root", authority, "--keep",
                 kept, "-o", challenge)
        (cls.folder / "answer.json").write_text(attester("answer", "--tpm", cls.where, challenge))
        glovebox("trust", "enrol-key", file, cls.folder / "answer.json", "--keep", kept,
                 "--assurance", "DEV-TPM")
        register = hashlib.sha256(bytes(32) + bytes.fromhex(image.group(1))).hexdigest()
        glovebox("trust", "add-image", file, "--platform", "tpm", "--image", image.group(1),
                 "--pcr", "14=" + register)
        return file.read_text(encoding="utf-8")

    def setUp(self):
        self.start(BIN / "glovebox-room")
        super().setUp()

    def start(self, measured):
        where = self.tpm.power_on()
        self.stage.attester = ("glovebox-attester", "tpm", "--tpm", where,
                               *(["--measure", measured] if measured else []))

    def restart(self, measured):
        """The machine again, with something else in register 14 than what runs."""
        self.room.stop()
        self.start(measured)
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
        # Years later, too: nothing in it expires.
        self.newsnow.run("verify", "answer.json", "--policy", "policy.json", "--at",
                         "2034-01-01T00:00:00Z")

    def changed(self, name, source):
        """A folder that looks like the image, but for one file with a byte more."""
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        for program in ("glovebox-room", "glovebox-worker"):
            (folder / program).symlink_to(BIN / program)
        file = folder / name
        file.unlink(missing_ok=True)
        shutil.copy(source, file)
        with open(file, "ab") as out:
            out.write(b"\0")
        return folder / "glovebox-room"

    def test_owners_release_nothing_to_what_was_not_agreed(self):
        engine = line_test.SOURCE / "deps" / "duckdb" / "libduckdb.so"
        for name, source in (("glovebox-room", BIN / "glovebox-room"),
                             ("glovebox-worker", BIN / "glovebox-worker"),
                             ("libduckdb.so", engine)):
            with self.subTest(changed=name):
                self.restart(self.changed(name, source))
                said = self.provide(self.shopgood, "purchases", fails=True)
                self.assertIn("runs an image that the policy does not allow", said)
                self.assertEqual(self.room.kinds(), ["boot"])
                self.assertEqual(list((self.room.folder / "snapshots").iterdir()), [])

    def test_what_was_not_measured_is_not_believed(self):
        self.restart(None)
        said = self.provide(self.shopgood, "purchases", fails=True)
        self.assertIn("runs an image that the policy does not allow", said)

    def test_a_second_measurement_cannot_be_taken_back(self):
        where = self.stage.attester[3]
        self.room.stop()  # without a restart of the machine the register keeps the first one
        self.stage.attester = ("glovebox-attester", "tpm", "--tpm", where, "--measure",
                               BIN / "glovebox-room")
        self.room = line_test.Room(self.stage)
        self.addCleanup(self.room.stop)
        said = self.provide(self.shopgood, "purchases", fails=True)
        self.assertIn("runs an image that the policy does not allow", said)

    def test_a_changed_room_that_says_so_does_not_start(self):
        program = self.changed("glovebox-room", BIN / "glovebox-room")
        self.room.stop()
        with self.assertRaisesRegex(AssertionError, "image_not_allowed"):
            line_test.Room(self.stage, "--room-program", program)

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
