#pragma once

// The measured-boot log of a TPM (TCG PC Client Platform Firmware Profile, crypto-agile form), or
// of a confidential guest in the same form (UEFI 2.10, 38.4), replayed. An attacker writes every
// byte. What must stay true: only digests that replay to a quoted PCR mean anything; a type or a
// description is nobody's word. So nothing here interprets them, with one exception that the format
// itself needs: events of type EV_NO_ACTION are not extended, and whoever lies about that makes the
// replay fail.

#include <array>
#include <vector>

#include "attest/tpm_structures.h"

namespace gbx::attest {

constexpr std::size_t kEventsMax = 4096;
constexpr std::size_t kEventBytesMax = std::size_t{1} << 18;     // of one event's data
constexpr std::size_t kEventLogBytesMax = std::size_t{1} << 20;  // of a whole log

// Whose registers it is about.
enum class LogOf : std::uint8_t {
  tpm,
  // A trust domain, as its ACPI table CCEL points to it: the first event may be of register 1 (so
  // OVMF writes it), no locality starts it, and the log ends where only filler follows, 0xff or
  // zeros.
  domain,
};

struct Event {
  std::uint32_t pcr = 0;
  std::uint32_t type = 0;
  Bytes digest;  // in the log's one bank that was asked for
  ByteView data;
};

struct EventLog {
  std::vector<Event> events;            // those that were extended, in order
  std::uint8_t start_locality = 0;      // which PCR 0 begins with
  PcrMask touched = 0;                  // PCRs that some event extends
  std::array<Bytes, kPcrCount> values;  // what the events give, from what the PCR starts with
  std::size_t size = 0;                 // of the log in bytes, without filler
};

// Reads a log and replays its `bank`. Fails with unverified: event_log_malformed (also trailing
// bytes), event_log_too_large, event_log_bank_missing (the log has no digests of this bank).
Result<EventLog> replay_event_log(ByteView log, TpmAlgorithm bank, LogOf whose = LogOf::tpm);

// SHA-2 of a || b, as a TPM extends. `bank` has digest_of().
Bytes extend(TpmAlgorithm bank, ByteView pcr, ByteView digest);

// What a PCR holds when a TPM starts: zeros, or ones for those that only a late launch resets.
Bytes pcr_at_start(TpmAlgorithm bank, std::size_t pcr);

}  // namespace gbx::attest
