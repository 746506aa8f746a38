#include "engine/duckdb/render_expression.h"

#include <limits>

namespace gbx::engine {
namespace {

using sql::Expression;
using sql::infix;
using sql::Op;
using sql::Rounding;

constexpr std::string_view kEpoch = "DATE '1970-01-01'";
constexpr std::string_view kUpper = "'ABCDEFGHIJKLMNOPQRSTUVWXYZ'";
constexpr std::string_view kLower = "'abcdefghijklmnopqrstuvwxyz'";

std::string quoted(std::string_view text) {
  std::string out = "CAST('";
  for (const char c : text) {
    if (c == '\'') out.push_back('\'');
    out.push_back(c);
  }
  return out + "' AS VARCHAR)";
}

std::string_view sql_type(Type type) {
  if (type == Type::boolean) return "BOOLEAN";
  return type == Type::text ? "VARCHAR" : "BIGINT";
}

// The DATE of an expression that is a date or a timestamp.
std::string date(const Expression& expression, const Names& names) {
  const std::string value = render_expression(expression, names);
  if (expression.type.type == Type::timestamp) return "CAST(make_timestamp(" + value + ") AS DATE)";
  return "(" + std::string(kEpoch) + " + CAST(" + value + " AS INTEGER))";
}

std::string days(const std::string& rendered_date) {
  return "CAST((CAST(" + rendered_date + " AS DATE) - " + std::string(kEpoch) + ") AS BIGINT)";
}

std::string joined(const Expression& parent, std::size_t from, std::string_view between,
                   const Names& names) {
  std::string out;
  for (std::size_t i = from; i < parent.children.size(); i++) {
    if (i > from) out += between;
    out += render_expression(parent.children[i], names);
  }
  return out;
}

std::string case_when(const Expression& expression, const Names& names) {
  const auto& children = expression.children;
  std::string out = "(CASE";
  for (std::size_t i = 0; i + 1 < children.size(); i += 2) {
    out += " WHEN " + render_expression(children[i], names);
    out += " THEN " + render_expression(children[i + 1], names);
  }
  return out + " ELSE " + render_expression(children.back(), names) + " END)";
}

std::string column(const Expression& expression, const Names& names) {
  const std::string name = names[expression.relation] + std::to_string(expression.column);
  return expression.type.type == Type::boolean ? "(" + name + " <> CAST(0 AS BIGINT))" : name;
}

std::string literal(const Expression& expression) {
  if (expression.type.type == Type::text) return quoted(expression.text);
  if (expression.type.type == Type::boolean) return expression.value != 0 ? "TRUE" : "FALSE";
  return render_integer(expression.value);
}

std::string call(std::string_view function, const std::string& arguments) {
  return std::string(function) + "(" + arguments + ")";
}

std::string power_of_ten(std::int64_t exponent) {
  return "CAST(1" + std::string(static_cast<std::size_t>(exponent), '0') + " AS BIGINT)";
}

std::string part(std::string_view name, const Expression& child, const Names& names) {
  return "CAST(" + std::string(name) + "(" + date(child, names) + ") AS BIGINT)";
}

std::string truncated(std::string_view unit, const Expression& child, const Names& names) {
  return days("date_trunc('" + std::string(unit) + "', " + date(child, names) + ")");
}

std::string clamped_or_null(const Expression& expression, const std::string& value) {
  const auto& children = expression.children;
  return "(CASE WHEN " + value + " IS NULL THEN CAST(NULL AS BIGINT) ELSE " +
         render_clamped(value, children[1].value, children[2].value, "BIGINT") + " END)";
}

std::string like(const Expression& expression, const Names& names) {
  return "(" + render_expression(expression.children[0], names) + " LIKE " +
         quoted(expression.text) + (expression.value == 1 ? " ESCAPE '\\')" : ")");
}

// Units of time after 1970, in a format that DuckDB has, too.
std::string formatted(const Expression& expression, const std::string& value) {
  const auto unit = static_cast<sql::TimeUnit>(expression.value);
  const std::string format = ", " + quoted(expression.text) + ")";
  if (unit == sql::TimeUnit::month || unit == sql::TimeUnit::year) {
    const std::string months = unit == sql::TimeUnit::year ? "(" + value + " * 12)" : value;
    return "strftime(" + std::string(kEpoch) + " + to_months(CAST(" + months + " AS INTEGER))" +
           format;
  }
  if (unit == sql::TimeUnit::day) {
    return "strftime(" + std::string(kEpoch) + " + CAST(" + value + " AS INTEGER)" + format;
  }
  const std::int64_t seconds = unit == sql::TimeUnit::second   ? 1
                               : unit == sql::TimeUnit::minute ? 60
                                                               : 3600;
  return "strftime(make_timestamp(" + value + " * " + render_integer(seconds * 1'000'000) + ")" +
         format;
}

std::string written(const Expression& expression, const Names& names) {
  const Expression& number = expression.children[0];
  const std::string value = render_expression(number, names);
  if (expression.value != 0) return formatted(expression, value);
  if (number.type.type == Type::date) return call("CAST", date(number, names) + " AS VARCHAR");
  const unsigned scale = number.type.scale;
  if (scale == 0) return call("CAST", value + " AS VARCHAR");
  const std::string places = std::to_string(scale);
  return "CAST((CAST(" + value + " AS DECIMAL(19, 0)) * CAST('0." + std::string(scale - 1, '0') +
         "1' AS DECIMAL(" + std::to_string(scale + 1) + ", " + places + "))) AS VARCHAR)";
}

// DuckDB's own turns what looks like one letter, not characters.
std::string reversed(const std::string& text) {
  return "array_to_string(list_reverse(regexp_extract_all(" + text + ", '.', 0, 's')), '')";
}

std::string translated(const std::string& text, std::string_view from, std::string_view to) {
  return call("translate", text + ", " + std::string(from) + ", " + std::string(to));
}

// Of each run of letters and digits the first one large, the rest small.
std::string capitals(const std::string& text) {
  constexpr std::string_view kInside = "A-Za-z0-9\\x{80}-\\x{10FFFF}]+";
  const std::string runs = "'[" + std::string(kInside) + "|[^" + std::string(kInside) + "'";
  return "array_to_string(list_transform(regexp_extract_all(" + text + ", " + runs +
         ", 0, 's'), lambda w: " + translated("left(w, 1)", kLower, kUpper) + " || " +
         translated("substring(w, 2)", kUpper, kLower) + "), '')";
}

// A text function of what is rendered as `text`.
std::string text_call(const Expression& expression, const std::string& text) {
  const Op op = expression.op;
  const std::string value = render_integer(expression.value);
  if (op == Op::lower) return translated(text, kUpper, kLower);
  if (op == Op::upper) return translated(text, kLower, kUpper);
  if (op == Op::prefix) return call("substring", text + ", " + render_integer(1) + ", " + value);
  if (op == Op::suffix) return call("right", text + ", " + value);
  if (op == Op::rest) return call("substring", text + ", " + render_integer(expression.value + 1));
  if (op == Op::reverse) return reversed(text);
  if (op == Op::capitals) return capitals(text);
  if (op == Op::trim) {
    const std::string characters =
        expression.children.size() == 2 ? quoted(expression.children[1].text) : "' '";
    return call(expression.value == 1   ? "ltrim"
                : expression.value == 2 ? "rtrim"
                                        : "trim",
                text + ", " + characters);
  }
  // The arguments are literals; numbers among them INTEGER there.
  std::string arguments = text;
  for (std::size_t i = 1; i < expression.children.size(); i++) {
    const Expression& e = expression.children[i];
    arguments += e.type.type == Type::text ? ", " + quoted(e.text)
                                           : ", CAST(" + std::to_string(e.value) + " AS INTEGER)";
  }
  if (op == Op::position) return call("CAST", call("strpos", arguments) + " AS BIGINT");
  return call(op == Op::replace      ? "replace"
              : op == Op::split_part ? "split_part"
              : op == Op::pad_left   ? "lpad"
                                     : "rpad",
              arguments);
}

// The rounded quotient of numbers that may be at the ends of BIGINT; NULL where the divisor is 0.
std::string rounded(const std::string& a, const std::string& b, Rounding rounding) {
  const std::string rest = "(" + a + " % " + b + ")";
  const std::string signs_differ = "((" + rest + " < 0) <> (" + b + " < 0))";
  std::string cut = "(" + a + " // " + b + ")";
  if (rounding == Rounding::to_zero) return cut;
  if (rounding == Rounding::half_away) {
    return "((CAST(2 AS HUGEINT) * " + a + " + (CASE WHEN (" + a + " < 0) THEN -abs(" + b +
           ") ELSE abs(" + b + ") END)) // (CAST(2 AS HUGEINT) * " + b + "))";
  }
  const std::string whole = "(" + rest + " = 0)";
  if (rounding == Rounding::down) {
    return "(" + cut + " - (CASE WHEN " + whole + " THEN 0 WHEN " + signs_differ +
           " THEN 1 ELSE 0 END))";
  }
  return "(" + cut + " + (CASE WHEN " + whole + " THEN 0 WHEN " + signs_differ +
         " THEN 0 ELSE 1 END))";
}

// Of two numbers as they are rendered.
std::string divided(const Expression& expression, const std::string& x, const std::string& y) {
  const std::string a = "(CAST(" + x + " AS HUGEINT) * CAST(1" +
                        std::string(static_cast<std::size_t>(expression.value / 4), '0') +
                        " AS HUGEINT))";
  const std::string b = "nullif(CAST(" + y + " AS HUGEINT), 0)";
  std::string value = rounded(a, b, static_cast<Rounding>(expression.value % 4));
  if (expression.op == Op::remainder) value = "(" + a + " - (" + b + " * " + value + "))";
  constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  // NULL stays NULL, which least() and greatest() alone would pass over.
  return "(CASE WHEN " + b + " IS NULL OR " + a + " IS NULL THEN NULL ELSE CAST(" +
         render_clamped(value, kLeast, kMost, "HUGEINT") + " AS BIGINT) END)";
}

}  // namespace

std::string render_clamped(const std::string& value, std::int64_t low, std::int64_t high,
                           std::string_view type) {
  const std::string suffix = " AS " + std::string(type) + ")";
  return "greatest(least(" + value + ", CAST(" + std::to_string(high) + suffix + "), CAST(" +
         std::to_string(low) + suffix + ")";
}

std::string render_integer(std::int64_t value) {
  return "CAST(" + std::to_string(value) + " AS BIGINT)";
}

std::string render_huge(std::int64_t value) {
  return "CAST(" + std::to_string(value) + " AS HUGEINT)";
}

std::string render_expression(const Expression& expression, const Names& names) {
  const auto& children = expression.children;
  switch (expression.op) {
    case Op::column: return column(expression, names);
    case Op::literal: return literal(expression);
    case Op::null: return "CAST(NULL AS " + std::string(sql_type(expression.type.type)) + ")";
    case Op::add:
    case Op::subtract:
    case Op::multiply:
    case Op::equal:
    case Op::not_equal:
    case Op::less:
    case Op::less_equal:
    case Op::greater:
    case Op::greater_equal:
    case Op::logical_and:
    case Op::logical_or:
    case Op::concat: return "(" + joined(expression, 0, infix(expression.op), names) + ")";
    case Op::negate: return "(CAST(0 AS BIGINT) - " + render_expression(children[0], names) + ")";
    case Op::absolute: return call("abs", render_expression(children[0], names));
    case Op::rescale:
      return "(" + render_expression(children[0], names) + " * " + power_of_ten(expression.value) +
             ")";
    case Op::clamp: return clamped_or_null(expression, render_expression(children[0], names));
    case Op::quotient:
    case Op::remainder:
      return divided(expression, render_expression(children[0], names),
                     render_expression(children[1], names));
    case Op::logical_not: return "(NOT " + render_expression(children[0], names) + ")";
    case Op::is_null: return "(" + render_expression(children[0], names) + " IS NULL)";
    case Op::in_list:
      return "(" + render_expression(children[0], names) + " IN (" +
             joined(expression, 1, ", ", names) + "))";
    case Op::like: return like(expression, names);
    case Op::case_when: return case_when(expression, names);
    case Op::coalesce: return call("coalesce", joined(expression, 0, ", ", names));
    case Op::year: return part("year", children[0], names);
    case Op::quarter: return part("quarter", children[0], names);
    case Op::month: return part("month", children[0], names);
    case Op::day: return part("day", children[0], names);
    case Op::day_of_week: return part("isodow", children[0], names);
    case Op::date_of: return days(date(children[0], names));
    case Op::truncate_year: return truncated("year", children[0], names);
    case Op::truncate_quarter: return truncated("quarter", children[0], names);
    case Op::truncate_month: return truncated("month", children[0], names);
    case Op::truncate_week: return truncated("week", children[0], names);
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
    case Op::position: return text_call(expression, render_expression(children[0], names));
    case Op::to_text: return written(expression, names);
    case Op::length: return "CAST(length(" + render_expression(children[0], names) + ") AS BIGINT)";
    case Op::add_months:
      return days(date(children[0], names) + " + to_months(CAST(" +
                  std::to_string(expression.value) + " AS INTEGER))");
    case Op::output:
    case Op::ratio: break;
  }
  GBX_CHECK(false);
}

std::string render_stored(const Expression& expression, const Names& names) {
  const std::string value = render_expression(expression, names);
  return expression.type.type == Type::boolean ? "CAST(" + value + " AS BIGINT)" : value;
}

}  // namespace gbx::engine
