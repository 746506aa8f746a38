"""What the second readings share: cases to the C++ one, its verdicts back, and bytes that are
spoiled."""

import json
import subprocess


def block(data):
    return len(data).to_bytes(4, "little") + data


def spoiled_byte(byte, rng):
    return rng.choice([0, 1, 255, byte ^ 1 << rng.randrange(8), rng.randrange(256)])


def verdicts_of(program, cases):
    """Of (platform, evidence, chain, collateral or log)."""
    stream = b"".join(block(bytes([c[0]]) + b"".join(block(part) for part in c[1:4]))
                      for c in cases)
    run = subprocess.run([program], input=stream, capture_output=True, check=True)
    verdicts = [json.loads(line) for line in run.stdout.splitlines()]
    if len(verdicts) != len(cases):
        raise SystemExit(f"{len(cases)} cases, {len(verdicts)} verdicts")
    return verdicts


def print_differences(cases, verdicts, compare, also):
    """How many there are; `also` is said beside their number."""
    differences = [d for d in map(compare, cases, verdicts) if d]
    for difference in differences[:20]:
        print(difference)
    print(f"{len(cases)} readings, {len(differences)} differ; {also}")
    return len(differences)
