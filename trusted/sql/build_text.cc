// Texts from texts and from numbers: how many different ones there can be, and how long.

#include <algorithm>

#include "trusted/sql/build.h"
#include "trusted/sql/build_node.h"
#include "trusted/sql/text_functions.h"

namespace gbx::sql {
namespace {

constexpr ValueType kText{Type::text, 0};
constexpr std::int64_t kManyTexts = std::int64_t{1} << 40;  // where counting them ends
constexpr std::int64_t kUtf8Max = 4;                        // bytes of a character
constexpr std::int64_t kNumberBytes = 24;                   // of a number or date as text
constexpr std::int64_t kFieldBytes = 5;                     // for each of a format: %B is September

bool is_text(const Expression& e) { return e.type.type == Type::text && e.type != kUntyped; }

bool is_literal(const Expression& e, Type type) {
  return e.op == Op::literal && e.type.type == type;
}

std::int64_t texts_times(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(std::min(Int128{a} * b, Int128{kManyTexts}));
}

Result<Expression> grown(Expression out, std::int64_t more) {
  out.low -= more;
  if (out.low < -kTextGrowthMax) return refuse("text_may_grow", out.where);
  return out;
}

// Texts that are not empty, and where a number stands one from `least` to `most`.
bool has_literals(const std::vector<Expression>& parts, std::size_t number, std::int64_t least,
                  std::int64_t most) {
  for (std::size_t i = 1; i < parts.size(); i++) {
    const Expression& e = parts[i];
    if (i == number) {
      const bool whole = is_literal(e, Type::integer) && e.value >= least && e.value <= most;
      if (!whole) return false;
    } else if (!is_literal(e, Type::text) || e.text.empty()) {
      return false;
    }
  }
  return true;
}

// What has as many different texts as its first child.
Expression like_its_text(Op op, ValueType type, std::vector<Expression> parts, Span where) {
  const std::int64_t low = parts[0].low;
  const std::int64_t high = parts[0].high;
  Expression out = node(op, type, std::move(parts), where);
  out.low = low;
  out.high = high;
  return out;
}

Result<Expression> replaced(std::vector<Expression> parts, Span where) {
  Expression to = parts[2];
  const bool removes = is_literal(to, Type::text) && to.text.empty();
  if (removes) parts.pop_back();
  if (!has_literals(parts, 0, 0, 0)) return refuse("text_argument_malformed", where);
  if (removes) parts.push_back(to);
  const bool longer = to.text.size() > parts[1].text.size();
  Expression out = like_its_text(Op::replace, kText, std::move(parts), where);
  if (!longer) return out;
  GBX_TRY_ASSIGN(out, make_text_function(Op::prefix, std::move(out), kPaddedMax, where));
  return grown(std::move(out), kPaddedMax * kUtf8Max);
}

bool counts_characters(Op op) { return op == Op::prefix || op == Op::suffix || op == Op::rest; }

}  // namespace

std::int64_t texts_together(std::int64_t a, std::int64_t b) {
  return a == 0 || b == 0 ? 0 : std::min(a + b, kManyTexts);
}

Result<Expression> make_like(Expression a, Expression pattern, Span where) {
  if (!is_literal(pattern, Type::text)) return refuse("pattern_not_literal", pattern.where);
  if (a.type == kUntyped) a = make_null(kText, a.where);
  if (!is_text(a)) return refuse("types_differ", a.where);
  Expression out = node(Op::like, {Type::boolean, 0}, list(std::move(a)), where);
  out.text = std::move(pattern.text);
  return out;
}

Result<Expression> make_escaped_like(Expression a, std::string pattern, Span where) {
  std::string plain;
  bool escapes = false;
  for (std::size_t i = 0; i < pattern.size(); i++) {
    const bool escaped = pattern[i] == '\\' && i + 1 < pattern.size();
    if (escaped) i++;
    escapes = escapes || (escaped && (pattern[i] == '%' || pattern[i] == '_'));
    plain.push_back(pattern[i]);
  }
  Expression text = make_text(escapes ? std::move(pattern) : std::move(plain), where);
  GBX_TRY_ASSIGN(Expression out, make_like(std::move(a), std::move(text), where));
  out.value = escapes ? 1 : 0;
  return out;
}

Result<Expression> make_text_function(Op op, Expression a, std::int64_t count, Span where) {
  if (!is_text(a)) return refuse("types_differ", a.where);
  if (counts_characters(op) && (count < 0 || count > kPrefixMax)) {
    return refuse("prefix_malformed", where);
  }
  const bool measures = op == Op::length;
  Expression out =
      like_its_text(op, measures ? ValueType{Type::integer, 0} : kText, list(std::move(a)), where);
  if (counts_characters(op) || op == Op::trim) out.value = count;
  if (measures) {
    out.low = 0;
    out.high = kPrefixMax;
  }
  return out;
}

Result<Expression> make_text_call(Op op, std::vector<Expression> parts, std::int64_t sides,
                                  Span where) {
  if (!is_text(parts[0])) return refuse("types_differ", parts[0].where);
  if (op == Op::replace) return replaced(std::move(parts), where);
  const bool pads = op == Op::pad_left || op == Op::pad_right;
  const std::size_t number = pads ? 1 : op == Op::split_part ? 2 : 0;
  if (!has_literals(parts, number, pads ? 0 : 1, pads ? kPaddedMax : kPartsMax)) {
    return refuse("text_argument_malformed", where);
  }
  const std::int64_t grows = pads ? parts[1].value * kUtf8Max : 0;
  const bool measures = op == Op::position;
  Expression out =
      like_its_text(op, measures ? ValueType{Type::integer, 0} : kText, std::move(parts), where);
  if (op == Op::trim) out.value = sides;
  if (measures) {
    out.low = 0;
    out.high = kPrefixMax;
    return out;
  }
  return grown(std::move(out), grows);
}

Result<Expression> make_concat(std::vector<Expression> parts, Span where) {
  Expression out = node(Op::concat, kText, {}, where);
  std::int64_t texts = 1;
  std::int64_t several = 0;
  std::int64_t growth = 0;
  for (Expression& part : parts) {
    if (part.op == Op::null) return make_null(kText, where);
    if (!is_text(part)) return refuse("types_differ", part.where);
    const bool literal = is_literal(part, Type::text);
    growth -= part.low;
    if (literal && !out.children.empty() && is_literal(out.children.back(), Type::text)) {
      out.children.back().text += part.text;
      out.children.back().low += part.low;
      continue;
    }
    several += literal ? 0 : 1;
    // Where there is one text only, as if there were two: else it could double without end.
    const std::int64_t many = part.high == 1 ? 2 : part.high;
    if (!literal) texts = texts_times(texts, many);
    out.children.push_back(std::move(part));
  }
  if (out.children.size() == 1) return grown(std::move(out.children[0]), 0);
  if (out.children.size() > kConcatMax) return refuse("argument_count", where);
  if (several > 1 && !is_released(out) && (texts == 0 || texts > kTextsMax)) {
    return refuse("concat_too_many_texts", where);
  }
  out.low = 0;
  out.high = texts;
  return grown(std::move(out), growth);
}

Result<Expression> make_shown(Expression a, Span where) {
  if (a.type == kUntyped) return make_null(kText, where);
  if (is_text(a)) return a;
  if (a.type.type == Type::timestamp) return refuse("cast_unsupported", where);
  if (a.type.type == Type::boolean) {
    std::vector<Expression> choice = {
        a, make_text("true", where), {}, make_text("false", where), make_null(kText, where)};
    GBX_TRY_ASSIGN(choice[2], make_not(std::move(a), where));
    return make_case(std::move(choice), where);
  }
  if (a.op == Op::literal) return make_text(format_value(a.value, a.type), where);
  const Int128 texts = Int128{a.high} - a.low + 1;
  if (!is_released(a) && texts > kTextsMax) return refuse("texts_too_many", where);
  Expression out = node(Op::to_text, kText, list(std::move(a)), where);
  out.low = -kNumberBytes;
  out.high = static_cast<std::int64_t>(std::min(texts, Int128{kManyTexts}));
  return out;
}

Result<Expression> make_formatted(Expression a, TimeUnit unit, std::string format, Span where) {
  const Int128 texts = Int128{a.high} - a.low + 1;
  if (!is_released(a) && texts > kTextsMax) return refuse("texts_too_many", where);
  Expression out = node(Op::to_text, kText, list(std::move(a)), where);
  out.value = static_cast<std::int64_t>(unit);
  out.low = -static_cast<std::int64_t>(format.size()) * kFieldBytes;
  out.text = std::move(format);
  out.high = static_cast<std::int64_t>(std::min(texts, Int128{kManyTexts}));
  return out;
}

}  // namespace gbx::sql
