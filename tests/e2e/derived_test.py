"""Derived tables over real processes: NewsNow names a sub-select, asks by the name, builds on it;
ShopGood, whose table is beneath, reads it and vetoes it."""

import json
import unittest

from line_test import ATTRIBUTION, Line

SPENT = "SELECT hashed_email, SUM(total_spent) AS spent FROM purchases GROUP BY hashed_email"
BY_NAME = ("SELECT COUNT(DISTINCT hashed_email) AS people, SUM(spent) AS revenue"
           " FROM exposures JOIN buyers USING (hashed_email)")


def with_derived(text):
    """Both rules allow derived tables for a day."""
    return text.replace("      aggregation:\n",
                        "      aggregation:\n        derivedTables: {retentionHours: 24}\n")


class Derived(Line):
    EDIT = staticmethod(with_derived)

    def derived(self, party, *words, fails=False):
        return party.run("derived", *words, "--room", self.room.socket, "--policy", "policy.json",
                         fails=fails)

    def entries(self, kind):
        lines = (self.room.folder / "ledger").read_text(encoding="utf-8").splitlines()
        bodies = [json.loads(line)["body"] for line in lines]
        return [body for body in bodies if body["kind"] == kind]

    def test_a_name_is_asked_about_verified_and_vetoed(self):
        self.provide_both()
        (self.newsnow.folder / "buyers.sql").write_text(SPENT + "\n", encoding="utf-8")
        said = self.derived(self.newsnow, "create", "buyers", "buyers.sql")
        self.assertIn("buyers (hashed_email, spent), of purchases, by newsnow until", said)
        self.assertIn("joined only     purchases: with a table of the member who asks", said)
        self.assertIn("for at most 24 hours", said)
        self.derived(self.newsnow, "create", "big", "--sql",
                     "SELECT hashed_email, spent FROM buyers WHERE spent > 100", "--hours", "2")

        price = self.ask(BY_NAME, "--dry-run", "--expect", "1000")
        self.assertIn("Stands on the derived table buyers, which newsnow defined", price)
        said = self.ask(BY_NAME, "-o", "answer.json")
        self.assertIn("PASS", said)
        said = self.newsnow.run("verify", "answer.json", "--policy", "policy.json")
        self.assertIn(SPENT, said)
        self.assertIn("PASS", said)
        answer = json.loads(self.newsnow.run("--json", "verify", "answer.json", "--policy",
                                             "policy.json"))
        self.assertEqual([table["name"] for table in answer["derived"]], ["buyers"])
        # Written out, it was asked before.
        written = BY_NAME.replace("JOIN buyers", "JOIN (" + SPENT + ") AS buyers")
        self.assertIn("Paid nothing", self.ask(written, "-o", "again.json"))
        explained = self.ask(BY_NAME.replace("buyers", "big"), "--dry-run", "--explain")
        self.assertIn("stands on       buyers, big", explained)

        # ShopGood may not ask; it reads what stands on its table, and vetoes it.
        listed = json.loads(self.shopgood.run("--json", "derived", "list", "--room",
                                              self.room.socket, "--policy", "policy.json"))
        self.assertEqual([table["name"] for table in listed["tables"]], ["buyers", "big"])
        self.assertEqual(listed["tables"][1]["beneath"], ["buyers"])
        self.assertIn(SPENT, self.derived(self.shopgood, "show", "buyers"))
        said = self.derived(self.shopgood, "create", "mine", "--sql", SPENT, fails=True)
        self.assertIn("member_may_not_query", said)
        said = self.derived(self.shopgood, "veto", "buyers")
        self.assertEqual(said, "vetoed by shopgood: buyers\n")
        said = self.ask(BY_NAME, fails=True)
        self.assertIn("table_unknown", said)
        for name, sql in (("buyers", SPENT), ("callers", SPENT.replace("spent FROM", "s FROM"))):
            said = self.derived(self.newsnow, "create", name, "--sql", sql, fails=True)
            self.assertIn("derived_vetoed", said)
        self.derived(self.newsnow, "create", "seen", "--sql",
                     "SELECT hashed_email, campaign_id FROM exposures")
        self.derived(self.shopgood, "veto", "--all")
        self.assertIn("seen", self.derived(self.newsnow, "list"))
        self.newsnow.run("verify", "answer.json", "--policy", "policy.json")  # it was there then

        made, more, dropped = self.entries("derived")[:3]
        self.assertEqual((made["action"], more["action"], dropped["action"]),
                         ("create", "create", "veto"))
        self.assertEqual(more["derived"], [made["definition"]])
        self.assertEqual(dropped["definitions"], [made["definition"], more["definition"]])
        self.assertEqual(self.entries("answer")[0]["derived"], [made["definition"]])
        ledger = (self.room.folder / "ledger").read_text(encoding="utf-8")
        for word in ("buyers", "spent"):
            self.assertNotIn(word, ledger)

    def test_what_is_refused_says_where_and_what_instead(self):
        said = self.derived(self.newsnow, "create", "top", "--sql",
                            "SELECT hashed_email FROM purchases ORDER BY total_spent", fails=True)
        self.assertIn("order_in_subquery", said)
        self.assertIn("^", said)
        for name, reason in (("select", "no word of SQL"),
                             ("purchases", "derived_name_taken"),
                             ("Buyers", "derived_name_malformed")):
            said = self.derived(self.newsnow, "create", name, "--sql", SPENT, fails=True)
            self.assertIn(reason, said)
        said = self.derived(self.newsnow, "create", "long", "--sql", SPENT, "--hours", "25",
                            fails=True)
        self.assertIn("derived_retention_too_long", said)
        self.assertIn("has no derived table of this name",
                      self.derived(self.newsnow, "show", "x", fails=True))
        self.assertIn("derived_unknown", self.derived(self.newsnow, "drop", "x", fails=True))
        (self.newsnow.folder / "long.sql").write_text(SPENT + " " * 9000, encoding="utf-8")
        self.assertIn("derived_too_large", self.newsnow.run(
            "--json", "check", "--policy", "policy.json", "--derived", "a=long.sql", fails=True))
        said = self.newsnow.run("check", "--policy", "policy.json", "--derived", "a=", fails=True)
        self.assertIn("no NAME=FILE", said)
        self.derived(self.newsnow, "create", "x", "--sql", SPENT)
        self.assertIn("no derived tables", self.derived(self.newsnow, "drop", "x"))
        self.assertEqual(self.entries("charge"), [])

    def test_it_is_tried_without_a_room(self):
        (self.newsnow.folder / "buyers.sql").write_text(SPENT, encoding="utf-8")
        said = self.newsnow.run("check", "--policy", "policy.json", "--as", "newsnow", "--derived",
                                "buyers=buyers.sql", "--sql", BY_NAME)
        self.assertIn("derived table buyers (hashed_email, spent), of purchases", said)
        self.assertIn("2 of 2 accepted", said)
        said = self.newsnow.run("policy", "explain", "policy.json", BY_NAME, "--as", "newsnow",
                                "--derived", "buyers=buyers.sql")
        self.assertIn("stands on       buyers", said)
        said = self.newsnow.run("policy", "explain", "policy.json", "--derived",
                                "buyers=buyers.sql", "--as", "newsnow")
        self.assertIn("The rule of purchases", said)
        lines = self.newsnow.run("--json", "check", "--policy", "policy.json", "--as", "newsnow",
                                 "--derived", "buyers=buyers.sql", "--sql", BY_NAME).splitlines()
        self.assertEqual([json.loads(line)["verdict"] for line in lines], ["accepted"] * 2)
        self.assertEqual(json.loads(lines[1])["derived"], ["buyers"])
        said = self.newsnow.run("check", "--policy", "policy.json", "--as", "newsnow", "--derived",
                                "purchases=buyers.sql", fails=True)
        self.assertIn("derived_name_taken", said)


class WithoutDerived(Line):
    def test_where_the_policy_says_nothing_there_are_none(self):
        said = self.newsnow.run("derived", "create", "buyers", "--sql", SPENT, "--room",
                                self.room.socket, "--policy", "policy.json", fails=True)
        self.assertIn("a table beneath it allows no derived tables", said)
        self.provide_both()
        self.ask(ATTRIBUTION, "--dry-run")


if __name__ == "__main__":
    unittest.main(verbosity=2)
