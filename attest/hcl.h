#pragma once

// What Azure's paravisor (HCL) writes into its virtual TPM at boot: the hardware's report, and JSON
// whose hash the report carries, with the key of the virtual TPM. Little-endian. An attacker writes
// every byte until the report's own signature and its REPORT_DATA have been checked. What must stay
// true: sizes add up exactly, padding is zero, unknown versions, types and members are a refusal.

#include <optional>
#include <string>
#include <vector>

#include "trusted/base/bytes.h"

namespace gbx::attest {

enum class HclReportKind : std::uint8_t { snp, tdx };

constexpr std::size_t kHclHeaderBytes = 32;
constexpr std::size_t kHclReportBytes = 1184;  // the field; a TD report is shorter
constexpr std::size_t kTdReportBytes = 1024;
constexpr std::size_t kHclRuntimeBytesMax = 8192;

// The outer form; views into the blob.
struct HclBlob {
  HclReportKind kind = HclReportKind::snp;
  ByteView report;   // 1184 bytes of SNP report, or 1024 of TDREPORT
  ByteView runtime;  // the JSON, as it was hashed with SHA-256
};

// Fails with unverified: hcl_malformed, hcl_version_unknown, hcl_report_type_unknown,
// hcl_hash_not_allowed.
Result<HclBlob> parse_hcl_blob(ByteView blob);

struct HclRuntime {
  Bytes ak_modulus;  // of HCLAkPub
  std::uint32_t ak_exponent = 0;
  std::optional<bool> secure_boot;  // members of vm-configuration; nullopt when absent
  std::optional<bool> tpm_enabled;
  std::optional<bool> console_enabled;
  std::string vm_id;  // lower-case hex and dashes
  Bytes user_data;    // 64 bytes
};

// Fails with unverified (hcl_runtime_malformed): also for members that we do not know.
Result<HclRuntime> parse_hcl_runtime(ByteView runtime);

}  // namespace gbx::attest
