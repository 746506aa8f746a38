#pragma once

// The sim platform: the fields of a hardware report, signed by a key that everybody has. It proves
// nothing, says so in every answer (INSECURE-SIM), and exists so that the whole line runs on a
// laptop. Built only with GBX_SIM.

#include "attest/evidence_bundle.h"
#include "trusted/base/seams.h"

namespace gbx::attest {

constexpr std::string_view kSimType = "application/vnd.glovebox.sim-report+json";

// What a hardware report would carry.
struct SimReport {
  std::int64_t version = 1;
  bool debug = false;
  Hash measurement{};  // image manifest digest
  Hash host_data{};    // policy hash
  packet::BindingDigest report_data{};
};

// Parses and checks the signature. Fails with unverified.
Result<SimReport> open_sim_report(ByteView document);

#if defined(GBX_SIM)
// Signs any report with the key that everybody has.
Bytes forge_sim_report(const SimReport& report);

// The quoter of a room on no hardware at all.
class SimQuoter final : public Quoter {
 public:
  SimQuoter(const Hash& image_digest, const Hash& policy_hash)
      : image_digest_(image_digest), policy_hash_(policy_hash) {}
  Result<Bytes> quote(std::span<const std::uint8_t, 64> binding) noexcept override;

 private:
  Hash image_digest_;
  Hash policy_hash_;
};
#endif

}  // namespace gbx::attest
