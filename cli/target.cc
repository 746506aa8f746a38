#include "cli/target.h"

#include <unistd.h>

#include <array>
#include <charconv>
#include <cmath>
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

// Rounded up to a tenth.
std::string percent_text(double share) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f%%", std::ceil(share * 1000) / 10);
  return text.data();
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

std::optional<double> target_share(const std::string& target) {
  if (target.empty() || target.back() != '%') return std::nullopt;
  const auto percent = privacy::parse_epsilon(target.substr(0, target.size() - 1));
  if (!percent) return std::nullopt;
  return static_cast<double>(*percent) / (100.0 * static_cast<double>(privacy::kEpsilonUnit));
}

std::map<std::string, std::int64_t> expected_values(const client::Forecast& forecast,
                                                    const std::vector<std::string>& texts) {
  std::map<std::string, std::int64_t> out;
  for (const std::string& text : texts) {
    const std::size_t sign = text.find('=');
    const std::string name = text.substr(0, sign);
    const auto type = forecast.value_type_of(name);
    if (sign == std::string::npos || !type) {
      throw Failure("nothing was asked", "--expect-value " + text,
                    "the answer has no sum or average of that name",
                    "write COLUMN=VALUE, as in revenue=35.50");
    }
    const auto value = parse_value(text.substr(sign + 1), *type);
    if (!value) {
      throw Failure("nothing was asked", "--expect-value " + text, "it is no value of that column",
                    "write COLUMN=VALUE, as in revenue=35.50");
    }
    out[name] = *value;
  }
  return out;
}

std::string target_epsilon(const client::Forecast& forecast, double share,
                           const client::Expected& expected) {
  if (const auto epsilon = forecast.epsilon_for_share(share, expected)) {
    return client::epsilon_text(*epsilon);
  }
  const auto least = forecast.relative_error(0, expected);
  if (!least || !*least) {
    throw Failure("nothing was asked", "",
                  "--target-error speaks of counts, sums and averages, and the query has none",
                  "choose --epsilon and look at --dry-run");
  }
  const std::string& column = (*least)->column;
  const double found = (*least)->share;
  if (!std::isfinite(found)) {
    throw Failure("nothing was asked", "", "nothing is expected in " + column,
                  "say what one value is, as in --expect-value " + column + "=35.50");
  }
  throw Failure(
      "nothing was asked", "",
      "the wanted error of " + percent_text(share) +
          " cannot be met: at the policy's whole "
          "price per question " +
          column + " is within " + percent_text(found) + " of what is expected",
      "allow " + percent_text(found) +
          " or more, ask for fewer columns or (with CLAMP) of narrower bounds, or have the "
          "members agree on a larger epsilon_per_query");
}

std::string target_epsilon(const client::Forecast& forecast, std::int64_t people) {
  if (const auto epsilon = forecast.epsilon_for(people)) return client::epsilon_text(*epsilon);
  const auto least = forecast.count_width(0);
  if (!least || !*least) {
    throw Failure(
        "nothing was asked", "",
        "--target-error in people speaks of counts, and the query has none",
        "say it as a percentage with --expect N, or choose --epsilon and look at --dry-run");
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
