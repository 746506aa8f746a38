#include "attest/tpm_structures.h"

#include <algorithm>

#include "attest/big_endian.h"

namespace gbx::attest {
namespace {

constexpr std::uint32_t kMagic = 0xff544347;  // TPM_GENERATED_VALUE
constexpr std::uint16_t kTypeQuote = 0x8018;
constexpr std::size_t kNameBytesMax = 2 + 64;
constexpr std::size_t kExtraDataBytesMax = 64;
constexpr std::size_t kDigestBytesMax = 64;
constexpr std::size_t kRsaBytesMax = 512;
constexpr std::size_t kPcrSelectBytes = 3;
constexpr std::uint32_t kExponentDefault = 65537;
constexpr std::uint16_t kCurveP256 = 3;
constexpr std::uint16_t kCurveP384 = 4;

// TPMA_OBJECT.
constexpr std::uint32_t kFixedTpm = 1U << 1;
constexpr std::uint32_t kFixedParent = 1U << 4;
constexpr std::uint32_t kSensitiveDataOrigin = 1U << 5;
constexpr std::uint32_t kRestricted = 1U << 16;
constexpr std::uint32_t kSign = 1U << 18;
constexpr std::uint32_t kRequired =
    kFixedTpm | kFixedParent | kSensitiveDataOrigin | kRestricted | kSign;
// stClear, userWithAuth, adminWithPolicy, noDA: who may use the key, not what it signs.
constexpr std::uint32_t kHarmless = 1U << 2 | 1U << 6 | 1U << 7 | 1U << 10;

Error refused(Literal reason) { return {ErrorCode::unverified, reason}; }

bool is_scheme(TpmAlgorithm scheme, TpmAlgorithm type) {
  if (type == TpmAlgorithm::ecc) return scheme == TpmAlgorithm::ecdsa;
  return scheme == TpmAlgorithm::rsassa || scheme == TpmAlgorithm::rsapss;
}

TpmAlgorithm algorithm(BigEndianReader& in) { return static_cast<TpmAlgorithm>(in.u16()); }

bool read_selections(BigEndianReader& in, std::vector<PcrSelection>& out) {
  const std::uint32_t count = in.u32();
  if (count == 0 || count > kPcrBanksMax) return false;
  for (std::uint32_t i = 0; i < count; i++) {
    PcrSelection next;
    next.bank = algorithm(in);
    if (digest_size(next.bank) == 0 || in.u8() != kPcrSelectBytes) return false;
    const ByteView bits = in.view(kPcrSelectBytes);
    if (in.failed()) return false;
    for (std::size_t byte = 0; byte < bits.size(); byte++) {
      next.pcrs |= static_cast<PcrMask>(bits[byte]) << (8 * byte);
    }
    out.push_back(next);
  }
  return true;
}

// x or y, filled up to the field's size from the left.
bool put_coordinate(Bytes& out, ByteView coordinate, std::size_t field) {
  if (coordinate.empty() || coordinate.size() > field) return false;
  out.insert(out.end(), field - coordinate.size(), 0);
  out.insert(out.end(), coordinate.begin(), coordinate.end());
  return true;
}

bool read_rsa(BigEndianReader& in, TpmPublic& out) {
  const std::uint16_t bits = in.u16();
  out.exponent = in.u32();
  if (out.exponent == 0) out.exponent = kExponentDefault;
  out.modulus = in.sized(kRsaBytesMax);
  return bits == out.modulus.size() * 8 && !out.modulus.empty() &&
         (out.modulus.front() & 0x80) != 0;
}

bool read_ecc(BigEndianReader& in, TpmPublic& out) {
  const std::uint16_t curve = in.u16();
  if (curve != kCurveP256 && curve != kCurveP384) return false;
  const std::size_t field = curve == kCurveP256 ? 32 : 48;
  if (algorithm(in) != TpmAlgorithm::null) return false;  // a signing key derives no keys
  const ByteView x = in.sized(field);
  const ByteView y = in.sized(field);
  return put_coordinate(out.point, x, field) && put_coordinate(out.point, y, field);
}

constexpr std::pair<TpmAlgorithm, std::string_view> kBanks[] = {
    {TpmAlgorithm::sha256, "sha256"},
    {TpmAlgorithm::sha384, "sha384"},
    {TpmAlgorithm::sha512, "sha512"},
};

}  // namespace

std::string_view bank_name(TpmAlgorithm bank) {
  for (const auto& [algorithm, name] : kBanks) {
    if (algorithm == bank) return name;
  }
  return bank == TpmAlgorithm::sha1 ? "sha1" : "unknown";
}

std::optional<TpmAlgorithm> bank_from(std::string_view name) {
  for (const auto& [algorithm, known] : kBanks) {
    if (known == name) return algorithm;
  }
  return std::nullopt;
}

std::size_t digest_size(TpmAlgorithm hash) {
  if (hash == TpmAlgorithm::sha1) return 20;
  if (hash == TpmAlgorithm::sha256) return 32;
  if (hash == TpmAlgorithm::sha384) return 48;
  if (hash == TpmAlgorithm::sha512) return 64;
  return 0;
}

std::optional<crypto::Digest> digest_of(TpmAlgorithm hash) {
  if (hash == TpmAlgorithm::sha256) return crypto::Digest::sha256;
  if (hash == TpmAlgorithm::sha384) return crypto::Digest::sha384;
  if (hash == TpmAlgorithm::sha512) return crypto::Digest::sha512;
  return std::nullopt;
}

Result<TpmQuote> parse_tpm_quote(ByteView attest) {
  BigEndianReader in(attest);
  if (in.u32() != kMagic) return refused("tpm_magic_wrong");
  if (in.u16() != kTypeQuote) return refused("tpm_type_wrong");
  TpmQuote out;
  out.qualified_signer = in.sized(kNameBytesMax);
  out.extra_data = in.sized(kExtraDataBytesMax);
  out.clock_ms = in.u64();
  out.reset_count = in.u32();
  out.restart_count = in.u32();
  const std::uint8_t safe = in.u8();
  out.safe = safe == 1;
  out.firmware_version = in.u64();
  if (!read_selections(in, out.selections)) return refused("tpm_quote_malformed");
  out.pcr_digest = in.sized(kDigestBytesMax);
  if (!in.done() || safe > 1) return refused("tpm_quote_malformed");
  return out;
}

Result<TpmSignature> parse_tpm_signature(ByteView signature) {
  BigEndianReader in(signature);
  TpmSignature out;
  out.scheme = algorithm(in);
  out.hash = algorithm(in);
  const bool is_rsa = is_scheme(out.scheme, TpmAlgorithm::rsa);
  if (!is_rsa && !is_scheme(out.scheme, TpmAlgorithm::ecc)) {
    return refused("tpm_signature_malformed");
  }
  if (is_rsa) {
    out.rsa = in.sized(kRsaBytesMax);
  } else {
    out.r = in.sized(kDigestBytesMax);
    out.s = in.sized(kDigestBytesMax);
  }
  if (!in.done() || digest_size(out.hash) == 0) return refused("tpm_signature_malformed");
  return out;
}

Result<TpmPublic> parse_tpm_public(ByteView area) {
  const Error malformed = refused("tpm_public_malformed");
  BigEndianReader in(area);
  TpmPublic out;
  out.type = algorithm(in);
  out.name_hash = algorithm(in);
  out.attributes = in.u32();
  static_cast<void>(in.sized(kDigestBytesMax));  // authPolicy: who may use the key
  out.symmetric = algorithm(in);
  if (out.symmetric != TpmAlgorithm::null) return malformed;  // of decryption keys only
  out.scheme = algorithm(in);
  if (out.type != TpmAlgorithm::rsa && out.type != TpmAlgorithm::ecc) return malformed;
  if (!is_scheme(out.scheme, out.type)) return malformed;  // a restricted key has a fixed scheme
  out.hash = algorithm(in);
  const bool whole = out.type == TpmAlgorithm::rsa ? read_rsa(in, out) : read_ecc(in, out);
  if (!whole || !in.done()) return malformed;
  if (!digest_of(out.name_hash) || digest_size(out.hash) == 0) return malformed;
  return out;
}

bool is_attestation_key(const TpmPublic& key) {
  return (key.attributes & kRequired) == kRequired &&
         (key.attributes & ~(kRequired | kHarmless)) == 0;
}

Result<crypto::VerifyingKey> verifying_key(const TpmPublic& key) {
  if (key.type == TpmAlgorithm::ecc) return crypto::VerifyingKey::from_point(key.point);
  return crypto::VerifyingKey::from_rsa(key.modulus, key.exponent);
}

Status verify_tpm_signature(const crypto::VerifyingKey& key, ByteView attest,
                            const TpmSignature& signature) {
  const auto digest = digest_of(signature.hash);
  if (!digest) return refused("tpm_hash_not_allowed");
  if (signature.scheme == TpmAlgorithm::ecdsa) {
    const std::size_t field = key.kind() == crypto::KeyKind::p384 ? 48 : 32;
    Bytes raw;
    if (!put_coordinate(raw, signature.r, field) || !put_coordinate(raw, signature.s, field)) {
      return refused("signature_wrong");
    }
    return key.verify(crypto::SignatureForm::ecdsa_raw, *digest, attest, raw);
  }
  const auto form = signature.scheme == TpmAlgorithm::rsapss ? crypto::SignatureForm::rsa_pss
                                                             : crypto::SignatureForm::rsa_pkcs1;
  return key.verify(form, *digest, attest, signature.rsa);
}

}  // namespace gbx::attest
