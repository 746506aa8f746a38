#pragma once

// `query --target-error`: from how far off an answer may be to the least epsilon that keeps it
// there.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/console.h"
#include "client/query/forecast.h"

namespace gbx::cli {

// "200" is 200 people. "5%" is that part of `expected` people, rounded down; 0 = not said. Throws
// Failure: no such number, a percentage of nothing or above 100, less than one person.
std::int64_t target_people(const std::string& target, std::int64_t expected);

// "5%" is 0.05; nullopt for what is no percentage.
std::optional<double> target_share(const std::string& target);

// "revenue=35.50" each: about what one value of that column is. Throws Failure: no sum or average
// of that name, no such value.
std::map<std::string, std::int64_t> expected_values(const client::Forecast& forecast,
                                                    const std::vector<std::string>& texts);

// As text for a question: counts within so many people. Throws Failure when there is no count in
// the answer, or when the policy's price per question is not enough.
std::string target_epsilon(const client::Forecast& forecast, std::int64_t people);
// The same: counts, sums and averages within that share of what is expected.
std::string target_epsilon(const client::Forecast& forecast, double share,
                           const client::Expected& expected);

// Whether the person at the terminal wants to ask. Throws Failure when nobody is there.
bool agrees_to_ask(const std::string& epsilon);

}  // namespace gbx::cli
