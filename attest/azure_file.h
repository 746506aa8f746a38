#pragma once

// The evidence file of the platform `azure`: docs/spec/evidence.md#azure. An attacker writes it.

#include "attest/tpm_evidence.h"

namespace gbx::attest {

struct AzureFile {
  Bytes hcl_report;  // NV index 0x01400001 of the virtual TPM
  TpmEvidence quote;
  Bytes td_quote;  // of a TD only; empty for SEV-SNP
};

// Canonical JSON {"hcl_report", "pcrs", "quote", "signature", "td_quote"}. Fails with unverified
// (azure_evidence_malformed).
Result<AzureFile> parse_azure_file(ByteView file);
std::string print_azure_file(const AzureFile& file);

}  // namespace gbx::attest
