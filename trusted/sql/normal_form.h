#pragma once

// One form for queries that ask the same: what repeats are found by.
//
// An attacker spells one question in many ways, to be answered anew each time and average the noise
// away. Missing that two queries mean the same costs budget and nothing else; taking two that mean
// different things for one would answer wrongly. So only what holds for every row is used: AND and
// OR in any order and nested, a part written twice, conditions that are always true, comparisons
// written from either side, the order of a list, of inner-joined tables and of aggregates. All
// expressions are total (expression.h), so no order can make one fail.

#include <string>
#include <vector>

#include "trusted/sql/catalog.h"
#include "trusted/sql/query.h"

namespace gbx::sql {

// The same rows for the same tables, under the same names and in the same order. `query` was bound
// against `catalog`.
Query normal_form(const Query& query, const Catalog& catalog);

// What a query asks of the rows, whatever its columns are called and however they are shown.
struct Question {
  std::string outline;                  // tables, groups, aggregates
  std::vector<std::string> conditions;  // ascending, each once: rows count where all of them hold
};

// `query` is a normal_form().
Question question_of(const Query& query, const Catalog& catalog);

}  // namespace gbx::sql
