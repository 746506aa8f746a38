"""Draws the figures of docs/explanation/choosing-epsilon.md.

  figures.py PROGRAM          runs PROGRAM (bench/epsilon_figures.cc), writes figures/*.json, *.svg
  figures.py --check PROGRAM  says what is out of date instead: numbers that are drawn at random may
                              differ a little, all others not, and the drawings must be of them
"""

import json
import math
import pathlib
import subprocess
import sys

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "docs" / "explanation" / "figures"
WIDTH, HEIGHT = 640, 380
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 40, 48
# The 95 % points of two runs of 20,000 draws differ by 1.5 % (Laplace; its standard deviation) or
# less, and are whole numbers: a right program is called stale once in more than 10^9 runs.
DRAWN_TOLERANCE = 0.1

# Dark colours on white, light ones on black; dashes tell lines apart without colour.
STYLE = """text{font:13px sans-serif;fill:#222}.title{font-weight:bold}
.axis{stroke:#222;fill:none}.grid{stroke:#ddd;fill:none}
.s0{stroke:#0b5cad}.s1{stroke:#b3400a}.s2{stroke:#1a7a3c}.s3{stroke:#7a2a9a}
.line{fill:none;stroke-width:2}.dot{fill:none;stroke-width:1.5}
@media(prefers-color-scheme:dark){text{fill:#ddd}.axis{stroke:#ddd}.grid{stroke:#444}
.s0{stroke:#6cb4ff}.s1{stroke:#ff9b66}.s2{stroke:#6fd08c}.s3{stroke:#d199f0}}"""
DASHES = ["none", "9 4", "3 3", "9 3 2 3"]

FIGURES = {
    "error": {"title": "How far off a count of people is (95 %), by the epsilon of the question",
              "x": "epsilon of one question (in zcdp it pays half its square as rho)",
              "y": "\u00b1 people", "log": "xy", "xticks": [0.02, 0.05, 0.1, 0.2, 0.5, 1, 2],
              "yticks": [1, 3, 10, 30, 100, 300, 1000],
              "legend": (450, 56)},
    "shown": {"title": "How likely a group is shown: k = 20, epsilon 1, delta 1e-6, a sum is asked",
              "x": "people in the group", "y": "chance", "log": "",
              "xticks": [10, 20, 30, 40, 50, 60, 70], "yticks": [0, 0.25, 0.5, 0.75, 1],
              "legend": (470, 220)},
    "questions": {"title": "How many counts within \u00b1 30 people a budget pays for, delta 1e-6",
                  "x": "epsilon of the whole budget", "y": "questions", "log": "y",
                  "xticks": [0, 1, 2, 3, 4, 5, 6], "yticks": [1, 3, 10, 30, 100, 300],
                  "legend": (78, 56)},
    "spent": {"title": "What so many counts within \u00b1 30 people have spent together",
              "x": "questions", "y": "epsilon at delta 1e-6", "log": "",
              "xticks": [0, 20, 40, 60, 80, 100, 120], "yticks": [0, 2, 4, 6, 8, 10, 12],
              "legend": (78, 56)},
}


def scale(value, ticks, log, low, high):
    if log:
        value, ticks = math.log(max(value, 1e-9)), [math.log(tick) for tick in ticks]
    return low + (value - ticks[0]) / (ticks[-1] - ticks[0]) * (high - low)


class Drawing:
    def __init__(self, about):
        self.about = about
        self.parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
            f'role="img" aria-label="{about["title"]}">', f"<style>{STYLE}</style>",
            f'<text class="title" x="8" y="20">{about["title"]}</text>']

    def place(self, x, y):
        about = self.about
        return (scale(x, about["xticks"], "x" in about["log"], LEFT, WIDTH - RIGHT),
                scale(y, about["yticks"], "y" in about["log"], HEIGHT - BOTTOM, TOP))

    def axes(self):
        about = self.about
        for tick in about["xticks"]:
            x, _ = self.place(tick, about["yticks"][0])
            self.parts.append(f'<path class="grid" d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}"/>'
                              f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 17}" '
                              f'text-anchor="middle">{tick:g}</text>')
        for tick in about["yticks"]:
            _, y = self.place(about["xticks"][0], tick)
            self.parts.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>'
                              f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">'
                              f'{tick:g}</text>')
        middle = (TOP + HEIGHT - BOTTOM) / 2
        self.parts.append(
            f'<path class="axis" d="M{LEFT} {TOP}V{HEIGHT - BOTTOM}H{WIDTH - RIGHT}"/>'
            f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 10}" text-anchor="middle">'
            f'{about["x"]}</text><text x="16" y="{middle}" text-anchor="middle" '
            f'transform="rotate(-90 16 {middle})">{about["y"]}</text>')

    def line(self, number, points):
        low = self.about["yticks"][0]
        places = [self.place(x, max(y, low)) for x, y in points]
        path = "L".join(f"{x:.1f} {max(y, TOP):.1f}" for x, y in places)
        self.parts.append(f'<path class="line s{number}" stroke-dasharray="{DASHES[number]}" '
                          f'd="M{path}"/>')

    def dots(self, number, points):
        for x, y in (self.place(*point) for point in points):
            self.parts.append(f'<circle class="dot s{number}" cx="{x:.1f}" cy="{y:.1f}" r="4"/>')

    def legend(self, names):
        x, top = self.about["legend"]
        for number, name in enumerate(names):
            y = top + 18 * number
            self.parts.append(
                f'<path class="line s{number}" stroke-dasharray="{DASHES[number]}" '
                f'd="M{x} {y - 4}h30"/><text x="{x + 36}" y="{y}">{name}</text>')

    def text(self):
        return "\n".join(self.parts + ["</svg>"]) + "\n"


def draw(name, series):
    drawing = Drawing(FIGURES[name])
    drawing.axes()
    names = [key for key in series if not key.endswith(", drawn")]
    for number, key in enumerate(names):
        drawing.line(number, series[key])
        drawing.dots(number, series.get(key + ", drawn", []))
    drawing.legend(names)
    return drawing.text()


def is_near(old, new, drawn):
    allowed = DRAWN_TOLERANCE * new + 1 if drawn else 1e-3 * new + 1e-12
    return abs(old - new) <= allowed


def stale(kept, fresh):
    """What of the kept numbers is not so any more."""
    for name, series in fresh.items():
        if list(series) != list(kept.get(name, {})):
            yield f"{name}: other lines"
            continue
        for key, points in series.items():
            drawn = key.endswith(", drawn")
            old = kept[name][key]
            moved = any(a[0] != b[0] or not is_near(a[1], b[1], drawn) for a, b in zip(old, points))
            if len(old) != len(points) or moved:
                yield f"{name}: {key}"


def main():
    check = sys.argv[1] == "--check"
    fresh = json.loads(subprocess.run([sys.argv[-1]], capture_output=True, check=True).stdout)
    data = FOLDER / "choosing-epsilon.json"
    if not check:
        FOLDER.mkdir(exist_ok=True)
        lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(series)}"
                           for name, series in fresh.items())
        data.write_text("{\n" + lines + "\n}\n", encoding="utf-8")
        for name, series in fresh.items():
            (FOLDER / f"{name}.svg").write_text(draw(name, series), encoding="utf-8")
        return
    kept = json.loads(data.read_text(encoding="utf-8"))
    findings = list(stale(kept, fresh))
    for name, series in kept.items():
        if (FOLDER / f"{name}.svg").read_text(encoding="utf-8") != draw(name, series):
            findings.append(f"{name}.svg is not a drawing of the numbers")
    for finding in findings:
        print(finding)
    if findings:
        sys.exit("out of date: run bench/figures.py build/dev/bin/epsilon_figures")
    print(f"{len(kept)} figures are up to date")


if __name__ == "__main__":
    main()
