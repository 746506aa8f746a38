#pragma once

// One spelling of a query: what the digest in an answer is taken of, and what people read back.
// Equal queries print equally whatever table aliases, spaces or parentheses were written; different
// queries print differently. It reads as SQL.

#include <string>

#include "trusted/sql/catalog.h"
#include "trusted/sql/query.h"

namespace gbx::sql {

// `query` was bound against `catalog`.
std::string print(const Query& query, const Catalog& catalog);
// A part of `query`, with its names.
std::string print(const Expression& part, const Query& query, const Catalog& catalog);
std::string print(const AggregateCall& part, const Query& query, const Catalog& catalog);
// One of its steps, or one that stands over its relations and steps; or an expression of that step.
std::string print(const Step& step, const Query& query, const Catalog& catalog);
std::string print(const Expression& part, const Step& step, const Query& query,
                  const Catalog& catalog);

}  // namespace gbx::sql
