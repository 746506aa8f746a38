"""The whole line with real processes: two owners, one host, one room, one verified answer.

Each step is a command that a person would type; the room and its host run as they would on a
server. Then everything that a host or a crash can do from outside: kill the room, kill the host,
cut the disk, change a byte, ask again.
"""

import base64
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

SOURCE = pathlib.Path(sys.argv.pop(1)).resolve()
BIN = pathlib.Path(sys.argv.pop(1)).resolve()
EXAMPLE = SOURCE / "examples" / "shopgood-newsnow"
PEOPLE = 2000
ATTRIBUTION = (
    "SELECT campaign_id, COUNT(DISTINCT hashed_email) AS converted_users,"
    " SUM(total_spent) AS total_revenue FROM exposures JOIN purchases USING (hashed_email)"
    " WHERE exposure_date < purchase_date GROUP BY campaign_id")


class Party:
    """One company's machine: a folder, a home, a passphrase."""

    def __init__(self, stage, name):
        self.name = name
        self.folder = stage / name
        self.folder.mkdir()

    def run(self, *arguments, fails=False):
        environment = {"GLOVEBOX_HOME": str(self.folder / "home"), "HOME": str(self.folder),
                       "GLOVEBOX_PASSPHRASE": "the passphrase of " + self.name,
                       "PATH": os.environ["PATH"]}
        done = subprocess.run([BIN / "glovebox", *map(str, arguments)], cwd=self.folder,
                              env=environment, capture_output=True, text=True, timeout=120,
                              check=False)
        if (done.returncode == 0) == fails:
            raise AssertionError(f"glovebox {arguments}: exit {done.returncode}\n{done.stdout}"
                                 f"\n{done.stderr}")
        return done.stdout if not fails else done.stdout + done.stderr

    def json(self, *arguments):
        return json.loads(self.run("--json", *arguments))


def write_tables(shopgood, newsnow):
    """Everybody up to PEOPLE bought once; the first half saw sg_denim before, a tenth sg_shoes."""
    with open(shopgood / "shopgood.csv", "w", encoding="utf-8") as sales:
        print("customer_id,email,purchase_date,total_spent", file=sales)
        for person in range(PEOPLE):
            print(f"c{person},person{person}@example.com,2025-11-{1 + person % 28:02},"
                  f"{person % 400}.50", file=sales)
    with open(newsnow / "newsnow.csv", "w", encoding="utf-8") as seen:
        print("user_id,email,campaign_id,exposure_date", file=seen)
        for person in range(PEOPLE // 2):
            print(f"u{person},Person{person}@Example.com,sg_denim,2025-10-{1 + person % 28:02}",
                  file=seen)
            if person % 5 == 0:
                print(f"u{person},person{person}@example.com,sg_shoes,2025-10-01", file=seen)


class Stage:
    """Two parties that have agreed and prepared; made once for all tests of a class."""

    options, attester = (), ()  # of gloveboxd; the program that makes evidence, with arguments

    def __init__(self, agreement="collaboration.yaml", edit=str):
        self.agreement = agreement
        self.edit = edit
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="glovebox-e2e-"))
        self.shopgood = Party(self.path, "shopgood")
        self.newsnow = Party(self.path, "newsnow")
        self.rooms = 0
        for party in (self.shopgood, self.newsnow):
            party.run("init", "--name", party.name)
            party.run("identity", "export", "-o", party.name + ".id")
        self.agree()
        write_tables(self.shopgood.folder, self.newsnow.folder)
        self.prepare(self.shopgood, "purchases")
        self.prepare(self.newsnow, "exposures")
        epsilon, counts = ("3", "zcdp") if agreement == "dashboard.yaml" else ("2", "pure")
        for party in (self.shopgood, self.newsnow):
            total = ("--epsilon", epsilon, "--delta", "1e-6", "--accounting", counts)
            if edit is without_noise:
                total = ("--queries", "6")
            party.run("budget", "set", *total)
            shutil.copytree(party.folder / "home", party.folder / "home.fresh")

    def agree(self):
        shopgood, newsnow = self.shopgood, self.newsnow
        shutil.copy(newsnow.folder / "newsnow.id", shopgood.folder)
        digest = shopgood.json("measure")["digest"]
        text = (EXAMPLE / self.agreement).read_text(encoding="utf-8")
        (shopgood.folder / "collaboration.yaml").write_text(
            self.edit(text.replace("IMAGE_DIGEST", digest)), encoding="utf-8")
        shopgood.run("policy", "build", "collaboration.yaml", "-o", "policy.json")
        shopgood.run("policy", "sign", "policy.json", "--yes")
        shutil.copy(shopgood.folder / "policy.json", newsnow.folder)
        newsnow.run("policy", "sign", "policy.json", "--yes")
        shutil.copy(newsnow.folder / "policy.json", shopgood.folder)
        self.policy = newsnow.folder / "policy.json"
        shopgood.run("token-key", "new", "--policy", "policy.json", "--for", "newsnow.id", "-o",
                     "token-key.json")
        shutil.copy(shopgood.folder / "token-key.json", newsnow.folder)
        newsnow.run("token-key", "accept", "token-key.json", "--policy", "policy.json")

    def prepare(self, party, table):
        manifest = party.name + ".manifest.yaml"
        shutil.copy(EXAMPLE / manifest, party.folder)
        party.run("prepare", manifest, "--policy", "policy.json", "-o", table + ".gbx")

    def close(self):
        shutil.rmtree(self.path, ignore_errors=True)


class Room:
    """A host with its room, as an operator starts it."""
    PATIENCE = 20  # seconds
    def __init__(self, stage, *more):
        stage.rooms += 1
        self.folder = stage.path / f"room{stage.rooms}"
        self.folder.mkdir()
        self.log = open(self.folder / "log", "wb")
        self.host = subprocess.Popen(
            [BIN / "gloveboxd", "--dir", self.folder, "--policy", stage.policy,
             *stage.options, *more, *(["--", *stage.attester] if stage.attester else [])],
            stdout=self.log, stderr=self.log)
        self.socket = self.folder / "socket"
        end = time.monotonic() + self.PATIENCE
        while not self.socket.exists():
            if self.host.poll() is not None or time.monotonic() > end:
                self.log.close()
                raise AssertionError((self.folder / "log").read_text(encoding="utf-8"))
            time.sleep(0.01)

    def pid_of_room(self):
        children = pathlib.Path(f"/proc/{self.host.pid}/task/{self.host.pid}/children")
        return int(children.read_text(encoding="utf-8").split()[0])

    def stop(self):
        if self.host.poll() is None:
            self.host.terminate()
        self.host.wait(timeout=10)
        self.log.close()

    def kinds(self):
        """The kinds of all ledger entries."""
        lines = (self.folder / "ledger").read_text(encoding="utf-8").splitlines()
        return [json.loads(line)["body"]["kind"] for line in lines]


class Line(unittest.TestCase):
    """A fresh room and fresh ledgers for each test, under AGREEMENT as EDIT makes it."""

    AGREEMENT = "collaboration.yaml"
    EDIT = str

    @classmethod
    def setUpClass(cls):
        cls.stage = Stage(cls.AGREEMENT, cls.EDIT)

    @classmethod
    def tearDownClass(cls):
        cls.stage.close()

    def setUp(self):
        self.shopgood, self.newsnow = self.stage.shopgood, self.stage.newsnow
        for party in (self.shopgood, self.newsnow):  # a whole home put back: see threat-model.md
            shutil.rmtree(party.folder / "home")
            shutil.copytree(party.folder / "home.fresh", party.folder / "home")
        self.room = Room(self.stage)
        self.addCleanup(self.room.stop)

    def provide(self, party, table, *more, fails=False):
        return party.run("provide", table + ".gbx", "--room", self.room.socket, "--policy",
                         "policy.json", *more, fails=fails)

    def provide_both(self, *more):
        self.provide(self.shopgood, "purchases", *more)
        self.provide(self.newsnow, "exposures", *more)

    def ask(self, sql, *more, fails=False):
        return self.newsnow.run("query", sql, "--room", self.room.socket, "--policy", "policy.json",
                                *more, fails=fails)


class WholeLine(Line):
    def test_one_verified_private_answer(self):
        self.provide_both()
        self.ask(ATTRIBUTION, "-o", "answer.json")
        said = self.newsnow.run("verify", "answer.json", "--policy", "policy.json")
        self.assertIn("PASS", said)
        self.assertIn("INSECURE-SIM", said)
        answer = json.loads((self.newsnow.folder / "answer.json").read_text(encoding="utf-8"))
        rows = {row[0][0]: int(row[1][0]) for row in answer["result"]["rows"] if row[1]}
        self.assertIn("sg_denim", rows)
        self.assertAlmostEqual(rows["sg_denim"], PEOPLE // 2, delta=200)
        # What is computed of numbers that were paid for costs nothing, and verifies.
        each = ATTRIBUTION.replace("COUNT(DISTINCT hashed_email) AS converted_users,", "") \
            .replace("SUM(total_spent) AS total_revenue",
                     "SUM(total_spent) / COUNT(DISTINCT hashed_email) AS each")
        self.assertIn("each: \u00b1 ", self.ask(each, "--dry-run", "--expect", "1000"))
        self.assertIn("Paid nothing", self.ask(each, "-o", "each.json"))
        self.newsnow.run("verify", "each.json", "--policy", "policy.json")
        self.assertEqual(self.room.kinds(),
                         ["boot", "allotment", "allotment", "charge", "answer", "repeat"])
        for file in self.room.folder.rglob("*"):  # the host keeps sealed bytes and signed text
            if file.is_file() and file.name != "log":
                self.assertNotIn(b"person1", file.read_bytes())

    def listen_in(self, *word):
        """The host's man in the middle; NewsNow takes his socket for the room's."""
        tap = self.room.folder / "tap"
        host = subprocess.Popen([sys.executable, EXAMPLE / "replay.py", tap, self.room.socket,
                                 *word], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                text=True)
        end = time.monotonic() + 10
        while not tap.exists() and time.monotonic() < end:
            time.sleep(0.01)
        return tap, host

    def ask_through(self, tap, *more, fails=False):
        return self.newsnow.run("query", ATTRIBUTION, "--room", tap, "--policy", "policy.json",
                                *more, fails=fails)

    def test_the_host_cannot_read_the_question_nor_ask_it_again(self):
        self.provide_both()
        tap, host = self.listen_in()
        self.ask_through(tap, "-o", "answer.json")
        said = host.communicate(timeout=10)[0]
        self.assertIn("cannot read it", said)
        self.assertIn("request_replayed", said)

    def test_a_refusal_that_the_host_made_up_is_shown_as_the_hosts(self):
        self.provide_both()
        tap, host = self.listen_in("loss_exhausted")
        said = self.ask_through(tap, "-o", "no.json", fails=True)
        self.assertIn("the host, not the room, refused", said)
        self.assertIn("loss_exhausted", said)
        self.assertIn("in the room's name", host.communicate(timeout=10)[0])
        tap, host = self.listen_in("loss_exhausted")
        said = self.newsnow.run("--json", "query", ATTRIBUTION, "--room", tap, "--policy",
                                "policy.json", fails=True)
        host.communicate(timeout=10)
        self.assertIn('"code":"unverified"', said.replace(" ", ""))
        self.assertIn("refusal_not_of_room", said)
        self.assertNotIn("charge", self.room.kinds())

    def test_a_changed_answer_does_not_verify(self):
        self.provide_both()
        self.ask(ATTRIBUTION, "-o", "answer.json")
        path = self.newsnow.folder / "answer.json"
        text = path.read_text(encoding="utf-8")
        place = text.index('"rows":[[["sg_') + 14
        path.write_text(text[:place] + "X" + text[place + 1:], encoding="utf-8")
        said = self.newsnow.run("verify", "answer.json", "--policy", "policy.json", fails=True)
        self.assertNotIn("PASS", said)

    def test_the_budget_ends(self):
        self.provide_both("--epsilon", "1")
        self.ask(ATTRIBUTION, "--dry-run")
        self.ask(ATTRIBUTION, "-o", "a.json")
        people = "SELECT COUNT(DISTINCT hashed_email) AS people FROM exposures JOIN purchases " \
                 "USING (hashed_email) WHERE total_spent > "
        self.ask(people + "10", "-o", "b.json")
        flagged = self.newsnow.run("verify", "b.json", "--policy", "policy.json")
        self.assertNotIn("NEAR", flagged)  # has other groups than the first
        self.assertIn("loss_exhausted", self.ask(people + "20", "-o", "c.json", fails=True))
        self.assertFalse((self.newsnow.folder / "c.json").exists())
        self.assertEqual(self.room.kinds().count("charge"), 2)
        self.assertIn("asked before", self.ask(ATTRIBUTION, "--dry-run"))
        self.assertIn("Paid nothing", self.ask(ATTRIBUTION, "-o", "d.json"))
        first, again = (json.loads((self.newsnow.folder / name).read_text())["result"]
                        for name in ("a.json", "d.json"))
        self.assertEqual(first, again)
        self.newsnow.run("verify", "d.json", "--policy", "policy.json")
        self.assertEqual(self.room.kinds().count("charge"), 2)
        self.assertEqual(self.room.kinds().count("repeat"), 1)

    def test_the_price_for_a_wanted_error(self):
        self.provide_both("--epsilon", "1")
        said = self.ask(ATTRIBUTION, "--target-error", "120", "--dry-run")
        self.assertRegex(said, r"converted_users: \u00b1 120 ")
        said = self.ask(ATTRIBUTION, "--target-error", "10%", "--expect", "100000",
                        "--expect-value", "total_revenue=50", "--dry-run")
        self.assertRegex(said, r"total_revenue: \u00b1 (499,99\d\.\d\d|500,000\.00) ")
        self.assertNotIn("charge", self.room.kinds())
        self.assertIn("cannot be met", self.ask(ATTRIBUTION, "--target-error", "5", fails=True))
        self.assertIn("nobody is here to say yes",
                      self.ask(ATTRIBUTION, "--target-error", "120", fails=True))
        self.assertNotIn("charge", self.room.kinds())
        self.ask(ATTRIBUTION, "--target-error", "120", "--yes", "-o", "aimed.json")
        self.assertEqual(self.room.kinds().count("charge"), 1)
        answer = json.loads((self.newsnow.folder / "aimed.json").read_text(encoding="utf-8"))
        self.assertEqual(answer["result"]["columns"][1]["half_width"], "120")

    def test_a_changed_snapshot_is_refused(self):
        sealed = self.shopgood.folder / "purchases.gbx"
        bad = self.shopgood.folder / "bad.gbx"
        content = bytearray(sealed.read_bytes())
        content[len(content) // 2] ^= 1
        bad.write_bytes(content)
        shutil.copy(str(sealed) + ".json", str(bad) + ".json")
        self.provide(self.shopgood, "bad", fails=True)
        self.provide(self.shopgood, "purchases")

    def test_an_owner_gives_out_no_more_than_the_budget(self):
        self.provide(self.shopgood, "purchases", "--epsilon", "1.5")
        self.room.stop()
        self.room = Room(self.stage)
        self.addCleanup(self.room.stop)
        said = self.provide(self.shopgood, "purchases", "--epsilon", "0.6", fails=True)
        self.assertIn("over all rooms", said)
        self.provide(self.shopgood, "purchases", "--epsilon", "0.5")

    def test_closing_gives_back_what_was_not_spent(self):
        self.provide_both("--epsilon", "2")
        self.ask(ATTRIBUTION, "-o", "answer.json")
        self.shopgood.run("room", "close", "--room", self.room.socket, "--policy", "policy.json")
        self.assertEqual(self.room.host.wait(timeout=10), 0)
        self.newsnow.run("budget", "take-back", self.room.folder / "closing.json")
        for party in (self.shopgood, self.newsnow):
            self.assertEqual(party.json("budget", "show")["populations"][0]["spent"]["epsilon"],
                             "0.5")
        self.room = Room(self.stage)
        self.addCleanup(self.room.stop)
        self.provide(self.shopgood, "purchases", "--epsilon", "1.5")

    def test_a_killed_room_answers_nothing_and_leaves_nothing(self):
        self.provide_both()
        os.kill(self.room.pid_of_room(), signal.SIGKILL)
        self.assertEqual(self.room.host.wait(timeout=10), 3)
        self.ask(ATTRIBUTION, "-o", "late.json", fails=True)
        left = {path.name for path in self.room.folder.iterdir()}
        self.assertLessEqual(left, {"lock", "ledger", "snapshots", "log"})

    def test_a_killed_host_takes_the_room_with_it(self):
        self.provide_both()
        room = self.room.pid_of_room()
        self.room.host.kill()
        self.room.host.wait(timeout=10)
        end = time.monotonic() + 10
        while os.path.exists(f"/proc/{room}") and time.monotonic() < end:
            time.sleep(0.01)
        self.assertFalse(os.path.exists(f"/proc/{room}"))

    def test_the_host_ends_cleanly_when_told_to(self):
        room = self.room.pid_of_room()
        self.room.host.terminate()
        self.assertEqual(self.room.host.wait(timeout=10), 0)
        self.assertFalse(os.path.exists(f"/proc/{room}"))
        self.assertFalse(self.room.socket.exists())

    def test_the_room_has_locked_itself_in(self):
        folder = pathlib.Path(f"/proc/{self.room.pid_of_room()}")
        status = (folder / "status").read_text(encoding="utf-8")
        self.assertIn("Seccomp:\t2", status)
        limits = (folder / "limits").read_text(encoding="utf-8")
        self.assertRegex(limits, r"Max core file size\s+0\s+0")
        # It cannot be dumped, so even its own user may not look; who may trace anything, can.
        try:
            self.assertEqual((folder / "environ").read_bytes(), b"")
        except PermissionError:
            self.assertNotEqual((folder / "environ").stat().st_uid, os.geteuid())

    def test_status_says_what_is_missing(self):
        status = self.newsnow.json("room", "status", "--room", self.room.socket)
        self.assertEqual({table["state"] for table in status["tables"]}, {"snapshot_missing"})
        self.provide(self.shopgood, "purchases")
        status = self.newsnow.json("room", "status", "--room", self.room.socket)
        states = {table["table"]: table["state"] for table in status["tables"]}
        self.assertEqual(states, {"exposures": "snapshot_missing", "purchases": "ready"})
        self.assertIn("snapshot_missing", self.ask(ATTRIBUTION, "-o", "no.json", fails=True))


class Dashboard(Line):
    """The same line under an agreement in zcdp, with Gaussian noise and public rows."""

    AGREEMENT = "dashboard.yaml"

    def test_the_agreement_says_how_costs_add_up(self):
        said = self.newsnow.run("policy", "explain", "policy.json")
        self.assertIn("The noise is Gaussian", said)
        self.assertIn("a question costs rho 0.02, and the whole is kept below rho 0.17", said)
        self.assertIn("8 questions to each table", said)
        self.assertIn("Groups by campaign_id of exposures", said)
        self.assertIn("below k and a margin", said)

    def test_a_verified_answer_with_gaussian_noise(self):
        self.provide_both()
        price = self.ask(ATTRIBUTION, "--dry-run")
        self.assertRegex(price, r"Price: rho 0\.02, delta 0 \(alone: epsilon 0\.9 at delta 1e-6\)")
        said = self.ask(ATTRIBUTION, "-o", "answer.json")
        self.assertRegex(said, r"exposures: rho .* left \(worth epsilon 2\.81 at delta 5e-7\)")
        self.assertIn("PASS", self.newsnow.run("verify", "answer.json", "--policy", "policy.json"))
        answer = json.loads((self.newsnow.folder / "answer.json").read_text(encoding="utf-8"))
        rows = {row[0][0]: row[1] for row in answer["result"]["rows"]}
        self.assertAlmostEqual(int(rows["sg_denim"][0]), PEOPLE // 2, delta=150)
        self.assertEqual(rows["sg_kids"], [])  # nobody: stands there, without numbers
        self.assertEqual(answer["result"]["columns"][1]["half_width"], "31")
        statement = json.loads(base64.b64decode(answer["statement"]["payload"]))
        noise = statement["predicate"]["noise"]
        self.assertEqual((noise["accounting"], noise["selection"], noise["delta_2_60"]),
                         ("zcdp", "margin", 0))
        self.assertEqual({entry["noise"] for entry in noise["statistics"]}, {"gaussian"})

    def test_what_is_left_comes_home_as_rho(self):
        self.provide_both()
        for name in ("a.json", "again.json"):  # the second is a repeat and costs nothing
            self.ask(ATTRIBUTION, "-o", name)
        self.shopgood.run("room", "close", "--room", self.room.socket, "--policy",
                          "policy.json")
        self.assertEqual(self.room.host.wait(timeout=10), 0)
        spent = self.shopgood.json("budget", "show")["populations"][0]["spent"]
        self.assertAlmostEqual(float(spent["rho"]), 0.02, delta=1e-6)
        self.assertEqual(spent["worth_epsilon"], "0.93")


def without_noise(agreement):
    """The same agreement, threshold-only."""
    text, count = re.subn(r"^  dp:.*\n(?:    .*\n)*",
                          "  threshold_only: {guarantee: none, queries: 6}\n", agreement,
                          flags=re.MULTILINE)
    assert count == 1, agreement
    return text


class ThresholdOnly(Line):
    """The same line under an agreement without noise, which says that it guarantees nothing."""

    EDIT = staticmethod(without_noise)
    LABEL = "NOT A PRIVACY GUARANTEE"

    def test_the_agreement_says_it(self):
        self.assertTrue(
            self.newsnow.run("policy", "explain", "policy.json").startswith(self.LABEL))
        self.assertIn("threshold-only, no noise: not a privacy guarantee",
                      self.newsnow.run("policy", "show", "policy.json"))

    def test_exact_numbers_that_verify_and_say_what_they_are(self):
        self.provide_both("--queries", "3")
        price = self.ask(ATTRIBUTION, "--dry-run")
        self.assertIn(self.LABEL, price)
        self.assertIn("converted_users: exact", price)
        said = self.ask(ATTRIBUTION, "-o", "answer.json")
        self.assertIn(self.LABEL, said)
        self.assertIn("exposures: queries 3 before, 2 left", said)
        said = self.newsnow.run("verify", "answer.json", "--policy", "policy.json")
        self.assertIn("PASS", said)
        self.assertIn(self.LABEL, said)
        answer = json.loads((self.newsnow.folder / "answer.json").read_text(encoding="utf-8"))
        rows = {row[0][0]: row[1] for row in answer["result"]["rows"]}
        self.assertEqual(rows["sg_denim"], [str(PEOPLE // 2)])
        self.assertEqual(rows["sg_shoes"], [str(PEOPLE // 10)])
        self.assertEqual(rows.get("sg_kids", []), [])
        statement = json.loads(base64.b64decode(answer["statement"]["payload"]))
        self.assertEqual(statement["predicate"]["guarantee"],
                         "none: threshold only, not a privacy guarantee")
        self.assertEqual(self.newsnow.json("verify", "answer.json", "--policy",
                                           "policy.json")["guarantee"],
                         "none: threshold only, not a privacy guarantee")

    def test_what_it_refuses(self):
        self.provide_both("--queries", "1")
        for sql in ("SELECT COUNT(*) FILTER (WHERE total_spent > 400) AS n FROM purchases",
                    "SELECT SUM(CASE WHEN total_spent > 400 THEN total_spent ELSE 0 END) AS s"
                    " FROM purchases"):
            said = self.ask(sql.replace("purchases", "exposures JOIN purchases USING"
                                        " (hashed_email)"), "-o", "no.json", fails=True)
            self.assertRegex(said, "threshold_only_conditional|function_not_allowed")
        self.assertIn("threshold-only", self.ask(ATTRIBUTION, "--epsilon", "0.1", fails=True))
        self.assertIn("threshold-only", self.ask(ATTRIBUTION, "--target-error", "10", fails=True))
        self.ask(ATTRIBUTION, "-o", "a.json")
        near = ATTRIBUTION.replace(" WHERE", " WHERE total_spent <> 123.50 AND")
        self.assertIn("question_near_another", self.ask(near, "-o", "b.json", fails=True))
        wide = ATTRIBUTION.replace(" WHERE", " WHERE total_spent > 250 AND")
        self.assertIn("loss_exhausted", self.ask(wide, "-o", "b.json", fails=True))
        self.assertIn("Paid nothing", self.ask(ATTRIBUTION, "-o", "c.json"))

    def test_queries_that_were_not_asked_come_home(self):
        self.provide_both("--queries", "6")
        self.ask(ATTRIBUTION, "-o", "answer.json")
        self.shopgood.run("room", "close", "--room", self.room.socket, "--policy", "policy.json")
        self.assertEqual(self.room.host.wait(timeout=10), 0)
        population = self.shopgood.json("budget", "show")["populations"][0]
        self.assertEqual(population["spent"], {"delta": "0", "queries": "1"})
        self.assertEqual(population["free"], {"delta": "0", "queries": "5"})


if __name__ == "__main__":
    unittest.main(verbosity=2)
