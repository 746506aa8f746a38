#include "cli/target.h"

#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <iostream>

#include "client/policy/amounts.h"
#include "trusted/policy/policy.h"

namespace gbx::cli {
namespace {

Failure bad_target(const std::string& target, const std::string& why, const std::string& next) {
  return {"nothing was asked", "--target-error " + target, why, next};
}

// `text` of `expected`; a percentage is a decimal with at most 6 digits after the point, as an
// epsilon is.
std::int64_t part_of(const std::string& target, std::int64_t expected) {
  const auto percent = privacy::parse_epsilon(target.substr(0, target.size() - 1));
  constexpr std::uint64_t kWhole = 100 * privacy::kEpsilonUnit;
  if (!percent || *percent > kWhole) {
    throw bad_target(target, "it is no percentage", "write 5% or 0.5%, or a number of people");
  }
  if (expected == 0) {
    throw bad_target(target, "a percentage of how many people is not said",
                     "add --expect N, about how many people a row will stand for");
  }
  return static_cast<std::int64_t>(Int128{expected} * static_cast<std::int64_t>(*percent) /
                                   static_cast<std::int64_t>(kWhole));
}

std::int64_t whole_number(const std::string& target) {
  std::int64_t out = 0;
  const char* end = target.data() + target.size();
  const auto [stop, error] = std::from_chars(target.data(), end, out);
  if (error != std::errc() || stop != end) {
    throw bad_target(target, "it is no number of people", "write 200, or 5% with --expect N");
  }
  return out;
}

}  // namespace

std::int64_t target_people(const std::string& target, std::int64_t expected) {
  const bool percent = !target.empty() && target.back() == '%';
  const std::int64_t people = percent ? part_of(target, expected) : whole_number(target);
  if (people < 1) {
    throw bad_target(target, "that is less than one person", "allow at least one");
  }
  return people;
}

std::string target_epsilon(const client::Forecast& forecast, std::int64_t people) {
  if (const auto epsilon = forecast.epsilon_for(people)) return client::epsilon_text(*epsilon);
  const auto least = forecast.count_width(0);
  if (!least || !*least) {
    throw Failure("nothing was asked", "",
                  "--target-error speaks of counts, and the query has none",
                  "add COUNT(DISTINCT person) to it, or choose --epsilon and look at --dry-run");
  }
  throw Failure("nothing was asked", "",
                "the wanted error of " + with_thousands(std::to_string(people)) +
                    " cannot be met: at the policy's whole price per question a count is within " +
                    with_thousands(std::to_string(**least)),
                "allow " + with_thousands(std::to_string(**least)) +
                    " or more, ask for fewer columns, or have the members agree on a larger "
                    "epsilon_per_query");
}

bool agrees_to_ask(const std::string& epsilon) {
  if (isatty(STDIN_FILENO) != 1) {
    throw Failure("nothing was asked", "", "nobody is here to say yes",
                  "add --yes, or --dry-run for the price alone");
  }
  std::fprintf(stderr, "Ask with epsilon %s? [y/N] ", epsilon.c_str());
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

}  // namespace gbx::cli
