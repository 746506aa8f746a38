#pragma once

// The log of what was measured, in the form that attest/event_log.h replays (TCG PC Client,
// crypto-agile, one bank: sha256): what a launcher has extended, alone or after the log that the
// firmware has kept. A log is written whole; what it says counts only as far as it replays to
// quoted registers.

#include <vector>

#include "attest/launch_events.h"

namespace gbx::attester {

Bytes print_event_log(const std::vector<attest::Measured>& events);

// The firmware's events, as far as they are of the bank sha256, then those of `launch`, a log of
// print_event_log(): one log that explains all registers. Either may be empty. Fails as
// attest::replay_event_log() does.
Result<Bytes> merge_event_logs(ByteView firmware, ByteView launch);

}  // namespace gbx::attester
