#include "trusted/sql/build.h"

#include <algorithm>
#include <limits>

#include "trusted/sql/build_node.h"
#include "trusted/sql/catalog.h"
#include "trusted/sql/evaluate.h"

namespace gbx::sql {
namespace {

bool is_moment(Type type) { return type == Type::date || type == Type::timestamp; }

bool is_untyped_null(const Expression& e) { return e.op == Op::null && e.type == kUntyped; }

bool is_text_literal(const Expression& e) {
  return e.op == Op::literal && e.type.type == Type::text;
}

Result<Expression> text_to(const Expression& e, ValueType type) {
  const Result<std::int64_t> value = parse_value(e.text, type);
  if (!value) return refuse("literal_malformed", e.where);
  return make_literal(*value, type, e.where);
}

// The type that all typed parts share after unify(), or nothing.
std::optional<ValueType> common_type(const std::vector<Expression>& parts, std::size_t from,
                                     std::size_t step) {
  std::optional<ValueType> common;
  const auto merge = [&](ValueType type) {
    if (!common) {
      common = type;
    } else if (is_numeric(*common) && is_numeric(type)) {
      const std::uint8_t scale = std::max(common->scale, type.scale);
      const bool decimal = common->type == Type::decimal || type.type == Type::decimal;
      common = ValueType{decimal ? Type::decimal : Type::integer, scale};
    } else if (is_moment(common->type) && is_moment(type.type)) {
      if (type.type == Type::timestamp) common = type;
    } else if (*common != type) {
      return false;
    }
    return true;
  };
  for (std::size_t i = from; i < parts.size(); i += step) {
    if (is_untyped_null(parts[i]) || is_text_literal(parts[i])) continue;
    if (!merge(parts[i].type)) return std::nullopt;
  }
  for (std::size_t i = from; i < parts.size(); i += step) {
    if (!is_text_literal(parts[i])) continue;
    if (!common) common = parts[i].type;
    if (common->type == Type::date && parts[i].text.size() > 10) common->type = Type::timestamp;
    if (!is_moment(common->type) && common->type != Type::text) return std::nullopt;
  }
  return common ? common : ValueType{Type::text, 0};
}

Result<Expression> convert(Expression e, ValueType type) {
  if (is_untyped_null(e)) return make_null(type, e.where);
  if (e.type == type) return e;
  if (is_text_literal(e) && is_moment(type.type)) return text_to(e, type);
  if (is_numeric(e.type) && is_numeric(type)) return rescale(std::move(e), type.scale);
  if (e.type.type == Type::date && type.type == Type::timestamp) return to_timestamp(std::move(e));
  return refuse("types_differ", e.where);
}

// The interval of a product or difference from those of its factors.
void corners(Op op, const Expression& a, const Expression& b, Int128& low, Int128& high) {
  if (op == Op::add) {
    low = Int128{a.low} + b.low;
    high = Int128{a.high} + b.high;
  } else if (op == Op::subtract) {
    low = Int128{a.low} - b.high;
    high = Int128{a.high} - b.low;
  } else {
    const Int128 all[] = {Int128{a.low} * b.low, Int128{a.low} * b.high, Int128{a.high} * b.low,
                          Int128{a.high} * b.high};
    low = *std::min_element(std::begin(all), std::end(all));
    high = *std::max_element(std::begin(all), std::end(all));
  }
}

Result<ValueType> arithmetic_type(Op op, const Expression& a, const Expression& b, Span where) {
  if (is_numeric(a.type) && is_numeric(b.type)) {
    const bool decimal = a.type.type == Type::decimal || b.type.type == Type::decimal;
    int scale =
        op == Op::multiply ? a.type.scale + b.type.scale : std::max(a.type.scale, b.type.scale);
    if (is_released(a) || is_released(b)) {  // exact whatever is shown
      scale = std::min(scale, int{std::max({a.type.scale, b.type.scale, kDivisionDigits})});
    }
    if (scale > kScaleMax) return refuse("scale_too_large", where);
    return ValueType{decimal ? Type::decimal : Type::integer, static_cast<std::uint8_t>(scale)};
  }
  const bool days = b.type.type == Type::integer;
  if (a.type.type == Type::date && days && op != Op::multiply) return ValueType{Type::date, 0};
  if (a.type.type == Type::date && b.type.type == Type::date && op == Op::subtract) {
    return ValueType{Type::integer, 0};
  }
  return refuse("types_differ", where);
}

}  // namespace

bool is_numeric(ValueType type) { return type.type == Type::integer || type.type == Type::decimal; }

Expression make_literal(std::int64_t value, ValueType type, Span where) {
  Expression out = node(Op::literal, type, {}, where);
  out.value = value;
  out.low = value;
  out.high = value;
  return out;
}

Expression make_text(std::string text, Span where) {
  Expression out = node(Op::literal, {Type::text, 0}, {}, where);
  out.text = std::move(text);
  out.low = -static_cast<std::int64_t>(out.text.size());
  out.high = 1;
  return out;
}

Expression make_null(ValueType type, Span where) {
  Expression out = node(Op::null, type, {}, where);
  out.low = 0;  // no value at all lies in any interval
  out.high = 0;
  return out;
}

Result<Expression> make_arithmetic(Op op, Expression a, Expression b, Span where) {
  if (a.type.type == Type::integer && b.type.type == Type::date && op == Op::add) std::swap(a, b);
  GBX_TRY_ASSIGN(const ValueType type, arithmetic_type(op, a, b, where));
  if (is_unbounded(a)) return refuse("column_unbounded", a.where);
  if (is_unbounded(b)) return refuse("column_unbounded", b.where);
  if (is_numeric(type) && is_numeric(a.type) && op != Op::multiply) {
    GBX_TRY_ASSIGN(a, rescale(std::move(a), type.scale));
    GBX_TRY_ASSIGN(b, rescale(std::move(b), type.scale));
  }
  Int128 low = 0;
  Int128 high = 0;
  corners(op, a, b, low, high);
  return within(node(op, type, list(std::move(a), std::move(b)), where), low, high);
}

Result<Expression> make_negate(Expression a, Span where) {
  if (!is_numeric(a.type)) return refuse("types_differ", where);
  if (is_unbounded(a)) return refuse("column_unbounded", a.where);
  const Int128 low = -Int128{a.high};
  const Int128 high = -Int128{a.low};
  const ValueType type = a.type;
  return within(node(Op::negate, type, list(std::move(a)), where), low, high);
}

Result<Expression> make_absolute(Expression a, Span where) {
  if (!is_numeric(a.type)) return refuse("types_differ", where);
  if (is_unbounded(a)) return refuse("column_unbounded", a.where);
  const Int128 most = std::max(-Int128{a.low}, Int128{a.high});
  const Int128 least = a.low > 0 ? Int128{a.low} : a.high < 0 ? -Int128{a.high} : Int128{0};
  const ValueType type = a.type;
  return within(node(Op::absolute, type, list(std::move(a)), where), least, most);
}

Result<Expression> make_clamp(std::vector<Expression> parts, Span where) {
  for (std::size_t i = 1; i < 3; i++) {
    if (parts[i].op != Op::negate || parts[i].children[0].op != Op::literal) continue;
    parts[i] = make_literal(parts[i].low, parts[i].type, parts[i].where);
  }
  GBX_TRY(unify(parts, 0, 1));
  if (!is_numeric(parts[0].type)) return refuse("types_differ", where);
  const Expression& low = parts[1];
  const Expression& high = parts[2];
  if (low.op != Op::literal || high.op != Op::literal || low.value > high.value) {
    return refuse("clamp_malformed", where);
  }
  const std::int64_t least = std::clamp(parts[0].low, low.value, high.value);
  const std::int64_t most = std::clamp(parts[0].high, low.value, high.value);
  const ValueType type = parts[0].type;
  return within(node(Op::clamp, type, std::move(parts), where), least, most);
}

Result<Expression> make_centred_square(Expression a) {
  const ValueType integer{Type::integer, 0};
  const Span where = a.where;
  const Int128 middle = Int128{a.low} + a.high;
  const Int128 width = Int128{a.high} - a.low;
  const Int128 square = width * width;
  if (square > kMost || middle < kLeast || middle > kMost) {
    return refuse("value_may_overflow", where);
  }
  const auto number = [&](Int128 value) {
    return make_literal(static_cast<std::int64_t>(value), integer, where);
  };
  const Int128 low = a.low;
  const Int128 high = a.high;
  GBX_TRY_ASSIGN(
      Expression twice,
      within(node(Op::multiply, integer, list(number(2), std::move(a)), where), 2 * low, 2 * high));
  GBX_TRY_ASSIGN(Expression y,
                 within(node(Op::subtract, integer, list(std::move(twice), number(middle)), where),
                        -width, width));
  GBX_TRY_ASSIGN(Expression squared,
                 within(node(Op::multiply, integer, list(y, y), where), 0, square));
  GBX_TRY_ASSIGN(Expression doubled,
                 within(node(Op::multiply, integer, list(number(2), std::move(squared)), where), 0,
                        2 * square));
  return within(node(Op::subtract, integer, list(std::move(doubled), number(square)), where),
                -square, square);
}

Status unify(std::vector<Expression>& parts, std::size_t from, std::size_t step) {
  const std::optional<ValueType> type = common_type(parts, from, step);
  if (!type) {
    Span where = parts[from].where;
    for (std::size_t i = from; i < parts.size(); i += step) {
      where.end = std::max(where.end, parts[i].where.end);
    }
    return refuse("types_differ", where);
  }
  for (std::size_t i = from; i < parts.size(); i += step) {
    GBX_TRY_ASSIGN(parts[i], convert(std::move(parts[i]), *type));
  }
  return {};
}

Result<Expression> make_comparison(Op op, Expression a, Expression b, Span where) {
  std::vector<Expression> both = list(std::move(a), std::move(b));
  GBX_TRY(unify(both, 0, 1));
  return node(op, {Type::boolean, 0}, std::move(both), where);
}

Result<Expression> make_logical(Op op, std::vector<Expression> parts, Span where) {
  for (Expression& part : parts) {
    if (is_untyped_null(part)) part = make_null({Type::boolean, 0}, part.where);
    if (part.type.type != Type::boolean) return refuse("condition_not_boolean", part.where);
  }
  if (parts.size() < 2) return refuse("types_differ", where);
  return node(op, {Type::boolean, 0}, std::move(parts), where);
}

Result<Expression> make_not(Expression a, Span where) {
  if (is_untyped_null(a)) a = make_null({Type::boolean, 0}, a.where);
  if (a.type.type != Type::boolean) return refuse("condition_not_boolean", a.where);
  return node(Op::logical_not, {Type::boolean, 0}, list(std::move(a)), where);
}

Expression make_is_null(Expression a, Span where) {
  if (is_untyped_null(a)) a = make_null({Type::boolean, 0}, a.where);
  return node(Op::is_null, {Type::boolean, 0}, list(std::move(a)), where);
}

Result<Expression> make_in(std::vector<Expression> value_and_list, Span where) {
  GBX_TRY(unify(value_and_list, 0, 1));
  for (std::size_t i = 1; i < value_and_list.size(); i++) {
    const Expression& entry = value_and_list[i];
    if (entry.op == Op::null) return refuse("null_in_list", entry.where);
    if (entry.op != Op::literal) return refuse("list_not_literal", entry.where);
  }
  if (value_and_list.size() < 2) return refuse("list_not_literal", where);
  return node(Op::in_list, {Type::boolean, 0}, std::move(value_and_list), where);
}

namespace {

// The choice among parts[from], parts[from + step], ...: their type and the hull of their
// intervals. NULLs do not count.
Expression chosen(Op op, std::vector<Expression> parts, std::size_t from, std::size_t step,
                  Span where) {
  Expression out = node(op, parts[from].type, {}, where);
  bool first = true;
  for (std::size_t i = from; i < parts.size(); i += step) {
    if (parts[i].op == Op::null) continue;
    const bool text = out.type.type == Type::text;
    out.low = first ? parts[i].low : std::min(out.low, parts[i].low);
    out.high = first  ? parts[i].high
               : text ? texts_together(out.high, parts[i].high)
                      : std::max(out.high, parts[i].high);
    first = false;
  }
  out.children = std::move(parts);
  return out;
}

}  // namespace

Result<Expression> make_case(std::vector<Expression> parts, Span where) {
  GBX_CHECK(parts.size() % 2 == 1);
  // Values stand at 1, 3, ... and at the end: move the last beside them for unify().
  std::vector<Expression> values;
  for (std::size_t i = 1; i < parts.size(); i += 2) values.push_back(std::move(parts[i]));
  values.push_back(std::move(parts.back()));
  GBX_TRY(unify(values, 0, 1));
  const Expression hull = chosen(Op::case_when, values, 0, 1, where);
  Expression out = node(Op::case_when, hull.type, {}, where);
  out.low = hull.low;
  out.high = hull.high;
  for (std::size_t i = 0; i + 1 < parts.size(); i += 2) {
    if (is_untyped_null(parts[i])) parts[i] = make_null({Type::boolean, 0}, parts[i].where);
    if (parts[i].type.type != Type::boolean) {
      return refuse("condition_not_boolean", parts[i].where);
    }
    out.children.push_back(std::move(parts[i]));
    out.children.push_back(std::move(values[i / 2]));
  }
  out.children.push_back(std::move(values.back()));
  return out;
}

Result<Expression> make_coalesce(std::vector<Expression> parts, Span where) {
  if (parts.empty()) return refuse("argument_count", where);
  GBX_TRY(unify(parts, 0, 1));
  return chosen(Op::coalesce, std::move(parts), 0, 1, where);
}

Result<Expression> make_date_function(Op op, Expression a, Span where) {
  if (!is_moment(a.type.type)) return refuse("types_differ", a.where);
  const bool truncates = op == Op::truncate_year || op == Op::truncate_quarter ||
                         op == Op::truncate_month || op == Op::truncate_week;
  if (truncates && a.type.type == Type::timestamp) {
    GBX_TRY_ASSIGN(a, make_date_function(Op::date_of, std::move(a), where));
  }
  const bool timestamp = a.type.type == Type::timestamp;
  const std::int64_t first = timestamp ? day_of_timestamp(a.low) : a.low;
  const std::int64_t last = timestamp ? day_of_timestamp(a.high) : a.high;
  Int128 low = 1;
  Int128 high = op == Op::quarter ? 4 : op == Op::month ? 12 : op == Op::day ? 31 : 7;
  if (op == Op::date_of) {
    low = first;
    high = last;
  } else if (truncates || op == Op::year) {
    low = date_function(op, first);
    high = date_function(op, last);
  }
  const ValueType type{truncates || op == Op::date_of ? Type::date : Type::integer, 0};
  // The week of 0001-01-01 begins on that day, so truncation never leaves the calendar.
  return within(node(op, type, list(std::move(a)), where), low, high);
}

Result<Expression> make_cast(Expression a, ValueType type, Span where) {
  if (is_untyped_null(a)) return make_null(type, where);
  if (is_text_literal(a) && type.type != Type::text) {
    GBX_TRY_ASSIGN(Expression out, text_to(a, type));
    out.where = where;
    return out;
  }
  if (a.type.type == Type::timestamp && type.type == Type::date) {
    return make_date_function(Op::date_of, std::move(a), where);
  }
  if (is_numeric(a.type) && is_numeric(type) && type.scale < a.type.scale) {
    return make_rounded(std::move(a), type.scale, Rounding::half_away, where);
  }
  if (type.type == Type::text) return make_shown(std::move(a), where);
  if (a.type.type == Type::boolean && is_numeric(type)) {
    const auto value = [&](std::int64_t v) { return make_literal(v, {Type::integer, 0}, where); };
    std::vector<Expression> choice = {
        a, value(1), {}, value(0), make_null({Type::integer, 0}, where)};
    GBX_TRY_ASSIGN(choice[2], make_not(std::move(a), where));
    GBX_TRY_ASSIGN(Expression out, make_case(std::move(choice), where));
    return rescale(std::move(out), type.scale);
  }
  if (is_numeric(a.type) && type.type == Type::boolean) {
    return make_comparison(Op::not_equal, std::move(a), make_literal(0, {Type::integer, 0}, where),
                           where);
  }
  const bool exact = a.type == type ||
                     (is_numeric(a.type) && is_numeric(type) && type.scale >= a.type.scale) ||
                     (a.type.type == Type::date && type.type == Type::timestamp);
  if (!exact) return refuse("cast_unsupported", where);
  GBX_TRY_ASSIGN(Expression out, convert(std::move(a), type));
  out.where = where;
  return out;
}

}  // namespace gbx::sql
