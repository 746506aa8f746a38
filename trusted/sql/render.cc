#include "trusted/sql/render.h"

#include <array>

namespace gbx::sql {
namespace {

constexpr std::string_view kEpoch = "DATE '1970-01-01'";
constexpr std::string_view kUpper = "'ABCDEFGHIJKLMNOPQRSTUVWXYZ'";
constexpr std::string_view kLower = "'abcdefghijklmnopqrstuvwxyz'";

std::string integer(std::int64_t value) { return "CAST(" + std::to_string(value) + " AS BIGINT)"; }

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
std::string date(const Expression& expression) {
  const std::string value = render_expression(expression);
  if (expression.type.type == Type::timestamp) return "CAST(make_timestamp(" + value + ") AS DATE)";
  return "(" + std::string(kEpoch) + " + CAST(" + value + " AS INTEGER))";
}

std::string days(const std::string& rendered_date) {
  return "CAST((CAST(" + rendered_date + " AS DATE) - " + std::string(kEpoch) + ") AS BIGINT)";
}

std::string joined(const std::vector<Expression>& children, std::size_t from,
                   std::string_view between) {
  std::string out;
  for (std::size_t i = from; i < children.size(); i++) {
    if (i > from) out += between;
    out += render_expression(children[i]);
  }
  return out;
}

std::string case_when(const Expression& expression) {
  const auto& children = expression.children;
  std::string out = "(CASE";
  for (std::size_t i = 0; i + 1 < children.size(); i += 2) {
    out += " WHEN " + render_expression(children[i]);
    out += " THEN " + render_expression(children[i + 1]);
  }
  return out + " ELSE " + render_expression(children.back()) + " END)";
}

std::string column(const Expression& expression) {
  const std::string name =
      "t" + std::to_string(expression.relation) + ".c" + std::to_string(expression.column);
  return expression.type.type == Type::boolean ? "(" + name + " <> CAST(0 AS BIGINT))" : name;
}

std::string literal(const Expression& expression) {
  if (expression.type.type == Type::text) return quoted(expression.text);
  if (expression.type.type == Type::boolean) return expression.value != 0 ? "TRUE" : "FALSE";
  return integer(expression.value);
}

std::string call(std::string_view function, const std::string& arguments) {
  return std::string(function) + "(" + arguments + ")";
}

std::string power_of_ten(std::int64_t exponent) {
  return "CAST(1" + std::string(static_cast<std::size_t>(exponent), '0') + " AS BIGINT)";
}

std::string part(std::string_view name, const Expression& child) {
  return "CAST(" + std::string(name) + "(" + date(child) + ") AS BIGINT)";
}

std::string truncated(std::string_view unit, const Expression& child) {
  return days("date_trunc('" + std::string(unit) + "', " + date(child) + ")");
}

// A boolean as 0 and 1, everything else as it is: how values leave the engine.
std::string stored(const Expression& expression) {
  const std::string value = render_expression(expression);
  return expression.type.type == Type::boolean ? "CAST(" + value + " AS BIGINT)" : value;
}

std::string clamped(const std::string& value, std::int64_t low, std::int64_t high,
                    std::string_view type) {
  const std::string suffix = " AS " + std::string(type) + ")";
  return "greatest(least(" + value + ", CAST(" + std::to_string(high) + suffix + "), CAST(" +
         std::to_string(low) + suffix + ")";
}

// What one row adds to a measure: never NULL.
std::string input(const Measure& measure) {
  if (measure.kind == MeasureKind::rows) return "CAST(1 AS BIGINT)";
  const std::string value = render_expression(measure.argument);
  if (measure.kind == MeasureKind::values) {
    return "(CASE WHEN " + value + " IS NULL THEN CAST(0 AS BIGINT) ELSE CAST(1 AS BIGINT) END)";
  }
  std::string kept = clamped(value, measure.row_low, measure.row_high, "BIGINT");
  if (measure.kind == MeasureKind::centred) {
    kept = "((CAST(2 AS BIGINT) * " + kept + ") - " + integer(measure.row_low + measure.row_high) +
           ")";
  }
  return "(CASE WHEN " + value + " IS NULL THEN CAST(0 AS BIGINT) ELSE " + kept + " END)";
}

// Whether the rows of a person and group are more than the measure lets count.
std::string is_cut(const Measure& measure) {
  std::string out = "FALSE";
  if (clamps_rows(measure.kind)) {
    const std::string value = render_expression(measure.argument);
    out = "coalesce(bool_or((" + value + " < " + integer(measure.row_low) + ") OR (" + value +
          " > " + integer(measure.row_high) + ")), FALSE)";
  }
  if (keeps_values(measure.kind)) {
    const bool distinct = measure.kind == MeasureKind::distinct;
    return "(" + out + " OR (count(" + (distinct ? "DISTINCT " : "") + stored(measure.argument) +
           ") > " + integer(measure.high) + "))";
  }
  const auto huge = [](std::int64_t bound) {
    return "CAST(" + std::to_string(bound) + " AS HUGEINT)";
  };
  const std::string sum = "CAST(sum(" + input(measure) + ") AS HUGEINT)";
  return "(" + out + " OR (" + sum + " < " + huge(measure.low) + ") OR (" + sum + " > " +
         huge(measure.high) + "))";
}

std::string partial(const Task& task, const Measure& measure) {
  if (keeps_values(measure.kind)) return "CAST(0 AS HUGEINT)";
  if (measure.kind == MeasureKind::bounded) {
    std::string cut = "FALSE";
    for (const std::uint32_t place : measure.watched) cut += " OR " + is_cut(task.measures[place]);
    return "CAST((" + cut + ") AS HUGEINT)";
  }
  return clamped("CAST(sum(" + input(measure) + ") AS HUGEINT)", measure.low, measure.high,
                 "HUGEINT");
}

// What a measure that keeps values keeps of a row.
std::string value_of(const Measure& measure) {
  std::string value = stored(measure.argument);
  if (measure.kind == MeasureKind::distinct) return value;
  if (measure.kind == MeasureKind::magnitudes) {
    value = clamped(value, measure.row_low, measure.row_high, "BIGINT");
    return "((CAST(sign(" + value + ") AS BIGINT) * CAST(length(bin(abs(" + value +
           "))) AS BIGINT)) - " + integer(magnitude(measure.row_low)) + ")";
  }
  const auto huge = [](Int128 number) {
    return "CAST(" + std::to_string(static_cast<std::int64_t>(number)) + " AS HUGEINT)";
  };
  // Not negative, so the division is the floor.
  return "CAST((((" + huge(0) + " + " +
         clamped(value, measure.row_low, measure.row_high, "BIGINT") + " - " +
         huge(measure.row_low) + ") * " + huge(measure.bins) + ") // " +
         huge(Int128{measure.row_high} - measure.row_low + 1) + ") AS BIGINT)";
}

std::string name(char letter, std::size_t index) { return letter + std::to_string(index); }

std::string joined_tables(const Task& task) {
  std::string out = " FROM t0";
  for (std::size_t i = 1; i < task.tables.size(); i++) {
    out += " JOIN " + name('t', i) + " ON (t0.p = " + name('t', i) + ".p)";
  }
  return out;
}

std::string from(const Task& task) {
  std::string out = joined_tables(task);
  if (task.has_filter) out += " WHERE " + render_expression(task.filter);
  return out;
}

std::string group_columns(const Task& task, std::string_view prefix) {
  std::string out;
  for (std::size_t i = 0; i < task.groups.size(); i++) {
    if (i > 0) out += ", ";
    out += std::string(prefix) + name('g', i);
  }
  return out;
}

// rank(p, g) or rank(p, (v)) of task.h. Both products are under 2^62 and d under 2^31, so the sum
// stays in BIGINT.
std::string rank(const SamplingKey& key, std::string_view hash) {
  return "(((CAST(x.h AS BIGINT) * " + integer(key.a) + ") + (CAST(" + std::string(hash) +
         " AS BIGINT) * " + integer(key.b) + ") + " + integer(key.d) +
         ") % CAST(2147483647 AS BIGINT))";
}

std::string same_groups(const Task& task, std::string_view a, std::string_view b) {
  std::string out;
  for (std::size_t i = 0; i < task.groups.size(); i++) {
    if (i > 0) out += " AND ";
    out += "(" + std::string(a) + name('g', i) + " IS NOT DISTINCT FROM " + std::string(b) +
           name('g', i) + ")";
  }
  return out;
}

// The rows of partials that their persons keep.
std::string kept(const Task& task) {
  std::string out = "(SELECT x.p, " + group_columns(task, "x.");
  for (std::size_t i = 0; i < task.measures.size(); i++) {
    std::string value = "x." + name('m', i);
    if (task.measures[i].kind == MeasureKind::bounded) {
      value = "(CASE WHEN count(*) OVER (PARTITION BY x.p) > " + integer(task.groups_per_person) +
              " THEN CAST(1 AS HUGEINT) ELSE " + value + " END) AS " + name('m', i);
    }
    out += ", " + value;
  }
  out += ", row_number() OVER (PARTITION BY x.p ORDER BY " + rank(task.sampling, "k.hg") +
         " ASC, k.ord ASC) AS place FROM partials AS x JOIN keys AS k ON (" +
         same_groups(task, "x.", "k.") +
         ")) AS ranked WHERE (place <= " + integer(task.groups_per_person) + ")";
  return out;
}

std::string sums(const Task& task) {
  std::string out = "CAST(count(*) AS BIGINT) AS persons";
  for (std::size_t i = 0; i < task.measures.size(); i++) {
    out += ", CAST(coalesce(sum(" + name('m', i) + "), CAST(0 AS HUGEINT)) AS HUGEINT) AS " +
           name('s', i);
  }
  return out;
}

}  // namespace

std::string render_expression(const Expression& expression) {
  const auto& children = expression.children;
  switch (expression.op) {
    case Op::column: return column(expression);
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
    case Op::logical_or: return "(" + joined(children, 0, infix(expression.op)) + ")";
    case Op::negate: return "(CAST(0 AS BIGINT) - " + render_expression(children[0]) + ")";
    case Op::absolute: return call("abs", render_expression(children[0]));
    case Op::rescale:
      return "(" + render_expression(children[0]) + " * " + power_of_ten(expression.value) + ")";
    case Op::clamp: {
      const std::string value = render_expression(children[0]);
      return "(CASE WHEN " + value + " IS NULL THEN CAST(NULL AS BIGINT) ELSE " +
             clamped(value, children[1].value, children[2].value, "BIGINT") + " END)";
    }
    case Op::logical_not: return "(NOT " + render_expression(children[0]) + ")";
    case Op::is_null: return "(" + render_expression(children[0]) + " IS NULL)";
    case Op::in_list:
      return "(" + render_expression(children[0]) + " IN (" + joined(children, 1, ", ") + "))";
    case Op::like:
      return "(" + render_expression(children[0]) + " LIKE " + quoted(expression.text) + ")";
    case Op::case_when: return case_when(expression);
    case Op::coalesce: return call("coalesce", joined(children, 0, ", "));
    case Op::year: return part("year", children[0]);
    case Op::quarter: return part("quarter", children[0]);
    case Op::month: return part("month", children[0]);
    case Op::day: return part("day", children[0]);
    case Op::day_of_week: return part("isodow", children[0]);
    case Op::date_of: return days(date(children[0]));
    case Op::truncate_year: return truncated("year", children[0]);
    case Op::truncate_quarter: return truncated("quarter", children[0]);
    case Op::truncate_month: return truncated("month", children[0]);
    case Op::truncate_week: return truncated("week", children[0]);
    case Op::lower:
      return "translate(" + render_expression(children[0]) + ", " + std::string(kUpper) + ", " +
             std::string(kLower) + ")";
    case Op::upper:
      return "translate(" + render_expression(children[0]) + ", " + std::string(kLower) + ", " +
             std::string(kUpper) + ")";
    case Op::prefix:
      return "substring(" + render_expression(children[0]) + ", CAST(1 AS BIGINT), " +
             integer(expression.value) + ")";
    case Op::output: break;
  }
  GBX_CHECK(false);
}

std::string render_partials(const Task& task) {
  std::string out = "SELECT t0.p AS p, min(t0.h) AS h";
  std::string by = " GROUP BY t0.p";
  for (std::size_t i = 0; i < task.groups.size(); i++) {
    const std::string value = stored(task.groups[i]);
    out += ", " + value + " AS " + name('g', i);
    by += ", " + value;
  }
  for (std::size_t i = 0; i < task.measures.size(); i++) {
    out += ", " + partial(task, task.measures[i]) + " AS " + name('m', i);
  }
  return out + from(task) + by;
}

std::string render_ungrouped(const Task& task) {
  GBX_CHECK(task.groups.empty());
  return "SELECT " + sums(task) + " FROM (" + render_partials(task) + ") AS partials";
}

std::string render_keys(const Task& task) {
  GBX_CHECK(!task.groups.empty());
  return "SELECT DISTINCT " + group_columns(task, "") + " FROM partials";
}

std::string render_groups(const Task& task) {
  GBX_CHECK(!task.groups.empty());
  const std::string columns = group_columns(task, "");
  return "SELECT " + columns + ", " + sums(task) + " FROM " + kept(task) + " GROUP BY " + columns;
}

std::string render_values(const Task& task, std::size_t measure) {
  const std::string argument = stored(task.measures[measure].argument);
  const std::string value = value_of(task.measures[measure]);
  std::string out = "SELECT t0.p AS p, min(t0.h) AS h";
  std::string by = " GROUP BY t0.p";
  for (std::size_t i = 0; i < task.groups.size(); i++) {
    const std::string group = stored(task.groups[i]);
    out += ", " + group + " AS " + name('g', i);
    by += ", " + group;
  }
  out += ", " + value + " AS v, CAST(count(*) AS BIGINT) AS n" + joined_tables(task) + " WHERE (" +
         argument + " IS NOT NULL)";
  if (task.has_filter) out += " AND " + render_expression(task.filter);
  return out + by + ", " + value;
}

std::string render_value_keys(std::size_t measure) {
  return "SELECT DISTINCT v FROM values" + std::to_string(measure);
}

std::string render_chosen(const Task& task, std::size_t measure) {
  const bool grouped = !task.groups.empty();
  const bool distinct = task.measures[measure].kind == MeasureKind::distinct;
  const std::string number = std::to_string(measure);
  const std::string most = integer(task.measures[measure].high);
  const std::string groups = grouped ? ", " + group_columns(task, "x.") : "";
  const std::string window = " OVER (PARTITION BY x.p" + groups + " ORDER BY " +
                             rank(task.sampling, "k.hv") + " ASC, k.ord ASC";
  // What stands before this value in the person's order: values, or rows of them.
  std::string values = "SELECT x.v AS v, x.n AS n" + groups;
  values += distinct ? ", row_number()" + window + ") - CAST(1 AS BIGINT) AS earlier"
                     : ", CAST(coalesce(sum(x.n)" + window +
                           " ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), CAST(0 AS "
                           "HUGEINT)) AS BIGINT) AS earlier";
  values += " FROM values" + number + " AS x JOIN ranks" + number + " AS k ON (x.v = k.v)";
  if (grouped) {
    values += " JOIN (SELECT p, " + group_columns(task, "") + " FROM " + kept(task) +
              ") AS y ON ((x.p = y.p) AND " + same_groups(task, "x.", "y.") + ")";
  }
  std::string columns = group_columns(task, "");
  if (!distinct) columns += grouped ? ", v" : "v";
  const std::string count =
      distinct ? "count(DISTINCT v)" : "sum(least(n, " + most + " - earlier))";
  return "SELECT " + columns + (columns.empty() ? "" : ", ") + "CAST(" + count +
         " AS BIGINT) AS n FROM (" + values + ") AS chosen WHERE (earlier < " + most + ")" +
         (columns.empty() ? "" : " GROUP BY " + columns);
}

}  // namespace gbx::sql
