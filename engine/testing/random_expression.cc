#include "engine/testing/random_expression.h"

#include <algorithm>
#include <array>
#include <limits>

namespace gbx::engine {
namespace {

using sql::Expression;
using sql::Op;

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kDayLow = -719162;   // 0001-01-01
constexpr std::int64_t kDayHigh = 2932896;  // 9999-12-31
constexpr std::int64_t kMicrosPerDay = 86'400'000'000;

constexpr std::array<std::string_view, 16> kTexts = {
    "",    "a",   "A",    "aB", "north", "North", "no%th", "n_rth",
    "öst", "Öst", "東京", "東", "😀x",   "it's",  "a\"b",  "zzzzzzzzzzzzzzzzzzzzzzzzz"};
constexpr std::array<std::string_view, 8> kPatterns = {
    "%", "_", "n%", "%th", "%_r%", "\xE6\x9D\xB1_", "", "a%b%"};

Expression node(Op op, ValueType type, Interval in) {
  Expression e;
  e.op = op;
  e.type = type;
  e.low = in.low;
  e.high = in.high;
  return e;
}

}  // namespace

Interval interval_of(Type type, std::uint64_t variant) {
  switch (type) {
    case Type::boolean: return {0, 1};
    case Type::integer:
      if (variant % 8 == 0) return {kMin, kMax};
      if (variant % 8 == 1) return {-4'000'000'000'000'000'000, 4'000'000'000'000'000'000};
      return {-5, 9};
    case Type::decimal:
      if (variant % 8 == 0) return {-900'000'000'000'000'000, 900'000'000'000'000'000};
      return {0, 5000};
    case Type::date:
      if (variant % 4 == 0) return {kDayLow, kDayHigh};
      return {20000, 20030};
    case Type::timestamp:
      if (variant % 4 == 0) return {kDayLow * kMicrosPerDay, kDayHigh * kMicrosPerDay};
      return {-2 * kMicrosPerDay, 3 * kMicrosPerDay};
    case Type::text: break;
  }
  return {0, 0};
}

std::int64_t Randomness::value_in(Interval in) {
  const std::uint64_t width =
      static_cast<std::uint64_t>(in.high) - static_cast<std::uint64_t>(in.low);
  if (chance(8)) return in.low;
  if (chance(8)) return in.high;
  const std::uint64_t offset = width == ~std::uint64_t{0} ? random_() : below(width + 1);
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(in.low) + offset);
}

ValueType Randomness::type() {
  const auto type = static_cast<Type>(below(6));
  std::uint8_t scale = 0;
  if (type == Type::decimal) scale = static_cast<std::uint8_t>(1 + below(4));
  return {type, scale};
}

Cell Randomness::cell(ValueType type, Interval in) {
  if (type.type == Type::text) return std::string(kTexts[below(kTexts.size())]);
  return value_in(in);
}

Expression RandomExpression::condition() {
  Expression filter = make({Type::boolean, 0}, 3);
  const std::size_t more = random_.below(3);
  for (std::size_t i = 0; i < more; i++) {
    Expression both = node(Op::logical_and, {Type::boolean, 0}, {0, 1});
    both.children = {std::move(filter), make({Type::boolean, 0}, 2)};
    filter = std::move(both);
  }
  return filter;
}

Expression RandomExpression::literal(ValueType type) {
  Interval in = interval_of(type.type, random_.word() | 2);
  Expression e = node(Op::literal, type, in);
  const Cell cell = random_.cell(type, in);
  if (const auto* text = std::get_if<std::string>(&cell)) e.text = *text;
  if (const auto* number = std::get_if<std::int64_t>(&cell)) e.value = *number;
  e.low = e.high = e.value;
  return e;
}

Expression RandomExpression::column(std::uint32_t relation, std::uint32_t column) const {
  const sql::StepColumn& from = scope_[relation][column];
  Expression e = node(Op::column, from.type, {from.low, from.high});
  e.relation = relation;
  e.column = column;
  return e;
}

Expression RandomExpression::leaf(ValueType type) {
  std::vector<Expression> columns;
  for (std::uint32_t r = 0; r < scope_.size(); r++) {
    for (std::uint32_t c = 0; c < scope_[r].size(); c++) {
      if (scope_[r][c].type == type) columns.push_back(column(r, c));
    }
  }
  if (!columns.empty() && !random_.chance(5)) return columns[random_.below(columns.size())];
  if (random_.chance(8)) return node(Op::null, type, {0, 0});
  return literal(type);
}

Expression RandomExpression::make(ValueType type, std::uint32_t depth) {
  if (depth == 0 || random_.chance(3)) return leaf(type);
  if (random_.chance(6)) return choice(type, depth);
  const bool number = type.type == Type::integer || type.type == Type::decimal;
  if (number && random_.chance(6)) return clamped(type, depth);
  switch (type.type) {
    case Type::boolean: return truth(depth);
    case Type::integer:
      if (random_.chance(4)) return quotient(type, depth);
      return random_.chance(2) ? arithmetic(type, depth) : part(depth);
    case Type::decimal:
      if (random_.chance(4)) return quotient(type, depth);
      return random_.chance(2) ? arithmetic(type, depth) : scaled(type, depth);
    case Type::date: return day(depth);
    case Type::timestamp: return leaf(type);
    case Type::text: return text(depth);
  }
  return leaf(type);
}

Expression RandomExpression::choice(ValueType type, std::uint32_t depth) {
  Expression e = node(random_.chance(2) ? Op::coalesce : Op::case_when, type, {0, 0});
  const std::size_t whens = 1 + random_.below(2);
  for (std::size_t i = 0; i < whens; i++) {
    if (e.op == Op::case_when) e.children.push_back(make({Type::boolean, 0}, depth - 1));
    e.children.push_back(make(type, depth - 1));
  }
  e.children.push_back(make(type, depth - 1));
  for (std::size_t i = 0; i < e.children.size(); i++) {
    const bool condition = e.op == Op::case_when && i % 2 == 0 && i + 1 < e.children.size();
    if (condition) continue;
    e.low = std::min(e.low, e.children[i].low);
    e.high = std::max(e.high, e.children[i].high);
  }
  return e;
}

Expression RandomExpression::truth(std::uint32_t depth) {
  const ValueType boolean{Type::boolean, 0};
  const std::uint64_t kind = random_.below(9);
  Expression e = node(Op::logical_not, boolean, {0, 1});
  if (kind < 4) {
    constexpr std::array<Op, 6> kCompare = {Op::equal,      Op::not_equal, Op::less,
                                            Op::less_equal, Op::greater,   Op::greater_equal};
    const ValueType type = random_.type();
    e.op = kCompare[random_.below(kCompare.size())];
    e.children = {make(type, depth - 1), make(type, depth - 1)};
  } else if (kind == 4) {
    e.op = random_.chance(2) ? Op::logical_and : Op::logical_or;
    e.children = {make(boolean, depth - 1), make(boolean, depth - 1)};
  } else if (kind == 5) {
    e.children = {make(boolean, depth - 1)};
  } else if (kind == 6) {
    e.op = Op::is_null;
    e.children = {make(random_.type(), depth - 1)};
  } else if (kind == 7) {
    const ValueType type = random_.type();
    e.op = Op::in_list;
    e.children = {make(type, depth - 1)};
    const std::size_t items = 1 + random_.below(4);
    for (std::size_t i = 0; i < items; i++) e.children.push_back(literal(type));
  } else {
    e.op = Op::like;
    e.text = kPatterns[random_.below(kPatterns.size())];
    e.value = random_.chance(3) ? 1 : 0;
    e.children = {make({Type::text, 0}, depth - 1)};
  }
  return e;
}

// The rounded quotient of two numbers, or what is left.
Expression RandomExpression::quotient(ValueType type, std::uint32_t depth) {
  Expression e = node(random_.chance(3) ? Op::remainder : Op::quotient, type, {kMin, kMax});
  e.value = static_cast<std::int64_t>(random_.below(4));
  if (e.op == Op::quotient) e.value += static_cast<std::int64_t>(4 * random_.below(13));
  e.children = {make(type, depth - 1),
                random_.chance(2) ? literal(type) : make({Type::integer, 0}, depth - 1)};
  return e;
}

// Refuses what could leave int64, as the binder does.
Expression RandomExpression::arithmetic(ValueType type, std::uint32_t depth) {
  constexpr std::array<Op, 5> kOps = {Op::add, Op::subtract, Op::multiply, Op::negate,
                                      Op::absolute};
  const Op op = kOps[random_.below(kOps.size())];
  Expression e = node(op, type, {0, 0});
  e.children = {make(type, depth - 1)};
  const bool multiplies = op == Op::multiply;
  if (op == Op::add || op == Op::subtract) e.children.push_back(make(type, depth - 1));
  if (multiplies) e.children.push_back(make({Type::integer, 0}, depth - 1));
  const Expression& a = e.children[0];
  const Expression& b = e.children.back();
  std::vector<Int128> corners;
  for (const Int128 x : {Int128{a.low}, Int128{a.high}}) {
    for (const Int128 y : {Int128{b.low}, Int128{b.high}}) {
      if (op == Op::add) corners.push_back(x + y);
      if (op == Op::subtract) corners.push_back(x - y);
      if (op == Op::multiply) corners.push_back(x * y);
      if (op == Op::negate) corners.push_back(-x);
      if (op == Op::absolute) corners.push_back(x < 0 ? -x : x);
    }
  }
  if (op == Op::absolute && a.low < 0 && a.high > 0) corners.push_back(0);
  const auto [low, high] = std::minmax_element(corners.begin(), corners.end());
  if (*low < kMin || *high > kMax) return leaf(type);
  e.low = static_cast<std::int64_t>(*low);
  e.high = static_cast<std::int64_t>(*high);
  return e;
}

Expression RandomExpression::clamped(ValueType type, std::uint32_t depth) {
  Expression low = literal(type);
  Expression high = literal(type);
  if (low.value > high.value) std::swap(low, high);
  Expression e = node(Op::clamp, type, {low.value, high.value});
  e.children = {make(type, depth - 1), low, high};
  return e;
}

Expression RandomExpression::scaled(ValueType type, std::uint32_t depth) {
  Expression e = node(Op::rescale, type, {0, 0});
  e.value = type.scale;
  e.children = {make({Type::integer, 0}, depth - 1)};
  std::int64_t factor = 1;
  for (std::int64_t i = 0; i < e.value; i++) factor *= 10;
  if (__builtin_mul_overflow(e.children[0].low, factor, &e.low) ||
      __builtin_mul_overflow(e.children[0].high, factor, &e.high)) {
    return leaf(type);
  }
  return e;
}

// A part of a date or timestamp, or the days between two dates.
Expression RandomExpression::part(std::uint32_t depth) {
  const ValueType integer{Type::integer, 0};
  if (random_.chance(4)) {
    Expression e = node(Op::subtract, integer, {kDayLow - kDayHigh, kDayHigh - kDayLow});
    e.children = {make({Type::date, 0}, depth - 1), make({Type::date, 0}, depth - 1)};
    return e;
  }
  struct Part {
    Op op;
    Interval in;
  };
  if (random_.chance(5)) {
    Expression e = node(Op::length, integer, {0, 1 << 20});
    e.children = {make({Type::text, 0}, depth - 1)};
    return e;
  }
  constexpr std::array<Part, 5> kParts = {{{Op::year, {1, 9999}},
                                           {Op::quarter, {1, 4}},
                                           {Op::month, {1, 12}},
                                           {Op::day, {1, 31}},
                                           {Op::day_of_week, {1, 7}}}};
  const Part part = kParts[random_.below(kParts.size())];
  Expression e = node(part.op, integer, part.in);
  e.children = {make({random_.chance(2) ? Type::date : Type::timestamp, 0}, depth - 1)};
  return e;
}

Expression RandomExpression::day(std::uint32_t depth) {
  const ValueType date{Type::date, 0};
  if (random_.chance(6)) {
    Expression e = node(Op::add_months, date, {kDayLow, kDayHigh});
    e.value = static_cast<std::int64_t>(random_.below(61)) - 30;
    e.children = {make(date, depth - 1)};
    constexpr std::int64_t kReach = 961;  // days in 31 months
    const bool leaves =
        e.children[0].low < kDayLow + kReach || e.children[0].high > kDayHigh - kReach;
    return leaves ? leaf(date) : e;
  }
  constexpr std::array<Op, 7> kOps = {Op::date_of,          Op::truncate_year, Op::truncate_month,
                                      Op::truncate_quarter, Op::truncate_week, Op::add,
                                      Op::subtract};
  Expression e = node(kOps[random_.below(kOps.size())], date, {kDayLow, kDayHigh});
  if (e.op == Op::date_of) {
    e.children = {make({Type::timestamp, 0}, depth - 1)};
  } else if (e.op == Op::add || e.op == Op::subtract) {
    e.children = {make(date, depth - 1), literal({Type::integer, 0})};
    const std::int64_t reach = std::max(std::abs(e.children[1].low), std::int64_t{0});
    if (e.children[0].low < kDayLow + reach || e.children[0].high > kDayHigh - reach) {
      return leaf(date);
    }
  } else {
    e.children = {make(date, depth - 1)};
    // The week of 0001-01-01 starts on that day, a Monday: nothing leaves the calendar.
  }
  return e;
}

Expression RandomExpression::text(std::uint32_t depth) {
  const ValueType type{Type::text, 0};
  if (random_.chance(3)) return composed_text(depth);
  constexpr std::array<Op, 6> kOps = {Op::lower,  Op::upper, Op::prefix,
                                      Op::suffix, Op::rest,  Op::trim};
  Expression e = node(kOps[random_.below(kOps.size())], type, {0, 0});
  e.value = static_cast<std::int64_t>(e.op == Op::trim ? 1 + random_.below(3) : random_.below(4));
  e.children = {make(type, depth - 1)};
  return e;
}

// Texts and numbers beside each other, parts and pads of texts, moments in a format.
Expression RandomExpression::composed_text(std::uint32_t depth) {
  const ValueType type{Type::text, 0};
  const ValueType integer{Type::integer, 0};
  const auto some = [&](std::string_view text) {
    Expression e = node(Op::literal, type, {0, 1});
    e.text = text;
    return e;
  };
  const auto number = [&](std::int64_t value) {
    Expression e = node(Op::literal, integer, {value, value});
    e.value = value;
    return e;
  };
  constexpr std::array<Op, 8> kOps = {Op::concat,   Op::to_text,   Op::replace, Op::split_part,
                                      Op::pad_left, Op::pad_right, Op::reverse, Op::capitals};
  Expression e = node(kOps[random_.below(kOps.size())], type, {0, 0});
  e.children = {make(type, depth - 1)};
  if (e.op == Op::concat) {
    e.children.push_back(some("-"));
    if (random_.chance(2)) e.children.push_back(leaf(type));
  } else if (e.op == Op::to_text) {
    e.children[0] = node(Op::clamp, integer, {-3, 20});
    e.children[0].children = {make(integer, depth - 1), number(-3), number(20)};
    if (random_.chance(2)) {
      e.value = static_cast<std::int64_t>(sql::TimeUnit::month);
      e.text = "%Y in %b";
    }
  } else if (e.op == Op::replace) {
    e.children.push_back(some("n"));
    e.children.push_back(some(random_.chance(2) ? "" : "öx"));
  } else if (e.op == Op::split_part) {
    e.children.push_back(some("r"));
    e.children.push_back(number(static_cast<std::int64_t>(1 + random_.below(3))));
  } else if (e.op == Op::pad_left || e.op == Op::pad_right) {
    e.children.push_back(number(static_cast<std::int64_t>(random_.below(7))));
    e.children.push_back(some("öx"));
  }
  return e;
}

}  // namespace gbx::engine
