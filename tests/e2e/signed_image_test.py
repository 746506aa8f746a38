"""An image that its builder has signed and logged, under a policy that asks for both.

The builder is a party of its own. It signs the manifest and puts it into its public log, a member
adds it to the agreement, all sign, and the room starts and answers; without the builder's very
signature and the proof that it is in the log nothing is agreed. A log that was forked is seen.
"""

import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import line_test


def believe_builder(text):
    """The agreement with a builder and its log, whose image is still to be added."""
    return re.sub(r"( +)sim: \{images: \[[0-9a-f]{64}\]\}.*",
                  r"\1sim: {images: []}\n\1builders: {keys: [KEY], manifests: []}\n"
                  r"\1image_log: {key: LOG, proofs: []}", text)


class SignedImage(line_test.Line):
    @classmethod
    def setUpClass(cls):
        cls.stage = line_test.Stage("collaboration.yaml", cls.sign)

    @classmethod
    def sign(cls, text):
        """As the builder, beside the members' folders; then as the member who drafts."""
        folder = pathlib.Path(tempfile.mkdtemp(prefix="glovebox-builder-"))
        cls.addClassCleanup(shutil.rmtree, folder, ignore_errors=True)
        builder = line_test.Party(folder, "builder")
        builder.run("init", "--name", "builder")
        builder.run("identity", "export", "-o", "builder.id")
        said = subprocess.run([line_test.BIN / "glovebox-room", "--measure"], check=True,
                              capture_output=True, text=True).stdout
        (builder.folder / "image.json").write_text(said)
        builder.run("image", "sign", "image.json", "-o", "signed.json")
        key = builder.json("identity", "show", "builder.id")["signing_key"]
        cls.builder = builder
        cls.log = builder.folder / "images"
        log = builder.json("image", "log", "init", "images", "--origin", "example.com/images")
        builder.run("image", "log", "add", "images", "signed.json")
        builder.run("image", "log", "prove", "images", "signed.json", "--key", log["key"], "-o",
                    "signed.tlog-proof")
        file = builder.folder / "collaboration.yaml"
        agreed = believe_builder(text).replace("KEY", key).replace("LOG", log["key"])
        file.write_text(agreed, encoding="utf-8")
        digest = re.search(r"[0-9a-f]{64}", text.split("sim:", 1)[1]).group(0)
        cls.digest = digest
        said = builder.run("trust", "add-image", file, "--platform", "sim", "--image", digest,
                           fails=True)
        assert "has not signed" in said, said
        add = ["trust", "add-image", file, "--platform", "sim", "--manifest", "signed.json"]
        said = builder.run(*add, fails=True)
        assert "without the proof" in said, said
        builder.run(*add, "--proof", "signed.tlog-proof")
        return file.read_text(encoding="utf-8")

    def test_the_room_starts_and_its_answer_names_the_signed_image(self):
        self.provide_both()
        self.ask(line_test.ATTRIBUTION, "-o", "answer.json")
        self.newsnow.run("verify", "answer.json", "--policy", "policy.json")
        self.assertIn("signed by 1 builder, and logged in example.com/images",
                      self.newsnow.run("trust", "show", "policy.json"))
        entry = json.loads((self.room.folder / "ledger").read_text().splitlines()[0])
        self.assertEqual(entry["body"]["image"], self.digest)

    def test_who_has_signed(self):
        run = self.builder.run
        self.assertIn(self.digest, run("image", "verify", "signed.json", "--builder", "builder.id"))
        self.assertIn("Nothing is verified", run("image", "show", "signed.json"))
        other = self.stage.path / "shopgood" / "shopgood.id"
        said = run("image", "verify", "signed.json", "--builder", other, fails=True)
        self.assertIn("has not signed", said)
        self.shopgood.run("image", "sign", self.builder.folder / "signed.json", "-o", "both.json")
        both = self.shopgood.folder / "both.json"
        said = run("image", "verify", both, "--builder", "builder.id", fails=True)
        self.assertIn("who is no builder that you name", said)
        run("image", "verify", both, "--builder", "builder.id", "--builder", other)

    def test_a_draft_without_that_signature_is_no_policy(self):
        text = (self.shopgood.folder / "collaboration.yaml").read_text(encoding="utf-8")
        key = self.builder.json("identity", "show", "builder.id")["signing_key"]
        other = self.shopgood.json("identity", "show", "shopgood.id")["signing_key"]
        draft = self.shopgood.folder / "draft.yaml"
        draft.write_text(text.replace(key, other), encoding="utf-8")
        said = self.shopgood.run("policy", "build", "draft.yaml", "-o", "draft.json", fails=True)
        self.assertIn("has not signed", said)
        self.assertFalse((self.shopgood.folder / "draft.json").exists())

    def test_a_draft_without_that_proof_is_no_policy(self):
        text = (self.shopgood.folder / "collaboration.yaml").read_text(encoding="utf-8")
        less, count = re.subn(r"proofs: \[.*\]", "proofs: []", text)
        self.assertEqual(count, 1)
        draft = self.shopgood.folder / "draft.yaml"
        draft.write_text(less, encoding="utf-8")
        said = self.shopgood.run("policy", "build", "draft.yaml", "-o", "draft.json", fails=True)
        self.assertIn("without the proof", said)
        wrong = text.replace("index 0", "index 1")
        self.assertNotEqual(wrong, text)
        draft.write_text(wrong, encoding="utf-8")
        said = self.shopgood.run("policy", "build", "draft.yaml", "-o", "draft.json", fails=True)
        self.assertIn("does not show that this signed manifest is in the log", said)
        self.assertFalse((self.shopgood.folder / "draft.json").exists())

    def test_members_see_a_log_that_was_forked(self):
        check = ["image", "log", "check", self.log, "--policy", "policy.json"]
        said = self.newsnow.json(*check)
        self.assertEqual(said["grown_since"], [1])
        self.assertIn(self.digest, self.newsnow.run("image", "log", "show", self.log))
        manifest = json.loads((self.builder.folder / "image.json").read_text(encoding="utf-8"))
        manifest["files"][0]["sha256"] = "0" * 64
        other = json.dumps(manifest, separators=(",", ":"), sort_keys=True)
        (self.builder.folder / "other.json").write_text(other, encoding="utf-8")
        self.builder.run("image", "sign", "other.json", "-o", "other.signed.json")
        self.builder.run("image", "log", "add", "images", "other.signed.json")
        self.assertEqual(self.newsnow.json(*check)["size"], 2)
        # The builder begins its log anew, without what it has told the members.
        shutil.rmtree(self.log)
        for record in (self.builder.folder / "home").glob("image-log-*.checkpoint"):
            record.unlink()
        self.builder.run("image", "log", "init", "images", "--origin", "example.com/images")
        said = self.newsnow.run(*check, fails=True)
        self.assertIn("older than a checkpoint", said)
        self.builder.run("image", "log", "add", "images", "other.signed.json")
        said = self.newsnow.run(*check, fails=True)
        self.assertIn("two trees of which neither begins with the other", said)


if __name__ == "__main__":
    unittest.main(verbosity=2)
