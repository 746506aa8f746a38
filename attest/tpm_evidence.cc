#include "attest/tpm_evidence.h"

#include <algorithm>

#include "attest/event_log.h"
#include "attest/pcr_names.h"
#include "trusted/crypto/hash.h"

namespace gbx::attest {
namespace {

constexpr Literal kChecklist[] = {
    "tpm_hash_not_allowed", "evidence_signature_wrong", "tpm_bank_not_allowed",
    "tpm_selection_wrong",  "tpm_pcr_missing",          "tpm_pcr_digest_wrong",
    "binding_wrong",        "image_not_allowed",
};
// A room's binding has 64 bytes; a TPM's field takes its first half.
constexpr std::size_t kBindingBytes = 64;
constexpr std::size_t kHalfBindingBytes = 32;
constexpr std::size_t kValueHexMax = 128;

PcrValue decode_pcr(const Json& json, Fields& outer) {
  Fields fields(json, "tpm_evidence_malformed");
  PcrValue out;
  out.index = static_cast<std::uint8_t>(fields.integer("index", 0, kPcrCount - 1));
  const auto value = from_hex(fields.text("value", kValueHexMax));
  if (!value || !fields.finish()) outer.fail();
  if (value) out.value = *value;
  return out;
}

bool holds_extra_data(ByteView extra, const Expected& expected) {
  Expected wanted = expected;
  if (wanted.binding.size() == kBindingBytes && extra.size() == kHalfBindingBytes) {
    wanted.binding.resize(kHalfBindingBytes);
  }
  return extra.size() == wanted.binding.size() && holds_binding(extra, wanted);
}

void claim_quote(Findings& findings, const TpmQuote& quote) {
  findings.claim("extra_data", quote.extra_data);
  findings.claim("qualified_signer", quote.qualified_signer);
  findings.claim("firmware_version", quote.firmware_version);
  findings.claim("clock_ms", quote.clock_ms);
  findings.claim("clock_safe", std::string(quote.safe ? "true" : "false"));
  findings.claim("reset_count", std::uint64_t{quote.reset_count});
  findings.claim("restart_count", std::uint64_t{quote.restart_count});
  for (const PcrSelection& selection : quote.selections) {
    findings.claim("pcr_bank", std::string(bank_name(selection.bank)));
  }
}

// The values that the quote selects; those outside it are nobody's word and are dropped.
bool take_selected(const TpmEvidence& evidence, QuotedPcrs& out) {
  const std::size_t size = digest_size(out.bank);
  for (const PcrValue& pcr : evidence.pcrs) {
    const bool selected = pcr.index < kPcrCount && (out.selected >> pcr.index & 1U) != 0;
    if (selected && pcr.value.size() == size) out.values[pcr.index] = pcr.value;
  }
  for (std::size_t i = 0; i < kPcrCount; i++) {
    if ((out.selected >> i & 1U) != 0 && out.values[i].empty()) return false;
  }
  return true;
}

bool matches(const TpmImage& image, const QuotedPcrs& quoted) {
  const auto same = [&](const PcrValue& pcr) {
    return pcr.index < kPcrCount && (kResettablePcrs >> pcr.index & 1U) == 0 &&
           !pcr.value.empty() && quoted.values[pcr.index] == pcr.value;
  };
  return !image.pcrs.empty() && std::all_of(image.pcrs.begin(), image.pcrs.end(), same);
}

// TPM2_Quote hashes the selected values, in their order, with the hash of the signature.
bool check_digest(const QuotedPcrs& quoted, const TpmQuote& quote, TpmAlgorithm hash) {
  if (!digest_of(hash)) return false;
  Bytes all;
  for (const Bytes& value : quoted.values) all.insert(all.end(), value.begin(), value.end());
  const Bytes digest = extend(hash, {}, all);
  return std::equal(digest.begin(), digest.end(), quote.pcr_digest.begin(), quote.pcr_digest.end());
}

}  // namespace

TpmEvidence take_tpm_evidence(Fields& fields) {
  TpmEvidence out;
  out.quote = fields.base64("quote", kTpmStructureBytesMax);
  out.signature = fields.base64("signature", kTpmStructureBytesMax);
  for (const Json& entry : fields.array("pcrs", kPcrCount)) {
    PcrValue pcr = decode_pcr(entry, fields);
    if (!out.pcrs.empty() && out.pcrs.back().index >= pcr.index) fields.fail();
    out.pcrs.push_back(std::move(pcr));
  }
  return out;
}

void put_tpm_evidence(Json& out, const TpmEvidence& evidence) {
  Json::Array pcrs;
  for (const PcrValue& pcr : evidence.pcrs) {
    pcrs.push_back(Json::object({{"index", pcr.index}, {"value", to_hex(pcr.value)}}));
  }
  out.set("pcrs", Json(pcrs));
  out.set("quote", to_base64(evidence.quote));
  out.set("signature", to_base64(evidence.signature));
}

Result<TpmFile> parse_tpm_file(ByteView file) {
  const Error malformed{ErrorCode::unverified, "tpm_evidence_malformed"};
  const auto json = Json::parse_canonical(as_text(file));
  if (!json) return malformed;
  Fields fields(*json, "tpm_evidence_malformed");
  TpmFile out;
  out.ak_public = fields.base64("ak_public", kTpmStructureBytesMax);
  out.quote = take_tpm_evidence(fields);
  if (!fields.finish()) return malformed;
  return out;
}

std::string print_tpm_file(const TpmFile& file) {
  Json out = Json::object({{"ak_public", to_base64(file.ak_public)}});
  put_tpm_evidence(out, file.quote);
  return out.canonical();
}

std::optional<QuotedPcrs> check_quote(Findings& findings, const TpmEvidence& evidence,
                                      const crypto::VerifyingKey& key, const PcrRules& rules,
                                      const Expected& expected) {
  const auto quote = parse_tpm_quote(evidence.quote);
  const auto signature = parse_tpm_signature(evidence.signature);
  if (!quote) findings.refuse(quote.error());
  if (!signature) findings.refuse(signature.error());
  if (!quote || !signature) return std::nullopt;
  claim_quote(findings, *quote);
  findings.require(digest_of(signature->hash).has_value(), "tpm_hash_not_allowed");
  findings.require(verify_tpm_signature(key, evidence.quote, *signature).has_value(),
                   "evidence_signature_wrong");
  QuotedPcrs out;
  out.bank = quote->selections.front().bank;
  out.selected = quote->selections.front().pcrs;
  findings.require(quote->selections.size() == 1 && digest_of(out.bank) && out.bank == rules.bank,
                   "tpm_bank_not_allowed");
  findings.require(out.selected == rules.selection && out.selected != 0, "tpm_selection_wrong");
  findings.require(take_selected(evidence, out), "tpm_pcr_missing");
  if (findings.require(check_digest(out, *quote, signature->hash), "tpm_pcr_digest_wrong")) {
    for (std::size_t i = 0; i < kPcrCount; i++) {
      if (!out.values[i].empty()) findings.claim(kPcrNames[i], out.values[i]);
    }
  }
  findings.require(holds_extra_data(quote->extra_data, expected), "binding_wrong");
  const auto same = [&](const TpmImage& image) { return matches(image, out); };
  const auto image = std::find_if(rules.images.begin(), rules.images.end(), same);
  if (findings.require(image != rules.images.end(), "image_not_allowed")) out.image = &*image;
  return out;
}

std::span<const Literal> quote_checklist() { return kChecklist; }

}  // namespace gbx::attest
