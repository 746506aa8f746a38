#include "trusted/packet/formula_input.h"

namespace gbx::packet {
namespace {

constexpr Literal kMalformed = "answer_malformed";
constexpr Error kMalformedAnswer{ErrorCode::invalid_argument, kMalformed};

Result<FormulaInput> decode_input(const Json& json) {
  Fields fields(json, kMalformed);
  FormulaInput out;
  out.column = static_cast<std::uint32_t>(fields.integer("column", 0, kAnswerColumnsMax - 1));
  const Json::Array& statistics = fields.array("statistics", kStatisticsMax);
  GBX_TRY(fields.finish());
  for (const Json& statistic : statistics) {
    const std::int64_t* value = statistic.integer();
    if (value == nullptr || *value < 0 || *value >= std::int64_t{kStatisticsMax}) {
      return kMalformedAnswer;
    }
    const auto next = static_cast<std::uint32_t>(*value);
    if (!out.statistics.empty() && out.statistics.back() >= next) return kMalformedAnswer;
    out.statistics.push_back(next);
  }
  return out;
}

}  // namespace

Json encode_inputs(const std::vector<FormulaInput>& inputs) {
  Json::Array out;
  for (const FormulaInput& input : inputs) {
    Json::Array statistics;
    for (const std::uint32_t statistic : input.statistics) {
      statistics.emplace_back(std::int64_t{statistic});
    }
    out.push_back(Json::object(
        {{"column", std::int64_t{input.column}}, {"statistics", Json(std::move(statistics))}}));
  }
  return Json(std::move(out));
}

Result<std::vector<FormulaInput>> decode_inputs(const Json& json) {
  const Json::Array* items = json.array();
  if (items == nullptr || items->size() > kAnswerColumnsMax) return kMalformedAnswer;
  std::vector<FormulaInput> out;
  for (const Json& item : *items) {
    GBX_TRY_ASSIGN(FormulaInput input, decode_input(item));
    if (!out.empty() && out.back().column >= input.column) return kMalformedAnswer;
    out.push_back(std::move(input));
  }
  return out;
}

}  // namespace gbx::packet
