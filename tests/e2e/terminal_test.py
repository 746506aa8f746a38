"""The owner at a terminal: passphrases that are asked for, Ctrl-C, kill -9, a full disk.

usage: terminal_test.py SOURCE_DIR BIN_DIR

Each program runs on a pseudo-terminal of its own. What is checked besides its words: that the
terminal echoes again afterwards, and that no byte of any file changed where nothing was to change.
"""

import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import termios
import time
import unittest

SOURCE = pathlib.Path(sys.argv.pop(1)).resolve()
BIN = pathlib.Path(sys.argv.pop(1)).resolve()
GLOVEBOX = BIN / "glovebox"
EXAMPLE = SOURCE / "examples" / "shopgood-newsnow"
SECONDS_MAX = 60
RIGHT = "correct horse"


def files_in(folder):
    """Every file's bytes and mode, by path."""
    return {path.relative_to(folder): (path.read_bytes(), path.stat().st_mode)
            for path in sorted(folder.rglob("*")) if path.is_file()}


class OnTerminal:
    """A program on a terminal of its own."""

    def __init__(self, folder, *arguments):
        self.master, self.slave = pty.openpty()
        environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}

        def take_terminal():
            os.setsid()
            os.close(os.open(os.ttyname(self.slave), os.O_RDWR))  # the first one opened controls

        self.process = subprocess.Popen(
            [GLOVEBOX, *map(str, arguments)], cwd=folder, env=environment, stdin=self.slave,
            stdout=self.slave, stderr=self.slave, preexec_fn=take_terminal)
        self.shown = ""

    def echoes(self):
        return bool(termios.tcgetattr(self.slave)[3] & termios.ECHO)

    def wait_for(self, words):
        end = time.monotonic() + SECONDS_MAX
        while words not in self.shown:
            ready, _, _ = select.select([self.master], [], [], 0.1)
            if ready:
                self.shown += os.read(self.master, 4096).decode()
            elif time.monotonic() > end or self.process.poll() is not None:
                raise AssertionError(f"{words!r} did not come; shown: {self.shown}")

    def type(self, text):
        os.write(self.master, text.encode())

    def end(self):
        """Its exit code (negative: the signal that ended it), when it has shown all."""
        code = self.process.wait(SECONDS_MAX)
        while select.select([self.master], [], [], 0)[0]:
            self.shown += os.read(self.master, 4096).decode()
        return code

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.master)
        os.close(self.slave)


class Folder(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="glovebox-terminal-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def on_terminal(self, *arguments):
        program = OnTerminal(self.folder, *arguments)
        self.addCleanup(program.close)
        return program

    def run_plain(self, *arguments, **more):
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder),
                       "GLOVEBOX_PASSPHRASE": RIGHT}
        environment.update(more.pop("environment", {}))
        return subprocess.run([GLOVEBOX, *map(str, arguments)], cwd=self.folder, env=environment,
                              capture_output=True, text=True, timeout=SECONDS_MAX, check=False,
                              stdin=subprocess.DEVNULL, start_new_session=True, **more)


class Passphrase(Folder):
    def test_init_asks_twice_without_echo(self):
        program = self.on_terminal("init", "--name", "shopgood")
        program.wait_for("New passphrase of shopgood: ")
        self.assertFalse(program.echoes())
        program.type(RIGHT + "\n")
        program.wait_for("Again: ")
        self.assertFalse(program.echoes())
        program.type(RIGHT + "\n")
        self.assertEqual(program.end(), 0, program.shown)
        self.assertTrue(program.echoes())
        self.assertNotIn(RIGHT, program.shown)
        keys = self.folder / ".glovebox" / "keys.json"
        self.assertEqual(keys.stat().st_mode & 0o777, 0o600)
        self.assertEqual(self.run_plain("identity", "export").returncode, 0)

    def test_nothing_is_made_of_two_that_differ_or_none(self):
        for lines, words in ((["one", "two"], "the two differ"), ([""], "it is empty"),
                             (["x" * 1025], "over 1024 bytes"), (["\x04"], "it is empty")):
            program = self.on_terminal("init", "--name", "shopgood")
            for number, line in enumerate(lines):
                program.wait_for(("New passphrase of shopgood: ", "Again: ")[number])
                program.type(line + "\n")
            self.assertEqual(program.end(), 1)
            self.assertIn(words, program.shown)
            self.assertTrue(program.echoes())
            self.assertEqual(files_in(self.folder), {})

    def test_ctrl_c_and_a_polite_kill_give_the_echo_back(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT):
            program = self.on_terminal("init", "--name", "shopgood")
            program.wait_for(": ")
            self.assertFalse(program.echoes())
            if number == signal.SIGINT:
                program.type("half\x03")
            else:
                program.process.send_signal(number)
            self.assertEqual(program.end(), -number)
            self.assertTrue(program.echoes())
            self.assertEqual(files_in(self.folder), {})

    def test_ctrl_z_gives_the_echo_back_and_asks_again(self):
        program = self.on_terminal("init", "--name", "shopgood")
        program.wait_for(": ")
        # An orphaned group is not stopped by the terminal: the signal comes from outside.
        program.process.send_signal(signal.SIGTSTP)
        program.wait_for("New passphrase of shopgood: \r\nNew passphrase of shopgood: ")
        self.assertFalse(program.echoes())
        program.type("\x03")
        self.assertEqual(program.end(), -signal.SIGINT)
        self.assertTrue(program.echoes())

    def test_a_wrong_one_touches_nothing(self):
        self.assertEqual(self.run_plain("init", "--name", "shopgood").returncode, 0)
        before = files_in(self.folder)
        for verb in (("identity", "export"),
                     ("token-key", "new", "--collaboration", "0" * 32, "-o", "key.json")):
            program = self.on_terminal(*verb)
            program.wait_for("Passphrase of shopgood: ")
            program.type("wrong\n")
            self.assertEqual(program.end(), 1)
            self.assertIn("passphrase", program.shown.split("\n", 1)[1])
            self.assertEqual(files_in(self.folder), before)

    def test_without_a_terminal_and_a_file_it_says_what_to_do(self):
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder)}
        done = subprocess.run([GLOVEBOX, "init", "--name", "shopgood"], cwd=self.folder,
                              env=environment, capture_output=True, text=True, check=False,
                              stdin=subprocess.DEVNULL, start_new_session=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("there is no terminal", done.stderr)
        self.assertIn("--passphrase-file FILE", done.stderr)
        self.assertEqual(files_in(self.folder), {})


class Output(Folder):
    """What cannot be written is no success."""

    def to(self, output, *arguments):
        command = " ".join([str(GLOVEBOX), *map(str, arguments), output])
        return subprocess.run(["sh", "-c", command], cwd=self.folder, capture_output=True,
                              text=True, timeout=SECONDS_MAX, check=False)

    def test_a_full_disk_and_a_closed_output_are_said(self):
        manifest = {"files": [{"name": "room", "sha256": "0" * 64}], "format": 1}
        (self.folder / "image.json").write_text(json.dumps(manifest, separators=(",", ":")))
        command = ("measure", "tpm", "--image", "image.json")
        self.assertEqual(self.to("", *command).returncode, 0)
        for output in (">/dev/full", ">&-"):
            for json_too in ((), ("--json",)):
                done = self.to(output, *json_too, *command)
                self.assertEqual(done.returncode, 1, output)
                self.assertIn("did not arrive whole", done.stderr)

    def test_a_folder_is_not_a_file_that_is_locked_away(self):
        done = self.to("", "measure", "tpm", "--image", ".")
        self.assertIn("this is a folder, not a file", done.stderr)


class PassphraseFile(Folder):
    def write(self, content, mode=0o600):
        path = self.folder / "pass"
        path.write_bytes(content)
        path.chmod(mode)
        return path

    def init(self, path, number=[0]):
        number[0] += 1
        return self.run_plain("--home", f"home{number[0]}", "--passphrase-file", path, "init",
                              "--name", "shopgood")

    def test_the_end_of_its_line_does_not_count(self):
        self.assertEqual(self.init(self.write(RIGHT.encode())).returncode, 0)
        home = next(self.folder.glob("home*"))
        for content in (RIGHT, RIGHT + "\n", RIGHT + "\r\n", RIGHT + "\nsecond line\n"):
            path = self.write(content.encode())
            done = self.run_plain("--home", home, "--passphrase-file", path, "identity", "export")
            self.assertEqual(done.returncode, 0, done.stderr)
        done = self.run_plain("--home", home, "--passphrase-file",
                              self.write((RIGHT + " \n").encode()), "identity", "export")
        self.assertEqual(done.returncode, 1)

    def test_what_is_wrong_with_it_is_said(self):
        for content, mode, words in ((b"", 0o600, "it is empty"), (b"\n", 0o600, "it is empty"),
                                     (b"x" * 1025, 0o600, "over 1024 bytes"),
                                     (b"x\n", 0o644, "chmod 600")):
            done = self.init(self.write(content, mode))
            self.assertEqual(done.returncode, 1)
            self.assertIn(words, done.stderr)
        for path, words in ((self.folder / "none", "No such file"),
                            (self.folder, "it is not a file")):
            done = self.init(path)
            self.assertEqual(done.returncode, 1)
            self.assertIn(words, done.stderr)
        self.assertEqual(list(self.folder.glob("home*")), [])


class Prepare(Folder):
    """shopgood, alone in a collaboration that newsnow has signed too, with many rows."""

    ROWS = 400_000

    def setUp(self):
        super().setUp()
        newsnow = {"GLOVEBOX_HOME": str(self.folder / "newsnow")}
        self.must("init", "--name", "shopgood")
        self.must("init", "--name", "newsnow", environment=newsnow)
        self.must("identity", "export", "-o", "shopgood.id")
        self.must("identity", "export", "-o", "newsnow.id", environment=newsnow)
        text = (EXAMPLE / "collaboration.yaml").read_text(encoding="utf-8")
        (self.folder / "collaboration.yaml").write_text(
            text.replace("IMAGE_DIGEST", "ab" * 32), encoding="utf-8")
        self.must("policy", "build", "collaboration.yaml", "-o", "policy.json")
        self.must("policy", "sign", "policy.json", "--yes")
        self.must("policy", "sign", "policy.json", "--yes", environment=newsnow)
        self.must("token-key", "new", "--policy", "policy.json", "--for", "newsnow.id", "-o",
                  "token-key.json")
        shutil.copy(EXAMPLE / "shopgood.manifest.yaml", self.folder)
        with open(self.folder / "shopgood.csv", "w", encoding="utf-8") as sales:
            print("customer_id,email,purchase_date,total_spent", file=sales)
            for row in range(self.ROWS):
                print(f"c{row},person{row}@example.com,2025-11-{1 + row % 28:02},{row % 400}.50",
                      file=sales)
        (self.folder / "pass").write_text(RIGHT, encoding="utf-8")
        (self.folder / "pass").chmod(0o600)
        self.out = self.folder / "out"
        self.out.mkdir()
        self.verb = ("--passphrase-file", "pass", "prepare", "shopgood.manifest.yaml", "--policy",
                     "policy.json", "-o", "out/purchases.gbx", "--threads", "1")

    def must(self, *arguments, **more):
        done = self.run_plain(*arguments, **more)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done

    def wait_until_it_works(self, program):
        """Until it has read of the table: the key file is open then."""
        end = time.monotonic() + SECONDS_MAX
        io = pathlib.Path(f"/proc/{program.process.pid}/io")
        while int(re.search(r"rchar: (\d+)", io.read_text(encoding="utf-8"))[1]) < 4 << 20:
            self.assertIsNone(program.process.poll(), program.shown)
            self.assertLess(time.monotonic(), end)

    def test_ctrl_c_leaves_nothing(self):
        program = self.on_terminal(*self.verb)
        self.wait_until_it_works(program)
        program.type("\x03")
        self.assertEqual(program.end(), 130, program.shown)
        self.assertIn("it was interrupted", program.shown)
        self.assertTrue(program.echoes())
        self.assertEqual(files_in(self.out), {})

    def test_kill_9_leaves_nothing_that_stays(self):
        program = self.on_terminal(*self.verb)
        self.wait_until_it_works(program)
        program.process.kill()
        self.assertEqual(program.end(), -signal.SIGKILL)
        (self.out / "purchases.gbx.part-1-0").write_bytes(b"half")  # as a worse disk leaves it
        self.must(*self.verb)
        self.assertEqual({path.name for path in self.out.iterdir()},
                         {"purchases.gbx", "purchases.gbx.json"})

    def test_a_full_disk_is_said_and_leaves_nothing(self):
        small = self.folder / "small"
        small.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", small],
                                 capture_output=True, check=False)
        if mounted.returncode != 0:
            self.skipTest("only root may mount a small disk")
        self.addCleanup(subprocess.run, ["umount", small], check=True)
        verb = [word.replace("out/", "small/") for word in self.verb]
        done = self.run_plain(*verb)
        self.assertEqual(done.returncode, 1)
        self.assertIn("the disk is full", done.stderr)
        self.assertEqual(files_in(small), {})


if __name__ == "__main__":
    unittest.main(verbosity=2)
