"""A second reading of TPM quotes, event logs, Nitro documents and Azure's files, written apart from
the C++ one.

Reads the seeds of the fuzz target, real vectors where they are beside this checkout, and some
thousand mutations of both, and compares: what cannot be read and why, each claim, and what follows
from the bytes alone. usage: documents_test.py PROGRAM SOURCE_DIR
"""

import base64
import json
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / "testing"))
from compare_readings import print_differences, spoiled_byte, verdicts_of
from second_reading import Bad, read_azure, read_nitro, read_tpm

TPM, NITRO, AZURE = 1, 5, 6
ROUNDS = 150
READERS = {TPM: read_tpm, NITRO: read_nitro, AZURE: read_azure}
# What only certificates, keys or the report below can say: then the verifier may end early.
ELSEWHERE = {"certificate_malformed", "chain_malformed", "key_malformed", "snp_size_wrong",
             "crl_malformed"}


def compare(case, verdict):
    platform, evidence, chain, log = case
    said = set(verdict["reasons"])
    claims = {c["name"]: c["value"] for c in verdict["claims"]}
    try:
        wanted, reasons = READERS[platform](evidence, chain, log)
    except Bad as error:
        if error.args[0] in said or said & ELSEWHERE:
            return None
        return f"platform {platform}: {error.args[0]}, but the program says {sorted(said)}"
    if said & ELSEWHERE:
        return None
    for name, value in wanted.items():
        if claims.get(name) != value:
            return f"platform {platform}: {name} is {value}, the program says {claims.get(name)}"
    for reason, holds in reasons.items():
        if holds != (reason in said):
            return f"platform {platform}: {reason} should be {holds}: {sorted(said)}"
    return None


def wrap(parts):
    texts = {k: base64.b64encode(v).decode() if isinstance(v, bytes) else v
             for k, v in parts.items()}
    return json.dumps(texts, sort_keys=True, separators=(",", ":")).encode()


def originals(root):
    folder = root / "tests/fuzz/attest_documents"
    read = {path.name: path.read_bytes() for path in folder.iterdir()}
    pcrs = json.loads(read["tpm"])["pcrs"]
    azure = {"hcl_report": read["hcl"], "pcrs": pcrs, "quote": read["quote"],
             "signature": read["signature_rsa"], "td_quote": b""}
    rsa = {"ak_public": read["public_rsa"], "pcrs": pcrs, "quote": read["quote"],
           "signature": read["signature_rsa"]}
    out = [(NITRO, read["nitro"], b"", b""), (TPM, read["tpm"], b"", read["event_log"]),
           (TPM, wrap(rsa), b"", read["event_log"]), (AZURE, wrap(azure), b"", b"")]
    return out + real(root.parent / "shared/vectors")


def real(vectors):
    if not vectors.is_dir():
        print("note: the real vectors are not beside this checkout")
        return []
    nitro = base64.b64decode((vectors / "nitro/nitro_attestation.b64").read_bytes())
    out = [(NITRO, nitro, b"", b"")]
    name = "tpm/gce-cos-85-nonce9009"
    log = (vectors / f"{name}.eventlog.bin").read_bytes()
    for quote in json.loads((vectors / f"{name}.quotes.json").read_text()):
        parts = {"ak_public": (vectors / f"{name}.akpub.tpmt").read_bytes(),
                 "quote": bytes.fromhex(quote["quote"]),
                 "signature": bytes.fromhex(quote["sig"]),
                 "pcrs": [{"index": i, "value": quote["pcrs"][str(i)]} for i in range(24)]}
        out.append((TPM, wrap(parts), b"", log))
    quote = json.loads((vectors / "az-vtpm/snp-tpm-quote-v1.json").read_text())
    parts = {"hcl_report": (vectors / "az-vtpm/snp-hcl-report.bin").read_bytes(),
             "quote": bytes.fromhex(quote["message"]), "td_quote": b"",
             "signature": bytes.fromhex("0014000b0100" + quote["signature"]),
             "pcrs": [{"index": i, "value": v} for i, v in enumerate(quote["pcrs"])]}
    return out + [(AZURE, wrap(parts), b"", b"")]


def spoiled(data, rng):
    changed = bytearray(data)
    for _ in range(rng.randint(1, 2)):
        if not changed:
            break
        at = rng.randrange(len(changed) if rng.random() < 0.5 else min(len(changed), 120))
        changed[at] = spoiled_byte(changed[at], rng)
    if changed and rng.random() < 0.1:
        del changed[rng.randrange(len(changed)):]
    return bytes(changed)


def mutated(case, rng):
    platform, evidence, chain, log = case
    if platform == TPM and rng.random() < 0.25:
        return platform, evidence, chain, spoiled(log, rng)
    if platform == NITRO or rng.random() < 0.2:
        return platform, spoiled(evidence, rng), chain, log
    parts = json.loads(evidence)
    for name in parts:
        if isinstance(parts[name], str):
            parts[name] = base64.b64decode(parts[name])
    name = rng.choice([n for n in parts if n != "td_quote"])
    if name == "pcrs":
        entry = rng.choice(parts[name])
        if rng.random() < 0.5:
            entry["value"] = spoiled(bytes.fromhex(entry["value"]), rng).hex()
        else:
            parts[name].remove(entry)
    else:
        parts[name] = spoiled(parts[name], rng)
    return platform, wrap(parts), chain, log


def main():
    program, root = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
    rng = random.Random(1)
    seeds = originals(root)
    cases = seeds + [mutated(case, rng) for case in seeds for _ in range(ROUNDS)]
    verdicts = verdicts_of(program, cases)
    reasons = {reason for verdict in verdicts for reason in verdict["reasons"]}
    differ = print_differences(cases, verdicts, compare, f"{len(reasons)} reasons were reached")
    return 1 if differ or len(reasons) < 30 else 0


if __name__ == "__main__":
    sys.exit(main())
