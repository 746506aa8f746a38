#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace gbx::engine {

// Which engine answers; both give the same rows. The enumerator is the name in configuration and
// jobs.
enum class Choice : std::uint8_t {
  automatic,  // the merge: it takes every task there is today
  merge,
  duckdb,
};

std::string_view choice_name(Choice choice);
std::optional<Choice> choice_from(std::string_view name);

}  // namespace gbx::engine
