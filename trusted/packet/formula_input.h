#pragma once

// What a computed column of an answer says that it was made of (docs/spec/result.md). A hostile
// room may write it; decoding only makes sure that there is one spelling and that sizes are
// bounded.

#include <cstdint>
#include <vector>

#include "trusted/base/json.h"

namespace gbx::packet {

constexpr std::size_t kAnswerColumnsMax = 1000;
constexpr std::size_t kStatisticsMax = 1000;

// A column that a formula reads, and the statistics that it was made of: none without noise.
struct FormulaInput {
  std::uint32_t column = 0;
  std::vector<std::uint32_t> statistics;  // ascending
  friend bool operator==(const FormulaInput&, const FormulaInput&) = default;
};

Json encode_inputs(const std::vector<FormulaInput>& inputs);
// By column, ascending. Fails with invalid_argument ("answer_malformed").
Result<std::vector<FormulaInput>> decode_inputs(const Json& json);

}  // namespace gbx::packet
