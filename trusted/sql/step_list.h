#pragma once

// Steps while they are made, and what is known of them. Sources are numbered: the tables of the
// catalog, then the steps; query.h numbers them anew when it is known which are needed.

#include <vector>

#include "trusted/sql/catalog.h"
#include "trusted/sql/query.h"
#include "trusted/sql/step.h"

namespace gbx::sql {

// Pairs of rows that one person may bring to one join, by the tables' rows_per_person.
constexpr std::int64_t kPersonPairsMax = 100'000'000;

// Before those that are not needed are left out.
constexpr std::size_t kStepsMadeMax = 4 * kStepsMax;
constexpr std::size_t kColumnsMadeMax = 4096;

class StepList {
 public:
  // `catalog` must outlive the list.
  explicit StepList(const Catalog& catalog) : catalog_(&catalog) {}

  // Appends a step of at most `rows` rows of one person, and yields its source. Fails with
  // policy_denied (join_too_wide) when these are too many, or invalid_argument (too_many_steps,
  // too_many_columns).
  Result<std::uint32_t> add(Step step, std::int64_t rows, Span where);
  // The columns of `source` and one more, which is TRUE.
  Result<std::uint32_t> add_presence(std::uint32_t source, Span where);

  [[nodiscard]] std::int64_t rows(std::uint32_t source) const;
  [[nodiscard]] std::vector<StepColumn> columns(std::uint32_t source) const;
  [[nodiscard]] const Catalog& catalog() const { return *catalog_; }
  [[nodiscard]] const std::vector<Step>& steps() const { return steps_; }
  // The tables that `source` is made from, ascending.
  [[nodiscard]] std::vector<std::uint32_t> tables_of(std::uint32_t source) const;

 private:
  [[nodiscard]] bool is_table(std::uint32_t source) const {
    return source < catalog_->tables.size();
  }
  [[nodiscard]] std::size_t index(std::uint32_t source) const {
    return source - catalog_->tables.size();
  }

  const Catalog* catalog_;
  std::vector<Step> steps_;
  std::vector<std::int64_t> rows_;
};

// An input without a condition.
Input input_of(std::uint32_t source, JoinKind kind = JoinKind::inner);

// Columns that read `source` one by one, as input `relation`.
std::vector<Expression> read_all(const std::vector<StepColumn>& columns, std::uint32_t relation);

// AND of these; `parts` is not empty.
Result<Expression> all_of(std::vector<Expression> parts);

// The columns of a step that others read, each once.
class ColumnPool {
 public:
  explicit ColumnPool(std::vector<Expression>& columns) : columns_(&columns) {}
  // Of every Op::column in `e` its place in the pool, as relation 0.
  void lower(Expression& e);

 private:
  std::vector<Expression>* columns_;
};

}  // namespace gbx::sql
