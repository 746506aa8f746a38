"""A second reading of TPM quotes, event logs, Nitro documents and Azure's files, written apart from
the C++ one: each reader yields the claims and what follows from the bytes alone, or raises Bad.
"""

import base64
import binascii
import hashlib
import json
import re

HASHES = {4: ("sha1", 20), 11: ("sha256", 32), 12: ("sha384", 48), 13: ("sha512", 64)}
GOOD = {11, 12, 13}


class Bad(Exception):
    """Cannot be read; the argument is the reason."""


class Bytes:
    """Big-endian or little-endian reading that fails with one reason."""

    def __init__(self, data, reason, order="big"):
        self.data, self.reason, self.order = data, reason, order

    def take(self, size):
        if size > len(self.data):
            raise Bad(self.reason)
        out, self.data = self.data[:size], self.data[size:]
        return out

    def number(self, size):
        return int.from_bytes(self.take(size), self.order)

    def sized(self, limit):
        size = self.number(2)
        return self.take(size) if size <= limit else self.fail()

    def fail(self):
        raise Bad(self.reason)


# --- CBOR and Nitro ------------------------------------------------------------------------------

class Cbor:
    def __init__(self, data):
        if len(data) > 65536:
            raise Bad("cbor_too_large")
        self.read, self.count = Bytes(data, "cbor_malformed"), 0

    def item(self, depth=0):
        if depth >= 8:
            raise Bad("cbor_too_deep")
        self.count += 1
        if self.count > 1024:
            raise Bad("cbor_too_large")
        head = self.read.number(1)
        major, info = head >> 5, head & 31
        if head in (0xF4, 0xF5, 0xF6):
            return ("null",) if head == 0xF6 else ("bool", head == 0xF5)
        if major > 5 or info > 27:
            raise Bad("cbor_malformed")
        value = info
        if info >= 24:
            value = self.read.number(1 << (info - 24))
            if value < (24, 1 << 8, 1 << 16, 1 << 32)[info - 24]:
                raise Bad("cbor_malformed")
        if major < 2:
            return ("int", value if major == 0 else -1 - value)
        if major < 4:
            if value > 65536:
                raise Bad("cbor_too_large")
            data = self.read.take(value)
            if major == 3 and any(not 32 <= byte < 127 for byte in data):
                raise Bad("cbor_malformed")
            return ("bytes" if major == 2 else "text", bytes(data))
        if value > 1024:
            raise Bad("cbor_too_large")
        if major == 4:
            return ("array", [self.item(depth + 1) for _ in range(value)])
        pairs = []
        for _ in range(value):
            key = self.item(depth + 1)
            if key in [known for known, _ in pairs]:
                raise Bad("cbor_key_repeated")
            pairs.append((key, self.item(depth + 1)))
        return ("map", pairs)

    def whole(self):
        out = self.item()
        return out if not self.read.data else self.read.fail()


def need(condition, reason):
    if not condition:
        raise Bad(reason)


def read_nitro(evidence, _chain, _log):
    if evidence[:1] == b"\xd2":
        evidence = evidence[1:]
    message = Cbor(evidence).whole()
    need(message[0] == "array" and len(message[1]) == 4, "cose_malformed")
    header, bare, payload, signature = message[1]
    need(header[0] == payload[0] == signature[0] == "bytes" and bare[0] == "map", "cose_malformed")
    fields = Cbor(header[1]).whole()
    need(fields[0] == "map" and len(fields[1]) == 1, "cose_malformed")
    (key, algorithm), = fields[1]
    in_range = algorithm[0] == "int" and -2**63 <= algorithm[1] < 2**63
    need(key == ("int", 1) and in_range, "cose_malformed")
    document = Cbor(payload[1]).whole()
    claims, zero = nitro_claims(document)
    return claims, {
        "cose_algorithm_wrong": algorithm[1] != -35, "cose_header_not_empty": bool(bare[1]),
        "nitro_pcr_missing": len(zero) < 3, "debug_enabled": any(zero)}


def nitro_claims(document):
    wrong = "nitro_document_malformed"
    known = {b"cabundle", b"certificate", b"digest", b"module_id", b"nonce", b"pcrs",
             b"public_key", b"timestamp", b"user_data"}
    need(document[0] == "map", wrong)
    need(all(k[0] == "text" and k[1] in known for k, _ in document[1]), wrong)
    parts = {k[1].decode(): v for k, v in document[1]}
    need({"module_id", "digest", "timestamp", "pcrs", "certificate", "cabundle"} <= set(parts),
         wrong)
    need(parts["module_id"][0] == "text"
         and re.fullmatch(rb"[A-Za-z0-9._-]{1,128}", parts["module_id"][1]), wrong)
    need(parts["digest"] == ("text", b"SHA384"), wrong)
    need(parts["timestamp"][0] == "int" and 0 < parts["timestamp"][1] < 2**63, wrong)
    need(parts["pcrs"][0] == "map" and parts["pcrs"][1], wrong)
    for index, value in parts["pcrs"][1]:
        need(index[0] == "int" and 0 <= index[1] < 32, wrong)
        need(value[0] == "bytes" and len(value[1]) == 48, wrong)
    need(parts["cabundle"][0] == "array" and 0 < len(parts["cabundle"][1]) <= 8, wrong)
    for certificate in [parts["certificate"], *parts["cabundle"][1]]:
        need(certificate[0] == "bytes" and 0 < len(certificate[1]) <= 1024, wrong)
    claims = {"module_id": parts["module_id"][1].decode(),
              "timestamp_ms": str(parts["timestamp"][1])}
    for name in ("nonce", "public_key", "user_data"):
        value = parts.get(name, ("null",))
        need(value[0] == "null" or value[0] == "bytes" and len(value[1]) <= 1024, wrong)
        if value[0] == "bytes":
            claims[name] = value[1].hex()
    pcrs = {index[1]: value[1] for index, value in parts["pcrs"][1]}
    claims.update({f"pcr_{i}": value.hex() for i, value in pcrs.items()})
    return claims, [not any(pcrs[i]) for i in range(3) if i in pcrs]


# --- TPM -----------------------------------------------------------------------------------------

def canonical(data, members, reason):
    """The object of a file that is its own canonical form."""
    try:
        value = json.loads(data.decode("ascii"))
    except ValueError as error:
        raise Bad(reason) from error
    need(isinstance(value, dict) and set(value) == set(members), reason)
    need(json.dumps(value, sort_keys=True, separators=(",", ":")).encode() == data, reason)
    return value


def from_base64(text, limit, reason):
    need(isinstance(text, str), reason)
    try:
        out = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Bad(reason) from error
    need(base64.b64encode(out).decode() == text and len(out) <= limit, reason)
    return out


def read_pcr_list(value, reason):
    need(isinstance(value, list) and len(value) <= 24, reason)
    out, last = {}, -1
    for entry in value:
        need(isinstance(entry, dict) and set(entry) == {"index", "value"}, reason)
        index, text = entry["index"], entry["value"]
        need(type(index) is int and last < index < 24 and isinstance(text, str), reason)
        need(re.fullmatch(r"([0-9a-f]{2}){0,64}", text), reason)
        out[index], last = bytes.fromhex(text), index
    return out


def read_public(area):
    data = Bytes(area, "tpm_public_malformed")
    kind, name_hash, attributes = data.number(2), data.number(2), data.number(4)
    data.sized(64)
    need(data.number(2) == 0x10, data.reason)
    scheme = data.number(2)
    need(kind == 1 and scheme in (0x14, 0x16) or kind == 0x23 and scheme == 0x18, data.reason)
    hash_of_scheme = data.number(2)
    if kind == 1:
        bits, _exponent, modulus = data.number(2), data.number(4), data.sized(512)
        need(modulus and modulus[0] >= 128 and bits == 8 * len(modulus), data.reason)
    else:
        size = {3: 32, 4: 48}.get(data.number(2)) or data.fail()
        need(data.number(2) == 0x10, data.reason)
        need(data.sized(size) and data.sized(size), data.reason)
    need(not data.data and name_hash in GOOD and hash_of_scheme in HASHES, data.reason)
    required = 1 << 1 | 1 << 4 | 1 << 5 | 1 << 16 | 1 << 18
    harmless = 1 << 2 | 1 << 6 | 1 << 7 | 1 << 10
    is_ak = attributes & required == required and attributes & ~(required | harmless) == 0
    return scheme, hash_of_scheme, is_ak


def read_signature(raw):
    data = Bytes(raw, "tpm_signature_malformed")
    scheme, hash_of_scheme = data.number(2), data.number(2)
    need(scheme in (0x14, 0x16, 0x18), data.reason)
    for _ in range(2 if scheme == 0x18 else 1):
        data.sized(64 if scheme == 0x18 else 512)
    need(not data.data and hash_of_scheme in HASHES, data.reason)
    return scheme, hash_of_scheme


def read_quote(raw, pcrs, hash_of_signature):
    need(len(raw) >= 4 and raw[:4] == b"\xffTCG", "tpm_magic_wrong")
    need(raw[4:6] == b"\x80\x18", "tpm_type_wrong")
    data = Bytes(raw[6:], "tpm_quote_malformed")
    claims = {"qualified_signer": data.sized(66).hex(), "extra_data": data.sized(64).hex(),
              "clock_ms": str(data.number(8)), "reset_count": str(data.number(4)),
              "restart_count": str(data.number(4))}
    safe = data.number(1)
    claims["clock_safe"] = "true" if safe == 1 else "false"
    claims["firmware_version"] = str(data.number(8))
    count = data.number(4)
    need(0 < count <= 8, data.reason)
    banks = []
    for _ in range(count):
        bank = data.number(2)
        need(bank in HASHES and data.number(1) == 3, data.reason)
        banks.append((bank, int.from_bytes(data.take(3), "little")))
    digest = data.sized(64)
    need(not data.data and safe <= 1, data.reason)
    claims["pcr_bank"] = HASHES[banks[-1][0]][0]
    bank, mask = banks[0]
    size = HASHES[bank][1]
    values = {i: pcrs[i] for i in range(24)
              if mask >> i & 1 and i in pcrs and len(pcrs[i]) == size}
    joined = b"".join(values[i] for i in sorted(values))
    right = (hash_of_signature in GOOD
             and hashlib.new(HASHES[hash_of_signature][0], joined).digest() == digest)
    if right:
        claims.update({f"pcr_{i}": value.hex() for i, value in values.items()})
    reasons = {"tpm_hash_not_allowed": hash_of_signature not in GOOD,
               "tpm_pcr_missing": bin(mask).count("1") != len(values),
               "tpm_pcr_digest_wrong": not right}
    return claims, reasons, bank, {i: values.get(i) for i in range(24) if mask >> i & 1}


def read_log(log, bank, of_domain=False):
    need(len(log) <= 1 << 20, "event_log_too_large")
    need(bank in GOOD, "event_log_bank_missing")
    data = Bytes(log, "event_log_malformed", "little")
    first = data.number(4), data.number(4), data.take(20)
    spec = Bytes(data.take(data.number(4)), data.reason, "little")
    need(first[0] <= int(of_domain) and first[1:] == (3, bytes(20)), data.reason)
    need(spec.take(16) == b"Spec ID Event03\0", data.reason)
    spec.take(8)
    count, banks = spec.number(4), {}
    need(0 < count <= 8, data.reason)
    for _ in range(count):
        algorithm, size = spec.number(2), spec.number(2)
        need(0 < size <= 64 and HASHES.get(algorithm, (0, size))[1] == size, data.reason)
        need(algorithm not in banks, data.reason)
        banks[algorithm] = size
    spec.take(spec.number(1))
    need(not spec.data, data.reason)
    need(bank in banks, "event_log_bank_missing")
    name, size = HASHES[bank]
    values = [bytes([255 if 17 <= i <= 22 else 0]) * size for i in range(24)]
    touched, events = set(), 0
    while data.data and not (of_domain and len(set(data.data)) == 1 and data.data[0] in (0, 255)):
        pcr, kind = data.number(4), data.number(4)
        need(data.number(4) == len(banks), data.reason)
        digests = {}
        for _ in banks:
            algorithm = data.number(2)
            need(algorithm in banks and algorithm not in digests, data.reason)
            digests[algorithm] = data.take(banks[algorithm])
        content = data.take(data.number(4))
        need(pcr < 24, data.reason)
        if kind == 3:
            if not of_domain and len(content) == 17 and content[:16] == b"StartupLocality\0":
                need(0 not in touched, data.reason)
                values[0] = values[0][:-1] + content[16:]
            continue
        touched.add(pcr)
        events += 1
        values[pcr] = hashlib.new(name, values[pcr] + digests[bank]).digest()
    return events, {pcr: values[pcr] for pcr in touched}


def split_domain(collateral):
    """Intel's collateral, and the event log of a trust domain behind it."""
    reason = "collateral_malformed"
    at = collateral.rfind(b'{"cc_event_log":"')
    if at < 0:
        return collateral, None
    value = canonical(collateral[at:], ("cc_event_log",), reason)
    return collateral[:at], from_base64(value["cc_event_log"], 1 << 20, reason)


def read_domain_log(log):
    """How many events, and each RTMR that they extend; bank sha384."""
    events, values = read_log(log, 0xc, of_domain=True)
    need(all(1 <= register <= 4 for register in values), "tdx_log_register_wrong")
    return events, {register - 1: value for register, value in values.items()}


def read_tpm(evidence, _chain, log):
    reason = "tpm_evidence_malformed"
    value = canonical(evidence, ("ak_public", "pcrs", "quote", "signature"), reason)
    area, quote, signature = (from_base64(value[name], 4096, reason)
                              for name in ("ak_public", "quote", "signature"))
    pcrs = read_pcr_list(value["pcrs"], reason)
    scheme, hash_of_key, is_ak = read_public(area)
    claims = {"ak_sha256": hashlib.sha256(area).hexdigest()}
    reasons = {"tpm_ak_not_attestation_key": not is_ak}
    problems = []
    try:
        signed = read_signature(signature)
        reasons["tpm_scheme_wrong"] = signed != (scheme, hash_of_key)
    except Bad as error:
        reasons["tpm_scheme_wrong"], signed = True, (0, 0)
        problems.append(error.args[0])
    try:
        more, found, bank, values = read_quote(quote, pcrs, signed[1])
    except Bad as error:
        problems.append(error.args[0])
    reasons.update({problem: True for problem in problems})
    if problems:
        return claims, reasons
    claims.update(more)
    reasons.update(found)
    try:
        if log:
            events, replayed = read_log(log, bank)
            claims["events"] = str(events)
            reasons["event_log_mismatch"] = any(
                pcr in values and values[pcr] != replayed[pcr] for pcr in replayed)
        reasons["event_log_missing"] = not log
    except Bad as error:
        reasons[error.args[0]] = True
    return claims, reasons


# --- Azure ---------------------------------------------------------------------------------------

def read_runtime(data):
    reason = "hcl_runtime_malformed"

    def pairs(items):
        need(len({k for k, _ in items}) == len(items), reason)
        return dict(items)
    try:
        value = json.loads(data.decode(), object_pairs_hook=pairs)
    except ValueError as error:
        raise Bad(reason) from error
    members = {"keys", "vm-configuration", "user-data"}
    need(isinstance(value, dict) and set(value) == members, reason)
    keys, config, user = value["keys"], value["vm-configuration"], value["user-data"]
    need(isinstance(keys, list) and len(keys) <= 8, reason)
    need(all(isinstance(k, dict) and isinstance(k.get("kid"), str) for k in keys), reason)
    aks = [k for k in keys if k["kid"] == "HCLAkPub"]
    need(len(aks) == 1 and aks[0].get("kty") == "RSA", reason)
    for name, limit in (("n", 512), ("e", 4)):
        text = aks[0].get(name)
        need(isinstance(text, str) and not set(text) & set("+/="), reason)
        text = text.replace("-", "+").replace("_", "/")
        number = from_base64(text + "=" * (-len(text) % 4), limit, reason)
        need(number, reason)
    flags = {"console-enabled", "filtered-vpci-devices-allowed", "interactive-console-enabled",
             "secure-boot", "tpm-enabled", "tpm-persisted"}
    others = {"current-time", "root-cert-thumbprint", "vmUniqueId"}
    need(isinstance(config, dict) and set(config) <= flags | others, reason)
    need(all(isinstance(config[k], bool) for k in flags & set(config)), reason)
    name = config.get("vmUniqueId")
    need(isinstance(name, str) and re.fullmatch(r"[0-9A-Fa-f-]{36}", name), reason)
    need(isinstance(user, str) and re.fullmatch(r"[0-9A-Fa-f]{128}", user), reason)
    word = {True: "true", False: "false", None: "absent"}
    claims = {"vm_id": name.lower(), "user_data": user.lower()}
    for claim in ("secure-boot", "console-enabled", "tpm-enabled"):
        claims[claim.replace("-", "_")] = word[config.get(claim)]
    return claims, {"azure_secure_boot_off": config.get("secure-boot") is not True,
                    "azure_tpm_off": config.get("tpm-enabled") is not True,
                    "azure_console_on": config.get("console-enabled") is not False}


def read_azure(evidence, _chain, _log):
    reason = "azure_evidence_malformed"
    value = canonical(evidence, ("hcl_report", "pcrs", "quote", "signature", "td_quote"), reason)
    blob, td = (from_base64(value[name], 16384, reason) for name in ("hcl_report", "td_quote"))
    quote, signature = (from_base64(value[name], 4096, reason) for name in ("quote", "signature"))
    pcrs = read_pcr_list(value["pcrs"], reason)
    data = Bytes(blob, "hcl_malformed", "little")
    need(data.take(4) == b"HCLA", data.reason)
    version, total, request, status, report = (data.number(4), data.number(4), data.number(4),
                                               data.take(16), data.take(1184))
    size, inner, kind, hashed, length = (data.number(4) for _ in range(5))
    need(version in (1, 2) and inner == 1, "hcl_version_unknown")
    need(kind in (2, 4), "hcl_report_type_unknown")
    need(hashed == 1, "hcl_hash_not_allowed")
    need(0 < length <= 8192, data.reason)
    runtime = data.take(length)
    need(size == 20 + length and total == 32 + 1184 + size and request == 2, data.reason)
    need(not any(status) and not any(data.data), data.reason)
    need(kind == 2 or not any(report[1024:]), data.reason)
    claims, reasons = read_runtime(runtime)
    if kind == 4:
        return claims, reasons
    bound = hashlib.sha256(runtime).digest() + bytes(32)
    reasons["azure_runtime_unbound"] = report[0x50:0x90] != bound
    reasons["azure_td_quote_unexpected"] = bool(td)
    try:
        signed = read_signature(signature)
        more, found, _bank, _values = read_quote(quote, pcrs, signed[1])
    except Bad:
        return claims, reasons
    claims.update(more)
    reasons.update(found)
    return claims, reasons
