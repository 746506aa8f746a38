"""Lists of persons over real processes: the agreement audience.yaml, asked by NewsNow."""

import csv
import json
import os
import unittest

from line_test import PEOPLE, Line

BUYERS = "SELECT DISTINCT hashed_email FROM exposures JOIN purchases USING (hashed_email)"


class Audience(Line):
    AGREEMENT = "audience.yaml"

    def own(self, *more, fails=False):
        return self.newsnow.run("audience", "list.json", "--policy", "policy.json", "--manifest",
                                "newsnow.manifest.yaml", "-o", "audience.csv", *more, fails=fails)

    def rows(self):
        with open(self.newsnow.folder / "audience.csv", encoding="utf-8") as lines:
            return list(csv.reader(lines))

    def entries(self, kind):
        lines = (self.room.folder / "ledger").read_text(encoding="utf-8").splitlines()
        bodies = [json.loads(line)["body"] for line in lines]
        return [body for body in bodies if body["kind"] == kind]

    def test_a_list_comes_to_who_asked_and_becomes_rows_of_its_own_file(self):
        self.provide_both()
        price = self.ask(BUYERS, "--dry-run")
        self.assertIn("NOT A PRIVACY GUARANTEE", price)
        self.assertIn("withheld unless it has 100 people", price)
        said = self.ask(BUYERS, "-o", "list.json")
        self.assertIn("NOT A PRIVACY GUARANTEE", said)
        self.assertIn(f"{PEOPLE // 2:,} people in {PEOPLE // 2:,} rows", said)
        said = self.newsnow.run("verify", "list.json", "--policy", "policy.json")
        self.assertIn("NOT A PRIVACY GUARANTEE", said)
        self.assertIn("PASS", said)

        done = self.own("--column", "user_id")
        self.assertIn(f"{PEOPLE // 2:,} of the list's {PEOPLE // 2:,} persons", done)
        rows = self.rows()
        self.assertEqual(rows[0], ["user_id"])
        self.assertEqual({row[0] for row in rows[1:]}, {f"u{i}" for i in range(PEOPLE // 2)})
        self.assertEqual(os.stat(self.newsnow.folder / "audience.csv").st_mode & 0o777, 0o600)
        self.own()
        self.assertEqual(self.rows()[0], ["hashed_email"])
        self.assertIn("Person0@Example.com", [row[0] for row in self.rows()])
        said = self.own("--column", "userid", fails=True)
        self.assertIn('did you mean "user_id"?', said)

        # The ledger commits to it, and says neither how long it is nor who is in it.
        answer = self.entries("answer")[0]
        self.assertEqual(sorted(answer), ["kind", "list", "request"])
        self.assertEqual(sorted(answer["list"]),
                         ["commitment", "policy", "policy_version", "receiver"])
        self.assertEqual(answer["list"]["receiver"], "newsnow")
        self.assertEqual(self.room.kinds(), ["boot", "allotment", "allotment", "charge", "answer"])

        again = self.newsnow.json("query", BUYERS, "--room", self.room.socket, "--policy",
                                  "policy.json")
        self.assertIn("repeat_of", again)
        self.assertEqual(again["guarantee"], "none: a list of persons, not a privacy guarantee")

    def test_a_changed_list_does_not_verify(self):
        self.provide_both()
        self.ask(BUYERS, "-o", "list.json")
        path = self.newsnow.folder / "list.json"
        file = json.loads(path.read_text(encoding="utf-8"))
        del file["result"]["rows"][0]
        text = json.dumps(file, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
        path.write_text(text, encoding="utf-8")
        said = self.newsnow.run("verify", "list.json", "--policy", "policy.json", fails=True)
        self.assertIn("changed after the room signed it", said)
        self.assertIn("no audience was written", self.own(fails=True))

    def test_what_is_beside_the_person_comes_too(self):
        self.provide_both()
        self.ask("SELECT DISTINCT campaign_id, hashed_email AS reader FROM purchases JOIN exposures"
                 " USING (hashed_email) WHERE purchase_date >= DATE '2025-11-02'",
                 "-o", "list.json")
        self.own("--column", "user_id", "--column", "email")
        rows = self.rows()
        self.assertEqual(rows[0], ["user_id", "email", "campaign_id"])
        want = set()
        for person in range(PEOPLE // 2):
            if person % 28 == 0:
                continue
            want.add((f"u{person}", f"Person{person}@Example.com", "sg_denim"))
            if person % 5 == 0:
                want.add((f"u{person}", f"Person{person}@Example.com", "sg_shoes"))
        self.assertEqual({tuple(row) for row in rows[1:]}, want)

    def test_small_lists_are_withheld_near_ones_refused_and_all_of_them_rationed(self):
        self.provide_both()
        one_day = BUYERS + " WHERE purchase_date = DATE '2025-11-05'"  # about 36 people
        said = self.ask(one_day, "-o", "list.json")
        self.assertIn("Withheld: it has fewer than 100 people", said)
        self.assertIn("paid for like a list", said)
        self.own()
        self.assertEqual(len(self.rows()), 1)
        # By the ledger it cannot be told from a list that was not.
        self.assertEqual(sorted(self.entries("answer")[0]), ["kind", "list", "request"])
        said = self.ask(BUYERS, fails=True)  # all but those of one day are a difference away
        self.assertIn("question_near_another", said)
        self.ask(BUYERS + " WHERE purchase_date >= DATE '2025-11-14'", "-o", "second.json")
        said = self.ask(BUYERS + " WHERE purchase_date < DATE '2025-11-05'", fails=True)
        self.assertIn("access_exhausted", said)
        self.assertEqual(self.room.kinds(), ["boot", "allotment", "allotment"] +
                         ["charge", "answer"] * 2)

    def test_what_is_no_list_is_refused(self):
        self.provide_both()
        for sql, reason in (
                ("SELECT COUNT(*) FROM exposures JOIN purchases USING (hashed_email)",
                 "only_lists_allowed"),
                ("SELECT DISTINCT hashed_email FROM exposures", "join_required"),
                ("SELECT DISTINCT hashed_email, total_spent FROM exposures JOIN purchases "
                 "USING (hashed_email)", "column_not_listed"),
                (BUYERS + " WHERE total_spent > 100", "column_not_listed"),
                (BUYERS + " LIMIT 1", "list_clause_unsupported")):
            self.assertIn(reason, self.ask(sql, fails=True))
        said = self.newsnow.run("policy", "explain", "policy.json")
        self.assertIn("A list is not a privacy guarantee", said)


if __name__ == "__main__":
    unittest.main(verbosity=2)
