#include "client/evidence/check_evidence.h"

#include <charconv>
#include <cstdio>
#include <ctime>

#include "attest/trust_policy.h"

namespace gbx::client {
namespace {

constexpr Literal kTrustMissing = "trust_policy_missing";
constexpr Literal kNonceMissing = "nonce_missing";
constexpr std::size_t kTimeBytes = 20;  // of 2024-09-07T14:37:36Z

Json as_reason(Literal reason) { return {reason.view()}; }

}  // namespace

Result<EvidenceAnswer> check_evidence(const EvidenceQuestion& question) {
  attest::TrustPolicy trust;
  if (question.trust) {
    const auto json = Json::parse(*question.trust);
    if (!json) return Error{ErrorCode::invalid_argument, "trust_policy_malformed"};
    GBX_TRY_ASSIGN(trust, attest::decode_trust_policy(*json));
  } else {
    trust.min_assurance = attest::Assurance::insecure_sim;  // nothing is believed, so none is low
  }
  attest::Expected expected;
  expected.now = question.now;
  expected.policy_hash = question.policy_hash.value_or(Hash{});
  if (question.nonce && question.nonce->size() <= kNonceBytesMax) {
    expected.binding = *question.nonce;
  }
  const auto bank = trust.tpm ? trust.tpm->pcrs.bank : attest::TpmAlgorithm::sha256;
  const EvidenceFile file = import_evidence(question.file, bank);
  EvidenceAnswer out{
      attest::verify_evidence({file.platform, file.evidence, file.chain, file.collateral}, trust,
                              expected),
      {}};
  if (!question.trust) out.left_out.push_back(kTrustMissing);
  if (expected.binding.empty()) out.left_out.push_back(kNonceMissing);
  return out;
}

Json encode_answer(const EvidenceAnswer& answer, attest::Platform platform) {
  const Json verdict = attest::encode_verdict(answer.verdict, platform);
  Json out = Json::object({});
  for (const auto& [name, value] : *verdict.object()) {
    if (name == "reasons") {
      Json::Array reasons;
      for (const Literal reason : answer.left_out) reasons.push_back(as_reason(reason));
      reasons.insert(reasons.end(), value.array()->begin(), value.array()->end());
      out.set(name, Json(reasons));
    } else if (name == "ok") {
      out.set(name, answer.ok());
    } else {
      out.set(name, value);
    }
  }
  return out;
}

std::optional<EvidenceFile> read_evidence_packet(std::string_view text) {
  const auto json = Json::parse(text);
  if (!json) return std::nullopt;
  const Json* inside = json->find("evidence");
  const bool in_answer = inside != nullptr && inside->object() != nullptr;
  auto bundle = attest::decode_evidence(in_answer ? *inside : *json);
  if (!bundle) return std::nullopt;
  return std::move(bundle).value();
}

Result<std::int64_t> parse_time(std::string_view text) {
  const Error malformed{ErrorCode::invalid_argument, "time_malformed"};
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error == std::errc() && end == text.data() + text.size() && seconds > 0) return seconds;
  std::tm parts{};
  if (text.size() != kTimeBytes) return malformed;
  const std::string copy(text);
  const char* rest = strptime(copy.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  if (rest == nullptr || *rest != '\0') return malformed;
  seconds = timegm(&parts);
  if (seconds <= 0) return malformed;
  return seconds;
}

}  // namespace gbx::client
