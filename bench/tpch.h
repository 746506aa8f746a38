#pragma once

// Tables spread as TPC-H's generator spreads them, made from a seed, with the customer as the
// person: customer, orders and lineitem, each row with its customer. What TPC-H keeps of a line in
// part, supplier and nation stands in the line: a room has no tables without persons.

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/duckdb/database.h"
#include "trusted/policy/policy.h"
#include "trusted/snapshot/snapshot.h"

namespace gbx::bench::tpch {

struct Column {
  std::string name;
  ValueType type;
  std::int64_t low = 0;
  std::int64_t high = 0;
  std::vector<std::string> texts = {};  // ascending; values are places in it
};

enum class Name : std::uint8_t { customer, orders, lineitem };

struct Table {
  Name name;
  std::string text;
  std::vector<Column> columns;  // without custkey
};
// `customers`: 150,000 at scale factor 1.
Table table_of(Name name, std::uint64_t customers);
// Every row of a customer's, in the order of TPC-H's keys.
using Take = std::function<void(std::span<const std::int64_t>)>;
void each_row(Name name, std::uint64_t customer, std::uint64_t customers, const Take& take);

// Stream and manifest are files without a name.
struct Sealed {
  int stream = -1;
  int manifest = -1;
};
void seal(const Table& table, std::uint64_t customers, const Sealed& to);

// Fills `database` with the tables as DuckDB's users have them: DECIMAL(15,2), DATE, VARCHAR, rows
// in the order of order keys, which say nothing of customers. `compressed`:
// as DuckDB compresses tables, in memory all the same.
void load(engine::Database& database, std::uint64_t customers, bool compressed);

// Signed by two owners; bounds that bite nobody, so that answers can be compared.
policy::VerifiedPolicy policy(std::uint64_t customers);

struct Query {
  std::string name;
  std::string room;   // our SQL
  std::string plain;  // the same as TPC-H writes it, over the same tables
  std::string check;  // one whole number: a sum of `room` over all groups, in its units
};
std::vector<Query> queries();

}  // namespace gbx::bench::tpch
