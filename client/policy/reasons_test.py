"""Every reason word that a refusal can carry has words for people in client/policy/words_*.cc.

Finds the words by the ways in which sources make an Error: Error{ErrorCode::x, "word"}, a constant
Literal, Fields(json, "word"), what a verifier requires, and calls of local functions that take a
Literal.
"""

import pathlib
import re
import sys

FOLDERS = ["trusted", "attest", "attester", "engine", "enclave", "launch", "vm", "client"]
WORD = r'"([a-z][a-z0-9]*(?:_[a-z0-9]+)+)"'


def reasons(text):
    text = re.sub(r"//[^\n]*", "", text)
    makers = set(re.findall(
        r"\b(?:Error|Status|Result<[^;{}()]*>)\s+(?:\w+::)?(\w+)\([^;{}]*\bLiteral\b", text))
    found = set(re.findall(r"ErrorCode::\w+,\s*" + WORD, text))
    found |= set(re.findall(r"\bLiteral\s+\w+\s*=\s*" + WORD, text))
    found |= set(re.findall(r"\bLiteral[({]" + WORD, text))
    found |= set(re.findall(r"\bFields\s+\w+\([^;]*?,\s*" + WORD + r"\)", text))
    # Verifiers of evidence write down what fails: require(holds, "word"), and faults of chains.
    found |= set(re.findall(r'\b(?:require|refuse|add|check_signer)\((?:[^;"]*,)?\s*' + WORD, text))
    found |= set(re.findall(r"\breturn \{" + WORD + r"\};", text))
    for maker in makers - {"Fields"}:
        found |= set(re.findall(r"\b" + maker + r"\((?:[^;\"]*,)?\s*" + WORD, text))
    return found


def main():
    root = pathlib.Path(sys.argv[1])
    words = set()
    for path in (root / "client/policy").glob("words_*.cc"):
        words |= set(re.findall(r'^    \{"(\w+)"', path.read_text(), re.MULTILINE))
    missing = {}
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            test = re.search(r"_(test|fuzz|bench|fixture)\.", path.name) or "testing" in path.parts
            if path.suffix not in (".cc", ".h") or test or path.name.startswith("words_"):
                continue
            for reason in reasons(path.read_text()) - words:
                missing.setdefault(reason, path.relative_to(root))
    for reason, path in sorted(missing.items()):
        print(f'{path}: "{reason}" has no words: add it to client/policy/words_*.cc and to '
              "docs/reference/refusals.md")
    print(f"{len(words)} reasons have words, {len(missing)} have none")
    return 1 if missing or len(words) < 100 else 0


if __name__ == "__main__":
    sys.exit(main())
