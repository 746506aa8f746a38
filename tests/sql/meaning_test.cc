// What a query means: DuckDB runs the analyst's own text over random tables, and what our parser,
// binder and normal form made of it is computed as task.h says, without noise and with bounds that
// do not bite. Both must give the same rows; so must the merge engine. Statements come from
// tests/sql/accept and attacks.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>

#include "engine/merge/merge.h"
#include "engine/testing/match.h"
#include "engine/testing/reference.h"
#include "tests/sql/rooms.h"
#include "tests/sql/small_tables.h"
#include "tests/sql/syntax_tree.h"
#include "trusted/firewall/check.h"

namespace gbx::testing {
namespace {

namespace fs = std::filesystem;

constexpr int kRowsMax = 5;
constexpr int kSeeds = 3;
constexpr int kLeavers = 8;  // of these, in turn

std::string shown(const Cell& cell, ValueType type) {
  if (const auto* text = std::get_if<std::string>(&cell)) return *text;
  const auto* number = std::get_if<std::int64_t>(&cell);
  return number == nullptr ? "NULL" : format_value(*number, type);
}

// The columns of an answer, or nothing when some of them are not exact sums and counts.
std::optional<Rows> rows_of(const firewall::CheckedQuery& query,
                            const std::vector<sql::GroupRow>& groups) {
  Rows out;
  for (const sql::GroupRow& group : groups) {
    std::vector<std::string>& row = out.emplace_back();
    for (const sql::Item& item : query.items()) {
      if (item.formula) return std::nullopt;  // ratios_test.cc, answer_windows_test.cc
      const firewall::Output& output = query.outputs()[item.output];
      const bool sum = output.kind == firewall::OutputKind::sum;
      if (output.kind == firewall::OutputKind::group) {
        row.push_back(shown(group.key[output.index], output.type));
      } else if (output.kind == firewall::OutputKind::persons) {
        row.push_back(std::to_string(group.persons));
      } else if (sum || output.kind == firewall::OutputKind::count) {
        const auto value = static_cast<std::int64_t>(group.sums[output.index - 1]);
        row.push_back(format_value(value, sum ? output.type : ValueType{Type::integer, 0}));
      } else {
        return std::nullopt;
      }
    }
  }
  return out;
}

// A sum of nothing is 0 here and NULL there; date_trunc yields a date here and a timestamp there.
void make_alike(Rows& rows, const firewall::CheckedQuery& query) {
  for (std::vector<std::string>& row : rows) {
    for (std::size_t c = 0; c < row.size(); c++) {
      const firewall::Output& output = query.outputs()[query.items()[c].output];
      if (output.kind != firewall::OutputKind::group && row[c] == "NULL") {
        row[c] = format_value(0, output.type);
      }
      if (output.type.type == Type::date && row[c].size() > 10) row[c].resize(10);
    }
  }
  std::sort(rows.begin(), rows.end());
}

std::vector<std::string> statements() {
  std::vector<std::string> out;
  for (const char* file : {"exists", "grouping_sets", "outer_joins", "self_joins", "subqueries",
                           "text", "unions", "windows"}) {
    std::ifstream in(fs::path(GBX_SOURCE_DIR) / "tests/sql/accept" / (std::string(file) + ".test"));
    for (std::string line; std::getline(in, line);) {
      if (line != "statement accepted") continue;
      std::string sql;
      while (std::getline(in, line) && !line.empty() && line != "----") sql += line + "\n";
      out.push_back(sql);
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

// The row filters of the room filtered_exact, by table.
const std::map<std::string, std::string> kRowFilters = {
    {"exposures", "seconds IS NULL OR seconds < 9"},
    {"purchases", "total_spent >= 0.02 AND (store <> 'x' OR items IS NULL)"}};

class Meaning : public ::testing::TestWithParam<const char*> {};

TEST_P(Meaning, IsWhatDuckdbMakesOfTheText) {
  const auto policy = room_called(GetParam());
  ASSERT_TRUE(policy);
  DuckdbParser parser;
  std::size_t compared = 0;
  std::size_t with_steps = 0;
  for (std::uint64_t seed = 0; seed < kSeeds; seed++) {
    std::mt19937_64 random(seed);
    SmallDuckdb duckdb;
    const Tables tables = random_tables(policy->policy(), kRowsMax, random);
    duckdb.load(policy->policy(), tables);
    for (const policy::Table& table : policy->policy().tables) {
      if (!table.row_filter) continue;
      const std::string& kept = kRowFilters.find(table.name)->second;
      duckdb.run("DELETE FROM " + table.name + " WHERE (" + kept + ") IS NOT TRUE");
    }
    for (const std::string& sql : statements()) {
      const auto query = firewall::admit(parser.tree(sql), sql, *policy, {"shopgood", 0});
      if (!query || query->post().has_having || query->post().limit) continue;
      if (query->post().offset > 0) continue;
      const auto groups = engine::run_reference(query->task(), tables_of(query->task(), tables));
      ASSERT_TRUE(groups) << sql << groups.error().reason.view();
      SCOPED_TRACE(sql);
      const auto used = tables_of(query->task(), tables);
      engine::expect_same(engine::run_merge(query->task(), {used.begin(), used.end()}, {}), groups);
      std::optional<Rows> ours = rows_of(*query, *groups);
      if (!ours) continue;
      Rows theirs = duckdb.run(sql);
      make_alike(*ours, *query);
      make_alike(theirs, *query);
      EXPECT_EQ(*ours, theirs) << "seed " << seed << "\n" << sql << query->canonical();
      compared++;
      if (!query->task().steps.empty()) with_steps++;
    }
  }
  EXPECT_GT(compared, kSeeds * 90U);
  EXPECT_GT(with_steps, kSeeds * 60U);
}

INSTANTIATE_TEST_SUITE_P(Rooms, Meaning, ::testing::Values("exact", "filtered_exact"));

class Neighbours : public ::testing::TestWithParam<const char*> {};

// What one person changes stays within what noise is made for, whichever owners it leaves; and the
// doubling is needed: some question exceeds half of it.
TEST_P(Neighbours, ChangeNoMoreThanThePlanSays) {
  const auto policy = room_called(GetParam());
  ASSERT_TRUE(policy);
  DuckdbParser parser;
  std::mt19937_64 random(7);
  const Tables tables = random_tables(policy->policy(), kRowsMax, random);
  std::size_t compared = 0;
  std::size_t exceeded = 0;
  for (const std::string& sql : statements()) {
    const auto query = firewall::admit(parser.tree(sql), sql, *policy, {"shopgood", 0});
    if (!query || query->task().steps.empty()) continue;
    const Moves moves = moves_of(*query, tables, kLeavers);
    EXPECT_TRUE(moves.within()) << sql;
    compared++;
    if (query->plan().replaces && 2 * moves.most > moves.allowed) exceeded++;
  }
  EXPECT_GT(compared, 80U);
  EXPECT_GE(exceeded, 2U);
}

INSTANTIATE_TEST_SUITE_P(Rooms, Neighbours, ::testing::Values("moving", "filtered"));

}  // namespace
}  // namespace gbx::testing
