"""The log of images a second time: logs that glovebox keeps are read here, and logs that are made
here are read by glovebox.

Nothing is shared with the first implementation but docs/spec/image-log.md, RFC 9162 and RFC 8032.
Trees are random under a fixed seed.
"""

import base64
import hashlib
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import unittest

PROGRAM = sys.argv.pop(1)
ORIGIN = "example.com/images"
DASH = "\u2014"


def sha256(data):
    return hashlib.sha256(data).digest()


def canonical(value):
    return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode()


def base64_of(data):
    return base64.b64encode(data).decode()


class Ed25519:
    """RFC 8032 section 5.1, with extended coordinates; not for secrets."""

    P = 2**255 - 19
    L = 2**252 + 27742317777372353535851937790883648493
    D = -121665 * pow(121666, -1, P) % P

    @classmethod
    def add(cls, a, b):
        p = cls.P
        left, right = (a[1] - a[0]) * (b[1] - b[0]) % p, (a[1] + a[0]) * (b[1] + b[0]) % p
        c, d = 2 * a[3] * b[3] * cls.D % p, 2 * a[2] * b[2] % p
        e, f, g, h = right - left, d - c, d + c, right + left
        return e * f % p, g * h % p, f * g % p, e * h % p

    @classmethod
    def times(cls, scalar, point):
        out = (0, 1, 1, 0)
        while scalar:
            if scalar & 1:
                out = cls.add(out, point)
            point = cls.add(point, point)
            scalar >>= 1
        return out

    @classmethod
    def unpack(cls, data):
        y = int.from_bytes(data, "little")
        sign, y = y >> 255, y & (1 << 255) - 1
        square = (y * y - 1) * pow(cls.D * y * y + 1, -1, cls.P) % cls.P
        x = pow(square, (cls.P + 3) // 8, cls.P)
        if (x * x - square) % cls.P:
            x = x * pow(2, (cls.P - 1) // 4, cls.P) % cls.P
        assert (x * x - square) % cls.P == 0 and y < cls.P
        if x % 2 != sign:
            x = cls.P - x
        return x, y, 1, x * y % cls.P

    @classmethod
    def pack(cls, point):
        inverse = pow(point[2], -1, cls.P)
        x, y = point[0] * inverse % cls.P, point[1] * inverse % cls.P
        return (y | (x & 1) << 255).to_bytes(32, "little")

    @classmethod
    def base(cls):
        return cls.unpack((4 * pow(5, -1, cls.P) % cls.P).to_bytes(32, "little"))

    @classmethod
    def scalar(cls, *parts):
        return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little") % cls.L

    def __init__(self, seed):
        digest = hashlib.sha512(seed).digest()
        self.secret = int.from_bytes(digest[:32], "little") & (1 << 254) - 8 | 1 << 254
        self.prefix = digest[32:]
        self.public = self.pack(self.times(self.secret, self.base()))

    def sign(self, message):
        nonce = self.scalar(self.prefix, message)
        point = self.pack(self.times(nonce, self.base()))
        proof = (nonce + self.scalar(point, self.public, message) * self.secret) % self.L
        return point + proof.to_bytes(32, "little")

    @classmethod
    def verify(cls, public, message, signature):
        proof = int.from_bytes(signature[32:], "little")
        if proof >= cls.L:
            return False
        challenge = cls.times(cls.scalar(signature[:32], public, message), cls.unpack(public))
        right = cls.add(cls.unpack(signature[:32]), challenge)
        return cls.pack(cls.times(proof, cls.base())) == cls.pack(right)


def root_of(leaves):
    if not leaves:
        return sha256(b"")
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\x01" + root_of(leaves[:split]) + root_of(leaves[split:]))


def path_of(leaves, index):
    if len(leaves) == 1:
        return []
    split = 1 << (len(leaves) - 1).bit_length() - 1
    if index < split:
        return path_of(leaves[:split], index) + [root_of(leaves[split:])]
    return path_of(leaves[split:], index - split) + [root_of(leaves[:split])]


def root_by_path(leaf, index, size, path):
    """By the shape of the tree, from the top: another way than RFC 9162 section 2.1.3.2."""
    if size == 1:
        assert not path and index == 0
        return leaf
    split = 1 << (size - 1).bit_length() - 1
    if index < split:
        return sha256(b"\x01" + root_by_path(leaf, index, split, path[:-1]) + path[-1])
    return sha256(b"\x01" + path[-1] +
                  root_by_path(leaf, index - split, size - split, path[:-1]))


def key_id(public, origin=ORIGIN):
    return sha256(origin.encode() + b"\n\x01" + public)[:4]


def log_key(public, origin=ORIGIN):
    return f"{origin}+{key_id(public, origin).hex()}+" + base64_of(b"\x01" + public)


def public_of(key):
    return base64.b64decode(key.split("+", 2)[2])[1:]


def checkpoint(key, leaves, origin=ORIGIN):
    body = f"{origin}\n{len(leaves)}\n{base64_of(root_of(leaves))}\n"
    field = key_id(key.public, origin) + key.sign(body.encode())
    return f"{body}\n{DASH} {origin} {base64_of(field)}\n"


def read_checkpoint(text, public):
    origin, size, root, blank, signature, end = text.split("\n")
    assert (origin, blank, end) == (ORIGIN, "", "")
    dash, name, field = signature.split(" ")
    field = base64.b64decode(field, validate=True)
    assert (dash, name, field[:4]) == (DASH, ORIGIN, key_id(public))
    assert Ed25519.verify(public, f"{origin}\n{size}\n{root}\n".encode(), field[4:])
    return int(size), base64.b64decode(root, validate=True)


def proof_of(key, leaves, index):
    lines = ["c2sp.org/tlog-proof@v1", f"index {index}"]
    lines += [base64_of(one) for one in path_of(leaves, index)]
    return "\n".join(lines) + "\n\n" + checkpoint(key, leaves)


def verify_proof(text, public, entry):
    head, _, note = text.partition("\n\n")
    header, index, *path = head.split("\n")
    assert header == "c2sp.org/tlog-proof@v1" and index.startswith("index ")
    size, root = read_checkpoint(note, public)
    path = [base64.b64decode(one, validate=True) for one in path]
    return root == root_by_path(sha256(b"\0" + entry), int(index[6:]), size, path)


def entry_of(key, name):
    """A signed manifest of one file."""
    payload = canonical({"files": [{"name": name, "sha256": sha256(name.encode()).hex()}],
                         "format": 1})
    kind = b"application/vnd.glovebox.image+json"
    signed = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
    return canonical({"payload": base64_of(payload), "payloadType": kind.decode(),
                      "signatures": [{"keyid": sha256(key.public).hex(),
                                      "sig": base64_of(key.sign(signed))}]})


def run(*arguments):
    """What glovebox says in JSON; of a refusal its word."""
    done = subprocess.run([PROGRAM, "--json", *map(str, arguments)], capture_output=True,
                          text=True, check=False, env={"GLOVEBOX_PASSPHRASE": "of a test only"})
    if done.returncode == 0:
        return json.loads(done.stdout)
    return json.loads(done.stderr)["error"].get("reason", done.stderr)


class ImageLog(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.log = self.folder / "log"
        self.random = random.Random(6962)
        self.key = Ed25519(sha256(b"keeper"))
        self.builder = Ed25519(sha256(b"builder"))

    def file(self, name, text):
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def write_log(self, entries):
        """As its keeper would have it here; the leaves."""
        (self.log / "entries").mkdir(parents=True, exist_ok=True)
        for index, entry in enumerate(entries):
            (self.log / "entries" / str(index)).write_bytes(entry)
        leaves = [sha256(b"\0" + entry) for entry in entries]
        (self.log / "checkpoint").write_text(checkpoint(self.key, leaves), encoding="utf-8")
        return leaves

    def check(self, *more):
        return run("image", "log", "check", self.log, "--key", log_key(self.key.public), *more)

    def test_the_signatures_of_the_rfc(self):
        key = Ed25519(bytes.fromhex(
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"))
        self.assertEqual(key.public.hex(),
                         "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
        self.assertTrue(key.sign(b"\x72").hex().startswith("92a009a9f0d4cab8720e820b5f642540"))
        self.assertTrue(Ed25519.verify(key.public, b"\x72", key.sign(b"\x72")))
        self.assertFalse(Ed25519.verify(key.public, b"\x73", key.sign(b"\x72")))

    def test_a_log_that_glovebox_keeps(self):
        home = ["--home", self.folder / "home"]
        run(*home, "init", "--name", "keeper")
        key = run(*home, "image", "log", "init", self.log, "--origin", ORIGIN)["key"]
        self.assertEqual(run(*home, "image", "log", "key", "--origin", ORIGIN)["key"], key)
        public = public_of(key)
        self.assertEqual(key, log_key(public))
        entries = []
        for name in ("a", "b", "c", "d", "e"):
            entries.append(entry_of(self.builder, name))
            manifest = self.file("manifest", entries[-1])
            said = run(*home, "image", "log", "add", self.log, manifest)
            self.assertEqual(said["index"], len(entries) - 1)
            text = (self.log / "checkpoint").read_text(encoding="utf-8")
            leaves = [sha256(b"\0" + entry) for entry in entries]
            self.assertEqual(read_checkpoint(text, public), (len(entries), root_of(leaves)))
        for index, entry in enumerate(entries):
            self.assertEqual((self.log / "entries" / str(index)).read_bytes(), entry)
            manifest = self.file("manifest", entry)
            proof = self.folder / "proof"
            run("image", "log", "prove", self.log, manifest, "--key", key, "-o", proof)
            text = proof.read_text(encoding="utf-8")
            self.assertTrue(verify_proof(text, public, entry))
            self.assertFalse(verify_proof(text, public, entry + b" "))

    def test_random_trees_and_their_proofs(self):
        for size in sorted(self.random.sample(range(1, 70), 8)):
            entries = [entry_of(self.builder, f"{size} {i}") for i in range(size)]
            leaves = self.write_log(entries)
            self.assertEqual(self.check(), {"grown_since": [], "origin": ORIGIN, "size": size,
                                            "root": root_of(leaves).hex()})
            index = self.random.randrange(size)
            manifest = self.file("manifest", entries[index])
            mine = self.file("mine", proof_of(self.key, leaves, index))
            theirs = self.folder / "theirs"
            key = log_key(self.key.public)
            run("image", "log", "prove", self.log, manifest, "--key", key, "-o", theirs)
            self.assertEqual(theirs.read_bytes(), mine.read_bytes())
            verify = ["image", "log", "verify", manifest, "--key", key, "--proof"]
            self.assertEqual(run(*verify, mine)["size"], size)
            for _ in range(6):
                flipped = bytearray(mine.read_bytes())
                flipped[self.random.randrange(len(flipped))] ^= 1 << self.random.randrange(8)
                said = run(*verify, self.file("flipped", bytes(flipped)))
                self.assertRegex(str(said), "^image_log_")

    def test_random_trees_grow_and_fork(self):
        for _ in range(8):
            newer = self.random.randrange(2, 50)
            older = self.random.randrange(1, newer)
            entries = [entry_of(self.builder, str(self.random.random())) for _ in range(newer)]
            leaves = [sha256(b"\0" + entry) for entry in entries]
            seen = self.file("seen", checkpoint(self.key, leaves[:older]))
            self.write_log(entries)
            self.assertEqual(self.check("--since", seen)["grown_since"], [older])
            proof = self.file("proof", proof_of(self.key, leaves[:older], older - 1))
            self.assertEqual(self.check("--since", proof)["grown_since"], [older])
            changed = list(entries)
            changed[self.random.randrange(older)] = entry_of(self.builder, "for one victim")
            self.write_log(changed)
            self.assertEqual(self.check()["size"], newer)
            self.assertEqual(self.check("--since", seen), "image_log_forked")
            self.assertEqual(self.check("--since", proof), "image_log_forked")
            self.write_log(entries[:older])
            self.assertEqual(self.check("--since", self.file(
                "later", checkpoint(self.key, leaves))), "image_log_behind")

    def test_a_monitor_remembers(self):
        entries = [entry_of(self.builder, str(i)) for i in range(6)]
        kept = self.folder / "kept"
        for size in (1, 2, 2, 5):
            self.write_log(entries[:size])
            self.assertEqual(self.check("--keep", kept)["size"], size)
            self.assertEqual(kept.read_bytes(), (self.log / "checkpoint").read_bytes())
        before = kept.read_bytes()
        self.write_log(entries[:4] + [entries[5], entries[4]])
        self.assertEqual(self.check("--keep", kept), "image_log_forked")
        self.assertEqual(kept.read_bytes(), before)


if __name__ == "__main__":
    unittest.main(verbosity=2)
