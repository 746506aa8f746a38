"""A second reading of SEV-SNP reports, SGX and TDX quotes and event logs of trust domains, written
apart from the C++ one.

Reads the seeds of the fuzz targets, real vectors where they are beside this checkout, and some
thousand mutations of both, and compares: what cannot be read and why, each claim, and the TCB
status that follows from quote and collateral. usage: parsers_test.py PROGRAM SOURCE_DIR
"""

import base64
import json
import pathlib
import random
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / "testing"))
from compare_readings import print_differences, spoiled_byte, verdicts_of
from second_reading import Bad, read_domain_log, split_domain

SNP, SGX, TDX = 2, 3, 4
ROUNDS = 100


def u16(data, at):
    return int.from_bytes(data[at:at + 2], "little")


def u32(data, at):
    return int.from_bytes(data[at:at + 4], "little")


def u64(data, at):
    return int.from_bytes(data[at:at + 8], "little")


# --- SEV-SNP -------------------------------------------------------------------------------------

def read_snp(report):
    if len(report) != 1184:
        raise Bad("snp_size_wrong")
    version = u32(report, 0)
    cpu = report[0x188:0x18B] if version >= 3 else bytes(3)
    claims = {
        "version": str(version), "guest_svn": str(u32(report, 4)), "policy": str(u64(report, 8)),
        "vmpl": str(u32(report, 0x30)), "platform_info": str(u64(report, 0x40)),
        "report_data": report[0x50:0x90].hex(), "measurement": report[0x90:0xC0].hex(),
        "host_data": report[0xC0:0xE0].hex(), "id_key_digest": report[0xE0:0x110].hex(),
        "author_key_digest": report[0x110:0x140].hex(), "report_id": report[0x140:0x160].hex(),
        "current_tcb": report[0x38:0x40].hex(), "reported_tcb": report[0x180:0x188].hex(),
        "committed_tcb": report[0x1E0:0x1E8].hex(), "launch_tcb": report[0x1F0:0x1F8].hex(),
        "chip_id": report[0x1A0:0x1E0].hex(), "cpu_family": str(cpu[0]), "cpu_model": str(cpu[1]),
        "cpu_stepping": str(cpu[2]),
    }
    holes = [(0x4C, 0x50), (0x18B if version >= 3 else 0x188, 0x1A0), (0x1EB, 0x1EC),
             (0x1EF, 0x1F0), (0x208 if version >= 5 else 0x1F8, 0x2A0), (0x2D0, 0x2E8),
             (0x318, 0x4A0)]
    empty = all(not any(report[a:b]) for a, b in holes) and u32(report, 0x48) < 32
    reasons = {
        "snp_reserved_not_zero": not empty,
        "snp_version_not_allowed": version not in (3, 4, 5),
        "debug_enabled": bool(u64(report, 8) >> 19 & 1),
        "snp_migration_allowed": bool(u64(report, 8) >> 18 & 1),
        "snp_policy_malformed": not u64(report, 8) >> 17 & 1 or u64(report, 8) >> 26 != 0,
        "snp_alias_check_missing": not u64(report, 0x40) >> 5 & 1,
        "snp_algorithm_wrong": u32(report, 0x34) != 1,
        "snp_chip_key_masked": bool(u32(report, 0x48) >> 1 & 1),
    }
    return claims, reasons


# --- Quotes --------------------------------------------------------------------------------------

def take(data, at, size):
    if at + size > len(data):
        raise Bad("dcap_malformed")
    return data[at:at + size], at + size


def body_size(quote, at, version, is_tdx):
    if version == 3 and not is_tdx:
        return 384, at
    if version == 4 and is_tdx:
        return 584, at
    if version != 5 or not is_tdx:
        raise Bad("dcap_version_not_allowed")
    kind, size = u16(quote, at), u32(quote, at + 2)
    if (kind, size) not in ((2, 584), (3, 648)) or at + 6 > len(quote):
        raise Bad("dcap_version_not_allowed")
    return size, at + 6


def read_quote(quote, is_tdx):
    header, at = take(quote, 0, 48)
    version = u16(header, 0)
    if u32(header, 4) != (0x81 if is_tdx else 0):
        raise Bad("dcap_version_not_allowed")
    if u16(header, 2) != 2:
        raise Bad("dcap_key_type_unknown")
    size, at = body_size(quote, at, version, is_tdx)
    body, at = take(quote, at, size)
    length, at = take(quote, at, 4)
    data, at = take(quote, at, u32(length, 0))
    after = quote[at:]
    _, inner = take(data, 0, 128)
    if version > 3:
        wrapper, inner = take(data, inner, 6)
        data, inner = take(data, inner, u32(wrapper, 2))[0], take(data, inner, u32(wrapper, 2))[1]
        if u16(wrapper, 0) != 6 or 128 + 6 + len(data) != u32(length, 0):
            raise Bad("dcap_malformed")
        inner = 0
    qe, inner = take(data, inner, 384)
    _, inner = take(data, inner, 64)
    auth, inner = take(data, inner, 2)
    if u16(auth, 0) > 1024:
        raise Bad("dcap_malformed")
    _, inner = take(data, inner, u16(auth, 0))
    kind, inner = take(data, inner, 6)
    pem, inner = take(data, inner, u32(kind, 2))
    if u16(kind, 0) != 5 or inner != len(data) or len(pem) > 32768:
        raise Bad("dcap_malformed")
    if any(after):
        # The certificates are read first, and may be refused first.
        raise Bad("dcap_trailing_bytes")
    return header, body, qe, pem


def tdx_claims(body):
    names = {"tee_tcb_svn": (0, 16), "mr_seam": (16, 48), "mr_td": (136, 48),
             "mr_config_id": (184, 48), "mr_owner": (232, 48), "mr_owner_config": (280, 48),
             "rtmr0": (328, 48), "rtmr1": (376, 48), "rtmr2": (424, 48), "rtmr3": (472, 48),
             "report_data": (520, 64)}
    claims = {name: body[at:at + size].hex() for name, (at, size) in names.items()}
    claims["td_attributes"] = str(u64(body, 120))
    claims["xfam"] = str(u64(body, 128))
    reasons = {"debug_enabled": bool(body[120] & 1),
               "tdx_sept_ve_enabled": not u64(body, 120) >> 28 & 1,
               "tdx_seam_attributes_wrong": u64(body, 112) != 0,
               "tdx_service_td_bound": any(body[600:648])}
    return claims, reasons


def sgx_claims(body):
    claims = {"mrenclave": body[64:96].hex(), "mrsigner": body[128:160].hex(),
              "isv_prod_id": str(u16(body, 256)), "isv_svn": str(u16(body, 258)),
              "attributes": body[48:64].hex(), "report_data": body[320:384].hex()}
    return claims, {"debug_enabled": bool(body[48] & 2), "sgx_not_initialised": not body[48] & 1}


def pck_facts(pem):
    """SVNs, PCESVN and FMSPC out of the leaf, by their object identifiers."""
    der = base64.b64decode(pem.split(b"-----")[2])
    prefix = bytes.fromhex("2A864886F84D010D01")

    def after(suffix):
        at = der.index(prefix + bytes(suffix)) + len(prefix) + len(suffix)
        return der[at + 2:at + 2 + der[at + 1]]
    svns = [int.from_bytes(after([2, i]), "big") for i in range(1, 18)]
    return svns[:16], svns[16], after([4])


RANK = {"UpToDate": 0, "SWHardeningNeeded": 1, "ConfigurationNeeded": 2,
        "ConfigurationAndSWHardeningNeeded": 3, "OutOfDate": 4,
        "OutOfDateConfigurationNeeded": 6, "Revoked": 8}


def worst(statuses):
    bits = 0
    for status in statuses:
        bits |= RANK[status]
    if bits & 8:
        return "Revoked"
    if bits & 4:
        return "OutOfDateConfigurationNeeded" if bits & 2 else "OutOfDate"
    return {0: "UpToDate", 1: "SWHardeningNeeded", 2: "ConfigurationNeeded",
            3: "ConfigurationAndSWHardeningNeeded"}[bits]


def tcb_status(body, qe, pem, text, is_tdx):
    collateral = json.loads(text)
    info, identity = json.loads(collateral["tcb_info"]), json.loads(collateral["qe_identity"])
    svns, pce_svn, _ = pck_facts(pem)
    found = []
    tee = body[:16]
    for level in info["tcbLevels"]:
        tcb = level["tcb"]
        fits = all(a >= b["svn"] for a, b in zip(svns, tcb["sgxtcbcomponents"]))
        fits = fits and pce_svn >= tcb["pcesvn"]
        if is_tdx:
            first = 2 if tee[1] else 0
            wanted = [c["svn"] for c in tcb["tdxtcbcomponents"]]
            fits = fits and all(a >= b for a, b in list(zip(tee, wanted))[first:])
        if fits:
            found.append(level["tcbStatus"])
            break
    if is_tdx and tee[1]:
        for module in info["tdxModuleIdentities"]:
            if module["id"] == f"TDX_{tee[1]:02X}":
                found += [v["tcbStatus"] for v in module["tcbLevels"]
                          if tee[0] >= v["tcb"]["isvsvn"]][:1]
    found += [v["tcbStatus"] for v in identity["tcbLevels"]
              if u16(qe, 258) >= v["tcb"]["isvsvn"]][:1]
    return worst(found)


def read_log(body, collateral):
    """What the log of a domain's start says of its RTMRs; the policy demands one."""
    try:
        log = split_domain(collateral)[1]
    except Bad as bad:
        return {}, {str(bad): True}
    quoted = [body[at:at + 48] for at in range(328, 520, 48)]
    events, values = None, {}
    try:
        if log is not None:
            events, values = read_domain_log(log)
    except Bad as bad:
        return {}, {str(bad): True}
    wrong = any(quoted[i] != value for i, value in values.items())
    unexplained = any(any(quoted[i]) and i not in values for i in range(4))
    return ({} if events is None else {"events": str(events)},
            {"tdx_log_missing": log is None, "tdx_log_mismatch": wrong,
             "tdx_log_incomplete": unexplained})


def read_dcap(evidence, collateral, is_tdx):
    header, body, qe, pem = read_quote(evidence, is_tdx)
    strict = re.fullmatch(rb"(-----BEGIN CERTIFICATE-----\n([A-Za-z0-9+/=]{1,64}\n)+"
                          rb"-----END CERTIFICATE-----\n)+\0?", pem)
    if not strict:
        raise Bad("chain_malformed")
    claims, reasons = tdx_claims(body) if is_tdx else sgx_claims(body)
    vendor = bytes.fromhex("939a7233f79c4ca9940a0db3957f0607")
    reasons["dcap_vendor_unknown"] = header[12:28] != vendor
    reasons["dcap_qe_debug"] = bool(qe[48] & 2)
    if is_tdx:
        more, found = read_log(body, collateral)
        claims.update(more)
        reasons.update(found)
        collateral = collateral.rpartition(b'{"cc_event_log":"')[0] or collateral
    return claims, reasons, (body, qe, pem, collateral, is_tdx)


# --- Comparing -----------------------------------------------------------------------------------

def compare(case, verdict):
    platform, evidence, _, collateral, exact = case
    said = {c["name"]: c["value"] for c in verdict["claims"]}
    reasons = set(verdict["reasons"])
    unreadable = {"certificate_malformed", "chain_malformed"} & reasons
    try:
        if platform == SNP:
            claims, expected = read_snp(evidence)
        else:
            claims, expected, parts = read_dcap(evidence, collateral, platform == TDX)
    except Bad as bad:
        if str(bad) not in reasons and not (unreadable and not said):
            return f"C++ does not say {bad}: {sorted(reasons)}"
        return None
    if not said and unreadable:
        return None if not exact else f"not read: {unreadable}"
    for name, value in claims.items():
        if said.get(name) != value:
            return f"{name}: {value} here, {said.get(name)} in C++"
    for reason, holds in expected.items():
        if holds != (reason in reasons):
            return f"{reason}: {holds} here; C++ says {sorted(reasons)}"
    if platform != SNP and "tcb_status" in said:
        status = tcb_status(*parts)
        if status != said["tcb_status"]:
            return f"tcb_status: {status} here, {said['tcb_status']} in C++"
    return None


def split(container):
    platform, at, parts = container[0], 1, []
    for _ in range(3):
        size = u32(container, at)
        parts.append(container[at + 4:at + 4 + size])
        at += 4 + size
    return platform, *parts


def originals(root):
    seeds = []
    for path in sorted((root / "tests/fuzz/evidence_files").iterdir()):
        case = split(path.read_bytes())
        if case[0] in (SNP, SGX, TDX):
            seeds.append(case)
    vectors = root.parent / "shared/vectors"
    if not vectors.is_dir():
        print("note: the real vectors are not beside this checkout")
        return seeds
    for path in sorted(vectors.glob("snp/*.report.bin")):
        seeds.append((SNP, path.read_bytes(), b"", b""))
    for quote, collateral in (("phala-tdx-v4.quote.bin", "phala-tdx-v4"),
                              ("gtg-quote_v5_sample.dat", "phala-tdx-outdated"),
                              ("coco-tdx_quote_4.dat", "phala-tdx-outdated")):
        folder = vectors / "dcap"
        seeds.append((TDX, (folder / quote).read_bytes(), b"",
                      (folder / f"{collateral}.collateral.json").read_bytes()))
    return seeds


def with_log(intel, log):
    return intel + b'{"cc_event_log":"' + base64.b64encode(log) + b'"}'


def mutated_log(collateral, rng):
    """Another log, another spelling of it, or none."""
    intel, log = split_domain(collateral)
    if log is None or rng.random() < 0.1:
        return intel
    changed = bytearray(log)
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(changed))
        changed[at] = spoiled_byte(changed[at], rng)
    if rng.random() < 0.2:
        del changed[rng.randrange(len(changed)):]
    if rng.random() < 0.2:
        changed += rng.choice([b"\0" * 5, b"\xff" * 5, b"\xff\0"])
    out = with_log(intel, bytes(changed))
    return out if rng.random() < 0.9 else out + rng.choice([b"\n", b" ", b"{}"])


def mutated(case, rng):
    platform, evidence, chain, collateral = case
    if platform == TDX and b"cc_event_log" in collateral and rng.random() < 0.5:
        return platform, evidence, chain, mutated_log(collateral, rng)
    changed = bytearray(evidence)
    for _ in range(rng.randint(1, 3)):
        # The first kilobyte holds the fields, the rest mostly certificates.
        at = rng.randrange(min(len(changed), 1200 if rng.random() < 0.9 else len(changed)))
        changed[at] = spoiled_byte(changed[at], rng)
    if platform == TDX and rng.random() < 0.3:
        # Versions of the TDX module and below: other levels are reached.
        at = 48 if changed[0] == 4 else 54
        changed[at:at + 3] = bytes(rng.randrange(8) for _ in range(3))
        changed[at + 1] = rng.choice([0, 1, 1, 3])
    if rng.random() < 0.05:
        del changed[rng.randrange(len(changed)):]
    return platform, bytes(changed), chain, collateral


def main():
    program, root = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
    rng = random.Random(1)
    seeds = originals(root)
    cases = [(*case, True) for case in seeds]
    cases += [(*mutated(case, rng), False) for case in seeds for _ in range(ROUNDS)]
    verdicts = verdicts_of(program, cases)
    statuses = {c["value"] for v in verdicts for c in v["claims"] if c["name"] == "tcb_status"}
    differ = print_differences(cases, verdicts, compare, f"statuses: {sorted(statuses)}")
    return 1 if differ or len(statuses) < 2 else 0


if __name__ == "__main__":
    sys.exit(main())
