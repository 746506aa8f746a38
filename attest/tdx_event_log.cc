#include "attest/tdx_event_log.h"

#include <algorithm>

namespace gbx::attest {
namespace {

constexpr std::string_view kMember = "cc_event_log";
constexpr std::string_view kOpens = "{\"cc_event_log\":\"";
constexpr PcrMask kRtmrRegisters = 0x1e;  // register 0 is MRTD

}  // namespace

Result<DomainCollateral> split_domain_collateral(ByteView collateral) {
  const Error malformed{ErrorCode::unverified, "collateral_malformed"};
  const std::string_view text = as_text(collateral);
  const std::size_t at = text.rfind(kOpens);
  if (at == std::string_view::npos) return DomainCollateral{collateral, std::nullopt};
  const auto json = Json::parse_canonical(text.substr(at));
  if (!json) return malformed;
  Fields fields(*json, "collateral_malformed");
  Bytes log = fields.base64(kMember, kEventLogBytesMax);
  if (!fields.finish()) return malformed;
  return DomainCollateral{collateral.first(at), std::move(log)};
}

Bytes join_domain_collateral(ByteView intel, ByteView log) {
  Bytes out(intel.begin(), intel.end());
  if (log.empty()) return out;
  const std::string text = Json::object({{std::string(kMember), to_base64(log)}}).canonical();
  out.insert(out.end(), text.begin(), text.end());
  return out;
}

Result<DomainLog> replay_domain_log(ByteView log) {
  GBX_TRY_ASSIGN(const EventLog replayed,
                 replay_event_log(log, TpmAlgorithm::sha384, LogOf::domain));
  if ((replayed.touched & ~kRtmrRegisters) != 0) {
    return Error{ErrorCode::unverified, "tdx_log_register_wrong"};
  }
  DomainLog out;
  out.events = replayed.events.size();
  out.size = replayed.size;
  for (std::size_t i = 0; i < kRtmrCount; i++) {
    const Bytes& value = replayed.values[i + 1];
    std::copy(value.begin(), value.end(), out.rtmrs[i].begin());
    out.extended[i] = (replayed.touched >> (i + 1) & 1U) != 0;
  }
  return out;
}

void check_domain_log(Findings& findings, const std::optional<Bytes>& log, bool required,
                      const std::array<Hash48, kRtmrCount>& rtmrs) {
  findings.require(log.has_value() || !required, "tdx_log_missing");
  DomainLog replayed;
  if (log) {
    auto read = replay_domain_log(*log);
    if (!read) {
      findings.refuse(read.error());
      return;
    }
    replayed = std::move(read).value();
    findings.claim("events", std::uint64_t{replayed.events});
  }
  bool matches = true;
  bool complete = true;
  for (std::size_t i = 0; i < kRtmrCount; i++) {
    if (replayed.extended[i]) {
      matches = matches && replayed.rtmrs[i] == rtmrs[i];
    } else {
      complete = complete && rtmrs[i] == Hash48{};
    }
  }
  findings.require(matches, "tdx_log_mismatch");
  findings.require(complete || !required, "tdx_log_incomplete");
}

}  // namespace gbx::attest
