#pragma once

// Where the values of an expression come from, through steps down to columns of tables. Rules are
// about those: an owner lists a column, however many sub-selects a query passes it through.

#include <optional>
#include <set>
#include <tuple>
#include <vector>

#include "trusted/sql/query.h"

namespace gbx::firewall {

// How a value was made of a column's values on the way.
constexpr std::uint32_t kSummed = 1;      // SUM inside a person
constexpr std::uint32_t kAveraged = 2;    // AVG
constexpr std::uint32_t kCounted = 4;     // COUNT(x): only whether it is NULL
constexpr std::uint32_t kDistinct = 8;    // COUNT(DISTINCT x): only which are equal
constexpr std::uint32_t kCondition = 16;  // it decides about the value, as a CASE's condition

struct Origin {
  bool rows = false;           // no column: a number of rows, or a row's place among them
  std::uint32_t relation = 0;  // of the query: a table
  std::uint32_t column = 0;
  std::uint32_t ways = 0;
  Span where;  // in the query
};

// A column whose values an expression has, unchanged.
struct Passed {
  std::uint32_t relation = 0;
  std::uint32_t column = 0;
  bool nullable = false;  // it may be NULL where the column is not: of an outer join
};

class Lineage {
 public:
  // `query` must outlive it.
  explicit Lineage(const sql::Query& query) : query_(&query) {}

  // What the values of an expression over the query's rows, or of one of step `at`, come from; each
  // way once.
  [[nodiscard]] std::vector<Origin> origins(const sql::Expression& expression,
                                            const sql::Step* at = nullptr) const;
  // Each column of a table that the query reads anywhere but in its groups and aggregates.
  [[nodiscard]] std::vector<Origin> read_by_steps() const;
  // The column that an expression over the query's rows is, if it is one.
  [[nodiscard]] std::optional<Passed> passed(const sql::Expression& expression) const;

 private:
  struct Walk {
    std::set<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>> seen;
    std::vector<Origin> out;
  };
  void follow(const sql::Expression& e, const sql::Step* at, std::uint32_t ways, Walk& walk) const;
  void follow_column(std::uint32_t source, const sql::Expression& e, std::uint32_t ways,
                     Walk& walk) const;
  void follow_value(const sql::RowAggregate& value, const sql::Step& step, std::uint32_t ways,
                    Walk& walk) const;
  [[nodiscard]] std::uint32_t source_of(std::uint32_t relation, const sql::Step* at) const;

  const sql::Query* query_;
};

}  // namespace gbx::firewall
