#include "attest/enrolment.h"

#include <algorithm>

#include "attest/chain_files.h"
#include "attest/key_certificate.h"
#include "attest/tpm_structures.h"
#include "trusted/crypto/credential.h"
#include "trusted/crypto/hash.h"

namespace gbx::attest {
namespace {

constexpr Literal kMalformed = "enrolment_malformed";
constexpr std::size_t kPartBytesMax = 1024;
constexpr std::string_view kIdentity{"IDENTITY\0", 9};
constexpr std::uint32_t kAesBits = 128;
constexpr std::uint32_t kMacBits = 256;

Error unverified(Literal reason) { return {ErrorCode::unverified, reason}; }

void put_u16(Bytes& out, std::size_t value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8U));
  out.push_back(static_cast<std::uint8_t>(value));
}

void put_u32(Bytes& out, std::uint32_t value) {
  put_u16(out, value >> 16U);
  put_u16(out, value & 0xffffU);
}

void put(Bytes& out, ByteView bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }

// KDFa with SHA-256, for at most 256 bits (Part 1, 11.4.10.2).
Bytes kdfa(const Secret<32>& seed, std::string_view label, ByteView context, std::uint32_t bits) {
  Bytes message;
  put_u32(message, 1);
  put(message, as_bytes(label));
  message.push_back(0);
  put(message, context);
  put_u32(message, bits);
  const Secret<32> key = crypto::hmac_sha256(seed.view(), message);
  const ByteView view = key.view();
  return Bytes(view.begin(), view.begin() + bits / 8);
}

// The Name of a key: its hash algorithm, and the hash of its public area.
Bytes name_of(const Hash& ak_sha256) {
  Bytes out;
  put_u16(out, static_cast<std::uint16_t>(TpmAlgorithm::sha256));
  put(out, ak_sha256);
  return out;
}

// The certificate of the endorsement key, believed up to one of the roots.
Result<crypto::Certificate> check_endorsement(const KeyOffer& offer, const EnrolmentRules& rules) {
  GBX_TRY_ASSIGN(const ChainFiles files, parse_chain_files(offer.chain));
  if (files.certificates.empty()) return unverified("chain_incomplete");
  const crypto::Certificate& leaf = files.certificates.front();
  const auto chain = crypto::order_chain(leaf, files.certificates);
  const auto faults = crypto::chain_faults(chain, rules.roots, rules.now);
  if (!faults.empty()) return unverified(faults.front());
  if (!is_endorsement(leaf)) return unverified("certificate_usage_wrong");
  if (leaf.key().kind() != crypto::KeyKind::rsa) return unverified("tpm_ek_not_rsa");
  return leaf;
}

}  // namespace

Json encode(const KeyOffer& offer) {
  return Json::object(
      {{"ak_public", to_base64(offer.ak_public)}, {"chain", to_base64(offer.chain)}});
}

Result<KeyOffer> decode_key_offer(const Json& json) {
  Fields fields(json, kMalformed);
  KeyOffer out;
  out.ak_public = fields.base64("ak_public", kTpmStructureBytesMax);
  out.chain = fields.base64("chain", kCollateralBytesMax);
  GBX_TRY(fields.finish());
  return out;
}

Json encode(const KeyChallenge& challenge) {
  return Json::object(
      {{"id_object", to_base64(challenge.id_object)}, {"secret", to_base64(challenge.secret)}});
}

Result<KeyChallenge> decode_key_challenge(const Json& json) {
  Fields fields(json, kMalformed);
  KeyChallenge out;
  out.id_object = fields.base64("id_object", kPartBytesMax);
  out.secret = fields.base64("secret", kPartBytesMax);
  GBX_TRY(fields.finish());
  return out;
}

Result<MadeChallenge> make_key_challenge(const KeyOffer& offer, const EnrolmentRules& rules,
                                         Entropy& entropy) {
  GBX_TRY_ASSIGN(const TpmPublic key, parse_tpm_public(offer.ak_public));
  if (!is_attestation_key(key) || key.name_hash != TpmAlgorithm::sha256) {
    return unverified("tpm_ak_not_attestation_key");
  }
  GBX_TRY_ASSIGN(const crypto::Certificate endorsement, check_endorsement(offer, rules));
  MadeChallenge out;
  out.ak_sha256 = crypto::sha256(offer.ak_public);
  std::array<std::uint8_t, 32> seed_bytes{};
  GBX_TRY(entropy.fill(out.proof));
  GBX_TRY(entropy.fill(seed_bytes));
  const Secret<32> seed(seed_bytes);
  const Bytes name = name_of(out.ak_sha256);
  Bytes credential;
  put_u16(credential, out.proof.size());
  put(credential, out.proof);
  const Bytes sealed = crypto::aes128_cfb(kdfa(seed, "STORAGE", name, kAesBits), credential);
  Bytes covered = sealed;
  put(covered, name);
  const Secret<32> mac = crypto::hmac_sha256(kdfa(seed, "INTEGRITY", {}, kMacBits), covered);
  put_u16(out.challenge.id_object, mac.view().size());
  put(out.challenge.id_object, mac.view());
  put(out.challenge.id_object, sealed);
  GBX_TRY_ASSIGN(out.challenge.secret, crypto::rsa_oaep(endorsement.key(), kIdentity, seed.view()));
  return out;
}

}  // namespace gbx::attest
