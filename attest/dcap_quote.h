#pragma once

// Intel's quotes: SGX version 3, TDX versions 4 and 5 ("Intel TDX DCAP Quoting Library API",
// appendix A). Little-endian, with nested lengths. An attacker writes them. What must stay true:
// every length is exactly that of what is inside; after the quote there are zeros only, as real
// quotes have them; nothing that is not signed is believed.

#include <optional>

#include "attest/platform_trust.h"
#include "trusted/crypto/x509.h"

namespace gbx::attest {

struct EnclaveReport {  // of an SGX enclave: 384 bytes
  std::array<std::uint8_t, 16> cpu_svn{};
  std::array<std::uint8_t, 4> misc_select{};
  std::array<std::uint8_t, 16> attributes{};
  Hash mrenclave{};
  Hash mrsigner{};
  std::uint16_t isv_prod_id = 0;
  std::uint16_t isv_svn = 0;
  std::array<std::uint8_t, 64> report_data{};
  bool reserved_zero = false;
  [[nodiscard]] bool is_debug() const { return (attributes[0] & 2U) != 0; }
};

struct TdReport {  // of a trust domain: 584 bytes, or 648 with TDX 1.5
  std::array<std::uint8_t, 16> tee_tcb_svn{};
  Hash48 mr_seam{};
  Hash48 mr_signer_seam{};
  std::uint64_t seam_attributes = 0;
  std::uint64_t td_attributes = 0;
  std::uint64_t xfam = 0;
  Hash48 mr_td{};
  Hash48 mr_config_id{};
  Hash48 mr_owner{};
  Hash48 mr_owner_config{};
  std::array<Hash48, 4> rtmrs{};
  std::array<std::uint8_t, 64> report_data{};
  // TDX 1.5 only: the module that runs now, which may be newer than the one that started the
  // domain, and the service domain that is bound to it.
  std::optional<std::array<std::uint8_t, 16>> tee_tcb_svn2;
  Hash48 mr_service_td{};
};

struct DcapQuote {
  std::uint16_t version = 0;
  std::uint16_t key_type = 0;
  std::array<std::uint8_t, 16> vendor{};
  std::array<std::uint8_t, 20> user_data{};
  std::optional<EnclaveReport> enclave;  // exactly one of the two
  std::optional<TdReport> td;
  Bytes signed_bytes;     // header and body
  Bytes signature;        // of them, by the attestation key: r || s
  Bytes attestation_key;  // x || y
  Bytes qe_report_bytes;  // what the PCK signs
  EnclaveReport qe_report;
  Bytes qe_signature;
  Bytes qe_auth_data;
  std::vector<crypto::Certificate> certificates;  // as the quote has them: PCK first
};

// Fails with unverified: dcap_malformed (a length), dcap_version_not_allowed (the version, or one
// that does not go with this platform), dcap_key_type_unknown, dcap_trailing_bytes, and what
// parse_strict_pem says of the certificates.
Result<DcapQuote> parse_dcap_quote(ByteView bytes, bool is_tdx);

EnclaveReport parse_enclave_report(std::span<const std::uint8_t, 384> bytes);

}  // namespace gbx::attest
