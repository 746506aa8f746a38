"""Documents: links and anchors that lead somewhere, and examples that parse."""

import json
import re
import urllib.parse

LINK = re.compile(r"(?<!\!)\[[^\]\n]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)|\!\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$")
FENCE = re.compile(r"^\s*(```+|~~~+)\s*([\w.-]*)")


def slug(heading):
    """The anchor that a heading gets: lower case, punctuation dropped, spaces to hyphens."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading.replace("`", "").replace("*", ""))
    return re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")


def prose_and_blocks(text):
    """([(line, prose)], [(line, language, block)]) of a document."""
    prose, blocks, fence, language, block, start = [], [], None, "", [], 0
    for number, line in enumerate(text.splitlines(), 1):
        found = FENCE.match(line)
        if fence is None and found:
            fence, language, block, start = found.group(1), found.group(2), [], number
        elif fence is not None and line.strip() == fence:
            blocks.append((start, language, "\n".join(block)))
            fence = None
        elif fence is not None:
            block.append(line)
        else:
            prose.append((number, line))
    if fence is not None:
        blocks.append((start, "unclosed", ""))
    return prose, blocks


def anchors(text):
    seen, found = {}, set()
    for _, line in prose_and_blocks(text)[0]:
        if heading := HEADING.match(line):
            name = slug(heading.group(1))
            count = seen.get(name, 0)
            seen[name] = count + 1
            found.add(f"{name}-{count}" if count else name)
        found.update(re.findall(r'<a (?:id|name)="([^"]+)"', line))
    return found


def check_link(path, text, root, target):
    """Why `target`, a link in the document at `path`, leads nowhere; None if it does not."""
    if re.match(r"[a-z]+:", target):
        return None
    name, _, anchor = urllib.parse.unquote(target).partition("#")
    file = path if not name else (root / name[1:] if name[0] == "/" else path.parent / name)
    if not file.exists():
        return f"dead link {target}: no such file"
    if anchor and file.suffix == ".md":
        known = anchors(text if file == path else file.read_text(encoding="utf-8"))
        if anchor not in known:
            return f"dead anchor {target}: the headings are {', '.join(sorted(known))}"
    return None


def code_lines(folder):
    """Lines of production code in a folder, blank ones not counted."""
    names = [p for p in folder.glob("*") if p.suffix in (".h", ".cc")
             and not re.search(r"_(test|fuzz|fixture)\.", p.name)]
    return sum(1 for p in names for line in p.read_text(encoding="utf-8").splitlines()
               if line.strip())


def check_counts(path, text):
    """A table row that ends in `| [folder](folder) ... | N lines |` must be near the truth."""
    for number, line in enumerate(text.splitlines(), 1):
        found = re.search(r"\[[^\]]*\]\(([\w/.]+)\).*\| ([\d,]+) lines \|$", line)
        if not found:
            continue
        told, true = int(found.group(2).replace(",", "")), code_lines(path.parent / found.group(1))
        if abs(told - true) > true // 10:
            yield number, f"{found.group(1)} has {true:,} lines, not {told:,}"


def check(path, text, root):
    """Yields (line, message) for each finding in the document at `path`."""
    prose, blocks = prose_and_blocks(text)
    for number, line in prose:
        for groups in LINK.findall(re.sub(r"`[^`]*`", "", line)):
            if message := check_link(path, text, root, groups[0] or groups[1]):
                yield number, message
    for number, language, block in blocks:
        if language == "unclosed":
            yield number, "a code block that is never closed"
        if language == "json":
            try:
                json.loads(block)
            except ValueError as error:
                yield number, f"an example that is no JSON ({error}); repair it or say text"
