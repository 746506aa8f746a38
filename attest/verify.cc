#include "attest/verify.h"

#include <algorithm>

#include "attest/sim.h"
#include "trusted/base/json.h"
#include "trusted/base/secret.h"

namespace gbx::attest {
namespace {

Error unverified(Literal reason) { return {ErrorCode::unverified, reason}; }

Result<Claims> verify_sim(ByteView document, const Expectation& expected) {
  GBX_TRY_ASSIGN(const SimReport report, open_sim_report(document));
  if (report.version != 1) return unverified("evidence_version_unknown");
  if (report.debug) return unverified("debug_enabled");
  if (report.report_data != expected.binding) return unverified("binding_wrong");
  if (report.host_data != expected.policy_hash) return unverified("policy_hash_wrong");
  if (report.measurement != expected.image_digest) return unverified("measurement_wrong");
  return Claims{Assurance::insecure_sim, report.measurement, report.host_data};
}

}  // namespace

Result<Claims> verify(std::string_view evidence, const Expectation& expected) {
  // What the caller forgot to fill in would otherwise be matched by evidence full of zeros.
  if (expected.binding == packet::BindingDigest{} || expected.policy_hash == Hash{} ||
      expected.image_digest == Hash{}) {
    return unverified("expectation_not_set");
  }
  const auto minimum = assurance_from(expected.min_assurance);
  if (!minimum) return unverified("assurance_unknown");
  if (evidence.size() > kEvidenceBytesMax) return unverified("evidence_malformed");
  const auto json = Json::parse_canonical(evidence);
  if (!json) return unverified("evidence_malformed");
  Fields fields(*json, "evidence_malformed");
  const Bytes document = fields.base64("document", kEvidenceBytesMax);
  const std::string platform = fields.text("platform", 32);
  if (!fields.finish()) return unverified("evidence_malformed");
  if (platform != kSimPlatform) return unverified("platform_unknown");
  GBX_TRY_ASSIGN(const Claims claims, verify_sim(document, expected));
  const auto& images = expected.images;
  if (std::find(images.begin(), images.end(), claims.image_digest) == images.end()) {
    return unverified("image_not_allowed");
  }
  if (claims.assurance < *minimum) return unverified("assurance_too_low");
  return claims;
}

std::string print_evidence(std::string_view platform, ByteView document) {
  return Json::object({{"document", to_base64(document)}, {"platform", platform}}).canonical();
}

}  // namespace gbx::attest
