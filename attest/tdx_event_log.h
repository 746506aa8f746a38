#pragma once

// The event log of a trust domain's start, as its firmware keeps it for the ACPI table CCEL, held
// against the RTMRs of a quote. It comes behind Intel's collateral, because evidence has no other
// place for what a platform needs besides. An attacker writes every byte of it. What must stay
// true: the log explains quoted registers and decides nothing; which values are an image's, the
// trust policy says; what a log says of any other register is nobody's word.

#include <optional>

#include "attest/event_log.h"
#include "attest/platform_trust.h"

namespace gbx::attest {

constexpr std::size_t kRtmrCount = 4;

struct DomainCollateral {
  ByteView intel;            // all before the log
  std::optional<Bytes> log;  // nullopt: there is none
};

// `collateral` ends with {"cc_event_log":"<base64>"}, or has no log. Fails with unverified:
// collateral_malformed (a log in another spelling, or something behind it).
Result<DomainCollateral> split_domain_collateral(ByteView collateral);
// The reverse. An empty `log` adds nothing.
Bytes join_domain_collateral(ByteView intel, ByteView log);

struct DomainLog {
  std::array<Hash48, kRtmrCount> rtmrs{};  // what the events give, from zeros
  std::array<bool, kRtmrCount> extended{};
  std::size_t events = 0;
  std::size_t size = 0;  // in bytes, without filler
};

// Replays a log: bank sha384, registers 1 to 4, which are RTMR 0 to 3. Fails with unverified: as
// replay_event_log(), and tdx_log_register_wrong (an extension of MRTD, which nothing can extend,
// or of a register that there is not).
Result<DomainLog> replay_domain_log(ByteView log);

// Each RTMR that the log extends is what it says (else tdx_log_mismatch). Where the policy demands
// a log, there is one (tdx_log_missing), and each RTMR that is not zeros is in it
// (tdx_log_incomplete).
void check_domain_log(Findings& findings, const std::optional<Bytes>& log, bool required,
                      const std::array<Hash48, kRtmrCount>& rtmrs);

}  // namespace gbx::attest
