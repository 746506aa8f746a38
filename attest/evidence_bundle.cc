#include "attest/evidence_bundle.h"

#include "attest/trust_policy.h"

namespace gbx::attest {
namespace {

constexpr Literal kMalformed = "evidence_malformed";
constexpr std::size_t kPlatformBytesMax = 32;

Error unverified(Literal reason) { return {ErrorCode::unverified, reason}; }

}  // namespace

Json encode(const EvidenceBundle& bundle) {
  return Json::object({{"chain", to_base64(bundle.chain)},
                       {"collateral", to_base64(bundle.collateral)},
                       {"evidence", to_base64(bundle.evidence)},
                       {"platform", platform_name(bundle.platform)}});
}

Result<EvidenceBundle> decode_evidence(const Json& packet) {
  EvidenceBundle out;
  Fields fields(packet, kMalformed);
  out.chain = fields.base64("chain", kCollateralBytesMax);
  out.collateral = fields.base64("collateral", kCollateralBytesMax);
  out.evidence = fields.base64("evidence", kDocumentBytesMax);
  const std::string name = fields.text("platform", kPlatformBytesMax);
  if (!fields.finish()) return unverified(kMalformed);
  const auto platform = platform_from(name);
  if (!platform) return unverified("platform_unknown");
  out.platform = *platform;
  return out;
}

Result<ProvenRoom> verify_room(const Json& packet, const packet::Binding& binding,
                               const TrustPolicy& trust, std::int64_t now) {
  GBX_TRY_ASSIGN(const EvidenceBundle bundle, decode_evidence(packet));
  const packet::BindingDigest digest = packet::digest(binding);
  const Expected expected{.binding = Bytes(digest.begin(), digest.end()),
                          .policy_hash = binding.policy_hash,
                          .now = now};
  const Verdict verdict = verify_evidence(bundle.files(), trust, expected);
  if (!verdict.ok()) return unverified(verdict.reasons().front());
  if (verdict.image_digest() != binding.image_digest) return unverified("measurement_wrong");
  return ProvenRoom{bundle.platform, verdict.assurance(), verdict.image_digest()};
}

}  // namespace gbx::attest
