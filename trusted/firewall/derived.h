#pragma once

// Whether a sub-select may become a derived table (docs/spec/derived.md), from public facts alone.
//
// An attacker is the member who defines it: name and text are theirs. Nothing is granted here. A
// question that names a derived table is bound and checked with the definition written out, and
// every rule applies then, for who asks; this refuses early what no question could use, and what
// the owners of the tables beneath have not agreed to.

#include <string>
#include <vector>

#include "trusted/policy/policy.h"
#include "trusted/sql/derived.h"

namespace gbx::firewall {

struct Definition {
  std::string member;  // who signed it
  std::string name;
  std::string_view sql;
  std::string_view ast;  // the tree that DuckDB printed for `sql`
};

struct DerivedTable {
  sql::Derived rows;                 // for questions and later definitions
  std::vector<std::string> columns;  // that it offers, by name, in order
  std::vector<std::string> tables;   // of the policy, beneath it; ascending
  std::vector<std::size_t> beneath;  // derived ones, as places in `before`
  std::int64_t retention_s = 0;      // the shortest that the tables allow
  // Its rows in one spelling: equal for two definitions that differ in names and spelling only.
  std::string meaning;
};

// `before`: what is defined already. Fails with policy_denied, not_found or invalid_argument, a
// reason of docs/reference/refusals.md and its place in the definition.
Result<DerivedTable> admit_derived(const Definition& definition, const policy::Policy& policy,
                                   std::span<const sql::Derived> before);

}  // namespace gbx::firewall
