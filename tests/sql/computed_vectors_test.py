"""A second reading of computed columns (docs/spec/result.md), written apart from the C++ one.

Reads docs/spec/computed-vectors.json and computes every value and interval with Python's fractions.
"""

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
    sys.exit(main(pathlib.Path(sys.argv[1])))
