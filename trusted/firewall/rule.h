#pragma once

// Whether the rules of the tables in a query allow it: roles of columns, functions, joins. The
// inner half of check.h.

#include <string_view>
#include <vector>

#include "trusted/policy/policy.h"
#include "trusted/sql/query.h"

namespace gbx::firewall {

// So many joined rows one person may have by the tables' rows_per_person: an owner who floods its
// own table with one person must not be able to exhaust a query exactly when that person is in
// another's.
constexpr std::int64_t kJoinedRowsMax = 100'000'000;

// Reads one query under one policy for one member; see check.h for what fails how.
class RuleCheck {
 public:
  RuleCheck(const sql::Query& query, const policy::Policy& policy);

  // Everything but the price. Fails with policy_denied.
  [[nodiscard]] Status allow(std::string_view member) const;

  // The k of a query: the most that the policy or any table in it demands.
  [[nodiscard]] std::int64_t people_min() const;
  // The most joined rows that one person can have, cut at `most`.
  [[nodiscard]] std::int64_t rows_of_person(std::int64_t most) const;
  // The policy's column behind an Op::column. Ends the process if the query was bound elsewhere.
  [[nodiscard]] const policy::Column& column(const sql::Expression& expression) const;

 private:
  [[nodiscard]] Status joins(std::string_view member) const;
  [[nodiscard]] Status functions() const;
  [[nodiscard]] Status dimensions(const sql::Expression& expression) const;
  [[nodiscard]] Status filter(const sql::Expression& expression) const;
  [[nodiscard]] Status aggregate(const sql::AggregateCall& call) const;
  [[nodiscard]] Status row_count(Span where) const;
  // `values` counts the columns that play the measured role.
  [[nodiscard]] Status measured(const sql::Expression& expression,
                                policy::AggregateFunction function, std::size_t& values) const;
  [[nodiscard]] Status bounds(const sql::Expression& expression, std::size_t& values) const;

  const sql::Query* query_;
  const policy::Policy* policy_;
  std::vector<const policy::Table*> tables_;  // per relation
};

}  // namespace gbx::firewall
