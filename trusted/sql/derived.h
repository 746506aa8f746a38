#pragma once

// Derived tables: names for sub-selects that members defined before a question was asked
// (docs/spec/derived.md). A question that names one is bound as if the definition stood in its
// WITH, so that whatever holds for a sub-select that is written out holds for it, too.
//
// An attacker writes definitions and questions, and picks every name. What must stay true: what a
// name means follows from the question and the definitions alone, the same for a room and for
// whoever verifies. A WITH of the question comes before a derived table of that name, where that
// WITH holds; a definition sees those before it and nothing of the question; and what is put
// together is no larger than what somebody could have written.

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "trusted/base/result.h"
#include "trusted/sql/catalog.h"
#include "trusted/sql/expression.h"
#include "trusted/sql/syntax.h"

namespace gbx::sql {

constexpr std::size_t kDerivedNodesMax = 2000;  // expressions in one definition
constexpr std::size_t kDerivedDepthMax = 8;     // of definitions that name definitions

struct Derived {
  std::string name;
  Select select;          // as it was written: names of others stand in it
  std::size_t depth = 1;  // 1: it names no other
};

// Puts the definitions that `select` names, and all that these name, before the tables of its WITH.
// Their places in the text become the place where the question names the first of them. Yields
// which, as places in `derived`, ascending; `derived` is in the order of definition, names differ,
// and each names earlier ones only. Fails with invalid_argument (derived_too_large) when all
// together have more than kSelectsMax selects or kNodesMax expressions.
Result<std::vector<std::size_t>> with_derived(Select& select, std::span<const Derived> derived);

// What a definition comes to; with_derived() was there before.
struct DerivedRows {
  std::vector<std::string> columns;   // names, in order
  std::vector<std::uint32_t> tables;  // of the catalog, that its rows are made of; ascending
};
// Fails as bind() does of a sub-select; one that does not show its person is
// subquery_without_person.
Result<DerivedRows> bind_derived(const Select& select, const Catalog& catalog);

// How many expressions stand in it.
std::size_t expressions_in(Select& select);

// SELECT COUNT(*) FROM `name`.
Select count_of(const std::string& name);

}  // namespace gbx::sql
