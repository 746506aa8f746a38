#include "trusted/sql/released_value.h"

#include <algorithm>
#include <limits>

#include "trusted/sql/build.h"
#include "trusted/sql/catalog.h"
#include "trusted/sql/evaluate.h"
#include "trusted/sql/query.h"
#include "trusted/sql/text_functions.h"

namespace gbx::sql {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();

unsigned digits_of(ValueType type) { return type.type == Type::decimal ? type.scale : 0; }

End finite(Ratio value) { return {0, std::move(value)}; }
End infinite(int sign) { return {sign, {}}; }

int sign(const End& a) { return a.infinite != 0 ? a.infinite : a.value.sign(); }

End operator+(const End& a, const End& b) {  // never -infinite + infinite: both are lows or highs
  if (a.infinite != 0 || b.infinite != 0)
    return infinite(a.infinite != 0 ? a.infinite : b.infinite);
  return finite(a.value + b.value);
}
End operator-(const End& a) { return {-a.infinite, -a.value}; }
End operator*(const End& a, const End& b) {  // 0 times anything is 0: no end is reached
  if (sign(a) == 0 || sign(b) == 0) return {};
  if (a.infinite != 0 || b.infinite != 0) return infinite(sign(a) * sign(b));
  return finite(a.value * b.value);
}

Possible null_only() {
  Possible out;
  out.null = true;
  return out;
}
Possible between(End low, End high) {
  Possible out;
  out.some = true;
  out.low = std::move(low);
  out.high = std::move(high);
  return out;
}
Possible number(const Ratio& value) { return between(finite(value), finite(value)); }
Possible whole(std::int64_t value) { return number(Ratio::of(value)); }
Possible anything() { return between(infinite(-1), infinite(1)); }
Possible truth(bool can_be_false, bool can_be_true) {
  Possible out =
      between(finite(Ratio::of(can_be_false ? 0 : 1)), finite(Ratio::of(can_be_true ? 1 : 0)));
  out.some = can_be_false || can_be_true;
  return out;
}
Possible text(std::string value) {
  Possible out = between({}, {});
  out.text = std::move(value);
  return out;
}
Possible any_text() { return between({}, {}); }

bool can_be(const Possible& a, std::int64_t truth) {
  return a.some && a.low <= finite(Ratio::of(truth)) && a.high >= finite(Ratio::of(truth));
}

// Either of the two.
Possible either(Possible a, const Possible& b) {
  a.null = a.null || b.null;
  if (!b.some) return a;
  if (!a.some) {
    const bool null = a.null;
    a = b;
    a.null = null;
    return a;
  }
  if (a.text != b.text) a.text.reset();
  a.low = std::min(a.low, b.low);
  a.high = std::max(a.high, b.high);
  return a;
}

// The same values, and whether it can be NULL.
Possible or_null(Possible a, bool null) {
  a.null = a.null || null;
  return a;
}

Possible sum(const Possible& a, const Possible& b) {
  return between(a.low + b.low, a.high + b.high);
}

Possible negated(Possible a) {
  std::swap(a.low, a.high);
  a.low = -a.low;
  a.high = -a.high;
  return a;
}

// Of two that are known as they are; half the work of every value.
bool is_known(const Possible& a) {
  return a.low.infinite == 0 && a.high.infinite == 0 && a.low.value.is_same(a.high.value);
}

Possible product(const Possible& a, const Possible& b) {
  if (is_known(a) && is_known(b)) {
    End only = a.low * b.low;
    return between(only, only);
  }
  const auto [low, high] =
      std::minmax({a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high});
  return between(low, high);
}

Possible absolute(const Possible& a) {
  if (sign(a.low) >= 0) return a;
  if (sign(a.high) <= 0) return negated(a);
  return between({}, std::max(-a.low, a.high));
}

bool is_point(const Possible& a) { return a.low == a.high; }

// floor, ceil, round, trunc of what is a multiple of 10^-digits afterwards: they keep order.
End rounded(const End& a, unsigned digits, Rounding rounding) {
  if (a.infinite != 0) return a;
  return finite(Ratio::of(a.value.units(digits, rounding), digits));
}

bool reads(const Expression& e) { return e.op == Op::output || e.op == Op::column; }

class Evaluation {
 public:
  explicit Evaluation(std::span<const Known> outputs) : outputs_(outputs) {}

  [[nodiscard]] Possible of(const Expression& e) const {
    if (reads(e)) return output(e);
    if (e.op == Op::null) return null_only();
    if (e.op == Op::case_when) return case_when(e);
    if (e.op == Op::coalesce) return coalesce(e);
    if (e.op == Op::logical_and) return connective(e, 0);
    if (e.op == Op::logical_or) return connective(e, 1);
    if (e.op == Op::is_null) {
      const Possible a = of(e.children[0]);
      return truth(a.some, a.null);
    }
    if (e.op != Op::literal) return of_values(e);
    if (e.type.type == Type::text) return text(e.text);
    return number(Ratio::of(e.value, digits_of(e.type)));
  }

 private:
  [[nodiscard]] Possible output(const Expression& e) const;
  [[nodiscard]] Possible case_when(const Expression& e) const;
  [[nodiscard]] Possible coalesce(const Expression& e) const;
  [[nodiscard]] Possible connective(const Expression& e, std::int64_t decides) const;
  [[nodiscard]] Possible of_values(const Expression& e) const;

  std::span<const Known> outputs_;
};

Possible Evaluation::output(const Expression& e) const {
  GBX_CHECK(e.column < outputs_.size());
  const Known& known = outputs_[e.column];
  if (const auto* value = std::get_if<std::string>(&known.low)) return text(*value);
  const auto* low = std::get_if<std::int64_t>(&known.low);
  const auto* high = std::get_if<std::int64_t>(&known.high);
  if (low == nullptr || high == nullptr) return null_only();
  const unsigned digits = digits_of(e.type);
  return between(*low == kLeast && *low != *high ? infinite(-1) : finite(Ratio::of(*low, digits)),
                 *high == kMost && *low != *high ? infinite(1) : finite(Ratio::of(*high, digits)));
}

Possible Evaluation::case_when(const Expression& e) const {
  Possible out;
  for (std::size_t i = 0; i + 1 < e.children.size(); i += 2) {
    const Possible condition = of(e.children[i]);
    if (!can_be(condition, 1)) continue;
    out = either(std::move(out), of(e.children[i + 1]));
    if (!can_be(condition, 0) && !condition.null) return out;
  }
  return either(std::move(out), of(e.children.back()));
}

Possible Evaluation::coalesce(const Expression& e) const {
  Possible out;
  for (const Expression& child : e.children) {
    Possible next = of(child);
    const bool null = next.null;
    next.null = false;
    out = either(std::move(out), next);
    if (!null) return out;
  }
  out.null = true;
  return out;
}

// AND and OR: `decides` is the operand that settles it whatever the others are.
Possible Evaluation::connective(const Expression& e, std::int64_t decides) const {
  bool may_decide = false;
  bool must_decide = false;
  bool null = false;
  bool all_may_pass = true;
  for (const Expression& child : e.children) {
    const Possible part = of(child);
    may_decide = may_decide || can_be(part, decides);
    must_decide = must_decide || (!part.null && !can_be(part, 1 - decides));
    null = null || part.null;
    all_may_pass = all_may_pass && can_be(part, 1 - decides);
  }
  const bool may_pass = all_may_pass && !must_decide;
  return or_null(decides == 0 ? truth(may_decide, may_pass) : truth(may_pass, may_decide),
                 null && !must_decide);
}

// What 1 / b can be, and whether it can be NULL; `least` is the smallest positive value of b.
Possible inverse(const Possible& b, bool never_negative, const End& least) {
  const auto one_over = [](const End& a) {
    if (a.infinite != 0) return End{};
    return sign(a) == 0 ? infinite(1) : finite(Ratio::of(1) / a.value);
  };
  if (sign(b.low) > 0) return between(one_over(b.high), one_over(b.low));
  if (never_negative) {
    if (sign(b.high) <= 0) return null_only();
    return or_null(between(one_over(b.high), one_over(std::min(least, b.high))), true);
  }
  if (sign(b.high) < 0) return negated(inverse(negated(b), true, least));
  if (sign(b.low) == 0 && sign(b.high) == 0) return null_only();
  return or_null(anything(), true);
}

// a / b of two values, as an operator with these two children.
Possible divided(const Expression& e, const Possible& a, const Possible& b) {
  const Expression* divisor = &e.children[1];
  const bool never_negative = divisor->low >= 0;
  while (divisor->op == Op::rescale) divisor = &divisor->children[0];
  const End least = reads(*divisor) ? finite(Ratio::of(1, digits_of(divisor->type))) : End{};
  const Possible over = inverse(b, never_negative, least);
  if (!over.some) return null_only();
  return or_null(product(a, over), over.null);
}

Possible quotient(const Expression& e, const Possible& a, const Possible& b) {
  const auto rounding = static_cast<Rounding>(e.value % 4);
  const auto more = static_cast<unsigned>(e.value / 4);
  Possible out = divided(e, a, b);
  if (!out.some) return out;
  // In units: of a times 10^more, of b.
  const unsigned digits = digits_of(e.children[0].type) + more;
  const unsigned less = digits_of(e.children[1].type) + digits_of(e.type);
  const Possible factor = number(Ratio::of(1, less) / Ratio::of(1, digits));
  const Possible scaled = product(out, factor);
  out.low = rounded(scaled.low, digits_of(e.type), rounding);
  out.high = rounded(scaled.high, digits_of(e.type), rounding);
  return out;
}

Possible remainder(const Expression& e, const Possible& a, const Possible& b) {
  Possible over = divided(e, a, b);
  if (!over.some) return over;
  if (!is_point(a) || !is_point(b)) {
    const Possible most = absolute(b);
    const End low = sign(a.low) >= 0 && e.value % 4 != 1 ? End{} : -most.high;
    return or_null(between(low, sign(a.high) <= 0 && e.value % 4 != 1 ? End{} : most.high),
                   over.null);
  }
  const std::int64_t times = over.low.value.units(0, static_cast<Rounding>(e.value % 4));
  if (times == kMost || times == -kMost) return null_only();
  return or_null(sum(a, negated(product(b, whole(times)))), over.null);
}

// Which of less, equal, greater two values can be.
struct Order {
  bool less = true;
  bool equal = true;
  bool greater = true;
};

Order order_of(const Possible& a, const Possible& b, bool texts) {
  if (texts) {
    if (!a.text || !b.text) return {};
    return {*a.text < *b.text, *a.text == *b.text, *a.text > *b.text};
  }
  return {a.low < b.high, a.low <= b.high && b.low <= a.high, a.high > b.low};
}

Possible comparison(Op op, Order order) {
  const bool less = order.less;
  const bool equal = order.equal;
  const bool greater = order.greater;
  if (op == Op::equal) return truth(less || greater, equal);
  if (op == Op::not_equal) return truth(equal, less || greater);
  if (op == Op::less) return truth(equal || greater, less);
  if (op == Op::less_equal) return truth(greater, less || equal);
  if (op == Op::greater) return truth(less || equal, greater);
  return truth(less, equal || greater);
}

Possible in_list(const Expression& e, const std::vector<Possible>& parts) {
  bool found = false;
  bool other = true;
  const bool texts = e.children[0].type.type == Type::text;
  for (std::size_t i = 1; i < parts.size(); i++) {
    const Order order = order_of(parts[0], parts[i], texts);
    found = found || order.equal;
    other = other && (order.less || order.greater);
  }
  return truth(other, found);
}

// Parts of one date or timestamp, and what is so many months later.
Possible of_moment(const Expression& e, const Possible& a) {
  if (!is_point(a)) return anything();
  const ValueType type = e.children[0].type;
  const std::int64_t value = a.low.value.units(0, Rounding::down);
  const Range range = storage_range(type);
  if (a.low.infinite != 0 || value < range.low || value > range.high) return null_only();
  const std::int64_t day = type.type == Type::timestamp ? day_of_timestamp(value) : value;
  if (e.op == Op::date_of) return whole(day);
  if (e.op == Op::add_months) return whole(months_later(day, e.value));
  return whole(date_function(e.op, day));
}

Possible of_text(const Expression& e, const Possible& a) {
  if (e.op == Op::like) {
    if (!a.text) return truth(true, true);
    const bool matches = like_matches(e, *a.text);
    return truth(!matches, matches);
  }
  if (e.op == Op::length) {
    return a.text ? whole(text_length(*a.text)) : between({}, infinite(1));
  }
  if (e.op == Op::position) {
    const std::string& part = e.children[1].text;
    return a.text ? whole(text_position(*a.text, part)) : between({}, infinite(1));
  }
  return a.text ? text(text_function(e, *a.text)) : any_text();
}

Possible joined(const std::vector<Possible>& parts) {
  std::string out;
  for (const Possible& part : parts) {
    if (!part.text) return any_text();
    out += *part.text;
  }
  return text(std::move(out));
}

// A number as it is shown: rounded to its digits. NULL outside of the calendar, where noise alone
// can bring a date.
Possible written(const Expression& e, const Possible& a) {
  if (!is_point(a) || a.low.infinite != 0) return any_text();
  const ValueType type = e.children[0].type;
  const std::int64_t value = a.low.value.units(digits_of(type), Rounding::half_away);
  const auto unit = type.type == Type::date ? TimeUnit::day : static_cast<TimeUnit>(e.value);
  if (unit != TimeUnit::none) {
    const Units units = units_in_calendar(unit);
    if (value < units.low || value > units.high) return null_only();
  }
  return text(number_text(e, value));
}

Possible on_values(const Expression& e, const std::vector<Possible>& parts) {
  const Possible& a = parts[0];
  switch (e.op) {
    case Op::add: return sum(a, parts[1]);
    case Op::subtract: return sum(a, negated(parts[1]));
    case Op::multiply: return product(a, parts[1]);
    case Op::ratio: return divided(e, a, parts[1]);
    case Op::quotient: return quotient(e, a, parts[1]);
    case Op::remainder: return remainder(e, a, parts[1]);
    case Op::negate: return negated(a);
    case Op::absolute: return absolute(a);
    case Op::rescale: return a;
    case Op::clamp:
      return between(std::clamp(a.low, parts[1].low, parts[2].low),
                     std::clamp(a.high, parts[1].low, parts[2].low));
    case Op::equal:
    case Op::not_equal:
    case Op::less:
    case Op::less_equal:
    case Op::greater:
    case Op::greater_equal:
      return comparison(e.op, order_of(a, parts[1], e.children[0].type.type == Type::text));
    case Op::logical_not: return truth(can_be(a, 1), can_be(a, 0));
    case Op::in_list: return in_list(e, parts);
    case Op::like:
    case Op::lower:
    case Op::upper:
    case Op::prefix:
    case Op::suffix:
    case Op::rest:
    case Op::trim:
    case Op::replace:
    case Op::split_part:
    case Op::pad_left:
    case Op::pad_right:
    case Op::reverse:
    case Op::capitals:
    case Op::position:
    case Op::length: return of_text(e, a);
    case Op::concat: return joined(parts);
    case Op::to_text: return written(e, a);
    case Op::year:
    case Op::quarter:
    case Op::month:
    case Op::day:
    case Op::day_of_week:
    case Op::truncate_year:
    case Op::truncate_quarter:
    case Op::truncate_month:
    case Op::truncate_week:
    case Op::date_of:
    case Op::add_months: return of_moment(e, a);
    case Op::column:
    case Op::output:
    case Op::literal:
    case Op::null:
    case Op::logical_and:
    case Op::logical_or:
    case Op::is_null:
    case Op::case_when:
    case Op::coalesce: break;
  }
  GBX_CHECK(false);
}

// NULL in, NULL out.
Possible Evaluation::of_values(const Expression& e) const {
  std::vector<Possible> parts;
  bool null = false;
  for (const Expression& child : e.children) {
    parts.push_back(of(child));
    null = null || parts.back().null;
    if (!parts.back().some) return null_only();
  }
  return or_null(on_values(e, parts), null);
}

}  // namespace

std::strong_ordering operator<=>(const End& a, const End& b) {
  if (a.infinite != 0 || b.infinite != 0) return a.infinite <=> b.infinite;
  return a.value <=> b.value;
}

Possible possible(const Expression& expression, std::span<const Known> outputs) {
  return Evaluation(outputs).of(expression);
}

Cell released_value(const Expression& expression, std::span<const Known> row) {
  const Possible value = possible(expression, row);
  if (!value.some) return {};
  if (expression.type.type == Type::text) return value.text ? Cell(*value.text) : Cell();
  const std::int64_t units = value.low.value.units(digits_of(expression.type), Rounding::half_away);
  const Range range = storage_range(expression.type);
  if (units < range.low || units > range.high) return {};
  return units;
}

std::vector<Known> known(const std::vector<Cell>& row) {
  std::vector<Known> out;
  out.reserve(row.size());
  for (const Cell& cell : row) out.push_back({cell, cell});
  return out;
}

std::optional<Ends> ends_of(const Possible& possible, ValueType type) {
  if (!possible.some) return std::nullopt;
  const unsigned digits = digits_of(type);
  const auto cut = [&](const End& end, Rounding rounding) {
    if (end.infinite != 0) return end.infinite * kMost;
    return end.value.units(digits, rounding);
  };
  return Ends{cut(possible.low, Rounding::down), cut(possible.high, Rounding::up)};
}

Computed compute(const Expression& formula, std::span<const Known> values,
                 std::span<const Known> ranges) {
  Computed out;
  out.value = released_value(formula, values);
  const auto* value = std::get_if<std::int64_t>(&out.value);
  if (value == nullptr || !is_numeric(formula.type)) return out;
  const Ends ends = ends_of(possible(formula, ranges), formula.type).value_or(Ends{*value, *value});
  out.interval = Ends{std::min(ends.low, *value), std::max(ends.high, *value)};
  return out;
}

Known around(std::int64_t value, std::int64_t width, std::int64_t least) {
  const std::int64_t low = value <= -kOutputMax ? kLeast : value - width;
  const std::int64_t high = value >= kOutputMax ? kMost : value + width;
  return {std::max(low, least == -kOutputMax ? kLeast : least), std::max(high, least)};
}

Known beyond_output_max(Ends ends) {
  return {ends.low <= -kOutputMax ? kLeast : ends.low, ends.high >= kOutputMax ? kMost : ends.high};
}

}  // namespace gbx::sql
