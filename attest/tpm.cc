#include <algorithm>

#include "attest/chain_files.h"
#include "attest/event_log.h"
#include "attest/key_certificate.h"
#include "attest/platforms.h"
#include "attest/tpm_evidence.h"
#include "trusted/crypto/hash.h"

namespace gbx::attest {
namespace {

constexpr Literal kChecklist[] = {
    "platform_not_trusted", "tpm_ak_not_attestation_key", "tpm_scheme_wrong",
    "tpm_ak_not_trusted",   "event_log_missing",          "event_log_mismatch",
    "event_log_incomplete", "machine_not_allowed",        "assurance_too_low",
    "vm_start_not_fixed",
};

// Who vouches for the attestation key.
struct Voucher {
  std::optional<Assurance> assurance;  // nullopt: nobody whom the policy knows
  bool enrolled = false;               // the policy knows the key itself
  std::optional<Bytes> instance;       // Google's
};

struct Question {
  const EvidenceFiles& files;
  const TrustPolicy& trust;
  std::int64_t now;
};

void check_certificate(Findings& findings, const std::vector<crypto::Certificate>& chain,
                       const ChainFiles& files, const TrustPolicy& trust, std::int64_t now) {
  std::vector<Hash> roots;
  if (trust.tpm) {
    for (const TpmRoot& root : trust.tpm->roots) roots.push_back(root.sha256);
  }
  findings.require("chain", crypto::chain_faults(chain, roots, now));
  findings.require(may_sign(chain.front()) && is_for_tpm(chain.front()), "certificate_usage_wrong");
  const RevocationRules rules{now, trust.crl_age_max_s, trust.revoked_certificates};
  const bool required = !trust.tpm || trust.tpm->require_crl;
  findings.require("revocation",
                   revocation_faults(chain, files.crls, rules, required ? 0 : chain.size()));
}

// An enrolled key needs no certificate. Any other is trusted through its chain, which must then
// hold in everything.
Voucher check_key(Findings& findings, const TpmFile& file, const crypto::VerifyingKey& key,
                  const Question& question) {
  const TrustPolicy& trust = question.trust;
  Voucher out;
  const Hash digest = crypto::sha256(file.ak_public);
  findings.claim("ak_sha256", digest);
  if (trust.tpm) {
    for (const TpmKey& known : trust.tpm->keys) {
      if (known.sha256 == digest) out.assurance = known.assurance;
    }
  }
  out.enrolled = out.assurance.has_value();
  if (out.enrolled) return out;
  const auto chain_files = parse_chain_files(question.files.chain);
  if (!chain_files) {
    findings.refuse(chain_files.error());
    return out;
  }
  const Bytes spki = key.spki();
  const auto& certificates = chain_files->certificates;
  const auto leaf = std::find_if(certificates.begin(), certificates.end(),
                                 [&](const auto& entry) { return entry.key().spki() == spki; });
  if (leaf == certificates.end()) return out;
  const auto chain = crypto::order_chain(*leaf, certificates);
  out.instance = google_instance_id(*leaf);
  findings.claim("ak_certificate_sha256", leaf->fingerprint());
  findings.claim("root_sha256", chain.back().fingerprint());
  if (out.instance) findings.claim("google_instance_id", *out.instance);
  check_certificate(findings, chain, *chain_files, trust, question.now);
  if (trust.tpm) {
    for (const TpmRoot& root : trust.tpm->roots) {
      if (root.sha256 == chain.back().fingerprint()) out.assurance = root.assurance;
    }
  }
  return out;
}

// Each PCR that the log extends is what it says; each that the image rests on is in the log. False
// for a log that cannot be read.
bool check_event_log(Findings& findings, ByteView log, const QuotedPcrs& quoted, bool required) {
  findings.require(!log.empty() || !required, "event_log_missing");
  PcrMask wrong = 0;
  PcrMask touched = 0;
  if (!log.empty()) {
    const auto replayed = replay_event_log(log, quoted.bank);
    if (!replayed) {
      findings.refuse(replayed.error());
      return false;
    }
    findings.claim("events", std::uint64_t{replayed->events.size()});
    touched = replayed->touched;
    for (std::size_t i = 0; i < kPcrCount; i++) {
      const bool both = (touched & quoted.selected) >> i & 1U;
      if (both && replayed->values[i] != quoted.values[i]) wrong |= PcrMask{1} << i;
    }
  }
  findings.require(wrong == 0, "event_log_mismatch");
  PcrMask needed = 0;
  if (quoted.image != nullptr && required) {
    for (const PcrValue& pcr : quoted.image->pcrs) {
      const bool untouched = pcr.value == pcr_at_start(quoted.bank, pcr.index);
      if (!untouched) needed |= PcrMask{1} << pcr.index;
    }
  }
  findings.require((needed & ~touched) == 0, "event_log_incomplete");
  return true;
}

// The word DEV-VM promises the measured start of a whole machine, so it takes an image that fixes
// every register of one: firmware (0, and 2 for other firmware), the unified kernel image (4, 9,
// 11), and that nothing was added to it (12, 13).
bool fixes_start(const TpmImage& image) {
  constexpr PcrMask kStart =
      1U << 0U | 1U << 2U | 1U << 4U | 1U << 9U | 1U << 11U | 1U << 12U | 1U << 13U;
  PcrMask fixed = 0;
  for (const PcrValue& pcr : image.pcrs) fixed |= PcrMask{1} << pcr.index;
  return (fixed & kStart) == kStart;
}

bool machine_allowed(const Machines& machines, const Voucher& voucher) {
  if (!machines || voucher.enrolled) return true;
  if (!voucher.instance) return false;
  return std::find(machines->begin(), machines->end(), *voucher.instance) != machines->end();
}

}  // namespace

Verdict verify_tpm(const EvidenceFiles& files, const TrustPolicy& trust, const Expected& expected,
                   Findings findings) {
  findings.require(trust.tpm.has_value(), "platform_not_trusted");
  const TpmTrust nobody;
  const TpmTrust& rules = trust.tpm ? *trust.tpm : nobody;
  const auto file = parse_tpm_file(files.evidence);
  if (!file) {
    findings.refuse(file.error());
    return std::move(findings).refused();
  }
  const auto ak = parse_tpm_public(file->ak_public);
  const auto key = ak ? verifying_key(*ak) : Result<crypto::VerifyingKey>(ak.error());
  if (!key) {
    findings.refuse(key.error());
    return std::move(findings).refused();
  }
  findings.require(is_attestation_key(*ak), "tpm_ak_not_attestation_key");
  const auto signature = parse_tpm_signature(file->quote.signature);
  findings.require(signature && signature->scheme == ak->scheme && signature->hash == ak->hash,
                   "tpm_scheme_wrong");
  const Voucher voucher = check_key(findings, *file, *key, {files, trust, expected.now});
  findings.require(voucher.assurance.has_value(), "tpm_ak_not_trusted");
  const auto quoted = check_quote(findings, file->quote, *key, rules.pcrs, expected);
  if (!quoted) return std::move(findings).refused();
  const bool has_log =
      check_event_log(findings, files.collateral, *quoted, rules.require_event_log);
  findings.require(machine_allowed(rules.machines, voucher), "machine_not_allowed");
  if (!has_log || !voucher.assurance || quoted->image == nullptr) {
    return std::move(findings).refused();
  }
  findings.require(*voucher.assurance != Assurance::dev_vm || fixes_start(*quoted->image),
                   "vm_start_not_fixed");
  require_assurance(findings, trust, *voucher.assurance);
  std::vector<Literal> checklist(std::begin(kChecklist), std::end(kChecklist));
  const auto quote_checks = quote_checklist();
  checklist.insert(checklist.end(), quote_checks.begin(), quote_checks.end());
  if (!voucher.enrolled) {
    for (const Literal step :
         {Literal("chain"), Literal("certificate_usage_wrong"), Literal("revocation")}) {
      checklist.push_back(step);
    }
  }
  return std::move(findings).conclude(*voucher.assurance, quoted->image->image_digest, checklist);
}

}  // namespace gbx::attest
