#pragma once

// Evidence of Azure's confidential VMs for tests: a report of the hardware, what a paravisor writes
// beside it, and a quote of its virtual TPM.

#include "attest/testing/snp_maker.h"
#include "attest/testing/tpm_maker.h"

namespace gbx::attest::testing {

struct AzureMaker {
  AzureMaker();

  SnpMaker snp;
  QuoteMaker quote;
  std::string configuration = R"("console-enabled":false,"secure-boot":true,"tpm-enabled":true,)"
                              R"("vmUniqueId":"911B0EF8-9DBA-48B0-B275-4E4DF2D39252")";
  std::string published = "ak";  // whose key the paravisor publishes
  std::uint32_t report_type = 2;
  bool bound = true;       // REPORT_DATA is the hash of the paravisor's data
  Bytes report_data_tail;  // behind it, instead of zeros
  Bytes td_quote;

  [[nodiscard]] std::string runtime() const;
  [[nodiscard]] MadeEvidence make() const;
  [[nodiscard]] Verdict verdict() const { return make().verdict(); }
};

}  // namespace gbx::attest::testing
