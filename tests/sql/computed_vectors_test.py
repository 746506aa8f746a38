"""A second reading of computed and window columns (docs/spec/result.md), apart from the C++ one.

Reads docs/spec/computed-vectors.json and computes every value and interval with Python's fractions;
then docs/spec/window-vectors.json and every value in it, each row by itself.
"""

import functools
import json
import pathlib
import sys
from fractions import Fraction

INF = float("inf")
MOST = 2**63 - 1


def times(a, b):
    """A product of ends, where 0 times anything is 0."""
    return Fraction(0) if a == 0 or b == 0 else a * b


def whole(x, rounding):
    """An integer from a fraction: half_away, down, up, to_zero."""
    if x in (INF, -INF):
        return x
    floor = x.numerator // x.denominator
    if x == floor:
        return floor
    if rounding == "down" or (rounding == "to_zero" and x > 0):
        return floor
    if rounding == "up" or rounding == "to_zero":
        return floor + 1
    away = abs(x) * 2 + 1
    size = (away.numerator // away.denominator) // 2
    return size if x > 0 else -size


class Can:
    """What an expression can be: NULL, a number from low to high, or either."""

    def __init__(self, low=None, high=None, null=False):
        self.low, self.high, self.null = low, high, null

    @property
    def some(self):
        return self.low is not None

    def may_be(self, number):
        return self.some and self.low <= number <= self.high


NULL = Can(null=True)


def join(a, b):
    if not a.some or not b.some:
        one = a if a.some else b
        return Can(one.low, one.high, a.null or b.null)
    return Can(min(a.low, b.low), max(a.high, b.high), a.null or b.null)


def truth(no, yes):
    return Can(0 if no else 1, 1 if yes else 0)


def product(a, b):
    ends = [times(x, y) for x in (a.low, a.high) for y in (b.low, b.high)]
    return Can(min(ends), max(ends))


def one_over(x):
    if x == 0:
        return INF
    return Fraction(0) if x in (INF, -INF) else 1 / Fraction(x)


def inverse(b, never_negative, least):
    """1 / b, where a divisor that reaches 0 or below counts from `least` on."""
    if b.low > 0:
        return Can(one_over(b.high), one_over(b.low))
    if never_negative:
        if b.high <= 0:
            return NULL
        return Can(one_over(b.high), one_over(min(least, b.high)), True)
    if b.high < 0:
        turned = inverse(Can(-b.high, -b.low), True, least)
        return Can(-turned.high, -turned.low, turned.null)
    if b.low == 0 and b.high == 0:
        return NULL
    return Can(-INF, INF, True)


def divide(node, a, b):
    divisor = node["children"][1]
    never_negative = int(divisor["low"]) >= 0
    while divisor["op"] == "rescale":
        divisor = divisor["children"][0]
    least = Fraction(1, 10 ** divisor["scale"]) if divisor["op"] == "column" else Fraction(0)
    over = inverse(b, never_negative, least)
    if not over.some:
        return NULL
    out = product(a, over)
    out.null = over.null
    return out


def quotient(node, a, b):
    out = divide(node, a, b)
    if not out.some:
        return out
    digits, rounding = divmod(int(node["value"]), 4)
    rounding = ("half_away", "down", "up", "to_zero")[rounding]
    first, second = node["children"]
    unit = Fraction(10 ** (first["scale"] + digits), 10 ** second["scale"])
    last = 10 ** node["scale"]

    def end(x):
        if x in (INF, -INF):
            return x
        return Fraction(whole(x * unit, rounding), last)

    return Can(end(out.low), end(out.high), out.null)


def compare(op, a, b):
    less = a.low < b.high
    equal = a.low <= b.high and b.low <= a.high
    greater = a.high > b.low
    return {
        "equal": truth(less or greater, equal),
        "not_equal": truth(equal, less or greater),
        "less": truth(equal or greater, less),
        "less_equal": truth(greater, less or equal),
        "greater": truth(less or equal, greater),
        "greater_equal": truth(less, equal or greater),
    }[op]


def absolute(a):
    if a.low >= 0:
        return a
    if a.high <= 0:
        return Can(-a.high, -a.low)
    return Can(Fraction(0), max(-a.low, a.high))


SIMPLE = {
    "add": lambda a, b: Can(a.low + b.low, a.high + b.high),
    "subtract": lambda a, b: Can(a.low - b.high, a.high - b.low),
    "multiply": product,
    "negate": lambda a: Can(-a.high, -a.low),
    "absolute": absolute,
    "rescale": lambda a: a,
    "logical_not": lambda a: truth(a.may_be(1), a.may_be(0)),
}


def choose(node, row):
    """CASE: a condition that is not decided takes both branches."""
    out = Can()
    parts = node["children"]
    for i in range(0, len(parts) - 1, 2):
        condition = evaluate(parts[i], row)
        if not condition.may_be(1):
            continue
        out = join(out, evaluate(parts[i + 1], row))
        if not condition.may_be(0) and not condition.null:
            return out
    return join(out, evaluate(parts[-1], row))


def first_of(node, row):
    out = Can()
    for child in node["children"]:
        part = evaluate(child, row)
        out = join(out, Can(part.low, part.high))
        if not part.null:
            return out
    out.null = True
    return out


def evaluate(node, row):
    op = node["op"]
    if op == "column":
        return row[node["column"]]
    if op == "literal":
        value = Fraction(int(node["value"]), 10 ** node["scale"])
        return Can(value, value)
    if op == "null":
        return NULL
    if op == "case_when":
        return choose(node, row)
    if op == "coalesce":
        return first_of(node, row)
    parts = [evaluate(child, row) for child in node["children"]]
    if op == "is_null":
        return truth(parts[0].some, parts[0].null)
    if not all(part.some for part in parts):
        return NULL
    if op == "ratio":
        out = divide(node, *parts)
    elif op == "quotient":
        out = quotient(node, *parts)
    elif op in SIMPLE:
        out = SIMPLE[op](*parts)
    else:
        out = compare(op, *parts)
    return Can(out.low, out.high, out.null or any(part.null for part in parts))


def cut(units):
    return int(max(-MOST, min(MOST, units)))


def spelled(units, scale):
    if scale == 0:
        return str(units)
    digits = str(abs(units)).rjust(scale + 1, "0")
    return ("-" if units < 0 else "") + digits[:-scale] + "." + digits[-scale:]


def columns_of(vector, texts):
    """Cells as ranges; of a cell alone both ends are the same."""
    out = []
    for text in texts:
        pair = text if isinstance(text, list) else [text, text]
        out.append(Can(Fraction(pair[0]), Fraction(pair[1])))
    return out


def read(vector, row):
    formula = vector["formula"]
    scale = formula["scale"]
    exact = evaluate(formula, columns_of(vector, row["values"]))
    if not exact.some:
        return []
    value = cut(whole(exact.low * 10**scale, "half_away"))
    can = evaluate(formula, columns_of(vector, row["ranges"]))
    ends = [value, value]
    if can.some:
        low = cut(whole(times(can.low, 10**scale), "down"))
        high = cut(whole(times(can.high, 10**scale), "up"))
        ends = [min(low, value), max(high, value)]
    return [spelled(units, scale) for units in [value, *ends]]


# --- windows ---


def cell_of(column, cell):
    """None, a fraction, or the text, which dates and booleans are here too."""
    if not cell:
        return None
    return Fraction(cell[0]) if column["type"] in ("integer", "decimal") else cell[0]


def value_of(node, row):
    """A formula over one row: exact."""
    if node["op"] == "column":
        return row[node["column"]]
    known = [Can(c, c) if isinstance(c, Fraction) else NULL for c in row]
    out = evaluate(node, known)
    return out.low if out.some else None


def shown(node, row):
    """The same, as a column of its own would show it."""
    value = value_of(node, row)
    if not isinstance(value, Fraction) or node["type"] not in ("integer", "decimal"):
        return value
    return Fraction(cut(whole(value * 10 ** node["scale"], "half_away")), 10 ** node["scale"])


def comes_before(a, b, descending=False, nulls_first=False):
    """-1, 0, 1."""
    if a is None or b is None:
        order = (a is not None) - (b is not None)
        return order if nulls_first else -order
    if isinstance(a, str):
        a, b = a.encode(), b.encode()
    order = (a > b) - (a < b)
    return -order if descending else order


class Windowed:
    def __init__(self, window, rows):
        self.window, self.rows = window, rows
        self.keys = [[value_of(by["key"], row) for by in window["order"]] for row in rows]
        self.parts = [[value_of(e, row) for e in window["partition"]] for row in rows]

    def order(self, i, j, ties=True):
        orders = self.window["order"]
        for k, by in enumerate(orders if ties else orders[: len(orders) - self.window["ties"]]):
            found = comes_before(
                self.keys[i][k], self.keys[j][k], by["descending"], by["nulls_first"]
            )
            if found:
                return found
        return i - j if ties else 0

    def frame(self, places, at):
        kind = self.window["frame"]
        if kind == "partition":
            return places
        if kind == "rows":
            return places[: at + 1]
        if kind == "peers":
            last = max(k for k, j in enumerate(places) if self.order(places[at], j, False) == 0)
            return places[: last + 1]
        first, last = at + self.window["first"], at + self.window["last"]
        return [j for k, j in enumerate(places) if first <= k <= last]

    def value(self, i):
        same = [j for j in range(len(self.rows)) if self.parts[j] == self.parts[i]]
        places = sorted(same, key=functools.cmp_to_key(self.order))
        at = places.index(i)
        function = self.window["function"]
        if function == "row_number":
            return Fraction(at + 1)
        if function == "rank":
            return Fraction(1 + sum(self.order(j, i, False) < 0 for j in places))
        if function == "dense_rank":
            before = [tuple(self.keys[j]) for j in places if self.order(j, i, False) < 0]
            keep = len(self.window["order"]) - self.window["ties"]
            return Fraction(1 + len({key[:keep] for key in before}))
        if function in ("lag", "lead"):
            other = at + self.window["offset"] * (-1 if function == "lag" else 1)
            return self.argument(places[other]) if 0 <= other < len(places) else None
        return self.of_frame(function, self.frame(places, at))

    def argument(self, i):
        return shown(self.window["argument"], self.rows[i])

    def of_frame(self, function, frame):
        if function == "rows":
            return Fraction(len(frame))
        cells = [self.argument(j) for j in frame]
        if function in ("first_value", "last_value"):
            return cells[0 if function == "first_value" else -1] if cells else None
        cells = [c for c in cells if c is not None]
        if function == "values":
            return Fraction(len(cells))
        if not cells:
            return None
        if function == "sum":
            unit = 10 ** self.window["scale"]
            return Fraction(cut(sum(cells) * unit), unit)
        best = max if function == "maximum" else min
        return best(cells, key=lambda c: c.encode() if isinstance(c, str) else c)


def spelled_cell(value, scale):
    if value is None:
        return []
    return [value if isinstance(value, str) else spelled(int(value * 10**scale), scale)]


def read_windows(vector):
    rows = [
        [cell_of(column, cell) for column, cell in zip(vector["columns"], row)]
        for row in vector["rows"]
    ]
    windowed = Windowed(vector["window"], rows)
    scale = vector["window"]["scale"]
    return [spelled_cell(windowed.value(i), scale) for i in range(len(rows))]


def main_windows(root):
    vectors = json.loads((root / "docs/spec/window-vectors.json").read_text())
    wrong = 0
    for vector in vectors:
        found = read_windows(vector)
        if found != vector["values"]:
            wrong += 1
            print(vector["sql"], found, "not", vector["values"])
    print(f"{len(vectors)} windows, {wrong} wrong")
    return 1 if wrong or len(vectors) < 20 else 0


def main(root):
    vectors = json.loads((root / "docs/spec/computed-vectors.json").read_text())
    wrong = count = 0
    for vector in vectors:
        for row in vector["rows"]:
            count += 1
            found = read(vector, row)
            if found != row["cell"]:
                wrong += 1
                print(vector["sql"], row["values"], row["ranges"], found, "not", row["cell"])
    print(f"{count} cells, {wrong} wrong")
    return 1 if wrong or count < 60 else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])) or main_windows(pathlib.Path(sys.argv[1])))
