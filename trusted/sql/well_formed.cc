#include "trusted/sql/well_formed.h"

#include <algorithm>

#include "trusted/sql/build.h"
#include "trusted/sql/text_functions.h"

namespace gbx::sql {
namespace {

bool is_moment(ValueType type) { return type.type == Type::date || type.type == Type::timestamp; }
bool is_boolean(const Expression& e) { return e.type.type == Type::boolean; }
bool is_text(const Expression& e) { return e.type.type == Type::text; }

bool has(const Expression& e, std::size_t count) { return e.children.size() == count; }

// All children are stored alike and compare as such: one type, but that an integer is a decimal
// without digits.
bool alike(const std::vector<Expression>& parts, std::size_t from, std::size_t step) {
  for (std::size_t i = from; i < parts.size(); i += step) {
    const ValueType a = parts[from].type;
    const ValueType b = parts[i].type;
    const bool numbers = is_numeric(a) && is_numeric(b) && a.scale == b.scale;
    if (a != b && !numbers) return false;
  }
  return true;
}

bool chooses(const Expression& e) {
  const std::size_t count = e.children.size();
  if (count < 3 || count % 2 == 0) return false;
  for (std::size_t i = 0; i + 1 < count; i += 2) {
    if (!is_boolean(e.children[i])) return false;
  }
  const std::vector<Expression>& parts = e.children;
  if (!alike(parts, 1, 2)) return false;
  const ValueType last = parts.back().type;
  const bool numbers = is_numeric(last) && is_numeric(parts[1].type);
  return (last == parts[1].type || (numbers && last.scale == parts[1].type.scale)) &&
         (e.type == parts[1].type || (is_numeric(e.type) && e.type.scale == last.scale));
}

bool is_coalesce(const Expression& e) {
  return !e.children.empty() && alike(e.children, 0, 1) &&
         (e.type == e.children[0].type || (is_numeric(e.type) && is_numeric(e.children[0].type)));
}

bool calculates(const Expression& e) {
  return has(e, 2) && !is_text(e) && !is_boolean(e) &&
         std::none_of(e.children.begin(), e.children.end(),
                      [](const Expression& c) { return is_text(c) || is_boolean(c); });
}

bool is_list(const Expression& e) {
  if (e.children.size() < 2 || !is_boolean(e) || !alike(e.children, 0, 1)) return false;
  return std::all_of(e.children.begin() + 1, e.children.end(),
                     [](const Expression& c) { return c.op == Op::literal; });
}

bool is_connective(const Expression& e) {
  return is_boolean(e) && e.children.size() >= 2 &&
         std::all_of(e.children.begin(), e.children.end(), is_boolean);
}

bool takes_moment(const Expression& e, Type type) {
  return has(e, 1) && e.type == ValueType{type, 0} && is_moment(e.children[0].type);
}

bool takes_text(const Expression& e) { return has(e, 1) && is_text(e) && is_text(e.children[0]); }

bool is_literal(const Expression& e, Type type) {
  return e.op == Op::literal && e.type.type == type && (type != Type::text || !e.text.empty());
}

// A text, then `texts` literals of text that are not empty; a literal number where `number` is.
bool takes_literals(const Expression& e, std::size_t count, std::size_t number = 0) {
  if (!has(e, count) || !is_text(e.children[0])) return false;
  for (std::size_t i = 1; i < count; i++) {
    const Expression& c = e.children[i];
    const bool whole = is_literal(c, Type::integer) && c.value >= 0 && c.value <= kPartsMax;
    const bool removes = e.op == Op::replace && i == 2 && c.op == Op::literal && is_text(c);
    if (i == number ? !whole : !is_literal(c, Type::text) && !removes) return false;
  }
  return true;
}

bool is_concat(const Expression& e) {
  return is_text(e) && e.children.size() >= 2 && e.children.size() <= kConcatMax &&
         std::all_of(e.children.begin(), e.children.end(), is_text);
}

// How many texts, and that there is one for each number, is looked at beside: released rows have no
// such limit.
bool writes_number(const Expression& e) {
  if (!has(e, 1) || !is_text(e) || e.value < 0 || e.value > 6) return false;
  const ValueType type = e.children[0].type;
  if (e.value == 0) return e.text.empty() && (is_numeric(type) || type.type == Type::date);
  const auto unit = static_cast<TimeUnit>(e.value);
  const std::optional<TimeUnit> finest = format_unit(e.text);
  return finest && *finest >= unit &&
         (type.type == Type::date ? unit == TimeUnit::day : type.type == Type::integer);
}

bool fits_texts(const Expression& e) {
  const Expression& number = e.children[0];
  if (Int128{number.high} - number.low >= kTextsMax) return false;
  if (e.value == 0) return true;
  const Units units = units_in_calendar(static_cast<TimeUnit>(e.value));
  return number.low >= units.low && number.high <= units.high;
}

bool takes_number(const Expression& e) {
  return has(e, 1) && is_numeric(e.type) && is_numeric(e.children[0].type);
}

bool clamps(const Expression& e) {
  if (!has(e, 3) || !is_numeric(e.type) || !is_numeric(e.children[0].type)) return false;
  return alike(e.children, 0, 1) && e.children[1].op == Op::literal &&
         e.children[2].op == Op::literal && e.children[1].value <= e.children[2].value;
}

bool covers(const StepColumn& outer, const StepColumn& inner) {
  if (outer.type != inner.type) return false;
  return outer.type.type == Type::text || (outer.low <= inner.low && outer.high >= inner.high);
}

bool reads(const Expression& e, Sources relations) {
  if (e.relation >= relations.size()) return false;
  const Source& source = relations[e.relation];
  if (!source.known) return source.readable;
  return source.readable && e.column < source.columns.size() &&
         covers({e.type, e.low, e.high}, source.columns[e.column]);
}

// Everything but what a column reads.
bool has_shape(const Expression& e) {
  if (e.low > e.high || e.type.scale > kScaleMax) return false;
  if (e.type.scale > 0 && e.type.type != Type::decimal) return false;
  switch (e.op) {
    case Op::column:
    case Op::literal:
    case Op::null: return has(e, 0);
    case Op::add:
    case Op::subtract:
    case Op::multiply: return calculates(e);
    case Op::quotient:
      return calculates(e) && is_numeric(e.type) && e.value >= 0 &&
             e.value < 4 * (kQuotientDigitsMax + 1);
    case Op::remainder: return calculates(e) && is_numeric(e.type) && e.value >= 0 && e.value < 4;
    case Op::negate:
    case Op::absolute: return takes_number(e);
    case Op::rescale: return takes_number(e) && e.value >= 0 && e.value <= kScaleMax;
    case Op::clamp: return clamps(e);
    case Op::equal:
    case Op::not_equal:
    case Op::less:
    case Op::less_equal:
    case Op::greater:
    case Op::greater_equal: return has(e, 2) && is_boolean(e) && alike(e.children, 0, 1);
    case Op::logical_and:
    case Op::logical_or: return is_connective(e);
    case Op::logical_not: return has(e, 1) && is_boolean(e) && is_boolean(e.children[0]);
    case Op::is_null: return has(e, 1) && is_boolean(e);
    case Op::in_list: return is_list(e);
    case Op::like:
      return has(e, 1) && is_boolean(e) && is_text(e.children[0]) && (e.value == 0 || e.value == 1);
    case Op::case_when: return chooses(e);
    case Op::coalesce: return is_coalesce(e);
    case Op::year:
    case Op::quarter:
    case Op::month:
    case Op::day:
    case Op::day_of_week: return takes_moment(e, Type::integer);
    case Op::date_of: return takes_moment(e, Type::date);
    case Op::truncate_year:
    case Op::truncate_quarter:
    case Op::truncate_month:
    case Op::truncate_week:
      return takes_moment(e, Type::date) && e.children[0].type.type == Type::date;
    case Op::lower:
    case Op::upper: return takes_text(e);
    case Op::prefix:
    case Op::suffix:
    case Op::rest: return takes_text(e) && e.value >= 0 && e.value <= kPrefixMax;
    case Op::trim:
      return is_text(e) && (takes_text(e) || takes_literals(e, 2)) && e.value >= 1 && e.value <= 3;
    case Op::replace: return is_text(e) && takes_literals(e, 3);
    case Op::split_part: return is_text(e) && takes_literals(e, 3, 2);
    case Op::pad_left:
    case Op::pad_right: return is_text(e) && takes_literals(e, 3, 1);
    case Op::reverse:
    case Op::capitals: return takes_text(e);
    case Op::position: return e.type == ValueType{Type::integer, 0} && takes_literals(e, 2);
    case Op::concat: return is_concat(e);
    case Op::to_text: return writes_number(e);
    case Op::length:
      return has(e, 1) && e.type == ValueType{Type::integer, 0} && is_text(e.children[0]);
    case Op::add_months:
      return takes_moment(e, Type::date) && e.children[0].type.type == Type::date &&
             e.value >= -kMonthsMax && e.value <= kMonthsMax;
    case Op::output: return false;
    case Op::ratio: return calculates(e) && is_numeric(e.type);
  }
  GBX_CHECK(false);
}

// The steps that windows and UNION read are known, and so are their columns.
bool has_sources(const Step& step, Sources sources) {
  const bool joins = step.kind == StepKind::join;
  const bool one = step.kind == StepKind::group || step.kind == StepKind::window;
  if (step.inputs.empty() || step.inputs.size() > (one ? 1 : kStepInputsMax)) return false;
  for (std::size_t i = 0; i < step.inputs.size(); i++) {
    const Input& input = step.inputs[i];
    if (input.source >= sources.size()) return false;
    const bool known = sources[input.source].known;
    if (!known && (step.kind == StepKind::window || step.kind == StepKind::append)) return false;
    const bool joined = joins && i > 0;
    if (!joined && (input.kind != JoinKind::inner || input.has_condition)) return false;
    if (input.has_condition && !is_boolean(input.condition)) return false;
  }
  return true;
}

// The columns of the input, one by one; of UNION, wide enough for all inputs.
bool has_just_the_columns(const Step& step, Sources sources) {
  for (const Input& input : step.inputs) {
    const std::vector<StepColumn>& from = sources[input.source].columns;
    if (from.size() != step.columns.size()) return false;
    for (std::size_t c = 0; c < from.size(); c++) {
      const Expression& e = step.columns[c];
      if (e.op != Op::column || e.relation != 0 || e.column != c) return false;
      if (!covers({e.type, e.low, e.high}, from[c])) return false;
    }
  }
  return true;
}

bool is_average(const RowAggregate& value) {
  const Expression& a = value.argument;
  if (!is_numeric(a.type) || !is_numeric(value.type) || value.type.scale < a.type.scale) {
    return false;
  }
  Int128 low = a.low;
  Int128 high = a.high;
  for (int i = a.type.scale; i < value.type.scale; i++) {
    low *= 10;
    high *= 10;
  }
  return value.low <= low && value.high >= high;
}

bool is_value(const RowAggregate& value) {
  const Expression& a = value.argument;
  if (value.low > value.high || value.type.scale > kScaleMax) return false;
  if (value.type.scale > 0 && value.type.type != Type::decimal) return false;
  switch (value.function) {
    case RowFunction::rows:
    case RowFunction::values:
    case RowFunction::distinct:
    case RowFunction::row_number:
    case RowFunction::rank:
    case RowFunction::dense_rank: return value.type == ValueType{Type::integer, 0};
    case RowFunction::sum: return is_numeric(a.type) && value.type == a.type;
    case RowFunction::average: return is_average(value);
    case RowFunction::minimum:
    case RowFunction::maximum:
    case RowFunction::lag:
    case RowFunction::lead:
    case RowFunction::first_value:
    case RowFunction::last_value:
      return covers({value.type, value.low, value.high}, {a.type, a.low, a.high});
  }
  GBX_CHECK(false);
}

}  // namespace

bool is_well_formed(const Expression& e, Sources relations) {
  const bool released = !relations.empty() && relations[0].released;
  return has_shape(e) && (e.op != Op::column || reads(e, relations)) &&
         (e.op != Op::ratio || released) && (e.op != Op::to_text || released || fits_texts(e));
}

bool is_well_formed(const Expression& e, std::size_t tables) {
  return has_shape(e) && (e.op != Op::column || e.relation < tables) && e.op != Op::ratio &&
         (e.op != Op::to_text || fits_texts(e));
}

Source source_of(const Step& step) {
  return {.readable = true, .known = true, .columns = columns_of(step)};
}

bool is_well_formed(const Window& window) {
  const RowFunction function = window.value.function;
  const bool moves = function == RowFunction::lag || function == RowFunction::lead;
  if (function == RowFunction::distinct) return false;
  if (!has_frame(function) && window.frame != Frame::partition) return false;
  if (window.offset < 0 || window.offset > (moves ? kWindowOffsetMax : 0)) return false;
  const std::int64_t reach = window.frame == Frame::offsets ? std::int64_t{kPersonRowsMax} : 0;
  if (window.first < -reach || window.last > reach || window.first > window.last) return false;
  return is_value(window.value);
}

bool is_well_formed(const Step& step, Sources sources) {
  if (!has_sources(step, sources)) return false;
  const bool joins = step.kind == StepKind::join;
  const bool groups = step.kind == StepKind::group;
  const bool windows = step.kind == StepKind::window;
  const std::size_t columns = step.columns.size() + step.aggregates.size() + step.windows.size();
  if (columns > kStepColumnsMax) return false;
  if (step.has_filter && (!joins || !is_boolean(step.filter))) return false;
  if (step.distinct && (groups || windows)) return false;
  if ((!step.aggregates.empty() && !groups) || (!step.windows.empty() && !windows)) return false;
  if (!joins && !groups && !has_just_the_columns(step, sources)) return false;
  return std::all_of(step.aggregates.begin(), step.aggregates.end(),
                     [](const RowAggregate& value) {
                       return !is_for_windows(value.function) && is_value(value);
                     }) &&
         std::all_of(step.windows.begin(), step.windows.end(), [](const Window& window) {
           return window.ties == 0 && is_well_formed(window);
         });
}

}  // namespace gbx::sql
