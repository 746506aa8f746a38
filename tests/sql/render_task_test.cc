// Whole tasks, rendered and run as an engine runs them, against a naive reading of task.h.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "engine/duckdb/render.h"
#include "tests/sql/random_rows.h"
#include "trusted/sql/build.h"
#include "trusted/sql/evaluate.h"

namespace gbx::sql {
namespace {

using engine::render_groups;
using engine::render_keys;
using engine::render_partials;
using engine::render_ungrouped;

constexpr ValueType kInteger{Type::integer, 0};
constexpr ValueType kText{Type::text, 0};

// Two tables in memory, and what task.h says their answer is, computed naively.
struct World {
  struct Row {
    std::int64_t person;
    std::vector<Cell> cells;
  };
  std::vector<Row> tables[2];
  static std::int64_t hash(std::int64_t person) { return person * 7919 % 2147483647; }
};

std::int64_t key_hash(const std::vector<Cell>& key) {
  std::int64_t out = 17;
  for (const std::uint8_t byte : encode_group_key(key)) out = (out * 31 + byte) % 2147483647;
  return out;
}

struct Answer {
  std::int64_t persons = 0;
  std::vector<std::int64_t> sums;
  friend bool operator==(const Answer&, const Answer&) = default;
};
using Answers = std::map<Bytes, Answer>;

std::int64_t input_of(const Measure& measure, RowView row) {
  if (measure.kind == MeasureKind::rows) return 1;
  const Cell cell = evaluate(measure.argument, row);
  const auto* number = std::get_if<std::int64_t>(&cell);
  if (measure.kind == MeasureKind::values) return cell == Cell() ? 0 : 1;
  if (number == nullptr) return 0;
  const std::int64_t kept = std::clamp(*number, measure.row_low, measure.row_high);
  return measure.kind == MeasureKind::sum ? kept : 2 * kept - (measure.row_low + measure.row_high);
}

Answers naive(const World& world, const Task& task) {
  std::map<std::int64_t, std::map<Bytes, std::vector<std::int64_t>>> partials;
  std::map<Bytes, std::int64_t> hashes;
  for (const World::Row& a : world.tables[0]) {
    for (const World::Row& b : world.tables[1]) {
      if (a.person != b.person) continue;
      const std::vector<std::vector<Cell>> row = {a.cells, b.cells};
      if (task.has_filter && evaluate(task.filter, row) != Cell(std::int64_t{1})) continue;
      std::vector<Cell> key;
      for (const Expression& group : task.groups) key.push_back(evaluate(group, row));
      const Bytes code = encode_group_key(key);
      hashes[code] = key_hash(key);
      auto& sums = partials[a.person][code];
      sums.resize(task.measures.size());
      for (std::size_t m = 0; m < sums.size(); m++) sums[m] += input_of(task.measures[m], row);
    }
  }
  Answers out;
  if (task.groups.empty()) out[{}].sums.resize(task.measures.size());
  for (const auto& [person, groups] : partials) {
    std::vector<std::pair<std::int64_t, Bytes>> ranked;
    for (const auto& [code, sums] : groups) {
      const SamplingKey& key = task.sampling;
      ranked.emplace_back((World::hash(person) * key.a + hashes[code] * key.b + key.d) % 2147483647,
                          code);
    }
    std::sort(ranked.begin(), ranked.end());
    const std::size_t most = task.groups.empty() ? 1 : task.groups_per_person;
    for (std::size_t i = 0; i < ranked.size() && i < most; i++) {
      Answer& answer = out[ranked[i].second];
      answer.persons++;
      answer.sums.resize(task.measures.size());
      for (std::size_t m = 0; m < answer.sums.size(); m++) {
        answer.sums[m] +=
            std::clamp(groups.at(ranked[i].second)[m], task.measures[m].low, task.measures[m].high);
      }
    }
  }
  return out;
}

Answer answer_of(const std::vector<std::optional<std::string>>& row, std::size_t from) {
  Answer out;
  out.persons = std::stoll(*row[from]);
  for (std::size_t i = from + 1; i < row.size(); i++) out.sums.push_back(std::stoll(*row[i]));
  return out;
}

std::vector<Cell> key_of(const std::vector<std::optional<std::string>>& row, const Task& task) {
  std::vector<Cell> key;
  for (std::size_t g = 0; g < task.groups.size(); g++) {
    if (!row[g]) {
      key.emplace_back();
    } else if (task.groups[g].type == kText) {
      key.emplace_back(*row[g]);
    } else {
      key.emplace_back(std::int64_t{std::stoll(*row[g])});
    }
  }
  return key;
}

// What an engine does around the rendered statements.
Answers rendered(Duckdb& duckdb, const Task& task) {
  Answers out;
  if (task.groups.empty()) {
    out[{}] = answer_of(duckdb.rows(render_ungrouped(task))[0], 0);
    return out;
  }
  duckdb.run("CREATE OR REPLACE TABLE partials AS " + render_partials(task));
  std::map<Bytes, std::vector<Cell>> keys;
  for (const auto& row : duckdb.rows(render_keys(task))) {
    const std::vector<Cell> key = key_of(row, task);
    keys[encode_group_key(key)] = key;
  }
  std::string create = "CREATE OR REPLACE TABLE keys (";
  for (std::size_t g = 0; g < task.groups.size(); g++) {
    create += "g" + std::to_string(g) + (task.groups[g].type == kText ? " VARCHAR, " : " BIGINT, ");
  }
  duckdb.run(create + "hg INTEGER, ord BIGINT)");
  std::size_t ord = 0;
  for (const auto& [code, key] : keys) {
    std::string values;
    for (const Cell& cell : key) values += literal_of(cell) + ", ";
    duckdb.run("INSERT INTO keys VALUES (" + values + std::to_string(key_hash(key)) + ", " +
               std::to_string(ord++) + ")");
  }
  for (const auto& row : duckdb.rows(render_groups(task))) {
    out[encode_group_key(key_of(row, task))] = answer_of(row, task.groups.size());
  }
  return out;
}

World make_world(Duckdb& duckdb, Random& random) {
  World world;
  for (int t = 0; t < 2; t++) {
    const std::string name = "t" + std::to_string(t);
    duckdb.run("CREATE OR REPLACE TABLE " + name + " (p BIGINT, h INTEGER, c0 BIGINT, c1 VARCHAR)");
    for (std::int64_t i = random.between(0, 40); i > 0; i--) {
      World::Row row{random.below(12), {}};
      row.cells.push_back(random.chance(20) ? Cell() : Cell(random.between(-3, 3)));
      row.cells.push_back(random.chance(20) ? Cell() : Cell(random_text(random).substr(0, 1)));
      if (const auto* text = std::get_if<std::string>(&row.cells[1])) {
        if (!text->empty() && text->front() == '\xC3') row.cells[1] = std::string("u");
      }
      duckdb.run("INSERT INTO " + name + " VALUES (" + std::to_string(row.person) + ", " +
                 std::to_string(World::hash(row.person)) + ", " + literal_of(row.cells[0]) + ", " +
                 literal_of(row.cells[1]) + ")");
      world.tables[t].push_back(std::move(row));
    }
  }
  return world;
}

Expression world_column(std::uint32_t relation, std::uint32_t column) {
  Expression out;
  out.op = Op::column;
  out.type = column == 0 ? kInteger : kText;
  out.relation = relation;
  out.column = column;
  out.low = column == 0 ? -3 : 0;
  out.high = column == 0 ? 3 : 0;
  return out;
}

Task make_task(Random& random) {
  Task task;
  task.tables = {"first", "second"};
  if (random.chance(60)) {
    task.has_filter = true;
    task.filter = *make_comparison(Op::less_equal, world_column(0, 0), world_column(1, 0), {});
  }
  for (std::int64_t g = random.below(3); g > 0; g--) {
    task.groups.push_back(world_column(static_cast<std::uint32_t>(random.below(2)),
                                       static_cast<std::uint32_t>(random.below(2))));
  }
  for (const MeasureKind kind :
       {MeasureKind::rows, MeasureKind::values, MeasureKind::sum, MeasureKind::centred}) {
    Measure measure;
    measure.kind = kind;
    measure.argument = world_column(1, kind == MeasureKind::values ? 1 : 0);
    measure.row_low = -2;
    measure.row_high = 3;
    measure.low = kind == MeasureKind::centred || kind == MeasureKind::sum ? -4 : 0;
    measure.high = 5;
    task.measures.push_back(std::move(measure));
  }
  task.groups_per_person =
      task.groups.empty() ? 1 : static_cast<std::uint32_t>(random.between(1, 3));
  const auto key = [&] { return static_cast<std::uint32_t>(random.between(1, 2147483646)); };
  task.sampling = {key(), key(), key()};
  return task;
}

TEST(render, every_random_task_is_answered_as_task_h_says) {
  Duckdb duckdb;
  Random random(7);
  for (int i = 0; i < 40; i++) {
    const World world = make_world(duckdb, random);
    for (int j = 0; j < 3; j++) {
      const Task task = make_task(random);
      ASSERT_EQ(rendered(duckdb, task), naive(world, task)) << render_partials(task);
    }
  }
}

}  // namespace
}  // namespace gbx::sql
