// Functions of other warehouses that are composed of ours, and conditions on NULL. Each is total
// because what it is made of is.

#include <array>

#include "trusted/sql/bind_expression.h"
#include "trusted/sql/build.h"
#include "trusted/sql/spelling.h"

namespace gbx::sql {
namespace {

constexpr ValueType kInteger{Type::integer, 0};
constexpr ValueType kTruth{Type::boolean, 0};
constexpr std::int64_t kPowerMax = 8;
constexpr std::int64_t kBucketsMax = 1000;

Error refuse(Literal reason, Span where) { return {ErrorCode::invalid_argument, reason, where}; }

Status arguments(const Node& node, std::size_t count) {
  if (node.children.size() != count) return refuse("argument_count", node.where);
  return {};
}

Expression number(std::int64_t value, Span where) { return make_literal(value, kInteger, where); }

bool is_number(const Expression& e) { return e.op == Op::literal && is_numeric(e.type); }

// A literal, of -5 too.
Expression folded(Expression e) {
  if (e.op != Op::negate || e.children[0].op != Op::literal) return e;
  return make_literal(e.low, e.type, e.where);
}

Result<Expression> between_units(Op op, Expression a, Expression b, Span where) {
  return make_arithmetic(op, std::move(a), std::move(b), where);
}

}  // namespace

// a IS NOT DISTINCT FROM b: they are equal and there, or both NULL. Beside a literal just that
// a = 1 AND a IS NOT NULL, or that a <> 1 OR a IS NULL.
Result<Expression> ExpressionBinder::distinct_from(const Node& node,
                                                   std::vector<Expression> parts) {
  GBX_TRY(arguments(node, 2));
  const bool same = node.text == "is not distinct from";
  const bool literal = parts[0].op == Op::literal || parts[1].op == Op::literal;
  for (const Expression& part : parts) {
    for (int copies = 0; copies < 3; copies++) GBX_TRY(account(part));
  }
  std::vector<Expression> nulls;
  for (const Expression& part : parts) {
    if (part.op != Op::literal) nulls.push_back(make_is_null(part, node.where));
  }
  if (nulls.empty()) nulls.push_back(make_literal(0, kTruth, node.where));
  const Op compared = literal && !same ? Op::not_equal : Op::equal;
  std::vector<Expression> terms;
  GBX_TRY_ASSIGN(Expression equal,
                 make_comparison(compared, std::move(parts[0]), std::move(parts[1]), node.where));
  terms.push_back(std::move(equal));
  if (literal && !same) {
    terms.push_back(std::move(nulls[0]));
    return make_logical(Op::logical_or, std::move(terms), node.where);
  }
  for (const Expression& null : nulls) {
    GBX_TRY_ASSIGN(Expression is_there, make_not(null, node.where));
    terms.push_back(std::move(is_there));
  }
  GBX_TRY_ASSIGN(Expression out, make_logical(Op::logical_and, std::move(terms), node.where));
  if (literal) return out;
  std::vector<Expression> either;
  either.push_back(std::move(out));
  GBX_TRY_ASSIGN(Expression both_null, make_logical(Op::logical_and, std::move(nulls), node.where));
  either.push_back(std::move(both_null));
  GBX_TRY_ASSIGN(out, make_logical(Op::logical_or, std::move(either), node.where));
  if (same) return out;
  return make_not(std::move(out), node.where);
}

// A number is exact here; of a condition 1 or 0.
Result<Expression> ExpressionBinder::as_double(const Node& node, Expression value) {
  if (value.op != Op::literal) functions_->push_back({"CAST", node.where});
  if (value.type == kUntyped) return make_null({Type::decimal, kDivisionDigits}, node.where);
  if (value.type == kTruth) {
    GBX_TRY(account(value));
    return make_cast(std::move(value), kInteger, node.where);
  }
  if (!is_numeric(value.type)) return refuse("cast_unsupported", node.where);
  return value;
}

// x to a whole power, as a product.
Result<Expression> ExpressionBinder::power(const Node& node, std::vector<Expression> parts) {
  GBX_TRY(arguments(node, 2));
  const Expression& exponent = parts[1];
  const bool whole = is_number(exponent) && exponent.type.scale == 0;
  if (!whole || exponent.value < 1 || exponent.value > kPowerMax) {
    return refuse("power_malformed", exponent.where);
  }
  if (!is_numeric(parts[0].type)) return refuse("types_differ", parts[0].where);
  Expression out = parts[0];
  for (std::int64_t i = 1; i < exponent.value; i++) {
    GBX_TRY(account(parts[0]));
    GBX_TRY_ASSIGN(out, between_units(Op::multiply, std::move(out), parts[0], node.where));
  }
  if (exponent.value % 2 == 0) out.low = std::max(out.low, std::int64_t{0});
  return out;
}

// WIDTH_BUCKET(x, low, high, n): 0 below low, n + 1 from high on, else which of n equal parts.
Result<Expression> ExpressionBinder::width_bucket(const Node& node, std::vector<Expression> parts) {
  GBX_TRY(arguments(node, 4));
  functions_->push_back({"FLOOR", node.where});
  Expression count = std::move(parts[3]);
  parts.pop_back();
  parts[1] = folded(std::move(parts[1]));
  parts[2] = folded(std::move(parts[2]));
  GBX_TRY(unify(parts, 0, 1));
  const bool literals = is_number(parts[1]) && is_number(parts[2]) && is_number(count) &&
                        count.type.scale == 0 && count.value >= 1 && count.value <= kBucketsMax &&
                        parts[1].value < parts[2].value;
  if (!literals) return refuse("width_bucket_malformed", node.where);
  const std::int64_t buckets = count.value;
  for (int copies = 0; copies < 3; copies++) GBX_TRY(account(parts[0]));
  GBX_TRY_ASSIGN(Expression below, make_comparison(Op::less, parts[0], parts[1], node.where));
  GBX_TRY_ASSIGN(Expression beyond,
                 make_comparison(Op::greater_equal, parts[0], parts[2], node.where));
  GBX_TRY_ASSIGN(Expression width, make_arithmetic(Op::subtract, parts[2], parts[1], node.where));
  GBX_TRY_ASSIGN(Expression into, make_arithmetic(Op::subtract, std::move(parts[0]),
                                                  std::move(parts[1]), node.where));
  GBX_TRY_ASSIGN(into,
                 make_arithmetic(Op::multiply, std::move(into), std::move(count), node.where));
  // Of one scale, so the quotient of units is that of values; the width is a constant.
  Expression whole = make_literal(width.low, width.type, node.where);
  GBX_TRY_ASSIGN(Expression part, make_quotient(std::move(into), std::move(whole),
                                                {kInteger, Rounding::down}, node.where));
  GBX_TRY_ASSIGN(part,
                 make_arithmetic(Op::add, std::move(part), number(1, node.where), node.where));
  Expression is_null = make_is_null(beyond, node.where);
  std::vector<Expression> choice;
  choice.push_back(std::move(is_null));
  choice.push_back(make_null(kInteger, node.where));
  choice.push_back(std::move(below));
  choice.push_back(number(0, node.where));
  choice.push_back(std::move(beyond));
  choice.push_back(number(buckets + 1, node.where));
  choice.push_back(std::move(part));
  GBX_TRY_ASSIGN(Expression out, make_case(std::move(choice), node.where));
  out.low = 0;
  out.high = buckets + 1;
  return out;
}

// DAYNAME, MONTHNAME: in English, as in DuckDB.
Result<Expression> ExpressionBinder::named_part(const Node& node, Expression moment, bool weekday) {
  constexpr std::array<std::string_view, 12> kMonths = {
      "January", "February", "March",     "April",   "May",      "June",
      "July",    "August",   "September", "October", "November", "December"};
  constexpr std::array<std::string_view, 7> kDays = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                     "Friday", "Saturday", "Sunday"};
  functions_->push_back({"EXTRACT", node.where});
  GBX_TRY_ASSIGN(const Expression part, make_date_function(weekday ? Op::day_of_week : Op::month,
                                                           std::move(moment), node.where));
  std::vector<Expression> choice;
  const std::size_t count = weekday ? kDays.size() : kMonths.size();
  for (std::size_t i = 0; i < count; i++) {
    GBX_TRY(account(part));
    GBX_TRY_ASSIGN(
        Expression is,
        make_comparison(Op::equal, part, number(static_cast<std::int64_t>(i) + 1, node.where),
                        node.where));
    choice.push_back(std::move(is));
    choice.push_back(make_text(std::string(weekday ? kDays[i] : kMonths[i]), node.where));
  }
  choice.push_back(make_null({Type::text, 0}, node.where));
  return make_case(std::move(choice), node.where);
}

Result<Expression> ExpressionBinder::composed_function(const Node& node,
                                                       std::vector<Expression> parts) {
  const std::string& name = node.text;
  if (name == kAsDouble) {
    GBX_TRY(arguments(node, 1));
    return as_double(node, std::move(parts[0]));
  }
  if (name == "pow" || name == "power") return power(node, std::move(parts));
  if (name == "width_bucket") return width_bucket(node, std::move(parts));
  if (name == "dayname" || name == "monthname") {
    GBX_TRY(arguments(node, 1));
    return named_part(node, std::move(parts[0]), name == "dayname");
  }
  if (name == "date_sub") return whole_units(node, std::move(parts));
  return text_function(node, std::move(parts));
}

}  // namespace gbx::sql
