"""Templates over real processes: the agreement of the example has one, which NewsNow asks."""

import unittest

from line_test import Line


class Templates(Line):
    def run_template(self, *more, fails=False):
        return self.newsnow.run("template", "run", "buyers", *more, "--room", self.room.socket,
                                "--policy", "policy.json", fails=fails)

    def test_a_template_answers_with_its_values_and_no_others(self):
        self.provide_both()
        self.run_template("--set", "campaign=sg_denim", "--set", "window=60", "-o", "answer.json")
        said = self.newsnow.run("verify", "answer.json", "--policy", "policy.json")
        self.assertIn("Template buyers, version 1", said)
        self.assertIn("campaign = sg_denim, window = 60", said)
        self.assertIn("PASS", said)
        again = self.newsnow.json("template", "run", "buyers", "--set", "window=60", "--set",
                                  "campaign=sg_denim", "--room", self.room.socket, "--policy",
                                  "policy.json")
        self.assertIn("repeat_of", again)
        self.assertEqual(again["template"]["name"], "buyers")
        self.assertEqual([entry["value"] for entry in again["template"]["parameters"]],
                         ["sg_denim", "60"])
        said = self.run_template("--set", "campaign=sg_denim", "--set", "window=61", fails=True)
        self.assertIn("window is integer from 1 to 60", said)
        said = self.run_template("--set", "window=1", fails=True)
        self.assertIn("campaign has no value", said)
        said = self.run_template("--set", "campaign=sg_denim' --", fails=True)
        self.assertIn("not among the allowed values", said)
        self.assertEqual(self.room.kinds(),
                         ["boot", "allotment", "allotment", "charge", "answer", "repeat"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
