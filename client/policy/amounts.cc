#include "client/policy/amounts.h"

#include <algorithm>

#include "trusted/privacy/confidence.h"

namespace gbx::client {

std::optional<std::uint64_t> epsilon_to_hide(std::int64_t people, std::uint32_t groups_per_person) {
  const auto enough = [&](std::uint64_t epsilon) {
    const auto scale = privacy::noise_scale(groups_per_person, {1, epsilon});
    return scale && privacy::half_width(*scale) <= people;
  };
  std::uint64_t high = privacy::kEpsilonMax;
  if (!enough(high)) return std::nullopt;
  std::uint64_t low = 0;  // never enough
  while (high - low > 1) {
    const std::uint64_t middle = low + (high - low) / 2;
    (enough(middle) ? high : low) = middle;
  }
  return high;
}

Widths widths_of(const policy::Privacy& privacy, bool grouped, std::int64_t per_group) {
  privacy::PlanRequest request;
  request.grouped = grouped;
  request.groups_per_person = privacy.groups_per_person;
  request.people_min = privacy.people_min;
  if (per_group > 0) request.measure_bounds.push_back(per_group);
  request.price = {privacy.epsilon_per_query, privacy.delta_per_query};
  const auto plan = privacy::make_plan(request);
  if (!plan) return {};
  const auto widths = privacy::half_widths(*plan);
  if (!widths) return {};
  return {widths->front(), widths->back()};
}

std::string epsilon_text(std::uint64_t epsilon) { return privacy::format_epsilon(epsilon); }

std::string delta_text(std::uint64_t delta) { return privacy::format_delta(delta); }

std::uint64_t queries_in_budget(const policy::Privacy& privacy) {
  return std::min(privacy.epsilon / privacy.epsilon_per_query,
                  privacy.delta / privacy.delta_per_query);
}

}  // namespace gbx::client
