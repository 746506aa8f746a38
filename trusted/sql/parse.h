#pragma once

// From DuckDB's syntax tree to ours. The tree is JSON as `json_serialize_sql(sql)` of DuckDB 1.5.6
// prints it, made by a process that may have been taken over by what it parsed: it is as hostile as
// the analyst. Every node type and every key is on an allowlist; anything else, also of a later
// DuckDB, is a refusal with a reason (docs/reference/sql.md). A tree that does not belong to the
// text can only make a query that the same rules are then applied to, and the answer is signed
// together with the query's own spelling (print.h).

#include <string_view>

#include "trusted/base/result.h"
#include "trusted/sql/syntax.h"

namespace gbx::sql {

constexpr std::size_t kSqlBytesMax = std::size_t{64} << 10;
constexpr std::size_t kAstBytesMax = std::size_t{16} << 20;
constexpr std::size_t kNodesMax = 10'000;    // expressions in one query
constexpr std::size_t kNodeDepthMax = 100;   // of one expression; also the worker's setting
constexpr std::size_t kTablesMax = 8;        // in one FROM
constexpr std::size_t kSelectsMax = 64;      // in one query, itself included
constexpr std::size_t kSelectDepthMax = 16;  // of sub-selects in sub-selects
constexpr std::size_t kGroupingSetsMax = 64;
constexpr std::size_t kNamesMax = 256;       // in USING, or of columns after an alias
constexpr std::size_t kNameBytesMax = 255;   // of one identifier
constexpr std::size_t kTextBytesMax = 4096;  // of one string literal

// Whether `sql` may be given to a parser at all: size, and no NUL byte.
Status check_text(std::string_view sql);

// The one SELECT statement of `sql`. Fails with invalid_argument or policy_denied, a reason and its
// place.
Result<Select> parse(std::string_view ast, std::string_view sql);

}  // namespace gbx::sql
