#pragma once

// Evidence of Azure's confidential VMs for tests: a report of the hardware, what a paravisor writes
// beside it, and a quote of its virtual TPM.

#include "attest/testing/dcap_maker.h"
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
  // `below` under a trust policy that believes this machine, with everything but the sections for
  // the hardware.
  [[nodiscard]] MadeEvidence above(MadeEvidence below, const Bytes& report,
                                   Bytes quote_of_td) const;
  [[nodiscard]] MadeEvidence make() const;
  // The same on a trust domain: what `tdx` makes, with SEPT_VE_DISABLE off.
  [[nodiscard]] MadeEvidence make_tdx(DcapMaker tdx) const;
  [[nodiscard]] Verdict verdict() const { return make().verdict(); }
};

}  // namespace gbx::attest::testing
