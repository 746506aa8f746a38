"""clang-tidy over every source file, remembering what was clean.

A file is checked again only when it, a header of ours that it reaches, its compile command,
.clang-tidy or clang-tidy itself has changed. Tests are checked with --all or when named.

Nearly all of the time goes into the headers of libraries, so files that are compiled alike are
checked as one text, and headers are read once. Such a batch can only acquit: files in which
something is found, or that do not compile together with the others, are checked alone, the others
once more, and only what is said of a single file is reported. --all checks every file alone.
"""

import argparse
import bisect
import concurrent.futures
import hashlib
import json
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import time

TOOL = "clang-tidy-19"
# The compile commands are g++'s: its own warning options, and a library that uses its own
# deprecated parts.
TO_CLANG = ["--extra-arg=-Wno-unknown-warning-option", "--extra-arg=-Wno-deprecated-declarations"]
INCLUDE = re.compile(r'^#include "([^"]+)"', re.MULTILINE)
# In company, a neighbour could use such a name and so hide that its own file does not: it goes with
# files only that do not say the word.
BORROWED = re.compile(r"^using (?!enum)[^=;]*?(\w+);|^namespace (\w+) =", re.MULTILINE)
# What these borrow would have to be looked up.
ALONE = re.compile(r"^using (?:enum|namespace) ", re.MULTILINE)
# What a file declares outside of braces, and where; two files of one batch must not share a name,
# nor one have a name that a header of the other has.
NAMESPACE = re.compile(r"^namespace ([\w:]+) \{", re.MULTILINE)
TYPE = re.compile(r"^(?:struct|union|(?:enum )?class|enum) (\w+)[^;\n]*\{", re.MULTILINE)
DECLARED = re.compile(r"^(?!namespace|extern)\w[^\n]*?([\w:]+)(?: =|[({;\[]| \{)", re.MULTILINE)
# A test is read with the headers that it asks for, not with those that are precompiled for it.
PRECOMPILED = re.compile(r" -Winvalid-pch -include \S+/cmake_pch\.hxx")
BATCH = 24


def closure(path, root, seen):
    """Adds `path` and every header of this repository that it reaches to `seen`."""
    if path in seen or not path.is_file():
        return
    seen.add(path)
    for name in INCLUDE.findall(path.read_text(encoding="utf-8", errors="replace")):
        closure(root / name, root, seen)


def fingerprint(source, command, root, salt):
    seen = set()
    closure(source, root, seen)
    digest = hashlib.sha256(salt + command.encode())
    for path in sorted(seen):
        digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def joined(sources):
    """The headers of all the files, and their text below. Headers come first, so that none of them
    uses what a file borrows; a file's lines keep their count."""
    headers, parts = {}, []
    for source in sources:
        lines = source.read_text(encoding="utf-8").splitlines()
        # What a file includes twice stays, to be found.
        once = [line for line in lines if line.startswith("#include") and lines.count(line) == 1]
        headers |= dict.fromkeys(once)
        parts += ["" if line in once else line for line in lines]
    return "\n".join(headers) + "\n", "\n".join(parts) + "\n"


def tidy(folder, source, root):
    run = subprocess.run([TOOL, "-p", str(folder), "--quiet", *TO_CLANG, str(source)], cwd=root,
                         text=True, capture_output=True, check=False)
    return run.returncode == 0, run.stdout


def check(batch, root, build):
    """Yields (file, clean, what clang-tidy says of it) for every file of the batch."""
    sources = [source for source, _ in batch]
    if len(batch) == 1:
        yield (sources[0], *tidy(build, sources[0], root))
        return
    # Below the root, so that .clang-tidy is found as for the files themselves.
    with tempfile.TemporaryDirectory(dir=root / "build" / "tidy") as folder:
        together = pathlib.Path(folder) / "together.cc"
        headers, text = joined(sources)
        (together.parent / "headers.h").write_text(headers, encoding="utf-8")
        together.write_text(text, encoding="utf-8")
        entry = batch[0][1]
        words = shlex.split(entry["command"])
        words[words.index(entry["file"])] = str(together)
        words += ["-include", str(together.parent / "headers.h")]
        for _, other in batch[1:]:
            words += folders(other)
        (together.parent / "compile_commands.json").write_text(json.dumps(
            [{"directory": entry["directory"], "file": str(together), "arguments": words}]))
        clean, said = tidy(folder, together, root)
    if clean:
        yield from ((source, True, "") for source in sources)
        return
    for part in suspects_and_rest(batch, said):
        yield from check(part, root, build)


def suspects_and_rest(batch, said):
    """Each file of whose lines something is said, alone; the rest, in halves if that is all."""
    ends, end = [], 0
    for source, _ in batch:
        end += len(source.read_text(encoding="utf-8").splitlines())
        ends.append(end)
    lines = {int(line) for line in re.findall(r"/together\.cc:(\d+):", said)}
    suspects = {bisect.bisect_left(ends, line) for line in lines}
    rest = [file for index, file in enumerate(batch) if index not in suspects]
    if len(rest) == len(batch):
        half = len(batch) // 2
        return [batch[:half], batch[half:]]
    return [[batch[index]] for index in sorted(suspects)] + ([rest] if rest else [])


def folders(entry):
    """Where a file finds headers of libraries; that another file may, too, changes nothing."""
    words = shlex.split(entry["command"])
    return [word for before, first in zip(words, words[1:]) if before == "-isystem"
            for word in (before, first)]


def declare(path, known):
    """The names, with their namespace, that a file or header declares."""
    if path not in known:
        text = path.read_text(encoding="utf-8")
        space = NAMESPACE.search(text)
        space = space[1] if space else ""
        known[path] = {name if name == "main" else f"{space}::{name}"
                       for name in DECLARED.findall(text)}
        known[path, "types"] = {f"{space}::{name}" for name in TYPE.findall(text)}
    return known[path]


class Batch:
    def __init__(self, key):
        self.key, self.members = key, []
        self.names, self.headers, self.words, self.borrowed = set(), set(), set(), set()

    def takes(self, other, known):
        """Whether neither of the two batches changes what is said of the other's files."""
        if (self.key != other.key or not self.names.isdisjoint(other.names) or
                not self.borrowed.isdisjoint(other.words) or
                not other.borrowed.isdisjoint(self.words)):
            return False
        mine, theirs = self.headers - other.headers, other.headers - self.headers
        types = set().union(*(known[header, "types"] for header in self.headers))
        return (not any(known[header] & self.names or known[header, "types"] & types
                        for header in theirs) and
                not any(known[header] & other.names for header in mine))

    def add(self, other):
        self.members += other.members
        for name in ("names", "headers", "words", "borrowed"):
            getattr(self, name).update(getattr(other, name))


def alone(source, entry, root, known):
    """A file as a batch of its own."""
    text = source.read_text(encoding="utf-8")
    places = set(folders(entry)) | {"-fPIC", "-fPIE"}
    alike = [word for word in shlex.split(entry["command"])
             if source.name not in word and word not in places]
    result = Batch((alike, str(source) if ALONE.search(text) else ""))
    result.members.append((source, entry))
    closure(source, root, result.headers)
    result.headers.discard(source)
    for header in result.headers:
        declare(header, known)
    result.names = set(declare(source, known))
    result.words = set(re.findall(r"\w+", text))
    result.borrowed = {a or b for a, b in BORROWED.findall(text)}
    return result


def batches(work, largest, root):
    """Files that are compiled alike and do not disturb each other; the larger batches first."""
    result, known = [], {}
    for source, entry in work:
        one = alone(source, entry, root, known)
        for batch in result:
            if len(batch.members) < largest and batch.takes(one, known):
                batch.add(one)
                break
        else:
            result.append(one)
    return sorted((batch.members for batch in result), key=len, reverse=True)


def is_test(path):
    return path.parts[0] in ("tests", "bench") or re.search(r"_(test|fuzz|bench)\.cc$", path.name)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build/dev")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--all", action="store_true", help="tests and benchmarks too")
    parser.add_argument("files", nargs="*")
    options = parser.parse_args()
    root = pathlib.Path(__file__).resolve().parents[2]
    wanted = {(root / name).resolve() for name in options.files}
    cache = root / "build" / "tidy"
    cache.mkdir(parents=True, exist_ok=True)
    version = subprocess.run([TOOL, "--version"], capture_output=True, check=True).stdout
    salt = version + (root / ".clang-tidy").read_bytes()

    work, marks, clean = [], {}, 0
    commands = (root / options.build / "compile_commands.json").read_text()
    commands = PRECOMPILED.sub("", commands)
    (cache / "compile_commands.json").write_text(commands)
    for entry in json.loads(commands):
        source = pathlib.Path(entry["file"]).resolve()
        if not source.is_relative_to(root) or source.is_relative_to(root / "build"):
            continue
        if wanted and source not in wanted:
            continue
        if not wanted and not options.all and is_test(source.relative_to(root)):
            continue
        mark = cache / fingerprint(source, entry["command"], root, salt)
        if mark.exists():
            clean += 1
        elif source not in marks:
            marks[source] = mark
            work.append((source, entry))

    start, bad = time.monotonic(), 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        pending = [pool.submit(lambda batch: list(check(batch, root, cache)), batch)
                   for batch in batches(work, 1 if options.all or wanted else BATCH, root)]
        for done in concurrent.futures.as_completed(pending):
            for source, passed, output in done.result():
                if passed:
                    marks[source].touch()
                else:
                    bad += 1
                    print(f"-- {source.relative_to(root)}\n{output}".replace(f"{root}/", ""))
    print(f"clang-tidy: {len(work)} files checked in {time.monotonic() - start:.0f} s, "
          f"{clean} unchanged, {bad} with findings")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
