// Functions that are made of few operators: numbers, texts, dates and what moves them. Each is
// total because what it is made of is.

#include <algorithm>
#include <array>

#include "trusted/sql/bind_expression.h"
#include "trusted/sql/build.h"
#include "trusted/sql/evaluate.h"
#include "trusted/sql/scope.h"

namespace gbx::sql {
namespace {

constexpr ValueType kInteger{Type::integer, 0};
constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kMinute = 60 * kSecond;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kDay = 24 * kHour;
constexpr std::size_t kExtremesMax = 8;

Error refuse(Literal reason, Span where) { return {ErrorCode::invalid_argument, reason, where}; }

Status arguments(const Node& node, std::size_t least, std::size_t most) {
  if (node.children.size() < least || node.children.size() > most) {
    return refuse("argument_count", node.where);
  }
  return {};
}

bool is_count(const Expression& e) { return e.op == Op::literal && e.type == kInteger; }

Expression number(std::int64_t value, Span where) { return make_literal(value, kInteger, where); }

// How long a unit of time is, in months or in microseconds.
struct Unit {
  std::string_view name;  // without its plural
  std::int64_t months;
  std::int64_t micros;
};
constexpr std::array<Unit, 8> kUnits = {{
    {"year", 12, 0},
    {"quarter", 3, 0},
    {"month", 1, 0},
    {"week", 0, 7 * kDay},
    {"day", 0, kDay},
    {"hour", 0, kHour},
    {"minute", 0, kMinute},
    {"second", 0, kSecond},
}};

const Unit* unit_of(std::string_view name) {
  for (const Unit& unit : kUnits) {
    const bool plural = name.size() == unit.name.size() + 1 && name.ends_with('s');
    if (same_name(plural ? name.substr(0, unit.name.size()) : name, unit.name)) return &unit;
  }
  return nullptr;
}

Result<Expression> floor_of(Expression a, std::int64_t by) {
  const Span where = a.where;
  return make_quotient(std::move(a), number(by, where), {kInteger, Rounding::down}, where);
}

Result<Expression> rest_of(Expression a, std::int64_t by) {
  const Span where = a.where;
  return make_remainder(std::move(a), number(by, where), {kInteger, Rounding::down}, where);
}

Result<Expression> plus(Expression a, std::int64_t more) {
  const Span where = a.where;
  return make_arithmetic(Op::add, std::move(a), number(more, where), where);
}

// Days since the first day of the year, from 1.
Result<Expression> day_of_year(Expression day) {
  const Span where = day.where;
  GBX_TRY_ASSIGN(Expression first, make_date_function(Op::truncate_year, day, where));
  GBX_TRY_ASSIGN(Expression days,
                 make_arithmetic(Op::subtract, std::move(day), std::move(first), where));
  return plus(std::move(days), 1);
}

// ISO 8601: the week of a day is that of its Thursday in the year of that Thursday.
Result<Expression> week_of(Expression day) {
  const Span where = day.where;
  GBX_TRY_ASSIGN(Expression monday, make_date_function(Op::truncate_week, std::move(day), where));
  GBX_TRY_ASSIGN(Expression thursday, plus(std::move(monday), 3));
  GBX_TRY_ASSIGN(Expression days, day_of_year(std::move(thursday)));
  GBX_TRY_ASSIGN(days, plus(std::move(days), -1));
  GBX_TRY_ASSIGN(days, floor_of(std::move(days), 7));
  return plus(std::move(days), 1);
}

// Months since year 0, for differences.
Result<Expression> month_number(const Expression& moment, std::int64_t months) {
  const Span where = moment.where;
  GBX_TRY_ASSIGN(Expression year, make_date_function(Op::year, moment, where));
  if (months == 12) return year;
  const bool quarters = months == 3;
  GBX_TRY_ASSIGN(Expression part,
                 make_date_function(quarters ? Op::quarter : Op::month, moment, where));
  GBX_TRY_ASSIGN(Expression years, make_arithmetic(Op::multiply, std::move(year),
                                                   number(quarters ? 4 : 12, where), where));
  return make_arithmetic(Op::add, std::move(years), std::move(part), where);
}

// The number of the unit of time that a moment lies in; differences count borders between units.
Result<Expression> number_of_unit(Expression moment, const Unit& unit) {
  const Span where = moment.where;
  if (unit.months > 0) return month_number(moment, unit.months);
  const ValueType stamp{Type::timestamp, 0};
  if (unit.micros < kDay) {
    GBX_TRY_ASSIGN(moment, make_cast(std::move(moment), stamp, where));
    return floor_of(std::move(moment), unit.micros);
  }
  if (moment.type == stamp) {
    GBX_TRY_ASSIGN(moment, make_date_function(Op::date_of, std::move(moment), where));
  }
  if (moment.type.type != Type::date) return refuse("types_differ", where);
  if (unit.micros == kDay) return moment;
  GBX_TRY_ASSIGN(moment, make_date_function(Op::truncate_week, std::move(moment), where));
  return moment;
}

}  // namespace

Result<Expression> unit_number(Expression moment, std::string_view unit) {
  const Unit* known = unit_of(unit);
  GBX_CHECK(known != nullptr);
  return number_of_unit(std::move(moment), *known);
}

Result<Expression> ExpressionBinder::further_function(const Node& node,
                                                      std::vector<Expression> parts) {
  const std::string& name = node.text;
  if (name == "/" || name == "//" || name == "%" || name == "divide" || name == "mod") {
    return divided(node, std::move(parts));
  }
  if (name == "date_diff") return difference(node, std::move(parts));
  if (is_match(name)) return matches(node, std::move(parts));
  constexpr std::array<std::string_view, 9> kParts = {"hour",      "minute",     "second",
                                                      "week",      "weekofyear", "dayofyear",
                                                      "dayofweek", "weekday",    "last_day"};
  if (std::find(kParts.begin(), kParts.end(), name) != kParts.end()) {
    GBX_TRY(arguments(node, 1, 1));
    functions_->push_back({"EXTRACT", node.where});
    return composed_part(make_text(name, node.where), std::move(parts[0]), false);
  }
  return number_function(node, std::move(parts));
}

Result<Expression> ExpressionBinder::number_function(const Node& node,
                                                     std::vector<Expression> parts) {
  const std::string& name = node.text;
  if (name == "floor" || name == "ceil" || name == "ceiling" || name == "round" ||
      name == "trunc") {
    return rounded(node, std::move(parts));
  }
  if (name == "greatest" || name == "least") return extreme(node, std::move(parts));
  if (name == "nvl") {
    functions_->push_back({"COALESCE", node.where});
    return make_coalesce(std::move(parts), node.where);
  }
  if (name != "sign") return composed_function(node, std::move(parts));
  GBX_TRY(arguments(node, 1, 1));
  functions_->push_back({"SIGN", node.where});
  GBX_TRY(account(parts[0]));
  GBX_TRY_ASSIGN(Expression negative, make_comparison(Op::less, parts[0], number(0, {}), {}));
  GBX_TRY(account(parts[0]));
  GBX_TRY_ASSIGN(Expression positive, make_comparison(Op::greater, parts[0], number(0, {}), {}));
  Expression is_null = make_is_null(std::move(parts[0]), node.where);
  std::vector<Expression> choice;
  choice.push_back(std::move(negative));
  choice.push_back(number(-1, node.where));
  choice.push_back(std::move(positive));
  choice.push_back(number(1, node.where));
  choice.push_back(std::move(is_null));
  choice.push_back(make_null(kInteger, node.where));
  choice.push_back(number(0, node.where));
  return make_case(std::move(choice), node.where);
}

Result<Expression> ExpressionBinder::rounded(const Node& node, std::vector<Expression> parts) {
  const std::string& name = node.text;
  GBX_TRY(arguments(node, 1, name == "round" || name == "trunc" ? 2 : 1));
  const bool up = name.starts_with("ceil");
  functions_->push_back({up                ? "CEILING"
                         : name == "floor" ? "FLOOR"
                         : name == "round" ? "ROUND"
                                           : "TRUNC",
                         node.where});
  std::int64_t digits = 0;
  if (parts.size() == 2) {
    if (!is_count(parts[1]) || parts[1].value < 0 || parts[1].value > kScaleMax) {
      return refuse("digits_malformed", parts[1].where);
    }
    digits = parts[1].value;
  }
  const Rounding rounding = up                ? Rounding::up
                            : name == "floor" ? Rounding::down
                            : name == "round" ? Rounding::half_away
                                              : Rounding::to_zero;
  return make_rounded(std::move(parts[0]), static_cast<std::uint8_t>(digits), rounding, node.where);
}

Result<Expression> ExpressionBinder::divided(const Node& node, std::vector<Expression> parts) {
  GBX_TRY(arguments(node, 2, 2));
  if (node.text == "/") return make_division(std::move(parts[0]), std::move(parts[1]), node.where);
  GBX_TRY(unify(parts, 0, 1));  // of one scale, so the quotient of units is that of values
  if (!is_numeric(parts[0].type)) return refuse("types_differ", node.where);
  const ValueType type = parts[0].type;
  if (node.text == "//" || node.text == "divide") {
    return make_quotient(std::move(parts[0]), std::move(parts[1]), {kInteger, Rounding::to_zero},
                         node.where);
  }
  return make_remainder(std::move(parts[0]), std::move(parts[1]), {type, Rounding::to_zero},
                        node.where);
}

// NULLs are passed over, as in DuckDB: only the greatest or least of what is there.
Result<Expression> ExpressionBinder::extreme(const Node& node, std::vector<Expression> parts) {
  GBX_TRY(arguments(node, 2, kExtremesMax));
  const bool least = node.text == "least";
  functions_->push_back({least ? "LEAST" : "GREATEST", node.where});
  GBX_TRY(unify(parts, 0, 1));
  Expression out = std::move(parts[0]);
  for (std::size_t i = 1; i < parts.size(); i++) {
    Expression& next = parts[i];
    for (int copies = 0; copies < 3; copies++) {
      GBX_TRY(account(out));
      GBX_TRY(account(next));
    }
    const bool bounded = next.op == Op::literal && next.type.type != Type::text;
    const std::int64_t bound = next.value;
    const Op op = least ? Op::less_equal : Op::greater_equal;
    GBX_TRY_ASSIGN(Expression first, make_comparison(op, out, next, node.where));
    Expression no_next = make_is_null(next, node.where);
    std::vector<Expression> choice;
    choice.push_back(std::move(first));
    choice.push_back(out);
    if (!bounded) {  // a literal is there
      choice.push_back(std::move(no_next));
      choice.push_back(std::move(out));
    }
    choice.push_back(std::move(next));
    GBX_TRY_ASSIGN(out, make_case(std::move(choice), node.where));
    if (bounded && least) out.high = std::min(out.high, bound);
    if (bounded && !least) out.low = std::max(out.low, bound);
  }
  return out;
}

// left(x, n), right(x, n), substring(x, from [, n]); the numbers are literals, `from` counts
// from 1.
Result<Expression> ExpressionBinder::substring(const Node& node, std::vector<Expression> parts) {
  const bool from_start = node.text == "left";
  const bool from_end = node.text == "right";
  GBX_TRY(arguments(node, 2, from_start || from_end ? 2 : 3));
  functions_->push_back({"SUBSTRING", node.where});
  for (std::size_t i = 1; i < parts.size(); i++) {
    if (!is_count(parts[i]) || parts[i].value < 0) return refuse("prefix_malformed", node.where);
  }
  const std::int64_t first = parts[1].value;
  if (from_start) return make_text_function(Op::prefix, std::move(parts[0]), first, node.where);
  if (from_end) return make_text_function(Op::suffix, std::move(parts[0]), first, node.where);
  if (first < 1) return refuse("prefix_malformed", node.where);
  Expression out = std::move(parts[0]);
  if (first > 1) {
    GBX_TRY_ASSIGN(out, make_text_function(Op::rest, std::move(out), first - 1, node.where));
  }
  if (parts.size() == 2) {
    if (first > 1) return out;
    return make_text_function(Op::rest, std::move(out), 0, node.where);
  }
  return make_text_function(Op::prefix, std::move(out), parts[2].value, node.where);
}

// date_diff(unit, a, b): how many borders between units lie between a and b.
Result<Expression> ExpressionBinder::difference(const Node& node, std::vector<Expression> parts) {
  GBX_TRY(arguments(node, 3, 3));
  functions_->push_back({"DATEDIFF", node.where});
  const bool named = parts[0].op == Op::literal && parts[0].type.type == Type::text;
  const Unit* unit = named ? unit_of(parts[0].text) : nullptr;
  if (unit == nullptr) return refuse("date_part_unsupported", parts[0].where);
  for (std::size_t i = 1; i < 3; i++) {
    GBX_TRY(account(parts[i]));
    GBX_TRY(account(parts[i]));
    if (parts[i].type.type == Type::text) {
      GBX_TRY_ASSIGN(parts[i], make_cast(std::move(parts[i]), {Type::date, 0}, parts[i].where));
    }
    GBX_TRY_ASSIGN(parts[i], number_of_unit(std::move(parts[i]), *unit));
  }
  GBX_TRY_ASSIGN(Expression out, make_arithmetic(Op::subtract, std::move(parts[2]),
                                                 std::move(parts[1]), node.where));
  if (unit->micros != 7 * kDay) return out;
  return floor_of(std::move(out), 7);  // from Monday to Monday
}

// date_sub(unit, a, b): how many whole units lie between a and b.
Result<Expression> ExpressionBinder::whole_units(const Node& node, std::vector<Expression> parts) {
  GBX_TRY(arguments(node, 3, 3));
  functions_->push_back({"DATEDIFF", node.where});
  const bool named = parts[0].op == Op::literal && parts[0].type.type == Type::text;
  const Unit* unit = named ? unit_of(parts[0].text) : nullptr;
  if (unit == nullptr || unit->months > 0) return refuse("date_part_unsupported", parts[0].where);
  for (std::size_t i = 1; i < 3; i++) {
    GBX_TRY_ASSIGN(parts[i], make_cast(std::move(parts[i]), {Type::timestamp, 0}, parts[i].where));
    GBX_TRY_ASSIGN(parts[i], floor_of(std::move(parts[i]), 1));
  }
  GBX_TRY_ASSIGN(Expression micros, make_arithmetic(Op::subtract, std::move(parts[2]),
                                                    std::move(parts[1]), node.where));
  return make_quotient(std::move(micros), number(unit->micros, node.where),
                       {kInteger, Rounding::to_zero}, node.where);
}

Result<Expression> ExpressionBinder::moved(const Node& node, const Node& moment,
                                           const Node& interval) {
  GBX_TRY_ASSIGN(Expression a, bind(moment));
  const Unit* unit = unit_of(interval.text);
  if (unit == nullptr) return refuse("interval_unsupported", node.where);
  const bool text = a.op == Op::literal && a.type.type == Type::text;
  if (text) {
    GBX_TRY_ASSIGN(a, make_cast(std::move(a), {Type::date, 0}, node.where));
  }
  if (a.type.type != Type::date && a.type.type != Type::timestamp) {
    return refuse("interval_unsupported", node.where);
  }
  std::int64_t count = 0;
  const std::int64_t sign = node.text == "-" ? -1 : 1;
  const bool whole_days = unit->micros % kDay == 0 && a.type.type == Type::date;
  const std::int64_t length = unit->months > 0 ? unit->months
                              : whole_days     ? unit->micros / kDay
                                               : unit->micros;
  if (__builtin_mul_overflow(interval.value, sign * length, &count)) {
    return refuse("value_may_overflow", node.where);
  }
  GBX_TRY(account(a));
  if (unit->months > 0) return make_months_later(std::move(a), count, node.where);
  if (!whole_days) return make_micros_later(std::move(a), count, node.where);
  return make_arithmetic(Op::add, std::move(a), number(count, interval.where), node.where);
}

Result<Expression> ExpressionBinder::composed_part(const Expression& name, Expression moment,
                                                   bool truncate) {
  const std::string& part = name.text;
  const ValueType stamp{Type::timestamp, 0};
  const Span where = moment.where;
  GBX_TRY(account(moment));
  const Unit* unit = unit_of(part);
  if (unit != nullptr && unit->months == 0 && unit->micros < kDay) {
    if (moment.type != stamp) return refuse("types_differ", where);
    if (truncate) {
      GBX_TRY_ASSIGN(Expression units, floor_of(std::move(moment), unit->micros));
      GBX_TRY_ASSIGN(Expression out, make_arithmetic(Op::multiply, std::move(units),
                                                     number(unit->micros, where), where));
      out.type = stamp;
      return out;
    }
    GBX_TRY_ASSIGN(Expression units, floor_of(std::move(moment), unit->micros));
    return rest_of(std::move(units), unit->micros == kHour ? 24 : 60);
  }
  if (truncate) return refuse("date_part_unsupported", name.where);
  if (same_name(part, "epoch")) {  // seconds, with all digits
    GBX_TRY_ASSIGN(moment, make_cast(std::move(moment), stamp, where));
    return make_quotient(std::move(moment), number(1, where), {{Type::decimal, 6}, Rounding::down},
                         where);
  }
  if (moment.type == stamp) {
    GBX_TRY_ASSIGN(moment, make_date_function(Op::date_of, std::move(moment), where));
  }
  if (moment.type.type != Type::date) return refuse("types_differ", where);
  if (same_name(part, "week") || same_name(part, "weekofyear")) return week_of(std::move(moment));
  if (same_name(part, "doy") || same_name(part, "dayofyear")) return day_of_year(std::move(moment));
  if (same_name(part, "dow") || same_name(part, "dayofweek") || same_name(part, "weekday")) {
    GBX_TRY_ASSIGN(Expression day, make_date_function(Op::day_of_week, std::move(moment), where));
    return rest_of(std::move(day), 7);  // Sunday is 0
  }
  if (!same_name(part, "last_day")) return refuse("date_part_unsupported", name.where);
  GBX_TRY_ASSIGN(Expression first,
                 make_date_function(Op::truncate_month, std::move(moment), where));
  GBX_TRY_ASSIGN(Expression next, make_months_later(std::move(first), 1, where));
  return plus(std::move(next), -1);
}

}  // namespace gbx::sql
