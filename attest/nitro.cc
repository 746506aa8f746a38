#include <algorithm>

#include "attest/chain_files.h"
#include "attest/key_certificate.h"
#include "attest/nitro_document.h"
#include "attest/pcr_names.h"
#include "attest/platforms.h"

namespace gbx::attest {
namespace {

constexpr Literal kChecklist[] = {
    "platform_not_trusted",
    "cose_algorithm_wrong",
    "cose_header_not_empty",
    "chain",
    "nitro_key_not_p384",
    "certificate_usage_wrong",
    "revocation",
    "evidence_signature_wrong",
    "nitro_pcr_missing",
    "debug_enabled",
    "binding_wrong",
    "image_not_allowed",
    "assurance_too_low",
};

// What runs: the image, its kernel with the boot ramdisk, the application.
constexpr std::size_t kImagePcrs = 3;

bool is_all_zero(ByteView bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t b) { return b == 0; });
}

bool equals(const std::optional<ByteView>& field, ByteView wanted) {
  return field && std::equal(field->begin(), field->end(), wanted.begin(), wanted.end());
}

void claim_document(Findings& findings, const NitroDocument& document) {
  findings.claim("module_id", std::string(document.module_id));
  findings.claim("timestamp_ms", static_cast<std::uint64_t>(document.timestamp_ms));
  for (std::size_t i = 0; i < kNitroPcrs; i++) {
    if (document.pcrs[i]) findings.claim(kPcrNames[i], *document.pcrs[i]);
  }
  if (document.nonce) findings.claim("nonce", *document.nonce);
  if (document.public_key) findings.claim("public_key", *document.public_key);
  if (document.user_data) findings.claim("user_data", *document.user_data);
}

// Leaf first, root last. The document's own root counts only if it is the pinned one.
Result<std::vector<crypto::Certificate>> read_chain(const NitroDocument& document,
                                                    const ChainFiles& files) {
  GBX_TRY_ASSIGN(const auto leaf, crypto::Certificate::parse(document.certificate));
  std::vector<crypto::Certificate> others;
  for (const ByteView der : document.bundle) {
    GBX_TRY_ASSIGN(auto certificate, crypto::Certificate::parse(der));
    others.push_back(std::move(certificate));
  }
  others.insert(others.end(), files.certificates.begin(), files.certificates.end());
  return crypto::order_chain(leaf, others);
}

void check_chain(Findings& findings, std::span<const crypto::Certificate> chain,
                 const ChainFiles& files, const TrustPolicy& trust, std::int64_t now) {
  const NitroTrust nobody;
  const NitroTrust& rules = trust.nitro ? *trust.nitro : nobody;
  findings.claim("certificate_sha256", chain.front().fingerprint());
  findings.claim("root_sha256", chain.back().fingerprint());
  findings.claim("not_before", static_cast<std::uint64_t>(chain.front().not_before()));
  findings.claim("not_after", static_cast<std::uint64_t>(chain.front().not_after()));
  findings.require("chain", crypto::chain_faults(chain, rules.roots, now));
  const auto is_p384 = [](const auto& entry) {
    return entry.key().kind() == crypto::KeyKind::p384;
  };
  findings.require(std::all_of(chain.begin(), chain.end(), is_p384), "nitro_key_not_p384");
  findings.require(may_sign(chain.front()), "certificate_usage_wrong");
  const RevocationRules revocation{now, trust.crl_age_max_s, trust.revoked_certificates};
  findings.require("revocation", revocation_faults(chain, files.crls, revocation,
                                                   rules.require_crl ? 0 : chain.size()));
}

const std::optional<ByteView>& bound_field(const NitroDocument& document, NitroField field) {
  switch (field) {
    case NitroField::nonce: return document.nonce;
    case NitroField::public_key: return document.public_key;
    case NitroField::user_data: return document.user_data;
  }
  GBX_CHECK(false);
}

bool matches(const NitroImage& image, const NitroDocument& document) {
  const auto same = [&](const PcrValue& pcr) {
    return pcr.index < kNitroPcrs && equals(document.pcrs[pcr.index], pcr.value);
  };
  return image.pcrs.size() >= kImagePcrs && std::all_of(image.pcrs.begin(), image.pcrs.end(), same);
}

// The image that was measured; nullptr when the policy knows none.
const NitroImage* check_pcrs(Findings& findings, const NitroDocument& document,
                             const NitroTrust& rules) {
  const auto code = std::span(document.pcrs).first(kImagePcrs);
  findings.require(std::all_of(code.begin(), code.end(), [](const auto& pcr) { return pcr; }),
                   "nitro_pcr_missing");
  // In debug mode an enclave's console is open, and its PCRs are zero.
  findings.require(std::none_of(code.begin(), code.end(),
                                [](const auto& pcr) { return pcr && is_all_zero(*pcr); }),
                   "debug_enabled");
  const auto image =
      std::find_if(rules.images.begin(), rules.images.end(),
                   [&](const NitroImage& known) { return matches(known, document); });
  return findings.require(image != rules.images.end(), "image_not_allowed") ? &*image : nullptr;
}

}  // namespace

Verdict verify_nitro(const EvidenceFiles& files, const TrustPolicy& trust, const Expected& expected,
                     Findings findings) {
  findings.require(trust.nitro.has_value(), "platform_not_trusted");
  const NitroTrust nobody;
  const NitroTrust& rules = trust.nitro ? *trust.nitro : nobody;
  const auto message = parse_cose_sign1(files.evidence);
  const auto document =
      message ? parse_nitro_document(message->payload) : Result<NitroDocument>(message.error());
  if (!document) {
    findings.refuse(document.error());
    return std::move(findings).refused();
  }
  claim_document(findings, *document);
  const auto chain_files = parse_chain_files(files.chain);
  const auto chain = chain_files ? read_chain(*document, *chain_files)
                                 : Result<std::vector<crypto::Certificate>>(chain_files.error());
  if (!chain) {
    findings.refuse(chain.error());
    return std::move(findings).refused();
  }
  findings.require(message->algorithm == kCoseEs384, "cose_algorithm_wrong");
  findings.require(message->is_bare, "cose_header_not_empty");
  check_chain(findings, *chain, *chain_files, trust, expected.now);
  const Status signature =
      chain->front().key().verify(crypto::SignatureForm::ecdsa_raw, crypto::Digest::sha384,
                                  cose_signed_bytes(*message), message->signature);
  findings.require(signature.has_value(), "evidence_signature_wrong");
  const NitroImage* image = check_pcrs(findings, *document, rules);
  const auto& field = bound_field(*document, rules.binding);
  findings.require(field && equals(field, expected.binding) && holds_binding(*field, expected),
                   "binding_wrong");
  require_assurance(findings, trust, Assurance::hw_enclave);
  if (image == nullptr) return std::move(findings).refused();
  return std::move(findings).conclude(Assurance::hw_enclave, image->image_digest, kChecklist);
}

}  // namespace gbx::attest
