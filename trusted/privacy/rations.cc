#include "trusted/privacy/rations.h"

#include <algorithm>
#include <array>
#include <limits>

namespace gbx::privacy {
namespace {

// In the order of Window.
constexpr std::array<std::string_view, kWindows> kNames = {"day", "week", "month", "lifetime"};
constexpr std::int64_t kDay = 86'400;
constexpr std::array<std::int64_t, kWindows> kSeconds = {kDay, 7 * kDay, 30 * kDay,
                                                         std::numeric_limits<std::int64_t>::max()};

std::uint64_t sum(std::uint64_t a, std::uint64_t b) {
  return a > std::numeric_limits<std::uint64_t>::max() - b
             ? std::numeric_limits<std::uint64_t>::max()
             : a + b;
}

}  // namespace

std::string_view window_name(Window window) { return kNames[static_cast<std::size_t>(window)]; }

std::optional<Window> window_from(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); i++) {
    if (kNames[i] == name) return static_cast<Window>(i);
  }
  return std::nullopt;
}

Rations::Rations(std::map<std::string, std::vector<Ration>, std::less<>> rations) {
  for (auto& [member, list] : rations) {
    if (!list.empty()) members_[member].rations = std::move(list);
  }
}

void Rations::move_on(std::int64_t now) {
  latest_ = std::max(latest_, now);
  const std::int64_t longest = kSeconds[static_cast<std::size_t>(Window::month)];
  for (auto& [member, account] : members_) {
    while (!account.recent.empty() && latest_ - account.recent.front().when >= longest) {
      account.recent.pop_front();
    }
  }
}

std::uint64_t Rations::rest(const Account& account, const Ration& ration) const {
  const bool counts = ration.accounting == Accounting::queries;
  std::uint64_t spent = 0;
  if (ration.window == Window::lifetime) {
    spent = counts ? account.lifetime_queries : account.lifetime;
  } else {
    const std::int64_t seconds = kSeconds[static_cast<std::size_t>(ration.window)];
    for (const Spent& one : account.recent) {
      if (latest_ - one.when < seconds) spent = sum(spent, counts ? 1 : one.loss);
    }
  }
  return ration.loss > spent ? ration.loss - spent : 0;
}

Status Rations::check(std::string_view member, std::uint64_t loss, std::int64_t now) {
  move_on(now);
  const auto found = members_.find(member);
  if (found == members_.end()) return {};
  for (const Ration& ration : found->second.rations) {
    const std::uint64_t cost = ration.accounting == Accounting::queries ? 1 : loss;
    if (rest(found->second, ration) < cost) {
      return Error{ErrorCode::budget_exhausted, "ration_exhausted"};
    }
  }
  return {};
}

void Rations::charge(std::string_view member, std::uint64_t loss, std::int64_t now) {
  move_on(now);
  const auto found = members_.find(member);
  if (found == members_.end()) return;
  found->second.recent.push_back({latest_, loss});
  found->second.lifetime = sum(found->second.lifetime, loss);
  found->second.lifetime_queries = sum(found->second.lifetime_queries, 1);
}

std::string access_name(std::string_view member, std::string_view table) {
  return std::string(member) + "/" + std::string(table);
}

bool Rations::has(const Asker& asker) const {
  if (has(asker.member)) return true;
  return std::any_of(asker.tables.begin(), asker.tables.end(), [&](const std::string& table) {
    return has(access_name(asker.member, table));
  });
}

Status Rations::check(const Asker& asker, std::uint64_t loss, std::int64_t now) {
  GBX_TRY(check(asker.member, loss, now));
  for (const std::string& table : asker.tables) {
    if (!check(access_name(asker.member, table), loss, now)) {
      return Error{ErrorCode::budget_exhausted, "access_exhausted"};
    }
  }
  return {};
}

void Rations::charge(const Asker& asker, std::uint64_t loss, std::int64_t now) {
  charge(asker.member, loss, now);
  for (const std::string& table : asker.tables) {
    charge(access_name(asker.member, table), loss, now);
  }
}

void Rations::note(const Asker& asker, Json& entry) const {
  if (!has(asker)) return;
  entry.set("member", asker.member);
  if (has(asker.member)) entry.set("rations", left(asker.member));
  Json::Array access;
  for (const std::string& table : asker.tables) {
    const std::string name = access_name(asker.member, table);
    if (has(name)) access.push_back(Json::object({{"left", left(name)}, {"table", table}}));
  }
  if (!access.empty()) entry.set("access", Json(std::move(access)));
}

Json Rations::left(std::string_view member) const {
  Json::Array out;
  const auto found = members_.find(member);
  if (found == members_.end()) return Json(std::move(out));
  for (const Ration& ration : found->second.rations) {
    out.push_back(Json::object({{std::string(loss_name(ration.accounting)) + "_left",
                                 format_loss(ration.accounting, rest(found->second, ration))},
                                {"window", window_name(ration.window)}}));
  }
  return Json(std::move(out));
}

}  // namespace gbx::privacy
