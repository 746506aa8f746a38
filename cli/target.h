#pragma once

// `query --target-error`: from how far off a count may be to the least epsilon that keeps it there.

#include <cstdint>
#include <string>

#include "cli/console.h"
#include "client/query/forecast.h"

namespace gbx::cli {

// "200" is 200 people. "5%" is that part of `expected` people, rounded down; 0 = not said. Throws
// Failure: no such number, a percentage of nothing or above 100, less than one person.
std::int64_t target_people(const std::string& target, std::int64_t expected);

// As text for a question. Throws Failure when there is no count in the answer, or when the policy's
// price per question is not enough.
std::string target_epsilon(const client::Forecast& forecast, std::int64_t people);

// Whether the person at the terminal wants to ask. Throws Failure when nobody is there.
bool agrees_to_ask(const std::string& epsilon);

}  // namespace gbx::cli
