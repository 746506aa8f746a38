#include "trusted/sql/bind_expression.h"

#include <algorithm>
#include <array>
#include <utility>

#include "trusted/sql/build.h"
#include "trusted/sql/functions.h"
#include "trusted/sql/parse.h"
#include "trusted/sql/scope.h"

namespace gbx::sql {
namespace {

constexpr std::array<std::pair<std::string_view, Op>, 6> kComparisons = {{
    {"=", Op::equal},
    {"<>", Op::not_equal},
    {"<", Op::less},
    {"<=", Op::less_equal},
    {">", Op::greater},
    {">=", Op::greater_equal},
}};

// What is no function.
constexpr std::array<std::string_view, 30> kOperators = {"+",
                                                         "-",
                                                         "*",
                                                         "/",
                                                         "//",
                                                         "%",
                                                         "=",
                                                         "<>",
                                                         "<",
                                                         "<=",
                                                         ">",
                                                         ">=",
                                                         "and",
                                                         "or",
                                                         "not",
                                                         "in",
                                                         "~~",
                                                         "^@",
                                                         "||",
                                                         "!~~",
                                                         "not in",
                                                         "is null",
                                                         "is not null",
                                                         "between",
                                                         "~~*",
                                                         "!~~*",
                                                         "like_escape",
                                                         "not_like_escape",
                                                         "ilike_escape",
                                                         "not_ilike_escape"};

bool is_known(std::string_view name) {
  return find_scalar_function(name) != nullptr || name == "is distinct from" ||
         name == "is not distinct from" ||
         std::find(kOperators.begin(), kOperators.end(), name) != kOperators.end();
}

struct DatePart {
  std::string_view name;
  Op op;
};
constexpr std::array kDateParts = {
    DatePart{"year", Op::year}, DatePart{"quarter", Op::quarter},    DatePart{"month", Op::month},
    DatePart{"day", Op::day},   DatePart{"isodow", Op::day_of_week},
};
constexpr std::array kTruncations = {
    DatePart{"year", Op::truncate_year},   DatePart{"quarter", Op::truncate_quarter},
    DatePart{"month", Op::truncate_month}, DatePart{"week", Op::truncate_week},
    DatePart{"day", Op::date_of},
};

template <std::size_t N>
std::optional<Op> part_of(const std::array<DatePart, N>& parts, std::string_view name) {
  for (const DatePart& part : parts) {
    if (same_name(part.name, name)) return part.op;
  }
  return std::nullopt;
}

Error refuse(Literal reason, Span where) { return {ErrorCode::invalid_argument, reason, where}; }

std::size_t size(const Expression& expression) {
  std::size_t out = 1;
  for (const Expression& child : expression.children) out += size(child);
  return out;
}

// active = 1: beside a condition 1 is TRUE and 0 is FALSE.
void make_truth(const Expression& beside, Expression& literal) {
  const bool whole = literal.op == Op::literal && literal.type == ValueType{Type::integer, 0};
  const bool is_truth = whole && (literal.value == 0 || literal.value == 1);
  if (beside.type.type != Type::boolean || !is_truth) return;
  literal = make_literal(literal.value, {Type::boolean, 0}, literal.where);
}

Status arguments(const Node& node, std::size_t least, std::size_t most) {
  if (node.children.size() < least || node.children.size() > most) {
    return refuse("argument_count", node.where);
  }
  return {};
}

}  // namespace

bool is_aggregate(const Node& node) {
  if (!node.over.empty()) return false;
  return node.kind == NodeKind::call && is_aggregate_name(node.text);
}

bool contains_aggregate(const Node& node) {
  return is_aggregate(node) ||
         std::any_of(node.children.begin(), node.children.end(), contains_aggregate);
}

Status ExpressionBinder::account(const Expression& copied) {
  copied_ += size(copied);
  if (copied_ > kNodesMax) return refuse("expression_too_large", copied.where);
  return {};
}

Result<Expression> ExpressionBinder::bind(const Node& node) {
  GBX_TRY_ASSIGN(std::optional<Expression> whole, leaves_->resolve(node));
  if (whole) return std::move(*whole);
  switch (node.kind) {
    case NodeKind::number: {
      const Type type = node.scale > 0 ? Type::decimal : Type::integer;
      return make_literal(node.value, {type, node.scale}, node.where);
    }
    case NodeKind::text: return make_text(node.text, node.where);
    case NodeKind::boolean: return make_literal(node.value, {Type::boolean, 0}, node.where);
    case NodeKind::null: return make_null(kUntyped, node.where);
    case NodeKind::interval: return refuse("interval_unsupported", node.where);
    case NodeKind::call: return call(node);
    case NodeKind::cast: {
      GBX_TRY_ASSIGN(Expression inner, bind(node.children[0]));
      if (inner.type.type == Type::boolean) GBX_TRY(account(inner));
      if (inner.op != Op::literal) functions_->push_back({"CAST", node.where});
      return make_cast(std::move(inner), node.type, node.where);
    }
    case NodeKind::case_when: {
      GBX_TRY_ASSIGN(std::vector<Expression> parts, bind_children(node));
      functions_->push_back({"CASE", node.where});
      return make_case(std::move(parts), node.where);
    }
    case NodeKind::star: return Error{ErrorCode::policy_denied, "star_not_released", node.where};
    case NodeKind::exists:
    case NodeKind::in_select: return refuse("subquery_unsupported", node.where);
    case NodeKind::parameter: return refuse("parameter_unsupported", node.where);
    case NodeKind::column: break;
  }
  GBX_CHECK(false);
}

Result<Expression> ExpressionBinder::bind_condition(const Node& node) {
  GBX_TRY_ASSIGN(Expression out, bind(node));
  if (out.type == kUntyped && out.op == Op::null) out = make_null({Type::boolean, 0}, node.where);
  if (out.type.type != Type::boolean) return refuse("condition_not_boolean", node.where);
  return out;
}

Result<std::vector<Expression>> ExpressionBinder::bind_children(const Node& node) {
  std::vector<Expression> out;
  for (const Node& child : node.children) {
    GBX_TRY_ASSIGN(Expression bound, bind(child));
    out.push_back(std::move(bound));
  }
  return out;
}

// A function that there is not. What is denied inside it is said first.
Error ExpressionBinder::unknown(const Node& node) {
  for (const Node& child : node.children) {
    const Result<Expression> part = bind(child);
    if (!part && part.error().code == ErrorCode::policy_denied) return part.error();
  }
  if (is_clock(node.text)) return refuse("clock_unsupported", node.where);
  if (is_irrational(node.text)) return refuse("irrational_unsupported", node.where);
  return refuse("function_unsupported", node.where);
}

Result<Expression> ExpressionBinder::call(const Node& node) {
  if (!node.over.empty()) return refuse("window_unsupported", node.where);
  if (!is_known(node.text)) return unknown(node);
  if (node.distinct) return refuse("distinct_unsupported", node.where);
  const bool sum = (node.text == "+" || node.text == "-") && node.children.size() == 2;
  if (sum && node.children[1].kind == NodeKind::interval) {
    return moved(node, node.children[0], node.children[1]);
  }
  if (sum && node.text == "+" && node.children[0].kind == NodeKind::interval) {
    return moved(node, node.children[1], node.children[0]);
  }
  GBX_TRY_ASSIGN(std::vector<Expression> parts, bind_children(node));
  const auto comparison = std::find_if(kComparisons.begin(), kComparisons.end(),
                                       [&](const auto& entry) { return entry.first == node.text; });
  if (comparison != kComparisons.end()) {
    GBX_TRY(arguments(node, 2, 2));
    make_truth(parts[0], parts[1]);
    make_truth(parts[1], parts[0]);
    return make_comparison(comparison->second, std::move(parts[0]), std::move(parts[1]),
                           node.where);
  }
  return operation(node, std::move(parts));
}

Result<Expression> ExpressionBinder::operation(const Node& node, std::vector<Expression> parts) {
  const std::string& name = node.text;
  if (name == "and") return make_logical(Op::logical_and, std::move(parts), node.where);
  if (name == "or") return make_logical(Op::logical_or, std::move(parts), node.where);
  if (name == "in") return make_in(std::move(parts), node.where);
  if (name == "not in") {
    GBX_TRY_ASSIGN(Expression in, make_in(std::move(parts), node.where));
    return make_not(std::move(in), node.where);
  }
  if (name == "coalesce") {
    functions_->push_back({"COALESCE", node.where});
    return make_coalesce(std::move(parts), node.where);
  }
  if (name == "not" || name == "is null" || name == "is not null") {
    GBX_TRY(arguments(node, 1, 1));
    if (name == "not") return make_not(std::move(parts[0]), node.where);
    Expression is_null = make_is_null(std::move(parts[0]), node.where);
    if (name == "is null") return is_null;
    return make_not(std::move(is_null), node.where);
  }
  if (name == "between") return between(node, std::move(parts));
  if (name == "~~" || name == "!~~") {
    GBX_TRY(arguments(node, 2, 2));
    GBX_TRY_ASSIGN(Expression like,
                   make_like(std::move(parts[0]), std::move(parts[1]), node.where));
    if (name == "~~") return like;
    return make_not(std::move(like), node.where);
  }
  if (name == "+" || name == "-" || name == "*") return arithmetic(node, std::move(parts));
  if (name.starts_with("is ")) return distinct_from(node, std::move(parts));
  return function(node, std::move(parts));
}

Result<Expression> ExpressionBinder::arithmetic(const Node& node, std::vector<Expression> parts) {
  GBX_TRY(arguments(node, 1, 2));
  const std::string& name = node.text;
  if (parts.size() == 1) {
    if (name == "-") return make_negate(std::move(parts[0]), node.where);
    if (name == "+" && is_numeric(parts[0].type)) return std::move(parts[0]);
    return refuse("types_differ", node.where);
  }
  const Op op = name == "+" ? Op::add : name == "-" ? Op::subtract : Op::multiply;
  return make_arithmetic(op, std::move(parts[0]), std::move(parts[1]), node.where);
}

Result<Expression> ExpressionBinder::between(const Node& node, std::vector<Expression> parts) {
  GBX_TRY(arguments(node, 3, 3));
  GBX_TRY(account(parts[0]));
  GBX_TRY_ASSIGN(Expression from,
                 make_comparison(Op::greater_equal, parts[0], std::move(parts[1]), node.where));
  GBX_TRY_ASSIGN(Expression to, make_comparison(Op::less_equal, std::move(parts[0]),
                                                std::move(parts[2]), node.where));
  std::vector<Expression> both;
  both.push_back(std::move(from));
  both.push_back(std::move(to));
  return make_logical(Op::logical_and, std::move(both), node.where);
}

Result<Expression> ExpressionBinder::null_if(const Node& node, std::vector<Expression> parts) {
  GBX_TRY(arguments(node, 2, 2));
  GBX_TRY(account(parts[0]));
  functions_->push_back({"CASE", node.where});
  Expression value = parts[0];
  std::vector<Expression> choice;
  GBX_TRY_ASSIGN(Expression equal,
                 make_comparison(Op::equal, std::move(parts[0]), std::move(parts[1]), node.where));
  choice.push_back(std::move(equal));
  choice.push_back(make_null(kUntyped, node.where));
  choice.push_back(std::move(value));
  return make_case(std::move(choice), node.where);
}

Result<Expression> ExpressionBinder::clamp(const Node& node, std::vector<Expression> parts) {
  GBX_TRY(arguments(node, 3, 3));
  functions_->push_back({"CLAMP", node.where});
  return make_clamp(std::move(parts), node.where);
}

Result<Expression> ExpressionBinder::date_part(const Node& node, std::vector<Expression> parts,
                                               bool truncate) {
  GBX_TRY(arguments(node, 2, 2));
  functions_->push_back({truncate ? "DATE_TRUNC" : "EXTRACT", node.where});
  const bool named = parts[0].op == Op::literal && parts[0].type.type == Type::text;
  const std::optional<Op> op = !named     ? std::nullopt
                               : truncate ? part_of(kTruncations, parts[0].text)
                                          : part_of(kDateParts, parts[0].text);
  if (!op && named) return composed_part(parts[0], std::move(parts[1]), truncate);
  if (!op) return refuse("date_part_unsupported", parts[0].where);
  if (*op == Op::date_of && parts[1].type.type == Type::date) return std::move(parts[1]);
  return make_date_function(*op, std::move(parts[1]), node.where);
}

Result<Expression> ExpressionBinder::function(const Node& node, std::vector<Expression> parts) {
  const std::string& name = node.text;
  if (name == "date_part") return date_part(node, std::move(parts), false);
  if (name == "date_trunc") return date_part(node, std::move(parts), true);
  if (name == "nullif") return null_if(node, std::move(parts));
  if (name == "clamp") return clamp(node, std::move(parts));
  const std::optional<Op> part = part_of(kDateParts, name == "dayofmonth" ? "day" : name);
  if (part) {
    GBX_TRY(arguments(node, 1, 1));
    functions_->push_back({"EXTRACT", node.where});
    return make_date_function(*part, std::move(parts[0]), node.where);
  }
  if (name == "abs" || name == "lower" || name == "lcase" || name == "upper" || name == "ucase") {
    GBX_TRY(arguments(node, 1, 1));
    const bool is_lower = name == "lower" || name == "lcase";
    functions_->push_back({name == "abs" ? "ABS" : is_lower ? "LOWER" : "UPPER", node.where});
    if (name == "abs") return make_absolute(std::move(parts[0]), node.where);
    return make_text_function(is_lower ? Op::lower : Op::upper, std::move(parts[0]), 0, node.where);
  }
  return further_function(node, std::move(parts));
}

}  // namespace gbx::sql
