#pragma once

// The log of what an attester has measured, in the form that attest/event_log.h replays (TCG PC
// Client, crypto-agile, one bank: sha256). A log is written whole; what it says counts only as far
// as it replays to quoted registers.

#include <vector>

#include "trusted/base/bytes.h"

namespace gbx::attester {

struct Measured {
  std::uint32_t pcr = 0;
  Hash digest{};
  std::string what;  // for people
};

Bytes print_event_log(const std::vector<Measured>& events);

}  // namespace gbx::attester
