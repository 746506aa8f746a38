"""One owner's people in two collaborations: all that is ever released about them is one sum.

Real processes: ShopGood has agreed twice with NewsNow, each agreement has a room, and its home
ledger has enough for one of them.
"""

import base64
import json
import shutil
import subprocess
import unittest

from line_test import ATTRIBUTION, BIN, Room, Stage


def second_agreement(stage):
    """Another collaboration about the same people, in other files, with a file prepared anew."""
    shopgood, newsnow = stage.shopgood, stage.newsnow
    shopgood.run("policy", "build", "collaboration.yaml", "-o", "other.json")
    shopgood.run("policy", "sign", "other.json", "--yes")
    shutil.copy(shopgood.folder / "other.json", newsnow.folder)
    newsnow.run("policy", "sign", "other.json", "--yes")
    shutil.copy(newsnow.folder / "other.json", shopgood.folder)
    shopgood.run("token-key", "new", "--policy", "other.json", "-o", "other-key.json")
    shopgood.run("prepare", "shopgood.manifest.yaml", "--policy", "other.json", "-o", "other.gbx")


class OtherStage:
    """The second agreement's room, for Room()."""

    def __init__(self, stage):
        self.options, self.attester = (), ()
        self.path, self.rooms = stage.path / "other", 0
        self.path.mkdir(exist_ok=True)
        self.policy = stage.shopgood.folder / "other.json"


class HomeLedger(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stage = Stage()
        cls.shopgood, cls.newsnow = cls.stage.shopgood, cls.stage.newsnow
        second_agreement(cls.stage)
        cls.other = OtherStage(cls.stage)
        shutil.copytree(cls.shopgood.folder / "home", cls.shopgood.folder / "home.two")

    @classmethod
    def tearDownClass(cls):
        cls.stage.close()

    def setUp(self):
        shutil.rmtree(self.shopgood.folder / "home")
        shutil.copytree(self.shopgood.folder / "home.two", self.shopgood.folder / "home")
        self.first, self.second = self.start(self.stage), self.start(self.other)

    def start(self, stage):
        room = Room(stage)
        self.addCleanup(room.stop)
        return room

    def give(self, room, *more, fails=False):
        names = {self.first.socket: ("purchases.gbx", "policy.json")}
        table, policy = names.get(room.socket, ("other.gbx", "other.json"))
        return self.shopgood.run("provide", table, "--room", room.socket, "--policy", policy,
                                 *more, fails=fails)

    def account(self):
        people = self.shopgood.json("budget", "show")["populations"]
        self.assertEqual(len(people), 1)
        return {part: people[0][part]["epsilon"] for part in ("total", "spent", "allotted", "free")}

    def close(self, room, policy="policy.json"):
        self.shopgood.run("room", "close", "--room", room.socket, "--policy", policy)
        self.assertEqual(room.host.wait(timeout=10), 0)

    def ledger(self):
        return self.shopgood.folder / "home" / "ledger" / "everyone.jsonl"

    def states(self, room):
        status = self.shopgood.json("room", "status", "--room", room.socket)
        return {table["table"]: table["state"] for table in status["tables"]}

    def test_the_second_collaboration_gets_what_the_first_gives_back(self):
        self.give(self.first)
        said = self.give(self.second, fails=True)
        self.assertIn("the room would get epsilon 2, delta 1e-6; left is epsilon 0", said)
        self.assertIn("budget take-back", said)
        self.assertEqual(self.states(self.second)["purchases"], "snapshot_missing")
        self.assertNotIn("allotment", self.second.kinds())
        self.assertEqual(list((self.second.folder / "snapshots").iterdir()), [])
        self.newsnow.run("provide", "exposures.gbx", "--room", self.first.socket, "--policy",
                         "policy.json")
        self.newsnow.run("query", ATTRIBUTION, "--room", self.first.socket, "--policy",
                         "policy.json", "-o", "answer.json")
        self.close(self.first)
        self.assertEqual(self.account(),
                         {"total": "2", "spent": "0.5", "allotted": "0", "free": "1.5"})
        self.give(self.second, fails=True)
        self.give(self.second, "--epsilon", "1.5")
        self.assertEqual(self.states(self.second)["purchases"], "ready")
        self.assertEqual(self.account()["free"], "0")
        self.assertIn("[##########" + "=" * 30 + "]", self.shopgood.run("budget", "show"))

    def test_without_a_total_nothing_is_given(self):
        shutil.rmtree(self.shopgood.folder / "home" / "ledger")
        said = self.give(self.first, fails=True)
        self.assertIn("put back the newest copy", said)
        shutil.rmtree(self.shopgood.folder / "home")
        self.shopgood.run("init", "--name", "shopgood")
        self.assertIn("No total is set", self.shopgood.run("budget", "show"))

    def test_people_without_a_total_get_nothing(self):
        said = self.give(self.first, "--population", "patients", fails=True)
        self.assertIn("glovebox budget set", said)
        self.assertEqual(self.states(self.first)["purchases"], "snapshot_missing")
        self.shopgood.run("budget", "set", "--population", "patients", "--epsilon", "1", "--delta",
                          "1e-6")
        self.assertIn("several populations", self.give(self.first, fails=True))
        self.give(self.first, "--population", "patients", "--epsilon", "1")
        said = self.give(self.first, "--population", "everyone", fails=True)
        self.assertIn("other people before", said)

    def test_a_total_rises_only_by_word(self):
        self.give(self.first)
        args = ("budget", "set", "--epsilon", "4", "--delta", "2e-6")
        self.assertIn("--raise", self.shopgood.run(*args, fails=True))
        self.give(self.second, fails=True)
        self.shopgood.run(*args, "--raise")
        self.give(self.second)
        self.assertEqual(self.account(),
                         {"total": "4", "spent": "0", "allotted": "4", "free": "0"})
        totals = self.shopgood.json("budget", "show")["populations"][0]["totals"]
        self.assertEqual([total["epsilon"] for total in totals], ["2", "4"])

    def test_the_same_room_again_is_not_charged_again(self):
        self.give(self.first, "--epsilon", "1")
        self.assertIn("already_released", self.give(self.first, fails=True))
        self.assertEqual(self.account()["allotted"], "1")

    def test_only_the_rooms_own_signature_gives_back(self):
        self.give(self.first)
        unused = self.start(self.stage)
        self.close(unused)
        self.assertEqual(self.account()["allotted"], "2")
        said = self.shopgood.run("budget", "take-back", unused.folder / "closing.json")
        self.assertIn("no budget to that room", said)
        # That room's statement with the first room's name on it, and one with other numbers.
        closing = json.loads((unused.folder / "closing.json").read_text(encoding="utf-8"))
        payload = base64.b64decode(closing["payload"]).decode()
        theirs = json.loads(payload)["subject"][0]["name"]
        ours = self.shopgood.json("budget", "show")["populations"][0]["allotments"][0]["log_origin"]
        self.refuse_closing(closing, payload.replace(theirs, ours))
        self.assertEqual(self.account()["allotted"], "2")
        self.close(self.first)
        self.assertEqual(self.account()["free"], "2")
        said = self.shopgood.run("budget", "take-back", self.first.folder / "closing.json",
                                 fails=True)
        self.assertIn("came back before", said)

    def test_a_closing_with_other_numbers_gives_nothing_back(self):
        self.give(self.first)
        self.newsnow.run("provide", "exposures.gbx", "--room", self.first.socket, "--policy",
                         "policy.json")
        self.newsnow.run("query", ATTRIBUTION, "--room", self.first.socket, "--policy",
                         "policy.json", "-o", "answer.json")
        self.newsnow.run("room", "close", "--room", self.first.socket, "--policy", "policy.json")
        self.assertEqual(self.first.host.wait(timeout=10), 0)
        closing = json.loads((self.first.folder / "closing.json").read_text(encoding="utf-8"))
        payload = base64.b64decode(closing["payload"]).decode()
        self.assertIn('"epsilon_spent":"0.5"', payload)
        self.refuse_closing(closing, payload.replace('"epsilon_spent":"0.5"',
                                                     '"epsilon_spent":"0"'))
        self.shopgood.run("budget", "take-back", self.first.folder / "closing.json")
        self.assertEqual(self.account()["spent"], "0.5")

    def refuse_closing(self, closing, payload):
        forged = dict(closing, payload=base64.b64encode(payload.encode()).decode())
        path = self.shopgood.folder / "forged.json"
        path.write_text(json.dumps(forged, separators=(",", ":"), sort_keys=True),
                        encoding="utf-8")
        said = self.shopgood.run("--json", "budget", "take-back", path, fails=True)
        self.assertIn("unverified", said)

    def test_an_older_or_changed_ledger_gives_nothing(self):
        older = self.ledger().read_bytes()
        self.give(self.first)
        newest = self.ledger().read_bytes()
        for content, why in ((older, "older than this home remembers"),
                             (newest[:-40], "was changed or is not whole"),
                             (newest.replace(b"2000000", b"2000001"), "was changed")):
            self.ledger().write_bytes(content)
            self.assertIn(why, self.give(self.second, "--epsilon", "0.1", fails=True))
            self.assertIn(why, self.shopgood.run("budget", "show", fails=True))
        self.assertEqual(self.states(self.second)["purchases"], "snapshot_missing")
        self.ledger().write_bytes(newest)
        self.assertEqual(self.account()["free"], "0")

    def test_two_at_once_do_not_get_more_than_there_is(self):
        environment = {"GLOVEBOX_HOME": str(self.shopgood.folder / "home"),
                       "GLOVEBOX_PASSPHRASE": "the passphrase of shopgood"}
        at_once = []
        for room, table, policy in ((self.first, "purchases.gbx", "policy.json"),
                                    (self.second, "other.gbx", "other.json")):
            at_once.append(subprocess.Popen(
                [BIN / "glovebox", "provide", table, "--room", room.socket, "--policy", policy],
                cwd=self.shopgood.folder, env=environment, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL))
        codes = sorted(process.wait(timeout=60) for process in at_once)
        self.assertEqual(codes, [0, 1])
        self.assertEqual(self.account()["allotted"], "2")
        ready = [self.states(room)["purchases"] for room in (self.first, self.second)]
        self.assertEqual(ready.count("ready"), 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
