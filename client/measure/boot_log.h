#pragma once

// What the registers of a TPM or of a TDX guest hold after a start, computed from the start's event
// log. Whoever made the log controls every byte; it counts for nothing until a quote has the same
// values, so this is for taking the values of a start that the member believes in, into its trust
// policy.

#include <vector>

#include "attest/launch_events.h"
#include "attest/platform_trust.h"
#include "attest/tpm_structures.h"

namespace gbx::client {

// The PCRs that some event extends, ascending, with the value that the events give. A PCR that no
// event extends is left out: the log does not say what it holds. PCR 16 and 23 are left out too,
// since programs can reset them. Fails with unverified: event_log_malformed, event_log_too_large,
// event_log_bank_missing. `bank` is sha256, sha384 or sha512. Pure and thread-safe.
Result<std::vector<attest::PcrValue>> pcrs_of_log(ByteView log, attest::TpmAlgorithm bank);

// The same of the bank sha256 after a measured start on top: `launch` extends what the log has
// left, or, without a log (empty), what the TPM starts with. Fails as pcrs_of_log().
Result<std::vector<attest::PcrValue>> pcrs_of_launch(ByteView log,
                                                     const std::vector<attest::Measured>& launch);

// RTMR 0 to 3 of a TDX guest after a start, from the event log that its ACPI table CCEL points to
// (attest/tdx_event_log.h). An RTMR that no event extends holds zeros, as long as nothing extends
// it after the log. Fails as attest::replay_domain_log().
Result<std::vector<attest::PcrValue>> rtmrs_of_log(ByteView log);

}  // namespace gbx::client
