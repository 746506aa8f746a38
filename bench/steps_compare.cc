// Tasks with steps over the tables of the tutorial at size: one join step against the same join
// without steps, and sub-selects against plain DuckDB without bounding on the same rows, persons as
// dense numbers, in interleaved rounds of one process.
//
//   steps_compare [--json FILE] [--rows N] [--rounds N]

#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "bench/attribution.h"
#include "bench/report.h"
#include "engine/duckdb/duckdb_engine.h"
#include "engine/duckdb/load.h"

namespace gbx::bench {
namespace {

constexpr std::uint32_t kThreads = 2;

using Rows = std::vector<sql::GroupRow>;

sql::Expression column(std::uint32_t index, const sql::Expression& like) {
  sql::Expression out = like;
  out.op = sql::Op::column;
  out.children.clear();
  out.relation = 0;
  out.column = index;
  return out;
}

sql::Step step_of(sql::StepKind kind, const std::vector<std::uint32_t>& sources) {
  sql::Step out;
  out.kind = kind;
  for (const std::uint32_t source : sources) out.inputs.emplace_back().source = source;
  return out;
}

// The attribution as one join step.
sql::Task joined() {
  sql::Task out = attribution();
  sql::Step step = step_of(sql::StepKind::join, {0, 1});
  step.has_filter = true;
  step.filter = std::move(out.filter);
  out.has_filter = false;
  step.columns = {out.groups[0], out.measures[0].argument};
  out.groups[0] = column(0, out.groups[0]);
  out.measures[0].argument = column(1, out.measures[0].argument);
  out.steps = {std::move(step)};
  return out;
}

sql::Expression day() { return attribution().filter.children[0]; }

sql::Expression integer(std::uint32_t index, std::int64_t high) {
  sql::Expression out;
  out.type = {Type::integer, 0};
  out.high = high;
  return column(index, out);
}

// Persons and rows by group of a task over exposures with these steps.
sql::Task over_exposures(std::vector<sql::Step> steps, sql::Expression group) {
  sql::Task out = attribution();
  out.tables.resize(1);
  out.has_filter = false;
  out.filter = {};
  out.steps = std::move(steps);
  out.groups = {std::move(group)};
  out.measures.assign(1, {});
  out.measures[0].high = 100;
  return out;
}

// The campaign that each person saw first.
sql::Task windowed() {
  const sql::Expression campaign = attribution().groups[0];
  sql::Step rows = step_of(sql::StepKind::join, {0});
  rows.columns = {campaign, day()};
  sql::Step window = step_of(sql::StepKind::window, {1});
  window.columns = {column(0, campaign), column(1, day())};
  window.windows.resize(1);
  window.windows[0].value.function = sql::RowFunction::row_number;
  window.windows[0].value.high = sql::kPersonRowsMax;
  window.windows[0].order = {{column(1, day()), false, false}};
  sql::Step first = step_of(sql::StepKind::join, {2});
  first.has_filter = true;
  first.filter.op = sql::Op::equal;
  first.filter.type = {Type::boolean, 0};
  first.filter.high = 1;
  first.filter.children = {integer(2, sql::kPersonRowsMax), integer(0, 1)};
  first.filter.children[1].op = sql::Op::literal;
  first.filter.children[1].value = 1;
  first.columns = {column(0, campaign)};
  return over_exposures({rows, window, first}, column(0, campaign));
}

// Persons by how many exposures they had, with the day of the first.
sql::Task grouped() {
  sql::Step group = step_of(sql::StepKind::group, {0});
  group.aggregates.resize(2);
  group.aggregates[0].high = 100;
  group.aggregates[1].function = sql::RowFunction::minimum;
  group.aggregates[1].argument = day();
  group.aggregates[1].type = day().type;
  group.aggregates[1].low = day().low;
  group.aggregates[1].high = day().high;
  sql::Task out = over_exposures({group}, integer(0, 100));
  out.measures.push_back({.kind = sql::MeasureKind::values, .argument = column(1, day())});
  out.measures[1].high = 1;
  return out;
}

constexpr const char* kWindowed =
    "SELECT c0, count(*) FROM (SELECT c0, row_number() OVER (PARTITION BY p ORDER BY c1, c0) AS n "
    "FROM t0) WHERE n = 1 GROUP BY c0";
constexpr const char* kGrouped =
    "SELECT n, count(*), count(d) FROM (SELECT count(*) AS n, min(c1) AS d FROM t0 GROUP BY p) "
    "GROUP BY n";

// Rounds of both sides; the first is not counted.
void measure(Line& line, std::uint32_t rounds, const std::function<void()>& ours,
             const std::function<void()>& baseline) {
  for (std::uint32_t round = 0; round <= rounds; round++) {
    const double a = seconds_of(ours);
    const double b = seconds_of(baseline);
    if (round == 0) continue;
    line.ours.push_back(a);
    line.baseline.push_back(b);
  }
}

int run(const std::string& json, std::uint64_t rows, std::uint32_t rounds) {
  const std::vector<Held> held = seal_both(rows);
  const auto database =
      *engine::Database::open({.threads = kThreads, .memory_bytes = std::uint64_t{16} << 30});
  const auto loaded =
      engine::load_tables(*database, attribution(), OpenTables(held).first(2), nullptr);
  GBX_CHECK(loaded.has_value());
  const Rows flat = merge(attribution(), held);
  const Rows steps = merge(joined(), held);
  GBX_CHECK(flat.size() == steps.size());
  for (std::size_t i = 0; i < flat.size(); i++) {
    GBX_CHECK(flat[i].persons == steps[i].persons && flat[i].sums == steps[i].sums);
  }
  const std::string size = std::to_string(rows) + " rows: ";
  std::vector<Line> lines = {
      {size + "attribution as one join step / without steps", "goal 1.5", {}, {}}};
  measure(lines[0], rounds, [&] { merge(joined(), held); }, [&] { merge(attribution(), held); });
  const auto against = [&](const char* what, const sql::Task& task, const char* sql) {
    Line& line = lines.emplace_back();
    line.what = size + what;
    line.note = "baseline's rows clustered, ids made before; sealed blocks opened";
    measure(
        line, rounds, [&] { merge(task, held); },
        [&] { GBX_CHECK(run_plain(*database, sql) > 0); });
  };
  against("window in a sub-select / plain DuckDB", windowed(), kWindowed);
  against("groups of groups / plain DuckDB", grouped(), kGrouped);
  report(lines, json);
  return 0;
}

}  // namespace
}  // namespace gbx::bench

int main(int count, char** words) {
  std::string json;
  std::uint64_t rows = 1'000'000;
  std::uint32_t rounds = 10;
  bool good = count % 2 == 1;
  for (int i = 1; good && i + 1 < count; i += 2) {
    const std::string_view option = words[i];
    if (option == "--json") {
      json = words[i + 1];
    } else if (option == "--rows") {
      good = gbx::bench::take_number(words[i + 1], rows);
    } else {
      good = option == "--rounds" && gbx::bench::take_number(words[i + 1], rounds);
    }
  }
  if (!good || rows < 100) {
    std::fputs("steps_compare [--json FILE] [--rows N] [--rounds N]\n", stderr);
    return 2;
  }
  return gbx::bench::run(json, rows, rounds);
}
