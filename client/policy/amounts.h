#pragma once

// Privacy amounts as people say them, from public facts alone.

#include <cstdint>
#include <optional>
#include <string>

#include "trusted/policy/policy.h"
#include "trusted/privacy/plan.h"

namespace gbx::client {

// The least epsilon per query (in 10^-6) for which the 95 % half-width of a count of persons,
// grouped, is at most `people`; nullopt when even the largest gives more.
std::optional<std::uint64_t> epsilon_to_hide(std::int64_t people, const policy::Privacy& privacy);

// What a query says under a policy that asks for `measures` numbers beside the count of persons,
// each changed by one person by at most `per_group`: the 95 % half-width of each. 0 when the policy
// allows no such query.
struct Widths {
  std::int64_t persons = 0;
  std::int64_t measure = 0;
};
Widths widths_of(const policy::Privacy& privacy, bool grouped, std::int64_t per_group);

// Amounts as text, as policies write them: "0.1", "1e-6".
std::string epsilon_text(std::uint64_t epsilon);  // in 10^-6
std::string delta_text(std::uint64_t delta);      // in 2^-60
// An epsilon exactly; of a rho (in 2^-40), which is never round, three digits.
std::string loss_text(privacy::Accounting accounting, std::uint64_t loss);

// How many queries at the policy's price a table's budget pays for: of those that select groups,
// and so cost delta; or of those that cost none, where the policy hides or shows public rows.
std::uint64_t queries_in_budget(const policy::Privacy& privacy, bool selecting = true);

// 1,234,567; of a decimal the digits before the point.
std::string thousands(std::string number);
std::string thousands(std::int64_t number);

}  // namespace gbx::client
