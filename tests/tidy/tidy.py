"""The rules of this repository that no compiler checks, as a test of about a second.

Prints `file:line: what is wrong; what to do instead` for each finding and exits 1 if there is one.
Layers are in layers.py; documents in documents.py; style is explained in CONTRIBUTING.md.
"""

import pathlib
import re
import subprocess
import sys

import documents
import layers

LINE_MAX = 100
FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 500
CODE = (".cc", ".h")
MEASURED = (".cc", ".h", ".py", ".sh", ".cmake")
BANNED_NAMES = {"util", "utils", "common", "manager", "helper", "helpers", "impl", "misc"}

CPP_NOISE = re.compile(
    r'R"([^(\s]*)\((?:.|\n)*?\)\1"|//[^\n]*|/\*(?:.|\n)*?\*/|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+'")
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')
TRUSTED_BANS = [
    (re.compile(r"\bthrow\b"), "throw", "return an Error"),
    (re.compile(r"\btry\s*\{"), "try", "Result and GBX_TRY"),
    (re.compile(r"\.at\("), ".at(", "find(), or [] after a check"),
    (re.compile(r"\bstd::sto[a-z]+\b"), "std::sto*", "std::from_chars"),
    (re.compile(r"\bstd::get<"), "std::get<", "std::get_if"),
    (re.compile(r"\b(getenv|fopen|rand|srand|system|popen)\("), "a call outside the process",
     "a seam of trusted/base/seams.h"),
    (re.compile(r"\bprintf\(|\bstd::(cout|cerr)\b"), "printing", "return a Result"),
]
CODE_BANS = [
    (re.compile(r"\busing namespace\b(?! std::\w*_literals)"), "using namespace",
     "name what you use"),
    (re.compile(r"\b(strcpy|strcat|sprintf|gets|alloca|atoi|atof|strtok)\("), "an unsafe C call",
     "std::string, std::from_chars, std::snprintf"),
    (re.compile(r"\bstd::views::|<source_location>|<format>"), "a C++20 part our compilers lack",
     "a loop"),
]
WORK_WORDS = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b")
MACHINE = re.compile(r"(?<![\w.])/(work|home|root)/\w|/tmp/\w+\.sh|\bregistry\.[a-z]+\.[a-z]+"
                     r"|\bpypi\.org|\bnpmjs\.(org|com)|\bcrates\.io")
REASON = re.compile(r'Error\{\s*(?:\w+::)*\w+,\s*"([^"]*)"')


def blank(match):
    """Keeps the lines of a comment or string and drops its text."""
    kept = '""' if match.group(0)[0] in "\"R" else ""
    return kept + "\n" * match.group(0).count("\n")


def without_noise(text):
    return CPP_NOISE.sub(blank, text)


class Tidy:
    def __init__(self, root):
        self.root = root
        self.findings = []
        self.files = self.list_files()

    def list_files(self):
        listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=self.root,
                                capture_output=True, text=True, check=False)
        if listed.returncode == 0:
            names = [self.root / name for name in listed.stdout.splitlines()]
        else:
            names = [path for path in self.root.rglob("*")
                     if path.relative_to(self.root).parts[0] not in ("build", ".git")]
        return sorted(p for p in names if p.is_file() and "deps/duckdb" not in str(p))

    def say(self, path, line, message):
        self.findings.append(f"{path.relative_to(self.root)}:{line}: {message}")

    def run(self):
        declared = self.declared_sources()
        for path in self.files:
            name = str(path.relative_to(self.root))
            if path.suffix in (".csv", ".bin", ".gbx") or name.startswith("tests/fuzz/"):
                continue
            try:
                text = path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue
            self.check_names(path, name)
            self.check_text(path, name, text)
            if path.suffix in MEASURED or path.name in ("dev", "CMakeLists.txt"):
                self.check_lengths(path, text)
            if path.suffix in CODE:
                self.check_code(path, name, text)
                self.check_includes(path, name, text)
                self.check_functions(path, text)
            if path.suffix == ".cc":
                self.check_beside(path, name, text, declared)
            if path.suffix == ".md":
                for line, message in documents.check(path, text, self.root):
                    self.say(path, line, message)
                for line, message in documents.check_counts(path, text):
                    self.say(path, line, message)
        return self.findings

    # --- names and text ---------------------------------------------------------------------------

    def check_names(self, path, name):
        for part in re.split(r"[/._-]", name):
            if part in BANNED_NAMES:
                self.say(path, 1, f"'{part}' in a name says nothing; name what it holds")

    def check_text(self, path, name, text):
        if name.startswith("tests/tidy/"):
            return
        for number, line in enumerate(text.splitlines(), 1):
            if found := WORK_WORDS.search(line):
                self.say(path, number, f"{found.group(0)} in the tree; open an issue instead")
            if found := MACHINE.search(line):
                self.say(path, number, f"'{found.group(0)}' belongs to one machine; use a "
                         "relative path or an option")

    def check_lengths(self, path, text):
        lines = text.splitlines()
        if len(lines) > FILE_LINES_MAX:
            self.say(path, FILE_LINES_MAX, f"{len(lines)} lines, at most {FILE_LINES_MAX}; split "
                     "it where it has two subjects")
        for number, line in enumerate(lines, 1):
            if len(line) > LINE_MAX:
                self.say(path, number, f"{len(line)} columns, at most {LINE_MAX}; run ./dev fmt")

    # --- code -------------------------------------------------------------------------------------

    def check_code(self, path, name, text):
        if path.suffix == ".h" and "#pragma once" not in text:
            self.say(path, 1, "no #pragma once")
        for number, line in enumerate(text.splitlines(), 1):
            for reason in REASON.findall(line):
                if not re.fullmatch(r"[a-z][a-z0-9_]*", reason):
                    self.say(path, number, f"reason '{reason}' is no snake_case word; the human "
                             "wording lives in client/policy")
        bans = [] if is_test(name) else list(CODE_BANS)
        if name.startswith(("trusted/", "attest/")) and not is_test(name):
            bans += TRUSTED_BANS
        for number, line in enumerate(without_noise(text).splitlines(), 1):
            for pattern, what, instead in bans:
                if pattern.search(line):
                    self.say(path, number, f"{what} is banned here; use {instead}")
            if found := re.search(r"\b(?:class|struct|namespace)\s+(\w+)", line):
                words = re.findall(r"[A-Z]?[a-z]+", found.group(1))
                for word in BANNED_NAMES & {word.lower() for word in words}:
                    self.say(path, number, f"'{word}' in {found.group(1)} says nothing; name what "
                             "it is")

    def check_includes(self, path, name, text):
        folder = layer_of(name)
        allowed = layers.ALLOWED.get(folder)
        for number, line in enumerate(text.splitlines(), 1):
            found = INCLUDE.match(line)
            if not found:
                continue
            quoted, header = found.group(1) == '"', found.group(2)
            if quoted and (self.root / header).exists():
                self.check_arrow(path, number, name, header, folder, allowed)
            elif quoted and "/" not in header and (path.parent / header).exists():
                self.say(path, number, f'"{header}" is found by accident; include it from the root')
            self.check_external(path, number, name, header)

    def check_arrow(self, path, number, name, header, folder, allowed):
        if allowed is None:
            self.say(path, number, f"{folder} has no line in tests/tidy/layers.py; add one")
            return
        targets = [folder] + allowed + (layers.ALLOWED_IN_TESTS if is_test(name) else [])
        if not any(header == t or header.startswith(t + "/") for t in targets):
            self.say(path, number, f"{folder} may not include {header}; allowed: "
                     f"{', '.join(allowed) or 'nothing of ours'} (tests/tidy/layers.py)")

    def check_external(self, path, number, name, header):
        for prefix, owners, instead in layers.EXTERNAL:
            if header.startswith(prefix) and not name.startswith(tuple(owners)):
                self.say(path, number, f"<{header}> belongs to {', '.join(owners)}; use {instead}")
        if name.startswith(("trusted/", "attest/")) and not is_test(name):
            if header in layers.FORBIDDEN_IN_TRUSTED:
                self.say(path, number, f"<{header}> is banned in trusted code; use "
                         f"{layers.FORBIDDEN_IN_TRUSTED[header]}")

    def check_functions(self, path, text):
        for line, length in long_functions(without_noise(text)):
            self.say(path, line, f"a function of {length} lines, at most {FUNCTION_LINES_MAX}; "
                     "name its parts")

    # --- the tree ---------------------------------------------------------------------------------

    def declared_sources(self):
        declared = set()
        for path in self.files:
            if path.name != "CMakeLists.txt" and path.suffix != ".cmake":
                continue
            text = re.sub(r"#[^\n]*", "", path.read_text(encoding="utf-8"))
            for word in re.findall(r"[\w./${}-]+", text):
                word = word.replace("${CMAKE_SOURCE_DIR}", str(self.root))
                word = word.replace("${CMAKE_CURRENT_SOURCE_DIR}", str(path.parent))
                for suffix in ("", ".cc"):
                    declared.add((path.parent / (word + suffix)).resolve())
        return declared

    def check_beside(self, path, name, text, declared):
        if path.resolve() not in declared:
            self.say(path, 1, "no CMakeLists.txt names this file; declare it or delete it")
        top = path.relative_to(self.root).parts[0]
        if top in ("tests", "bench", "examples", "cli") or is_test(name):
            return
        if path.with_name(path.stem + "_test.cc").exists() or re.search(r"^int main\(", text, re.M):
            return
        header = f'#include "{name[:-3]}.h"'
        tests = path.parent.glob("*_test.cc")
        if any(header in test.read_text(encoding="utf-8") for test in tests):
            return
        for part, test in layers.TESTED_ELSEWHERE.items():
            if (name == part or name.startswith(part + "/")) and (self.root / test).exists():
                return
        self.say(path, 1, f"no test beside it includes {path.stem}.h; write {path.stem}_test.cc "
                 "(if another file tests it, say so in tests/tidy/layers.py)")


def is_test(name):
    return bool(re.search(r"_(test|fuzz|bench|testing)\.(cc|h)$|/testing/", name))


def layer_of(name):
    """The longest folder of layers.ALLOWED that `name` lies in, or its own folder."""
    fits = [layer for layer in layers.ALLOWED if name.startswith(layer + "/")]
    return max(fits, key=len) if fits else str(pathlib.PurePath(name).parent)


def long_functions(code):
    """(line, length) of each function over the limit: a brace at namespace or class scope whose
    head has a parameter list."""
    scopes, head, line, head_line = [], "", 1, 1
    for char in code:
        if char == "\n":
            line += 1
        if char == "{":
            outer = all(kind == "scope" for kind, _ in scopes)
            function = outer and "(" in head and not re.search(
                r"\b(namespace|enum|union|extern)\b|\b(class|struct)\s+\w+[^()]*$", head)
            inner = "scope" if outer and not function else "body"
            scopes.append(("function" if function else inner, head_line))
            head = ""
        elif char == "}":
            kind, start = scopes.pop() if scopes else ("scope", line)
            if kind == "function" and line - start + 1 > FUNCTION_LINES_MAX:
                yield start, line - start + 1
            head = ""
        elif char == ";":
            head = ""
        else:
            if not head.strip() and not char.isspace():
                head_line = line
            head = head + char if head.strip() or not char.isspace() else ""


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    tidy = Tidy(root)
    findings = tidy.run()
    for finding in findings:
        print(finding)
    print(f"tidy: {len(tidy.files)} files, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
