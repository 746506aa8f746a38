#include "attest/sim.h"

#include <algorithm>

#include "attest/platforms.h"
#include "trusted/crypto/hash.h"
#include "trusted/crypto/sign.h"
#include "trusted/packet/dsse.h"

namespace gbx::attest {

#if defined(GBX_SIM)
namespace {

// The seed is a sentence, so that nobody can mistake it for a secret.
crypto::SigningKey public_knowledge() {
  constexpr std::string_view kSentence =
      "glovebox sim platform: this key is public and proves nothing";
  return crypto::SigningKey::from_seed(Secret<32>(crypto::sha256(as_bytes(kSentence))));
}

}  // namespace

Bytes forge_sim_report(const SimReport& report) {
  packet::Envelope envelope =
      packet::make_envelope(kSimType, Json::object({{"debug", report.debug},
                                                    {"host_data", to_hex(report.host_data)},
                                                    {"measurement", to_hex(report.measurement)},
                                                    {"report_data", to_hex(report.report_data)},
                                                    {"version", report.version}}));
  packet::sign(envelope, public_knowledge());
  return to_bytes(packet::print_envelope(envelope));
}

Result<Bytes> SimQuoter::quote(std::span<const std::uint8_t, 64> binding) noexcept {
  SimReport report;
  report.measurement = image_digest_;
  report.host_data = policy_hash_;
  std::copy(binding.begin(), binding.end(), report.report_data.begin());
  return to_bytes(
      encode(EvidenceBundle{Platform::sim, forge_sim_report(report), {}, {}}).canonical());
}

Result<SimReport> open_sim_report(ByteView document) {
  const Error malformed{ErrorCode::unverified, "evidence_malformed"};
  const auto envelope = packet::parse_envelope(as_text(document));
  if (!envelope) return malformed;
  const crypto::PublicKey key = public_knowledge().public_key();
  const auto payload = packet::verify_envelope(*envelope, kSimType, std::span(&key, 1));
  if (!payload) return Error{ErrorCode::unverified, "evidence_signature_wrong"};
  Fields fields(*payload, "evidence_malformed");
  SimReport out;
  out.debug = fields.boolean("debug");
  out.host_data = fields.hex_array<32>("host_data");
  out.measurement = fields.hex_array<32>("measurement");
  out.report_data = fields.hex_array<64>("report_data");
  out.version = fields.integer("version", 0, Json::kIntegerMax);
  if (!fields.finish()) return malformed;
  return out;
}
#else
Result<SimReport> open_sim_report(ByteView /*document*/) {
  return Error{ErrorCode::unverified, "platform_unknown"};
}
#endif

Verdict verify_sim(const EvidenceFiles& files, const TrustPolicy& trust, const Expected& expected,
                   Findings findings) {
  static constexpr Literal kChecklist[] = {
      "platform_not_trusted", "evidence_version_unknown", "debug_enabled",    "binding_wrong",
      "policy_hash_wrong",    "image_not_allowed",        "assurance_too_low"};
  const bool trusted = findings.require(trust.sim.has_value(), "platform_not_trusted");
  const auto report = open_sim_report(files.evidence);
  if (!report) findings.refuse(report.error());
  if (!trusted || !report) return std::move(findings).refused();
  findings.claim("measurement", report->measurement);
  findings.claim("host_data", report->host_data);
  findings.claim("report_data", report->report_data);
  findings.require(report->version == 1, "evidence_version_unknown");
  findings.require(!report->debug, "debug_enabled");
  findings.require(holds_binding(report->report_data, expected), "binding_wrong");
  findings.require(expected.policy_hash != Hash{} && report->host_data == expected.policy_hash,
                   "policy_hash_wrong");
  const auto& images = trust.sim->images;
  findings.require(std::find(images.begin(), images.end(), report->measurement) != images.end(),
                   "image_not_allowed");
  require_assurance(findings, trust, Assurance::insecure_sim);
  return std::move(findings).conclude(Assurance::insecure_sim, report->measurement, kChecklist);
}

}  // namespace gbx::attest
