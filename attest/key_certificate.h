#pragma once

// What a certificate says of the key it certifies, beyond being genuine: may it sign, is it a
// TPM's attestation key, in which of Google's machines. Call these on a leaf whose chain has been
// checked; until then an attacker writes all of it.

#include <optional>

#include "trusted/crypto/x509.h"

namespace gbx::attest {

// keyUsage is there and has digitalSignature.
bool may_sign(const crypto::Certificate& leaf);

// extendedKeyUsage is there and has tcg-kp-AIKCertificate (2.23.133.8.3), or the neighbouring
// purpose tcg-kp-EKCertificate (2.23.133.8.1) under which Google certifies its attestation keys.
bool is_for_tpm(const crypto::Certificate& leaf);

// extendedKeyUsage is there and has tcg-kp-EKCertificate: the certificate of an endorsement key.
bool is_endorsement(const crypto::Certificate& leaf);

// The 8-byte instance id, big-endian, of Google's extension 1.3.6.1.4.1.11129.2.1.21: zone, project
// number, project id, instance id, instance name, ... nullopt when it is absent or malformed.
std::optional<Bytes> google_instance_id(const crypto::Certificate& leaf);

}  // namespace gbx::attest
