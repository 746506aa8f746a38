#include "trusted/sql/well_formed.h"

#include <algorithm>

#include "trusted/sql/build.h"

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

bool takes_number(const Expression& e) {
  return has(e, 1) && is_numeric(e.type) && is_numeric(e.children[0].type);
}

bool clamps(const Expression& e) {
  if (!has(e, 3) || !is_numeric(e.type) || !is_numeric(e.children[0].type)) return false;
  return alike(e.children, 0, 1) && e.children[1].op == Op::literal &&
         e.children[2].op == Op::literal && e.children[1].value <= e.children[2].value;
}

}  // namespace

bool is_well_formed(const Expression& e, std::size_t relations) {
  if (e.low > e.high || e.type.scale > kScaleMax) return false;
  if (e.type.scale > 0 && e.type.type != Type::decimal) return false;
  switch (e.op) {
    case Op::column: return has(e, 0) && e.relation < relations;
    case Op::literal:
    case Op::null: return has(e, 0);
    case Op::add:
    case Op::subtract:
    case Op::multiply: return calculates(e);
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
    case Op::like: return has(e, 1) && is_boolean(e) && is_text(e.children[0]);
    case Op::case_when: return chooses(e);
    case Op::coalesce:
      return !e.children.empty() && alike(e.children, 0, 1) &&
             (e.type == e.children[0].type ||
              (is_numeric(e.type) && is_numeric(e.children[0].type)));
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
    case Op::prefix: return takes_text(e) && e.value >= 0 && e.value <= kPrefixMax;
    case Op::output: return false;
  }
  GBX_CHECK(false);
}

}  // namespace gbx::sql
