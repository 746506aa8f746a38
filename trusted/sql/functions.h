#pragma once

// The scalar functions that there are, and what else is known by name. docs/reference/sql.md lists
// them, and a test holds it to this list, so that neither can name what the other does not have.

#include <span>
#include <string_view>

namespace gbx::sql {

struct ScalarFunction {
  std::string_view name;     // as it is written in SQL, or what other spellings become
  std::string_view allowed;  // what a policy's scalarFunctions must have; "": every query may
};

// Ascending by name.
std::span<const ScalarFunction> scalar_functions();
// What a call of `name` needs. Nothing when there is no such function.
const ScalarFunction* find_scalar_function(std::string_view name);

// Names that ask what the time is, and functions whose values are no decimals: a room has neither.
bool is_clock(std::string_view name);
bool is_irrational(std::string_view name);

// The aggregates of an answer, and of a sub-select's groups; not every one is both.
std::span<const std::string_view> aggregates();
// Whether `name` is one of them, or one that a warehouse has and a room refuses.
bool is_aggregate_name(std::string_view name);

// What spellings of other warehouses become; spelling.h.
struct Respelled {
  std::string_view other;
  std::string_view ours;
};
std::span<const Respelled> respelled();

}  // namespace gbx::sql
