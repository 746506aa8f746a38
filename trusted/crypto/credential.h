#pragma once

// The two ciphers of TPM 2.0 credential protection that nothing else here uses. For attest/
// enrolment.h only: what they protect is a random number that proves a key's place.

#include "trusted/crypto/x509.h"

namespace gbx::crypto {

// RSA-OAEP (RFC 8017, 7.1) with SHA-256 for both hashes. Fails with unverified (key_malformed) for
// a key that is not RSA, or too short for the message.
Result<Bytes> rsa_oaep(const VerifyingKey& key, std::string_view label, ByteView message);
// AES-128 in CFB mode (SP 800-38A) from an IV of zeros; `key` has 16 bytes and is used once.
Bytes aes128_cfb(ByteView key, ByteView plain);

}  // namespace gbx::crypto
