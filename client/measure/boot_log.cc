#include "client/measure/boot_log.h"

#include <map>

#include "attest/event_log.h"
#include "attest/tdx_event_log.h"

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
  GBX_TRY_ASSIGN(const attest::DomainLog replayed, attest::replay_domain_log(log));
  std::vector<attest::PcrValue> out;
  for (const attest::Hash48& rtmr : replayed.rtmrs) {
    out.push_back({static_cast<std::uint8_t>(out.size()), Bytes(rtmr.begin(), rtmr.end())});
  }
  return out;
}

}  // namespace gbx::client
