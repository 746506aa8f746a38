#include <algorithm>
#include <set>

#include "engine/duckdb/render.h"
#include "engine/duckdb/render_expression.h"

namespace gbx::engine {
namespace {

using sql::Expression;
using sql::Frame;
using sql::has_argument;
using sql::has_frame;
using sql::Input;
using sql::JoinKind;
using sql::Op;
using sql::RowAggregate;
using sql::RowFunction;
using sql::RowOrder;
using sql::Step;
using sql::StepKind;
using sql::Task;
using sql::Window;

std::string number(std::size_t index) { return std::to_string(index); }

std::string source_name(const Task& task, std::uint32_t source) {
  const std::size_t tables = task.tables.size();
  return source < tables ? "t" + number(source) : "b" + number(source - tables);
}

std::string list(const std::vector<std::string>& parts, std::string_view between) {
  std::string out;
  for (const std::string& part : parts) out += (out.empty() ? "" : std::string(between)) + part;
  return out;
}

using ColumnSet = std::vector<std::set<std::uint32_t>>;  // by input

void collect(const Expression& e, ColumnSet& out) {
  if (e.op == Op::column) out[e.relation].insert(e.column);
  for (const Expression& child : e.children) collect(child, out);
}

ColumnSet columns_read(const Step& step) {
  ColumnSet out(step.inputs.size());
  for (const Input& input : step.inputs) {
    if (input.has_condition) collect(input.condition, out);
  }
  if (step.has_filter) collect(step.filter, out);
  for (const Expression& column : step.columns) collect(column, out);
  return out;
}

// A join, input by input. What is joined so far is a FROM clause over whole tables: inner joins
// make it longer; any other join reads a table on both sides, by the number of its rows, and what
// it yields is kept as the next one. DuckDB would else compare every row with every row, of all
// persons, for a condition that is more than an equality.
class JoinRenderer {
 public:
  JoinRenderer(const Task& task, std::size_t index)
      : task_(task), step_(task.steps[index]), index_(index), read_(columns_read(step_)) {}

  std::vector<std::string> run() {
    start();
    for (std::size_t i = 1; i < step_.inputs.size(); i++) {
      if (step_.inputs[i].kind == JoinKind::inner) {
        add_inner(i);
      } else {
        keep();
        add_outer(i);
      }
    }
    finish();
    return std::move(out_);
  }

 private:
  void start() {
    names_.emplace_back("x0.c");
    from_ = source_name(task_, step_.inputs[0].source) + " AS x0";
    person_ = "x0.p";
    hash_ = "x0.h";
    single_ = true;
  }

  void add_inner(std::size_t i) {
    const std::string alias = "x" + number(i);
    names_.push_back(alias + ".c");
    from_ += " JOIN " + source_name(task_, step_.inputs[i].source) + " AS " + alias + " ON (" +
             person_ + " = " + alias + ".p)";
    if (step_.inputs[i].has_condition) {
      where_.push_back(render_expression(step_.inputs[i].condition, names_));
    }
    single_ = false;
  }

  // Makes what is joined so far one table.
  void keep() {
    if (single_) return;
    const std::string table = "w" + number(index_) + "_" + number(kept_.size());
    std::vector<std::string> columns = {person_ + " AS p", hash_ + " AS h"};
    Names names;
    for (std::size_t r = 0; r < names_.size(); r++) {
      const std::string prefix = "r" + number(r) + "c";
      for (const std::uint32_t c : read_[r]) {
        if (!names_[r].empty()) {
          columns.push_back(names_[r] + number(c) + " AS " + prefix + number(c));
        }
      }
      names.push_back(names_[r].empty() ? "" : "x0." + prefix);
    }
    out_.push_back("CREATE TABLE " + table + " AS SELECT " + list(columns, ", ") + " FROM " +
                   from_ + where());
    drop_kept();
    kept_.push_back(table);
    names_ = std::move(names);
    from_ = table + " AS x0";
    where_.clear();
    person_ = "x0.p";
    hash_ = "x0.h";
    single_ = true;
  }

  void drop_kept() {
    if (!kept_.empty()) out_.push_back("DROP TABLE " + kept_.back());
  }

  [[nodiscard]] std::string where() const {
    return where_.empty() ? "" : " WHERE " + list(where_, " AND ");
  }

  // Rows of the left table and of the input that are partners, by their numbers.
  [[nodiscard]] std::string partners(std::size_t i, const std::string& alias) const {
    std::string out = "(SELECT x0.rowid AS l, " + alias + ".rowid AS r FROM " + from_ + " JOIN " +
                      source_name(task_, step_.inputs[i].source) + " AS " + alias +
                      " ON (x0.p = " + alias + ".p)";
    if (step_.inputs[i].has_condition) {
      out += " WHERE " + render_expression(step_.inputs[i].condition, names_);
    }
    return out + ") AS y";
  }

  void add_outer(std::size_t i) {
    const std::string alias = "x" + number(i);
    const JoinKind kind = step_.inputs[i].kind;
    const std::string input = source_name(task_, step_.inputs[i].source) + " AS " + alias;
    names_.push_back(alias + ".c");
    const std::string pairs = partners(i, alias);
    single_ = false;
    if (kind == JoinKind::semi || kind == JoinKind::anti) {
      from_ +=
          (kind == JoinKind::semi ? " SEMI JOIN " : " ANTI JOIN ") + pairs + " ON (x0.rowid = y.l)";
      names_.back().clear();
      return;
    }
    const bool keeps_left = kind != JoinKind::right;
    const bool keeps_right = kind != JoinKind::left;
    from_ += (keeps_left ? " LEFT JOIN " : " JOIN ") + pairs + " ON (x0.rowid = y.l)";
    from_ += keeps_left && keeps_right ? " FULL JOIN "
             : keeps_left              ? " LEFT JOIN "
                                       : " RIGHT JOIN ";
    from_ += input + " ON (y.r = " + alias + ".rowid)";
    if (keeps_right) {
      person_ = "coalesce(x0.p, " + alias + ".p)";
      hash_ = "coalesce(x0.h, " + alias + ".h)";
    }
  }

  void finish() {
    std::vector<std::string> columns = {person_ + " AS p", hash_ + " AS h"};
    for (std::size_t c = 0; c < step_.columns.size(); c++) {
      columns.push_back(render_stored(step_.columns[c], names_) + " AS c" + number(c));
    }
    if (step_.has_filter) where_.push_back(render_expression(step_.filter, names_));
    out_.push_back("CREATE TABLE b" + number(index_) + " AS SELECT " +
                   (step_.distinct ? "DISTINCT " : "") + list(columns, ", ") + " FROM " + from_ +
                   where());
    drop_kept();
  }

  const Task& task_;
  const Step& step_;
  std::size_t index_;
  ColumnSet read_;
  std::vector<std::string> out_;
  std::vector<std::string> kept_;
  // Of what is joined so far: the last FROM, its WHERE, and what columns are called in it ("" for
  // an input that cannot be read).
  std::string from_;
  std::vector<std::string> where_;
  Names names_;
  std::string person_;
  std::string hash_;
  bool single_ = false;  // the FROM is one table, x0
};

// The value from what calls() made of it: a<i>, and n<i> of an average.
std::string finished(const RowAggregate& value, std::size_t i) {
  std::string raw = "a" + number(i);
  if (value.function == RowFunction::sum) {
    return "(CASE WHEN " + raw + " IS NULL THEN CAST(NULL AS BIGINT) ELSE CAST(" +
           render_clamped(raw, value.low, value.high, "HUGEINT") + " AS BIGINT) END)";
  }
  if (value.function != RowFunction::average) return raw;
  std::int64_t factor = 2;
  for (int d = value.argument.type.scale; d < value.type.scale; d++) factor *= 10;
  // Sums of kPersonRowsMax numbers are under 2^85, the factor under 2^41: all stays in 127 bits.
  const std::string count = "CAST(n" + number(i) + " AS HUGEINT)";
  const std::string size = "(((abs(" + raw + ") * " + render_huge(factor) + ") + " + count +
                           ") // (" + count + " * " + render_huge(2) + "))";
  return "CAST((CASE WHEN " + raw + " < " + render_huge(0) + " THEN " + render_huge(0) + " - " +
         size + " ELSE " + size + " END) AS BIGINT)";
}

std::string argument_of(const RowAggregate& value, const Names& names) {
  return has_argument(value.function) ? render_stored(value.argument, names) : "";
}

// What SQL computes for a value, each with its name; `over` follows every call.
std::vector<std::string> calls(RowFunction function, std::size_t i, const std::string& argument,
                               const std::string& over) {
  const auto call = [&](std::string_view name, const std::string& arguments) {
    return std::string(name) + "(" + arguments + ")" + over + " AS a" + number(i);
  };
  const std::string sum = "CAST(sum(" + argument + ")" + over + " AS HUGEINT) AS a" + number(i);
  switch (function) {
    case RowFunction::rows: return {call("count", "*")};
    case RowFunction::values: return {call("count", argument)};
    case RowFunction::distinct: return {call("count", "DISTINCT " + argument)};
    case RowFunction::sum: return {sum};
    case RowFunction::average: return {sum, "count(" + argument + ")" + over + " AS n" + number(i)};
    case RowFunction::minimum: return {call("min", argument)};
    case RowFunction::maximum: return {call("max", argument)};
    case RowFunction::row_number: return {call("row_number", "")};
    case RowFunction::rank: return {call("rank", "")};
    case RowFunction::dense_rank: return {call("dense_rank", "")};
    case RowFunction::lag: return {call("lag", argument)};
    case RowFunction::lead: return {call("lead", argument)};
    case RowFunction::first_value: return {call("first_value", argument)};
    case RowFunction::last_value: return {call("last_value", argument)};
  }
  GBX_CHECK(false);
}

// "SELECT p, h, c0, .., values FROM (SELECT ..)": the step's columns, then its values.
std::string select_values(const Step& step, const std::vector<std::string>& inner,
                          const std::string& tail) {
  std::vector<std::string> outer = {"p", "h"};
  for (std::size_t c = 0; c < step.columns.size(); c++) outer.push_back("c" + number(c));
  for (std::size_t i = 0; i < step.aggregates.size(); i++) {
    outer.push_back(finished(step.aggregates[i], i) + " AS c" + number(outer.size() - 2));
  }
  for (std::size_t i = 0; i < step.windows.size(); i++) {
    outer.push_back(finished(step.windows[i].value, i) + " AS c" + number(outer.size() - 2));
  }
  return "SELECT " + list(outer, ", ") + " FROM (SELECT " + list(inner, ", ") + tail + ") AS z";
}

void append(std::vector<std::string>& out, std::vector<std::string> more) {
  out.insert(out.end(), more.begin(), more.end());
}

std::string group(const Task& task, const Step& step) {
  const Names names = {"x0.c"};
  std::vector<std::string> inner = {"x0.p AS p", "min(x0.h) AS h"};
  std::string by = " GROUP BY x0.p";
  for (std::size_t c = 0; c < step.columns.size(); c++) {
    const std::string value = render_stored(step.columns[c], names);
    inner.push_back(value + " AS c" + number(c));
    by += ", " + value;
  }
  for (std::size_t i = 0; i < step.aggregates.size(); i++) {
    const RowAggregate& value = step.aggregates[i];
    append(inner, calls(value.function, i, argument_of(value, names), ""));
  }
  return select_values(step, inner,
                       " FROM " + source_name(task, step.inputs[0].source) + " AS x0" + by);
}

std::string row_offset(std::int64_t rows) {
  if (rows == 0) return "CURRENT ROW";
  return std::to_string(rows < 0 ? -rows : rows) + (rows < 0 ? " PRECEDING" : " FOLLOWING");
}

// Which rows a window's function reads, and in which order. Every other frame begins with its
// partition, so the first value of a frame is the partition's, and the last of frame `peers` that
// of the peers; for everything else in frame `peers` the order among equals does not matter.
std::string over(const Step& step, const Window& window, const Names& names) {
  const RowFunction function = window.value.function;
  const bool picks = function == RowFunction::first_value || function == RowFunction::last_value;
  const bool adds = has_frame(function) && !picks;
  const bool ranks = function == RowFunction::rank || function == RowFunction::dense_rank;
  const bool of_peers = function == RowFunction::last_value && window.frame == Frame::peers;
  std::vector<std::string> partition = {"x0.p"};
  std::vector<std::string> order;
  for (const Expression& e : window.partition) partition.push_back(render_stored(e, names));
  for (const RowOrder& by : window.order) {
    const std::string key = render_stored(by.key, names);
    if (of_peers) partition.push_back(key);
    order.push_back(key + (by.descending ? " DESC" : " ASC") +
                    (by.nulls_first ? " NULLS FIRST" : " NULLS LAST"));
  }
  const bool of_rows = window.frame == Frame::rows || window.frame == Frame::offsets;
  if (!ranks && !(adds && !of_rows)) {
    for (const Expression& e : step.columns) {
      order.push_back(render_stored(e, names) + " ASC NULLS FIRST");
    }
    order.emplace_back("x0.rowid ASC");  // the same in all windows
  }
  std::string out = " OVER (PARTITION BY " + list(partition, ", ");
  if (adds && window.frame == Frame::partition) return out + ")";
  if (!order.empty()) out += " ORDER BY " + list(order, ", ");
  if (!has_frame(function)) return out + ")";
  if (adds && window.frame == Frame::peers) {
    return out + " RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)";
  }
  if (window.frame == Frame::offsets) {
    return out + " ROWS BETWEEN " + row_offset(window.first) + " AND " + row_offset(window.last) +
           ")";
  }
  const bool to_this = window.frame == Frame::rows && function != RowFunction::first_value;
  return out + " ROWS BETWEEN UNBOUNDED PRECEDING AND " +
         (to_this ? "CURRENT ROW)" : "UNBOUNDED FOLLOWING)");
}

std::string windows(const Task& task, const Step& step) {
  const Names names = {"x0.c"};
  std::vector<std::string> inner = {"x0.p AS p", "x0.h AS h"};
  for (std::size_t c = 0; c < step.columns.size(); c++) {
    inner.push_back("x0.c" + number(c) + " AS c" + number(c));
  }
  for (std::size_t i = 0; i < step.windows.size(); i++) {
    const Window& window = step.windows[i];
    const RowFunction function = window.value.function;
    std::string argument = argument_of(window.value, names);
    if (function == RowFunction::lag || function == RowFunction::lead) {
      argument += ", " + render_integer(window.offset);
    }
    append(inner, calls(function, i, argument, over(step, window, names)));
  }
  return select_values(step, inner, " FROM " + source_name(task, step.inputs[0].source) + " AS x0");
}

std::string appended(const Task& task, const Step& step) {
  std::string columns = "p, h";
  for (std::size_t c = 0; c < step.columns.size(); c++) columns += ", c" + number(c);
  std::vector<std::string> parts;
  for (const Input& input : step.inputs) {
    parts.push_back("SELECT " + columns + " FROM " + source_name(task, input.source));
  }
  const std::string all = list(parts, " UNION ALL ");
  return step.distinct ? "SELECT DISTINCT " + columns + " FROM (" + all + ") AS z" : all;
}

}  // namespace

std::vector<std::string> render_step(const Task& task, std::size_t index) {
  const Step& step = task.steps[index];
  if (step.kind == StepKind::join) return JoinRenderer(task, index).run();
  const std::string select = step.kind == StepKind::group    ? group(task, step)
                             : step.kind == StepKind::window ? windows(task, step)
                                                             : appended(task, step);
  return {"CREATE TABLE b" + number(index) + " AS " + select};
}

std::string render_person_rows(std::size_t index) {
  return "SELECT CAST(coalesce(max(n), 0) AS BIGINT) AS n FROM (SELECT count(*) AS n FROM b" +
         number(index) + " GROUP BY p) AS x";
}

std::vector<std::string> render_drops(const Task& task, std::size_t index) {
  const auto reads = [](const Step& step, std::uint32_t source) {
    return std::any_of(step.inputs.begin(), step.inputs.end(),
                       [&](const Input& input) { return input.source == source; });
  };
  std::vector<std::string> out;
  for (std::uint32_t source = 0; source < task.tables.size() + index; source++) {
    bool later = false;
    for (std::size_t i = index + 1; i < task.steps.size(); i++) {
      later = later || reads(task.steps[i], source);
    }
    if (reads(task.steps[index], source) && !later) {
      out.push_back("DROP TABLE " + source_name(task, source));
    }
  }
  return out;
}

}  // namespace gbx::engine
