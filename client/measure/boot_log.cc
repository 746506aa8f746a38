#include "client/measure/boot_log.h"

#include "attest/event_log.h"

namespace gbx::client {

Result<std::vector<attest::PcrValue>> pcrs_of_log(ByteView log, attest::TpmAlgorithm bank) {
  GBX_TRY_ASSIGN(const attest::EventLog replayed, attest::replay_event_log(log, bank));
  const attest::PcrMask taken = replayed.touched & ~attest::kResettablePcrs;
  std::vector<attest::PcrValue> out;
  for (std::uint8_t index = 0; index < attest::kPcrCount; index++) {
    if ((taken >> index & 1) != 0) out.push_back({index, replayed.values.at(index)});
  }
  return out;
}

}  // namespace gbx::client
