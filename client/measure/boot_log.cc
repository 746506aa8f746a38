#include "client/measure/boot_log.h"

#include <map>

#include "attest/event_log.h"

namespace gbx::client {
namespace {

constexpr std::uint8_t kRtmrs = 4;
constexpr attest::PcrMask kCcRegisters = 0x1f;  // MRTD and the RTMRs

}  // namespace

Result<std::vector<attest::PcrValue>> pcrs_of_log(ByteView log, attest::TpmAlgorithm bank) {
  GBX_TRY_ASSIGN(const attest::EventLog replayed, attest::replay_event_log(log, bank));
  const attest::PcrMask taken = replayed.touched & ~attest::kResettablePcrs;
  std::vector<attest::PcrValue> out;
  for (std::uint8_t index = 0; index < attest::kPcrCount; index++) {
    if ((taken >> index & 1) != 0) out.push_back({index, replayed.values.at(index)});
  }
  return out;
}

Result<std::vector<attest::PcrValue>> pcrs_of_launch(ByteView log,
                                                     const std::vector<attest::Measured>& launch) {
  constexpr attest::TpmAlgorithm kBank = attest::TpmAlgorithm::sha256;
  std::map<std::uint8_t, Bytes> values;
  if (!log.empty()) {
    GBX_TRY_ASSIGN(const std::vector<attest::PcrValue> before, pcrs_of_log(log, kBank));
    for (const attest::PcrValue& pcr : before) values[pcr.index] = pcr.value;
  }
  for (const attest::Measured& event : launch) {
    const auto index = static_cast<std::uint8_t>(event.pcr);
    const auto known = values.try_emplace(index, attest::pcr_at_start(kBank, index)).first;
    known->second = attest::extend(kBank, known->second, event.digest);
  }
  std::vector<attest::PcrValue> out;
  for (const auto& [index, value] : values) out.push_back({index, value});
  return out;
}

Result<std::vector<attest::PcrValue>> rtmrs_of_log(ByteView log) {
  while (!log.empty() && log.back() == 0xff) log = log.first(log.size() - 1);
  const attest::TpmAlgorithm bank = attest::TpmAlgorithm::sha384;
  GBX_TRY_ASSIGN(const attest::EventLog replayed, attest::replay_event_log(log, bank));
  if ((replayed.touched & ~kCcRegisters) != 0) {
    return Error{ErrorCode::unverified, "event_log_malformed"};
  }
  std::vector<attest::PcrValue> out;
  for (std::uint8_t rtmr = 0; rtmr < kRtmrs; rtmr++) {
    out.push_back({rtmr, replayed.values.at(rtmr + 1U)});
  }
  return out;
}

}  // namespace gbx::client
