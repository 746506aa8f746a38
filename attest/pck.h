#pragma once

// What Intel certifies of a processor: the SGX extension of a PCK certificate (OID
// 1.2.840.113741.1.13.1). The certificate's chain decides whether to believe it; this only reads,
// strictly: DER, each member once.

#include <optional>

#include "trusted/crypto/x509.h"

namespace gbx::attest {

struct PckFacts {
  std::array<std::uint8_t, 16> component_svns{};  // of the SGX TCB
  std::uint16_t pce_svn = 0;
  std::array<std::uint8_t, 2> pce_id{};
  std::array<std::uint8_t, 6> fmspc{};
  std::array<std::uint8_t, 16> ppid{};
  std::optional<std::array<std::uint8_t, 16>> platform_instance_id;
};

// Fails with unverified (dcap_pck_malformed).
Result<PckFacts> parse_pck(const crypto::Certificate& certificate);

}  // namespace gbx::attest
