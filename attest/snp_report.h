#pragma once

// The attestation report of AMD SEV-SNP, versions 2 to 5 (AMD 56860, table ATTESTATION_REPORT):
// 1184 bytes, little-endian. An attacker writes them. Reading checks nothing but the size: what a
// report says is for snp.cc to judge, and what it may not say is in `reserved_zero`.

#include <optional>

#include "attest/platform_trust.h"

namespace gbx::attest {

constexpr std::size_t kSnpReportBytes = 0x4A0;
constexpr std::size_t kSnpSignedBytes = 0x2A0;

struct SnpVersion {  // of the firmware
  std::uint8_t build = 0;
  std::uint8_t minor = 0;
  std::uint8_t major = 0;
  friend bool operator==(const SnpVersion&, const SnpVersion&) = default;
};

struct SnpReport {
  std::uint32_t version = 0;
  std::uint32_t guest_svn = 0;
  std::uint64_t policy = 0;
  std::array<std::uint8_t, 16> family_id{};
  std::array<std::uint8_t, 16> image_id{};
  std::uint32_t vmpl = 0;
  std::uint32_t algorithm = 0;
  std::uint64_t platform_info = 0;
  std::uint32_t key_info = 0;  // AUTHOR_KEY_EN, MASK_CHIP_KEY, SIGNING_KEY
  std::array<std::uint8_t, 64> report_data{};
  Hash48 measurement{};
  Hash host_data{};
  Hash48 id_key_digest{};
  Hash48 author_key_digest{};
  Hash report_id{};
  Hash report_id_ma{};
  std::uint8_t cpu_family = 0;  // from version 3 on
  std::uint8_t cpu_model = 0;
  std::uint8_t cpu_stepping = 0;
  std::array<std::uint8_t, 64> chip_id{};
  std::array<std::uint8_t, 8> current_tcb{};
  std::array<std::uint8_t, 8> reported_tcb{};
  std::array<std::uint8_t, 8> committed_tcb{};
  std::array<std::uint8_t, 8> launch_tcb{};
  SnpVersion current;
  SnpVersion committed;
  Bytes signature;             // r || s, big-endian, 96 bytes
  bool reserved_zero = false;  // every byte that this version does not name
};

// Fails with unverified (snp_size_wrong).
Result<SnpReport> parse_snp_report(ByteView bytes);

// The chips of which CPUID family and model tell the product; nullopt for others.
std::optional<SnpProduct> snp_product_of(std::uint8_t family, std::uint8_t model);

// A TCB_VERSION in the layout of the product; nullopt when a byte without a name is not zero.
std::optional<SnpTcb> decode_snp_tcb(std::span<const std::uint8_t, 8> bytes, SnpProduct product);

}  // namespace gbx::attest
