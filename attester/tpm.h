#pragma once

// A TPM 2.0, or a software one, as the attester uses it: one attestation key, quotes by it, and the
// proof that this key is in the TPM whose endorsement certificate is shown. Nothing here is trusted
// by anybody who verifies: a wrong answer makes evidence that attest/ refuses. Not thread-safe.

#include <memory>
#include <string>

#include "attest/tpm_evidence.h"

namespace gbx::attester {

// What is quoted.
struct QuoteOrder {
  ByteView binding;               // at most 32 bytes, the most that every TPM takes
  attest::PcrMask selection = 0;  // of the bank sha256
};

// Which attestation key.
enum class TpmKey : std::uint8_t {
  none,    // registers alone: no quotes
  own,     // made from the TPM's own seed, for an owner to enrol
  google,  // Google's, by the template in NV 0x01C10003 (ECC) or 0x01C10001 (RSA)
};

class Tpm {
 public:
  // "device:/dev/tpmrm0", or "swtpm:HOST:PORT" (whose control port is PORT + 1). Fails with
  // invalid_argument (tpm_unknown) or unavailable (tpm_unreachable, tpm_failed; tpm_key_missing:
  // there is no template).
  static Result<Tpm> open(const std::string& where, TpmKey key = TpmKey::own);

  Tpm(Tpm&&) noexcept;
  Tpm& operator=(Tpm&&) noexcept;
  Tpm(const Tpm&) = delete;
  Tpm& operator=(const Tpm&) = delete;
  ~Tpm();

  // TPMT_PUBLIC of the attestation key, which is the same one in each boot. Our own one is ECDSA
  // P-256 and restricted.
  [[nodiscard]] const Bytes& ak_public() const;
  // The certificate of Google's attestation key, DER, beside its template (NV 0x01C10002 or
  // 0x01C10000); empty for another key.
  [[nodiscard]] const Bytes& ak_certificate() const;
  // Fails with unavailable (tpm_failed), as all below.
  Result<attest::TpmEvidence> quote(const QuoteOrder& order);
  // Extends `pcr` of the bank sha256.
  Status extend(unsigned pcr, const Hash& digest);
  // The endorsement key's certificate (RSA 2048, NV index 0x01C00002), DER.
  Result<Bytes> endorsement_certificate();
  // TPM2_ActivateCredential: what only a TPM with that endorsement key and our attestation key can
  // read. Takes the contents of TPM2B_ID_OBJECT and TPM2B_ENCRYPTED_SECRET.
  Result<Bytes> activate(ByteView id_object, ByteView secret);

 private:
  struct State;
  explicit Tpm(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace gbx::attester
