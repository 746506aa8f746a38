#include "client/evidence/quote_age.h"

#include <charconv>

namespace gbx::client {
namespace {

constexpr Error kMissing{ErrorCode::unverified, "quote_clock_missing"};
constexpr Error kRestarted{ErrorCode::unverified, "quote_clock_restarted"};

struct Clock {
  std::string key;
  std::string starts;
  std::int64_t ms = 0;
};

Result<Clock> clock_of(const EvidenceAnswer& answer) {
  if (!answer.left_out.empty()) return Error{ErrorCode::unverified, answer.left_out.front()};
  const attest::Verdict& verdict = answer.verdict;
  if (!verdict.ok()) return Error{ErrorCode::unverified, verdict.reasons().front()};
  const std::string* key = verdict.claim("ak_sha256");
  const std::string* ms = verdict.claim("clock_ms");
  const std::string* resets = verdict.claim("reset_count");
  const std::string* restarts = verdict.claim("restart_count");
  if (key == nullptr || ms == nullptr || resets == nullptr || restarts == nullptr) {
    return kMissing;
  }
  Clock out{*key, *resets + "/" + *restarts, 0};
  const auto end = std::from_chars(ms->data(), ms->data() + ms->size(), out.ms);
  if (end.ec != std::errc() || end.ptr != ms->data() + ms->size()) return kMissing;
  return out;
}

}  // namespace

Result<std::int64_t> quote_age_ms(const EvidenceAnswer& older, const EvidenceAnswer& newer) {
  GBX_TRY_ASSIGN(const Clock before, clock_of(older));
  GBX_TRY_ASSIGN(const Clock after, clock_of(newer));
  if (before.key != after.key) return Error{ErrorCode::unverified, "quote_of_another_key"};
  if (before.starts != after.starts || after.ms < before.ms) {
    return kRestarted;
  }
  return after.ms - before.ms;
}

}  // namespace gbx::client
