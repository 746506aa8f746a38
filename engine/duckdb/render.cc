#include "engine/duckdb/render.h"

#include "engine/duckdb/render_expression.h"

namespace gbx::engine {
namespace {

using sql::keeps_values;
using sql::magnitude;
using sql::Measure;
using sql::MeasureKind;
using sql::SamplingKey;
using sql::Task;

// What the task's own expressions read: the last step, or the tables.
Names names_of(const Task& task) {
  if (!task.steps.empty()) return {"b" + std::to_string(task.steps.size() - 1) + ".c"};
  Names out;
  for (std::size_t i = 0; i < task.tables.size(); i++)
    out.push_back("t" + std::to_string(i) + ".c");
  return out;
}

// What one row adds to a measure: never NULL.
std::string input(const Measure& measure, const Names& names) {
  if (measure.kind == MeasureKind::rows) return "CAST(1 AS BIGINT)";
  const std::string value = render_expression(measure.argument, names);
  if (measure.kind == MeasureKind::values) {
    return "(CASE WHEN " + value + " IS NULL THEN CAST(0 AS BIGINT) ELSE CAST(1 AS BIGINT) END)";
  }
  std::string kept = render_clamped(value, measure.row_low, measure.row_high, "BIGINT");
  if (measure.kind == MeasureKind::centred) {
    kept = "((CAST(2 AS BIGINT) * " + kept + ") - " +
           render_integer(measure.row_low + measure.row_high) + ")";
  }
  return "(CASE WHEN " + value + " IS NULL THEN CAST(0 AS BIGINT) ELSE " + kept + " END)";
}

// Whether the rows of a person and group are more than the measure lets count.
std::string is_cut(const Measure& measure, const Names& names) {
  std::string out = "FALSE";
  if (clamps_rows(measure.kind)) {
    const std::string value = render_expression(measure.argument, names);
    out = "coalesce(bool_or((" + value + " < " + render_integer(measure.row_low) + ") OR (" +
          value + " > " + render_integer(measure.row_high) + ")), FALSE)";
  }
  if (keeps_values(measure.kind)) {
    const bool distinct = measure.kind == MeasureKind::distinct;
    return "(" + out + " OR (count(" + (distinct ? "DISTINCT " : "") +
           render_stored(measure.argument, names) + ") > " + render_integer(measure.high) + "))";
  }
  const std::string sum = "CAST(sum(" + input(measure, names) + ") AS HUGEINT)";
  return "(" + out + " OR (" + sum + " < " + render_huge(measure.low) + ") OR (" + sum + " > " +
         render_huge(measure.high) + "))";
}

std::string partial(const Task& task, const Measure& measure, const Names& names) {
  if (keeps_values(measure.kind)) return "CAST(0 AS HUGEINT)";
  if (measure.kind == MeasureKind::bounded) {
    std::string cut = "FALSE";
    for (const std::uint32_t place : measure.watched)
      cut += " OR " + is_cut(task.measures[place], names);
    return "CAST((" + cut + ") AS HUGEINT)";
  }
  return render_clamped("CAST(sum(" + input(measure, names) + ") AS HUGEINT)", measure.low,
                        measure.high, "HUGEINT");
}

// What a measure that keeps values keeps of a row.
std::string value_of(const Measure& measure, const Names& names) {
  std::string value = render_stored(measure.argument, names);
  if (measure.kind == MeasureKind::distinct) return value;
  if (measure.kind == MeasureKind::magnitudes) {
    value = render_clamped(value, measure.row_low, measure.row_high, "BIGINT");
    return "((CAST(sign(" + value + ") AS BIGINT) * CAST(length(bin(abs(" + value +
           "))) AS BIGINT)) - " + render_integer(magnitude(measure.row_low)) + ")";
  }
  // Not negative, so the division is the floor.
  return "CAST((((" + render_huge(0) + " + " +
         render_clamped(value, measure.row_low, measure.row_high, "BIGINT") + " - " +
         render_huge(measure.row_low) + ") * " + render_huge(measure.bins) + ") // " +
         render_huge(measure.row_high - measure.row_low + 1) + ") AS BIGINT)";
}

std::string name(char letter, std::size_t index) { return letter + std::to_string(index); }

std::string table_of(const Task& task) {
  return task.steps.empty() ? name('t', 0) : name('b', task.steps.size() - 1);
}

std::string from(const Task& task) {
  std::string out = " FROM " + table_of(task);
  for (std::size_t i = 1; i < task.tables.size() && task.steps.empty(); i++) {
    out += " JOIN " + name('t', i) + " ON (t0.p = " + name('t', i) + ".p)";
  }
  return out;
}

// "SELECT p, h, g0, .." of whom the groups are, and what a GROUP BY needs after it.
std::string select_persons(const Task& task, const Names& names, std::string& by) {
  const std::string table = table_of(task);
  std::string out = "SELECT " + table + ".p AS p, min(" + table + ".h) AS h";
  by = " GROUP BY " + table + ".p";
  for (std::size_t i = 0; i < task.groups.size(); i++) {
    const std::string value = render_stored(task.groups[i], names);
    out += ", " + value + " AS " + name('g', i);
    by += ", " + value;
  }
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
  return "(((CAST(x.h AS BIGINT) * " + render_integer(key.a) + ") + (CAST(" + std::string(hash) +
         " AS BIGINT) * " + render_integer(key.b) + ") + " + render_integer(key.d) +
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
    const std::string value = "x." + name('m', i);
    out += ", ";
    if (task.measures[i].kind == MeasureKind::bounded) {
      out += "(CASE WHEN count(*) OVER (PARTITION BY x.p) > " +
             render_integer(task.groups_per_person) + " THEN CAST(1 AS HUGEINT) ELSE " + value +
             " END) AS " + name('m', i);
    } else {
      out += value;
    }
  }
  out += ", row_number() OVER (PARTITION BY x.p ORDER BY " + rank(task.sampling, "k.hg") +
         " ASC, k.ord ASC) AS place FROM partials AS x JOIN keys AS k ON (" +
         same_groups(task, "x.", "k.") +
         ")) AS ranked WHERE (place <= " + render_integer(task.groups_per_person) + ")";
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

std::string render_partials(const Task& task) {
  const Names names = names_of(task);
  std::string by;
  std::string out = select_persons(task, names, by);
  for (std::size_t i = 0; i < task.measures.size(); i++) {
    out += ", " + partial(task, task.measures[i], names) + " AS " + name('m', i);
  }
  out += from(task);
  if (task.has_filter) out += " WHERE " + render_expression(task.filter, names);
  return out + by;
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
  const Names names = names_of(task);
  const std::string value = value_of(task.measures[measure], names);
  std::string by;
  std::string out = select_persons(task, names, by) + ", " + value +
                    " AS v, CAST(count(*) AS BIGINT) AS n" + from(task) + " WHERE (" +
                    render_stored(task.measures[measure].argument, names) + " IS NOT NULL)";
  if (task.has_filter) out += " AND " + render_expression(task.filter, names);
  return out + by + ", " + value;
}

std::string render_value_keys(std::size_t measure) {
  return "SELECT DISTINCT v FROM values" + std::to_string(measure);
}

std::string render_chosen(const Task& task, std::size_t measure) {
  const bool grouped = !task.groups.empty();
  const bool distinct = task.measures[measure].kind == MeasureKind::distinct;
  const std::string number = std::to_string(measure);
  const std::string most = render_integer(task.measures[measure].high);
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

}  // namespace gbx::engine
