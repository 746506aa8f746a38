#include "client/evidence/enrol_key.h"

#include "attest/chain_files.h"

namespace gbx::client {
namespace {

constexpr Literal kMalformed = "enrolment_malformed";

Result<Json> parse(std::string_view text) {
  auto json = Json::parse(text);
  if (!json) return Error{ErrorCode::invalid_argument, kMalformed};
  return json;
}

}  // namespace

Result<BegunEnrolment> begin_enrolment(std::string_view offer, ByteView roots, std::int64_t now,
                                       Entropy& entropy) {
  GBX_TRY_ASSIGN(const Json json, parse(offer));
  GBX_TRY_ASSIGN(const attest::KeyOffer decoded, attest::decode_key_offer(json));
  GBX_TRY_ASSIGN(const attest::ChainFiles files, attest::parse_chain_files(roots));
  attest::EnrolmentRules rules{{}, now};
  for (const auto& certificate : files.certificates)
    rules.roots.push_back(certificate.fingerprint());
  GBX_TRY_ASSIGN(const attest::MadeChallenge made,
                 attest::make_key_challenge(decoded, rules, entropy));
  return BegunEnrolment{
      attest::encode(made.challenge),
      Json::object({{"ak_sha256", to_hex(made.ak_sha256)}, {"proof", to_hex(made.proof)}})};
}

Result<Hash> finish_enrolment(std::string_view kept, std::string_view answer) {
  GBX_TRY_ASSIGN(const Json own, parse(kept));
  GBX_TRY_ASSIGN(const Json given, parse(answer));
  Fields own_fields(own, kMalformed);
  const Hash key = own_fields.hex_array<32>("ak_sha256");
  const Hash wanted = own_fields.hex_array<32>("proof");
  GBX_TRY(own_fields.finish());
  Fields given_fields(given, kMalformed);
  const Hash proof = given_fields.hex_array<32>("proof");
  GBX_TRY(given_fields.finish());
  if (!equal_constant_time(proof, wanted)) {
    return Error{ErrorCode::unverified, "enrolment_proof_wrong"};
  }
  return key;
}

}  // namespace gbx::client
