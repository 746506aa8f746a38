#pragma once

// Tests only: a room on a SEV-SNP machine that nobody has, whose chain ends at a root that the
// policy pins.

#include <algorithm>

#include "attest/evidence_bundle.h"
#include "attest/testing/snp_maker.h"

namespace gbx::client {

struct SnpRoom {
  attest::testing::SnpMaker maker;
  // Its chain is what the policy pins; each certificate is made anew, for the same keys.
  attest::testing::MadeEvidence first = maker.make();

  [[nodiscard]] attest::TrustPolicy trust() const {
    attest::TrustPolicy out = first.trust;
    out.collateral_age_max_s = 1;  // SEV-SNP has none
    for (attest::SnpImage& image : out.snp->images) image.host_data.fixed.reset();
    return out;
  }
  [[nodiscard]] Hash image() const { return first.trust.snp->images.front().image_digest; }
  [[nodiscard]] std::int64_t now() const { return first.expected.now; }

  // What the machine says of a room with this binding.
  [[nodiscard]] Json evidence(const packet::Binding& binding) const {
    const packet::BindingDigest digest = packet::digest(binding);
    attest::testing::SnpMaker changed = maker;
    const auto put = [&](std::size_t offset, ByteView bytes) {
      std::ranges::copy(bytes, changed.report.begin() + static_cast<std::ptrdiff_t>(offset));
    };
    put(attest::testing::kSnpAtReportData, digest);
    put(attest::testing::kSnpAtHostData, binding.policy_hash);
    return attest::encode(attest::EvidenceBundle{attest::Platform::snp, changed.make().evidence,
                                                 first.chain, first.collateral});
  }
};

}  // namespace gbx::client
