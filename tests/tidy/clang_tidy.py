"""clang-tidy over every source file, remembering what was clean.

A file is checked again only when it, a header of ours that it reaches, its compile command,
.clang-tidy or clang-tidy itself has changed. Tests are checked with --all or when named.
"""

import argparse
import concurrent.futures
import hashlib
import json
import pathlib
import re
import subprocess
import sys
import time

TOOL = "clang-tidy-19"
# The compile commands are g++'s: its own warning options, and a library that uses its own
# deprecated parts.
TO_CLANG = ["--extra-arg=-Wno-unknown-warning-option", "--extra-arg=-Wno-deprecated-declarations"]
INCLUDE = re.compile(r'^#include "([^"]+)"', re.MULTILINE)


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


def check(source, root, build):
    run = subprocess.run([TOOL, "-p", build, "--quiet", *TO_CLANG, str(source)], cwd=root,
                         text=True, capture_output=True, check=False)
    return run.returncode == 0, run.stdout


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

    work, clean = [], 0
    for entry in json.loads((root / options.build / "compile_commands.json").read_text()):
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
        elif all(source != other for other, _ in work):
            work.append((source, mark))

    start, bad = time.monotonic(), 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        pending = {pool.submit(check, source, root, options.build): (source, mark)
                   for source, mark in work}
        for done in concurrent.futures.as_completed(pending):
            source, mark = pending[done]
            passed, output = done.result()
            if passed:
                mark.touch()
            else:
                bad += 1
                print(f"-- {source.relative_to(root)}\n{output}".replace(f"{root}/", ""))
    print(f"clang-tidy: {len(work)} files checked in {time.monotonic() - start:.0f} s, "
          f"{clean} unchanged, {bad} with findings")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
