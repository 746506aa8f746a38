#!/usr/bin/env python3
"""What Google's dp-accounting says of the ledger's cases, as the table oracle.txt.

usage: oracle.py [--check oracle.txt]     needs the packages of requirements.txt

golden_stat.cc holds our accounting against the table: an epsilon that our ledger promises is never
below the oracle's tight (PLD) one. `./dev test --long` computes the table anew and compares.
"""

import sys

import dp_accounting
from dp_accounting import rdp
from dp_accounting.pld import common
from dp_accounting.pld import privacy_loss_distribution as pld

DISCRETIZATION = 1e-4
Gaussian = dp_accounting.GaussianDpEvent
Laplace = dp_accounting.LaplaceDpEvent
DELTAS = (1e-5, 1e-6, 1e-9)
ORDERS = [1 + x / 100 for x in range(1, 1000)] + list(range(11, 2000))


def tight(distribution):
    """PLD epsilons; pessimistic: never below the true ones."""
    return [distribution.get_epsilon_for_delta(delta) for delta in DELTAS]


def gaussian(sigma):
    return pld.from_gaussian_mechanism(
        sigma, value_discretization_interval=DISCRETIZATION)


def laplace(b):
    return pld.from_laplace_mechanism(
        b, value_discretization_interval=DISCRETIZATION)


def discrete_gaussian(sigma):
    return pld.from_discrete_gaussian_mechanism(
        sigma, value_discretization_interval=DISCRETIZATION)


def discrete_laplace(a):
    return pld.from_discrete_laplace_mechanism(
        a, value_discretization_interval=DISCRETIZATION)


def approximate(epsilon, delta):
    return pld.from_privacy_parameters(
        common.DifferentialPrivacyParameters(epsilon, delta),
        value_discretization_interval=DISCRETIZATION)


def renyi(event):
    accountant = rdp.RdpAccountant(ORDERS)
    accountant.compose(event)
    return [accountant.get_epsilon(delta) for delta in DELTAS]


def rows():
    """(name, epsilon at each delta)."""
    for sigma in (0.5, 1, 2, 10, 100):
        yield f"gaussian {sigma}", tight(gaussian(sigma))
        yield f"renyi_gaussian {sigma}", renyi(Gaussian(sigma))
    for sigma in (1, 2, 10):
        yield f"discrete_gaussian {sigma}", tight(discrete_gaussian(sigma))
        yield (f"50_discrete_gaussian {sigma}",
               tight(discrete_gaussian(sigma).self_compose(50)))
    yield "50_gaussian 10", tight(gaussian(10).self_compose(50))
    yield "50_renyi_gaussian 10", renyi(
        dp_accounting.SelfComposedDpEvent(Gaussian(10), 50))
    yield "50_laplace 10", tight(laplace(10).self_compose(50))
    yield "50_renyi_laplace 10", renyi(
        dp_accounting.SelfComposedDpEvent(Laplace(10), 50))
    yield "renyi_laplace 10", renyi(Laplace(10))
    yield "50_discrete_laplace 0.1", tight(discrete_laplace(0.1).self_compose(50))
    yield "20_discrete_laplace 1", tight(discrete_laplace(1).self_compose(20))
    mixed = (laplace(10).self_compose(20)
             .compose(gaussian(10).self_compose(20))
             .compose(approximate(0.1, 1e-8).self_compose(5)))
    yield "20_laplace_10+20_gaussian_10+5_of_0.1_1e-8", tight(mixed)
    mixed = (discrete_laplace(0.5).self_compose(10)
             .compose(discrete_gaussian(3).self_compose(40)))
    yield "10_discrete_laplace_0.5+40_discrete_gaussian_3", tight(mixed)
    mixed = (discrete_laplace(0.05).self_compose(200)
             .compose(discrete_gaussian(1).self_compose(2))
             .compose(approximate(0, 1e-7).self_compose(3)))
    yield "200_discrete_laplace_0.05+2_discrete_gaussian_1+3_of_0_1e-7", tight(mixed)


def table():
    lines = [f"# dp-accounting {VERSION}; epsilon at delta = 1e-5, 1e-6, 1e-9; made by oracle.py"]
    for name, epsilons in rows():
        lines.append(name.replace(" ", "_") + "".join(f" {value:.6f}" for value in epsilons))
    return "\n".join(lines) + "\n"


def differences(ours, checked_in):
    """Lines that say something else, beyond 1e-5 of rounding."""
    out = []
    for one, other in zip(ours.splitlines(), checked_in.splitlines()):
        a, b = one.split(), other.split()
        close = a[0] == b[0] and len(a) == len(b) and (a[0] == "#" or all(
            x == y or abs(float(x) - float(y)) < 1e-5 * (1 + float(y))
            for x, y in zip(a[1:], b[1:])))
        if not close:
            out.append(f"- {other}\n+ {one}")
    if len(ours.splitlines()) != len(checked_in.splitlines()):
        out.append("another number of lines")
    return out


def main():
    text = table()
    if len(sys.argv) == 3 and sys.argv[1] == "--check":
        with open(sys.argv[2], encoding="utf-8") as file:
            found = differences(text, file.read())
        print("\n".join(found) if found else f"oracle: {len(text.splitlines()) - 1} values agree")
        sys.exit(1 if found else 0)
    sys.stdout.write(text)


try:
    from importlib.metadata import version
    VERSION = version("dp-accounting")
except ImportError:
    VERSION = "?"

if __name__ == "__main__":
    main()
