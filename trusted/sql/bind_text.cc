// Functions and conditions of text, and numbers and moments as text. Each is total because what it
// is made of is; what could yield too many different texts, or too long ones, is refused.

#include <algorithm>
#include <array>

#include "trusted/sql/bind_expression.h"
#include "trusted/sql/build.h"
#include "trusted/sql/regular.h"
#include "trusted/sql/text_functions.h"

namespace gbx::sql {
namespace {

constexpr ValueType kInteger{Type::integer, 0};

Error refuse(Literal reason, Span where) { return {ErrorCode::invalid_argument, reason, where}; }

Status arguments(const Node& node, std::size_t least, std::size_t most) {
  if (node.children.size() < least || node.children.size() > most) {
    return refuse("argument_count", node.where);
  }
  return {};
}

bool is_text(const Expression& e) { return e.op == Op::literal && e.type.type == Type::text; }

bool is_negated(std::string_view name) { return name.starts_with("!") || name.starts_with("not_"); }

// A literal meant itself.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '%' || c == '_' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  return out;
}

// The pattern with \ for `escape`. Nothing where the escape is no character or stands at the end.
std::optional<std::string> with_backslash(std::string_view pattern, const std::string& escape) {
  if (escape.size() > 1) return std::nullopt;
  std::string out;
  for (std::size_t i = 0; i < pattern.size(); i++) {
    if (!escape.empty() && pattern[i] == escape[0]) {
      if (++i == pattern.size()) return std::nullopt;
      out.push_back('\\');
    } else if (pattern[i] == '\\') {
      out.push_back('\\');
    }
    out.push_back(pattern[i]);
  }
  return out;
}

struct Named {
  std::string_view name;
  std::string_view function;  // in a policy
  Op op;
  std::int64_t value;
  std::size_t least;  // arguments
  std::size_t most;
};
constexpr std::array kNamed = {
    Named{"trim", "TRIM", Op::trim, 3, 1, 2},
    Named{"btrim", "TRIM", Op::trim, 3, 1, 2},
    Named{"ltrim", "LTRIM", Op::trim, 1, 1, 2},
    Named{"rtrim", "RTRIM", Op::trim, 2, 1, 2},
    Named{"length", "LENGTH", Op::length, 0, 1, 1},
    Named{"len", "LENGTH", Op::length, 0, 1, 1},
    Named{"char_length", "LENGTH", Op::length, 0, 1, 1},
    Named{"character_length", "LENGTH", Op::length, 0, 1, 1},
    Named{"replace", "SUBSTRING", Op::replace, 0, 3, 3},
    Named{"split_part", "SUBSTRING", Op::split_part, 0, 3, 3},
    Named{"lpad", "SUBSTRING", Op::pad_left, 0, 2, 3},
    Named{"rpad", "SUBSTRING", Op::pad_right, 0, 2, 3},
    Named{"reverse", "SUBSTRING", Op::reverse, 0, 1, 1},
    Named{"initcap", "UPPER", Op::capitals, 0, 1, 1},
    Named{"strpos", "", Op::position, 0, 2, 2},
    Named{"instr", "", Op::position, 0, 2, 2},
    Named{"position", "", Op::position, 0, 2, 2},
};

// The numbers after 1970, or in a year, a month, a day, from which a moment's format can be
// written.
struct Counted {
  Expression number;
  TimeUnit unit = TimeUnit::none;
};

Result<Expression> plus(Expression a, std::int64_t more) {
  const Span where = a.where;
  return make_arithmetic(Op::add, std::move(a), make_literal(more, kInteger, where), where);
}

constexpr std::array<std::string_view, 7> kUnits = {"",    "second", "minute", "hour",
                                                    "day", "month",  "year"};

Result<Expression> units_of(const Expression& moment, TimeUnit unit) {
  GBX_TRY_ASSIGN(Expression out, unit_number(moment, kUnits[static_cast<std::size_t>(unit)]));
  if (unit == TimeUnit::year) return plus(std::move(out), -1970);
  if (unit == TimeUnit::month) return plus(std::move(out), -(1970 * 12 + 1));
  return out;
}

bool has_only(std::string_view format, std::string_view fields) {
  for (std::size_t i = 0; i + 1 < format.size(); i++) {
    if (format[i] != '%') continue;
    const char field = format[++i];
    if (field != '%' && fields.find(field) == std::string_view::npos) return false;
  }
  return true;
}

// Where there are too many moments: the part that the format shows, as that of 1970.
Result<Expression> repeating(const Expression& moment, TimeUnit unit, std::string_view format) {
  const Span where = moment.where;
  if (has_only(format, "mBb")) {
    GBX_TRY_ASSIGN(Expression month, make_date_function(Op::month, moment, where));
    return plus(std::move(month), -1);
  }
  if (has_only(format, "d")) {
    GBX_TRY_ASSIGN(Expression day, make_date_function(Op::day, moment, where));
    return plus(std::move(day), -1);
  }
  if (has_only(format, "Aaw")) {  // 1970-01-05 was a Monday
    GBX_TRY_ASSIGN(Expression day, make_date_function(Op::day_of_week, moment, where));
    return plus(std::move(day), 3);
  }
  if (!has_only(format, "HIpMS")) return refuse("texts_too_many", where);
  GBX_TRY_ASSIGN(Expression number, units_of(moment, unit));
  const std::int64_t in_day = unit == TimeUnit::hour     ? 24
                              : unit == TimeUnit::minute ? 1440
                                                         : 86'400;
  return make_remainder(std::move(number), make_literal(in_day, kInteger, where),
                        {kInteger, Rounding::down}, where);
}

std::string expanded(std::string_view format) {
  std::string out;
  while (!format.empty()) {
    const std::string_view next = format.substr(0, format[0] == '%' ? 2 : 1);
    format.remove_prefix(next.size());
    out += next == "%F" ? "%Y-%m-%d" : next == "%T" ? "%H:%M:%S" : next == "%R" ? "%H:%M" : next;
  }
  return out;
}

}  // namespace

bool is_match(std::string_view name) {
  constexpr std::array<std::string_view, 14> kMatches = {"starts_with",
                                                         "^@",
                                                         "ends_with",
                                                         "suffix",
                                                         "contains",
                                                         "prefix",
                                                         "~~*",
                                                         "!~~*",
                                                         "like_escape",
                                                         "not_like_escape",
                                                         "ilike_escape",
                                                         "not_ilike_escape",
                                                         "regexp_matches",
                                                         "regexp_full_match"};
  return std::find(kMatches.begin(), kMatches.end(), name) != kMatches.end();
}

Result<Expression> ExpressionBinder::text_function(const Node& node,
                                                   std::vector<Expression> parts) {
  const std::string& name = node.text;
  if (name == "left" || name == "right" || name == "substr" || name == "substring") {
    return substring(node, std::move(parts));
  }
  if (name == "||" || name.starts_with("concat")) return concatenated(node, std::move(parts));
  if (name == "strftime") return formatted(node, std::move(parts));
  for (const Named& known : kNamed) {
    if (known.name != name) continue;
    GBX_TRY(arguments(node, known.least, known.most));
    if (!known.function.empty()) functions_->push_back({known.function, node.where});
    if (known.op == Op::length || (known.op == Op::trim && parts.size() == 1)) {
      return make_text_function(known.op, std::move(parts[0]), known.value, node.where);
    }
    const bool pads = known.op == Op::pad_left || known.op == Op::pad_right;
    if (pads && parts.size() == 2) parts.push_back(make_text(" ", node.where));
    return make_text_call(known.op, std::move(parts), known.value, node.where);
  }
  return refuse("function_unsupported", node.where);
}

// What LIKE can say: starts_with, ends_with, contains, ILIKE, LIKE ... ESCAPE.
Result<Expression> ExpressionBinder::matches(const Node& node, std::vector<Expression> parts) {
  const std::string& name = node.text;
  GBX_TRY(arguments(node, 2, 3));
  for (std::size_t i = 1; i < parts.size(); i++) {
    if (!is_text(parts[i])) return refuse("pattern_not_literal", parts[i].where);
  }
  if (name.starts_with("regexp_")) return regular(node, std::move(parts));
  if (name == "~~*" || name == "!~~*" || name.ends_with("_escape")) {
    return escaped_like(node, std::move(parts));
  }
  GBX_TRY(arguments(node, 2, 2));
  const bool at_start = name == "starts_with" || name == "^@" || name == "prefix";
  const bool at_end = name == "ends_with" || name == "suffix";
  std::string pattern = escaped(parts[1].text);
  pattern = (at_start ? "" : "%") + pattern + (at_end ? "" : "%");
  return make_escaped_like(std::move(parts[0]), std::move(pattern), node.where);
}

Result<Expression> ExpressionBinder::escaped_like(const Node& node, std::vector<Expression> parts) {
  const std::string& name = node.text;
  GBX_TRY(arguments(node, name.ends_with("_escape") ? 3 : 2, name.ends_with("_escape") ? 3 : 2));
  auto pattern = with_backslash(parts[1].text, parts.size() == 3 ? parts[2].text : "");
  if (!pattern) return refuse("escape_malformed", node.where);
  if (name.find("~~*") != std::string::npos || name.find("ilike") != std::string::npos) {
    GBX_TRY_ASSIGN(parts[0], make_text_function(Op::lower, std::move(parts[0]), 0, node.where));
    pattern = lowered(*pattern);
  }
  GBX_TRY_ASSIGN(Expression like,
                 make_escaped_like(std::move(parts[0]), std::move(*pattern), node.where));
  if (!is_negated(name)) return like;
  return make_not(std::move(like), node.where);
}

// regexp_matches (somewhere), regexp_full_match (all of it): an OR of LIKEs.
Result<Expression> ExpressionBinder::regular(const Node& node, std::vector<Expression> parts) {
  const bool small = parts.size() == 3 && parts[2].text == "i";
  if (parts.size() == 3 && !small) return refuse("pattern_unsupported", parts[2].where);
  const std::string pattern = small ? lowered(parts[1].text) : parts[1].text;
  const auto likes = like_patterns(pattern, node.text == "regexp_full_match");
  if (!likes) return refuse("pattern_unsupported", parts[1].where);
  Expression text = std::move(parts[0]);
  if (small) {
    GBX_TRY_ASSIGN(text, make_text_function(Op::lower, std::move(text), 0, node.where));
  }
  std::vector<Expression> any;
  for (const std::string& like : *likes) {
    GBX_TRY(account(text));
    GBX_TRY_ASSIGN(Expression one, make_escaped_like(text, like, node.where));
    any.push_back(std::move(one));
  }
  if (any.size() == 1) return std::move(any[0]);
  return make_logical(Op::logical_or, std::move(any), node.where);
}

// a || b is NULL when one is, CONCAT passes NULLs over. Numbers, dates and conditions are written.
Result<Expression> ExpressionBinder::concatenated(const Node& node, std::vector<Expression> parts) {
  const bool separates = node.text == "concat_ws";
  GBX_TRY(arguments(node, separates ? 2 : 1, kConcatMax));
  const bool skips = separates || node.text == "concat";
  Expression separator = make_text("", node.where);
  if (separates) {
    if (!is_text(parts[0])) return refuse("text_argument_malformed", parts[0].where);
    separator = std::move(parts[0]);
    parts.erase(parts.begin());
  }
  std::vector<Expression> texts;
  for (Expression& part : parts) {
    if (skips && part.op == Op::null) continue;
    if (part.type.type == Type::boolean) GBX_TRY(account(part));
    const Span where = part.where;
    GBX_TRY_ASSIGN(part, make_shown(std::move(part), where));
    if (separates) {  // before each that is there; the first one goes at last
      GBX_TRY_ASSIGN(part, make_concat({separator, std::move(part)}, where));
    }
    if (part.op == Op::concat && !skips) {  // one chain of its links
      for (Expression& inner : part.children) texts.push_back(std::move(inner));
      continue;
    }
    if (skips && part.op != Op::literal) {
      std::vector<Expression> choice;
      choice.push_back(std::move(part));
      choice.push_back(make_text("", where));
      GBX_TRY_ASSIGN(part, make_coalesce(std::move(choice), where));
    }
    texts.push_back(std::move(part));
  }
  if (texts.empty()) return make_text("", node.where);
  GBX_TRY_ASSIGN(Expression all, make_concat(std::move(texts), node.where));
  if (!separates) return all;
  return make_text_function(Op::rest, std::move(all), text_length(separator.text), node.where);
}

// STRFTIME(d, format).
Result<Expression> ExpressionBinder::formatted(const Node& node, std::vector<Expression> parts) {
  GBX_TRY(arguments(node, 2, 2));
  functions_->push_back({"EXTRACT", node.where});
  Expression moment = std::move(parts[0]);
  const std::string format = is_text(parts[1]) ? expanded(parts[1].text) : "";
  const std::optional<TimeUnit> unit = format_unit(format);
  if (!unit) return refuse("format_unsupported", parts[1].where);
  if (moment.type.type != Type::date && moment.type.type != Type::timestamp) {
    return refuse("types_differ", moment.where);
  }
  for (int copies = 0; copies < 2; copies++) GBX_TRY(account(moment));
  GBX_TRY_ASSIGN(Expression number, units_of(moment, *unit));
  if (!is_released(moment) && Int128{number.high} - number.low >= kTextsMax) {
    GBX_TRY_ASSIGN(number, repeating(moment, *unit, format));
  }
  return make_formatted(std::move(number), *unit, format, node.where);
}

}  // namespace gbx::sql
