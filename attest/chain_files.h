#pragma once

// Certificates and revocation lists as vendors hand them out: PEM and DER, one after the other, in
// any order. An attacker writes all of it; what must stay true is that every byte belongs to an
// item.

#include <string_view>
#include <vector>

#include "attest/evidence_verdict.h"
#include "trusted/crypto/x509.h"

namespace gbx::attest {

constexpr std::size_t kChainItemsMax = 32;

struct ChainFiles {
  std::vector<crypto::Certificate> certificates;
  std::vector<crypto::Crl> crls;
};

// PEM blocks of CERTIFICATE and X509 CRL (LF or CRLF, empty lines between them) and DER values; or
// the table that a host hands to an SEV-SNP guest with an extended report (configfs-tsm's auxblob):
// 24 bytes for each (GUID, offset, length), one of zeros, then the values.
// Fails with unverified: chain_malformed, certificate_malformed, crl_malformed.
Result<ChainFiles> parse_chain_files(ByteView bytes);
// Whether these bytes begin as such a table does.
bool is_certificate_table(ByteView bytes);

// The same for text in one of two spellings: certificates only, LF, lines of 64 throughout or of
// 76, nothing between. Each bit of it counts. Fails with unverified (chain_malformed,
// certificate_malformed).
Result<std::vector<crypto::Certificate>> parse_strict_pem(std::string_view text);

// What is revoked: by the members themselves (fingerprints), or by a list of its issuer. `chain` is
// leaf first, root last. Each list of one of the chain's authorities must hold and be fresh:
// thisUpdate at most `age_max_s` ago; lists of others count for nothing. With `required`, each
// certificate but the root must have its issuer's list. Words: crl_missing, crl_too_old,
// certificate_revoked and those of Crl::faults.
struct RevocationRules {
  std::int64_t now = 0;
  std::int64_t age_max_s = 0;
  std::span<const Hash> revoked;
};
std::vector<Literal> revocation_faults(std::span<const crypto::Certificate> chain,
                                       std::span<const crypto::Crl> crls,
                                       const RevocationRules& rules, std::size_t required_from);

}  // namespace gbx::attest
