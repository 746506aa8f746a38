#include "client/policy/amounts.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "trusted/privacy/confidence.h"

namespace gbx::client {
namespace {

std::optional<Widths> find_widths(const policy::Privacy& privacy, bool grouped,
                                  std::int64_t per_group) {
  privacy::PlanRequest request;
  request.accounting = privacy.accounting;
  request.laplace = privacy.laplace;
  request.gaussian = privacy.gaussian;
  request.grouped = grouped;
  request.groups_per_person = privacy.groups_per_person;
  request.people_min = privacy.people_min;
  if (per_group > 0) request.measures.push_back({.per_group = per_group});
  request.price = policy::price_of(privacy, privacy.epsilon_per_query);
  if (request.price.delta == 0) request.price.delta = 1;  // not settled yet; no width depends on it
  const auto plan = privacy::make_plan(request);
  if (!plan) return std::nullopt;
  const auto widths = privacy::half_widths(*plan);
  if (!widths) return std::nullopt;
  return Widths{widths->front(), widths->back()};
}

}  // namespace

std::optional<std::uint64_t> epsilon_to_hide(std::int64_t people, const policy::Privacy& privacy) {
  const auto enough = [&](std::uint64_t epsilon) {
    policy::Privacy priced = privacy;
    priced.epsilon_per_query = epsilon;
    const auto widths = find_widths(priced, true, 0);
    return widths && widths->persons <= people;
  };
  std::uint64_t high = privacy::kEpsilonMax;
  if (privacy.accounting == privacy::Accounting::zcdp) {
    high = privacy::epsilon_within_rho(privacy::kRhoMax);
  }
  if (!enough(high)) return std::nullopt;
  std::uint64_t low = 0;  // never enough
  while (high - low > 1) {
    const std::uint64_t middle = low + (high - low) / 2;
    (enough(middle) ? high : low) = middle;
  }
  return high;
}

Widths widths_of(const policy::Privacy& privacy, bool grouped, std::int64_t per_group) {
  return find_widths(privacy, grouped, per_group).value_or(Widths{});
}

std::string epsilon_text(std::uint64_t epsilon) { return privacy::format_epsilon(epsilon); }

std::string delta_text(std::uint64_t delta) { return privacy::format_delta(delta); }

std::string loss_text(privacy::Accounting accounting, std::uint64_t loss) {
  if (accounting != privacy::Accounting::zcdp) return format_loss(accounting, loss);
  std::array<char, 32> text{};
  const double ones = static_cast<double>(loss) / static_cast<double>(privacy::kRhoUnit);
  std::snprintf(text.data(), text.size(), "%.3g", ones);
  return text.data();
}

std::uint64_t queries_in_budget(const policy::Privacy& privacy, bool selecting) {
  const privacy::Price budget = policy::budget_of(privacy);
  const privacy::Price price = policy::price_of(privacy, privacy.epsilon_per_query);
  const std::uint64_t by_loss = budget.loss / price.loss;
  const bool pays_delta = selecting && price.delta != 0;
  return pays_delta ? std::min(by_loss, budget.delta / price.delta) : by_loss;
}

std::string thousands(std::string number) {
  const std::size_t first = number.find_first_of("0123456789");
  std::size_t end = number.find('.');
  if (end == std::string::npos) end = number.size();
  for (std::size_t i = end; first != std::string::npos && i > first + 3;) {
    i -= 3;
    number.insert(i, ",");
  }
  return number;
}

std::string thousands(std::int64_t number) { return thousands(std::to_string(number)); }

}  // namespace gbx::client
