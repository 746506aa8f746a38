#include "trusted/sql/expression.h"

#include <algorithm>
#include <array>

namespace gbx::sql {
namespace {

constexpr std::array<std::string_view, 53> kOps = {
    "column",         "literal",
    "null",           "add",
    "subtract",       "multiply",
    "negate",         "absolute",
    "rescale",        "clamp",
    "quotient",       "remainder",
    "equal",          "not_equal",
    "less",           "less_equal",
    "greater",        "greater_equal",
    "logical_and",    "logical_or",
    "logical_not",    "is_null",
    "in_list",        "like",
    "case_when",      "coalesce",
    "year",           "quarter",
    "month",          "day",
    "day_of_week",    "date_of",
    "truncate_year",  "truncate_quarter",
    "truncate_month", "truncate_week",
    "lower",          "upper",
    "prefix",         "suffix",
    "rest",           "trim",
    "length",         "add_months",
    "concat",         "replace",
    "split_part",     "pad_left",
    "pad_right",      "reverse",
    "capitals",       "position",
    "to_text",
};
constexpr std::string_view kOutput = "output";
constexpr std::string_view kRatio = "ratio";

}  // namespace

bool is_text_function(Op op) {
  constexpr std::array kTexts = {Op::lower,    Op::upper,     Op::prefix,  Op::suffix,
                                 Op::rest,     Op::trim,      Op::replace, Op::split_part,
                                 Op::pad_left, Op::pad_right, Op::reverse, Op::capitals};
  return std::find(kTexts.begin(), kTexts.end(), op) != kTexts.end();
}

std::string_view op_name(Op op) {
  const auto index = static_cast<std::size_t>(op);
  if (index < kOps.size()) return kOps[index];
  return op == Op::ratio ? kRatio : kOutput;
}

std::string_view infix(Op op) {
  constexpr std::array<std::pair<Op, std::string_view>, 13> kSigns = {{{Op::add, " + "},
                                                                       {Op::subtract, " - "},
                                                                       {Op::multiply, " * "},
                                                                       {Op::equal, " = "},
                                                                       {Op::not_equal, " <> "},
                                                                       {Op::less, " < "},
                                                                       {Op::less_equal, " <= "},
                                                                       {Op::greater, " > "},
                                                                       {Op::greater_equal, " >= "},
                                                                       {Op::logical_and, " AND "},
                                                                       {Op::logical_or, " OR "},
                                                                       {Op::ratio, " / "},
                                                                       {Op::concat, " || "}}};
  for (const auto& [known, sign] : kSigns) {
    if (known == op) return sign;
  }
  return "";
}

std::optional<Op> op_from(std::string_view name) {
  for (std::size_t i = 0; i < kOps.size(); i++) {
    if (kOps[i] == name) return static_cast<Op>(i);
  }
  if (name == kOutput) return Op::output;
  if (name == kRatio) return Op::ratio;
  return std::nullopt;
}

std::size_t depth_of(const Expression& e) {
  std::size_t below = 0;
  for (const Expression& child : e.children) below = std::max(below, depth_of(child));
  return below + 1;
}

bool is_released(const Expression& e) {
  return e.op == Op::output || std::any_of(e.children.begin(), e.children.end(), is_released);
}

}  // namespace gbx::sql
