#pragma once

// Whether the rules of the tables in a query allow it: roles of columns, functions, joins. The
// inner half of check.h.

#include <string_view>
#include <vector>

#include "trusted/firewall/lineage.h"
#include "trusted/firewall/stability.h"
#include "trusted/policy/policy.h"
#include "trusted/sql/query.h"

namespace gbx::firewall {

struct Request;

// So many joined rows one person may have by the tables' rows_per_person: an owner who floods its
// own table with one person must not be able to exhaust a query exactly when that person is in
// another's.
constexpr std::int64_t kJoinedRowsMax = 100'000'000;
// Nor may what an engine keeps of one person take more than half of a query's memory.
constexpr std::int64_t kCellBytes = 16;  // a number, whether it is there, and room to grow
// Nor more than a tenth of its time: a step of an expression on one row takes about a nanosecond.
constexpr std::int64_t kWorkOfSecond = 100'000'000;

// Reads one query under one policy for one member; see check.h for what fails how.
class RuleCheck {
 public:
  RuleCheck(const sql::Query& query, const policy::Policy& policy);

  // Everything but the price. Fails with policy_denied.
  [[nodiscard]] Status allow(const Request& request) const;
  // What rows are made by: of this what does not depend on the question around them.
  [[nodiscard]] Status allow_rows(const Request& request) const;

  // The k of a query: the most that the policy or any table in it demands.
  [[nodiscard]] std::int64_t people_min() const;
  // The most joined rows that one person can have, cut at `most`.
  [[nodiscard]] std::int64_t rows_of_person(std::int64_t most) const;
  [[nodiscard]] const Stability& stability() const { return stability_; }
  // The policy's column whose values an expression over the query's rows has, unchanged; nullptr
  // when it has no such. Sets whether the expression may be NULL.
  [[nodiscard]] const policy::Column* passed(const sql::Expression& expression,
                                             bool& nullable) const;

 private:
  [[nodiscard]] const policy::Column& column(const Origin& origin) const;
  [[nodiscard]] Status analyses(const Request& request) const;
  [[nodiscard]] Status kind_of_answer(const policy::Rule& rule, Span where) const;
  [[nodiscard]] Status list(std::string_view member) const;
  [[nodiscard]] Status receivers() const;
  [[nodiscard]] Status joins(std::string_view member) const;
  [[nodiscard]] Status join_columns() const;
  [[nodiscard]] Status conditions() const;
  [[nodiscard]] Status join_operators() const;
  [[nodiscard]] Status comparisons() const;
  [[nodiscard]] Status moves() const;
  // Of one person at most: how many groups; what is kept of them and of steps; what is done.
  [[nodiscard]] Int128 groups_of_person() const;
  [[nodiscard]] Int128 cells_of_person() const;
  [[nodiscard]] Int128 work_of_person() const;
  [[nodiscard]] Status functions() const;
  [[nodiscard]] Status dimensions(const sql::Expression& expression) const;
  [[nodiscard]] Status filter(const sql::Expression& expression) const;
  [[nodiscard]] Status filter(const Origin& origin) const;
  [[nodiscard]] Status counted(const Origin& origin) const;
  [[nodiscard]] Status aggregate(const sql::AggregateCall& call) const;
  [[nodiscard]] Status row_count(Span where) const;
  // `values` counts the columns that play the measured role.
  [[nodiscard]] Status measured(const sql::Expression& expression,
                                policy::AggregateFunction function, std::size_t& values) const;
  [[nodiscard]] Status measured(const Origin& origin, policy::AggregateFunction function) const;
  [[nodiscard]] Status bounds(const sql::Expression& expression, std::size_t& values) const;

  const sql::Query* query_;
  const policy::Policy* policy_;
  std::vector<const policy::Table*> tables_;  // per relation
  Lineage lineage_;
  Stability stability_;
};

}  // namespace gbx::firewall
