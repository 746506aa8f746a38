"""Runs the ```sh blocks of docs/tutorial.md, in order and in one shell, as a reader would.

usage: tutorial_test.py SOURCE_DIR BIN_DIR

A comment `<!-- refused: WORD -->` before a block: it must fail and say WORD. One that says
`<!-- shows: WORDS -->`: its output must have these words. Every other block must work.
"""

import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile

BLOCK = re.compile(r"(?:<!-- (refused|shows): (.*?) -->\n)?```sh\n(.*?)```", re.DOTALL)
SECONDS_MAX = 240


def script(blocks):
    """One bash program; each block's output goes to a file of its own."""
    lines = ["set -uo pipefail", "trap 'kill $(jobs -p) 2>/dev/null' EXIT"]
    for number, (kind, _, code) in enumerate(blocks):
        want = 1 if kind == "refused" else 0
        ends = "-ne 0" if want else "-eq 0"
        lines += [f"exec >{number}.out 2>&1", "set -e" if not want else "set +e", code,
                  f"code=$?; [ $code {ends} ] || exit 90", f"touch {number}.done"]
    return "\n".join(lines) + "\n"


def run(blocks, folder, environment):
    shell = subprocess.Popen(["bash", "-c", script(blocks)], cwd=folder, env=environment,
                             start_new_session=True, stdin=subprocess.DEVNULL)
    try:
        shell.wait(SECONDS_MAX)
    except subprocess.TimeoutExpired:
        os.killpg(shell.pid, signal.SIGKILL)
        print(f"the tutorial took more than {SECONDS_MAX} s")


def check(blocks, folder):
    for number, (kind, words, code) in enumerate(blocks):
        output = (folder / f"{number}.out").read_text(encoding="utf-8")
        print(f"--- block {number + 1}\n{code}--- output\n{output}", flush=True)
        if not (folder / f"{number}.done").exists():
            return f"block {number + 1} did not {'fail' if kind == 'refused' else 'work'}"
        if words and words not in output:
            return f"block {number + 1} does not say {words}"
    return None


def main():
    source, programs = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    blocks = BLOCK.findall((source / "docs" / "tutorial.md").read_text(encoding="utf-8"))
    if len(blocks) < 10:
        sys.exit(f"the tutorial has only {len(blocks)} blocks: has its form changed?")
    environment = {key: os.environ[key] for key in ("HOME", "LANG", "TERM") if key in os.environ}
    environment["PATH"] = f"{programs}:{os.environ['PATH']}"
    environment["EXAMPLE"] = str(source / "examples" / "shopgood-newsnow")
    with tempfile.TemporaryDirectory() as folder:
        run(blocks, folder, environment)
        fault = check(blocks, pathlib.Path(folder))
    if fault:
        sys.exit(fault)
    print(f"{len(blocks)} blocks did what the tutorial says")


if __name__ == "__main__":
    main()
