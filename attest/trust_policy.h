#pragma once

// What a party believes: which roots, which firmware at least, which code, which machines. Members
// sign it as part of the policy (docs/spec/trust-policy.md). An attacker writes neither; what must
// stay true is that nothing is believed because a member was left out: a platform without a section
// is not trusted, an empty list allows nothing, and every member of a section is required.

#include <optional>
#include <string>
#include <vector>

#include "attest/evidence_verdict.h"
#include "attest/logged_image.h"
#include "attest/platform_trust.h"
#include "attest/signed_image.h"

namespace gbx::attest {

struct TrustPolicy {
  Assurance min_assurance = Assurance::hw_enclave;
  std::int64_t collateral_age_max_s = 0;   // of Intel's collateral, since it was issued
  std::int64_t crl_age_max_s = 0;          // of revocation lists; roots issue theirs yearly
  std::vector<Hash> revoked_certificates;  // SHA-256 of DER, wherever in a chain
  std::optional<SimTrust> sim;
  std::optional<TpmTrust> tpm;
  std::optional<SnpTrust> snp;
  std::optional<SgxTrust> sgx;
  std::optional<TdxTrust> tdx;
  std::optional<NitroTrust> nitro;
  std::optional<AzureTrust> azure;
  std::optional<Builders> builders;   // absent: an image's digest is enough
  std::optional<ImageLog> image_log;  // absent: its builders' signatures are
};

constexpr std::size_t kTrustPolicyBytesMax = std::size_t{1} << 20;
constexpr std::size_t kTrustListMax = 1024;  // entries of any list

// `json` is the payload. Fails with invalid_argument (trust_policy_malformed): also for members
// that are unknown or absent, and for lists that do not ascend. With builders also as
// check_builders() does, for every image of every platform, and with image_log as check_image_log()
// does, for every manifest of theirs.
// Thread-safe.
Result<TrustPolicy> decode_trust_policy(const Json& json);
Json encode_trust_policy(const TrustPolicy& trust);

// The image digests that `trust` believes on this platform, as listed; none without a section.
std::vector<Hash> images_of(const TrustPolicy& trust, Platform platform);

}  // namespace gbx::attest
