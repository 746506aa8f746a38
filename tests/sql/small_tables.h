#pragma once

// Tests only: small random tables of a policy, the same rows in a DuckDB that runs the analyst's
// own text, and what changes in exact statistics when a person leaves.

#include <duckdb.h>

#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "engine/testing/memory_table.h"
#include "trusted/firewall/check.h"

namespace gbx::testing {

using Tables = std::map<std::string, std::unique_ptr<engine::MemoryTable>>;
using Rows = std::vector<std::vector<std::string>>;

constexpr int kPersons = 12;

// A table for each of the policy, with up to `rows_max` rows of each of kPersons persons (token
// {i}), a third of whom is missing. Of one person no two rows have the same date or timestamp.
Tables random_tables(const policy::Policy& policy, int rows_max, std::mt19937_64& random);
// Those that the task reads, by its order.
std::vector<const engine::MemoryTable*> tables_of(const sql::Task& task, const Tables& tables);

class SmallDuckdb {
 public:
  SmallDuckdb();
  ~SmallDuckdb();
  SmallDuckdb(const SmallDuckdb&) = delete;
  SmallDuckdb& operator=(const SmallDuckdb&) = delete;
  SmallDuckdb(SmallDuckdb&&) = delete;
  SmallDuckdb& operator=(SmallDuckdb&&) = delete;

  void load(const policy::Policy& policy, const Tables& tables);
  // All cells as text, "NULL" where there is none; a failure fails the test.
  Rows run(const std::string& sql);
  // The same; nothing for a text that DuckDB itself has not implemented.
  std::optional<Rows> run_if_it_can(const std::string& sql);

 private:
  void load_table(const policy::Table& table, const engine::MemoryTable& data);

  duckdb_database database_ = nullptr;
  duckdb_connection connection_ = nullptr;
};

// What one person changes at most, of any statistic and in units of what one group may change.
struct Moves {
  Int128 most = 0;     // added over groups (L1), rounded up
  Int128 squares = 0;  // the squares, added over groups (L2 squared), rounded up
  Int128 groups = 0;   // groups where anything differs
  Int128 allowed = 0;  // of each of the three, by the plan
  [[nodiscard]] bool within() const {
    return most <= allowed && squares <= allowed && groups <= allowed;
  }
};

// `leavers` persons leave in turn, all tables or one of them. Every level of a histogram's tree is
// compared. Statistics are the reference engine's.
Moves moves_of(const firewall::CheckedQuery& query, const Tables& tables, int leavers);

}  // namespace gbx::testing
