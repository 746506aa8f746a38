#pragma once

// What a TPM 2.0 writes (TCG TPM 2.0 Library, Part 2): the attestation, its signature, the public
// part of the key that made it. Big-endian. An attacker writes every byte. What must stay true:
// each structure is read to its last byte, an algorithm, type or flag that is not listed here is a
// refusal, and nothing is believed of a key that its attributes do not say.

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "trusted/base/bytes.h"
#include "trusted/crypto/x509.h"

namespace gbx::attest {

constexpr std::size_t kPcrCount = 24;
constexpr std::size_t kPcrBanksMax = 8;
constexpr std::size_t kTpmStructureBytesMax = 4096;

// TPM_ALG_ID, as far as evidence may use it.
enum class TpmAlgorithm : std::uint16_t {
  rsa = 0x0001,
  sha1 = 0x0004,
  sha256 = 0x000b,
  sha384 = 0x000c,
  sha512 = 0x000d,
  null = 0x0010,
  rsassa = 0x0014,
  rsapss = 0x0016,
  ecdsa = 0x0018,
  ecc = 0x0023,
};

// "sha256", "sha384", "sha512"; "sha1" and "unknown" for what no policy can name.
std::string_view bank_name(TpmAlgorithm bank);
std::optional<TpmAlgorithm> bank_from(std::string_view name);
// Bytes of a digest; 0 for what is no hash.
std::size_t digest_size(TpmAlgorithm hash);
// nullopt for sha1 too: nothing rests on it.
std::optional<crypto::Digest> digest_of(TpmAlgorithm hash);

// Bit i stands for PCR i.
using PcrMask = std::uint32_t;
// What software can reset without a restart; nothing rests on them.
constexpr PcrMask kResettablePcrs = 1U << 16 | 1U << 23;

struct PcrSelection {
  TpmAlgorithm bank = TpmAlgorithm::null;
  PcrMask pcrs = 0;
};

// TPMS_ATTEST of type TPM_ST_ATTEST_QUOTE.
struct TpmQuote {
  ByteView qualified_signer;
  ByteView extra_data;
  std::uint64_t clock_ms = 0;
  std::uint32_t reset_count = 0;
  std::uint32_t restart_count = 0;
  bool safe = false;
  std::uint64_t firmware_version = 0;
  std::vector<PcrSelection> selections;
  ByteView pcr_digest;
};

// Fails with unverified: tpm_magic_wrong (not made inside a TPM), tpm_type_wrong (no quote),
// tpm_quote_malformed.
Result<TpmQuote> parse_tpm_quote(ByteView attest);

// TPMT_SIGNATURE.
struct TpmSignature {
  TpmAlgorithm scheme = TpmAlgorithm::null;  // rsassa, rsapss or ecdsa
  TpmAlgorithm hash = TpmAlgorithm::null;
  ByteView rsa;  // of rsassa and rsapss
  ByteView r;    // of ecdsa, without leading zeros or with them
  ByteView s;
};

// Fails with unverified: tpm_signature_malformed.
Result<TpmSignature> parse_tpm_signature(ByteView signature);

// TPMT_PUBLIC of a signing key.
struct TpmPublic {
  TpmAlgorithm type = TpmAlgorithm::null;       // rsa or ecc
  TpmAlgorithm name_hash = TpmAlgorithm::null;  // of its Name
  std::uint32_t attributes = 0;
  TpmAlgorithm symmetric = TpmAlgorithm::null;
  TpmAlgorithm scheme = TpmAlgorithm::null;
  TpmAlgorithm hash = TpmAlgorithm::null;  // of the scheme
  std::uint32_t exponent = 0;              // of rsa
  ByteView modulus;
  Bytes point;  // of ecc: x || y, each as long as the field
};

// Fails with unverified: tpm_public_malformed.
Result<TpmPublic> parse_tpm_public(ByteView area);

// Whether the TPM made this key, keeps it, and signs with it only what it has itself written:
// restricted, sign, fixedTPM, fixedParent, sensitiveDataOrigin; not decrypt; no unknown attribute;
// one fixed scheme.
bool is_attestation_key(const TpmPublic& key);

// Fails with unverified (key_malformed).
Result<crypto::VerifyingKey> verifying_key(const TpmPublic& key);

// Fails with unverified: tpm_hash_not_allowed (sha1 or unknown), signature_wrong.
Status verify_tpm_signature(const crypto::VerifyingKey& key, ByteView attest,
                            const TpmSignature& signature);

}  // namespace gbx::attest
