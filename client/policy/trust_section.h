#pragma once

#include "attest/trust_policy.h"
#include "client/policy/yaml_section.h"

namespace gbx::client {

// How old collateral and revocation lists may be where the file does not say: a month, and a year
// and a day, since roots issue theirs yearly.
constexpr std::int64_t kCollateralAgeMaxS = 30 * std::int64_t{86'400};
constexpr std::int64_t kCrlAgeMaxS = 366 * std::int64_t{86'400};

// `trust` in a collaboration: min_assurance, and the sections of docs/spec/trust-policy.md by their
// names. Only the two ages, revoked_certificates, builders and image_log may be left out.
//
//   rehearsal  what stands for an image's digest need not be one
// Throws Mistake, at the section that is wrong.
attest::TrustPolicy read_trust(const YamlFile& file, const YAML::Node& node, bool rehearsal);

}  // namespace gbx::client
