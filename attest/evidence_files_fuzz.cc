#include "attest/evidence_verdict.h"
#include "attest/trust_policy.h"
#include "trusted/base/bytes.h"

// Evidence, chain and collateral of any platform are hostile. Input: a byte for the platform, the
// three as blocks. Nothing that a fuzzer finds can be believed: no root is pinned here.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using gbx::attest::kPlatforms;
  gbx::Reader reader({data, size});
  gbx::attest::EvidenceFiles files;
  files.platform = kPlatforms[reader.u8() % std::size(kPlatforms)];
  files.evidence = reader.block(size);
  files.chain = reader.block(size);
  files.collateral = reader.block(size);
  static const gbx::attest::TrustPolicy kTrust = [] {
    gbx::attest::TrustPolicy out;
    out.collateral_age_max_s = 1;
    out.crl_age_max_s = 1;
    out.sim.emplace();
    out.tpm.emplace();
    out.snp.emplace();
    out.sgx.emplace();
    out.tdx.emplace();
    out.nitro.emplace();
    out.azure.emplace();
    return out;
  }();
  gbx::attest::Expected expected;
  expected.binding.assign(64, 1);
  expected.policy_hash.fill(1);
  expected.now = 1'800'000'000;
  const auto verdict = gbx::attest::verify_evidence(files, kTrust, expected);
  GBX_CHECK(!verdict.ok() && !verdict.reasons().empty());
  static_cast<void>(gbx::attest::encode_verdict(verdict, files.platform).canonical());
  return 0;
}
