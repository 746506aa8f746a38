#pragma once

// A query whose every name is resolved and every expression typed and total: what the firewall
// judges. Nothing in it has been allowed yet.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "trusted/sql/expression.h"
#include "trusted/sql/step.h"

namespace gbx::sql {

// Released values are saturated to +-kOutputMax before anything is computed from them.
constexpr std::int64_t kOutputMax = (std::int64_t{1} << 53) - 1;

struct Relation {
  std::uint32_t table = 0;  // index into the catalog's tables
  std::string table_name;   // as in the catalog
  std::string owner;
  Span where;
};

// Where the person column of a relation is named as a join key.
struct PersonJoin {
  std::uint32_t relation = 0;
  Span where;
};

enum class AggregateKind : std::uint8_t {
  rows,                  // COUNT(*)
  values,                // COUNT(argument)
  persons,               // COUNT(DISTINCT person column)
  distinct,              // COUNT(DISTINCT argument)
  sum,                   // SUM(argument)
  average,               // AVG(argument)
  variance_population,   // VAR_POP(argument)
  variance_sample,       // VAR_SAMP(argument), VARIANCE
  deviation_population,  // STDDEV_POP(argument)
  deviation_sample,      // STDDEV_SAMP(argument), STDDEV
  quantile,    // QUANTILE_CONT(argument, fraction), MEDIAN: the value that so many lie below
  bounded,     // COUNT_BOUNDED(): the people of whom something was cut off
  bound_low,   // APPROX_BOUNDS_LOW(argument): a power of two that hardly any value is below
  bound_high,  // APPROX_BOUNDS_HIGH(argument)
};

struct AggregateCall {
  AggregateKind kind = AggregateKind::rows;
  Expression argument;        // all but rows
  std::int64_t fraction = 0;  // quantile: in 10^-6, 0 .. 10^6
  // persons: whose person column is meant. With a FILTER `argument` is CASE WHEN filter THEN 1 END:
  // persons with a row where that is not NULL.
  std::vector<std::uint32_t> relations;
  Span where;
};

// A call of a scalar function, under its name in policies: ABS, CASE, CAST, CLAMP, COALESCE,
// DATE_TRUNC, EXTRACT, LOWER, SUBSTRING, UPPER.
struct FunctionUse {
  std::string_view name;  // static storage
  Span where;
};

// AND or OR inside an ON; the columns of USING and NATURAL are one equality.
struct JoinOperator {
  bool is_or = false;
  Span where;
};

struct Item {
  std::string name;          // [A-Za-z_][A-Za-z0-9_ ]*, at most 63 bytes, distinct within a query
  std::uint32_t output = 0;  // index into the outputs, windows too, when there is no formula
  Span where;
  std::optional<Expression> formula = {};  // computed of released outputs (released_value.h)
  bool input = false;   // not asked for: stands behind all items because a formula reads it
  bool person = false;  // of a list: the person itself, and no output
};

struct SortKey {
  Expression key;  // over outputs
  bool descending = false;
  bool nulls_first = false;
};

// How many windows over released rows one query may have.
constexpr std::size_t kReleasedWindowsMax = 32;

// What is done to released rows, and to nothing else, in this order. Expressions are over
// Op::output, as are the formulas of items; all of them formula_fits(). Those of HAVING and of
// windows read groups and aggregates, the others windows too.
struct PostProcessing {
  std::uint32_t groups = 0;  // outputs before this one are group keys, exact and not saturated
  bool has_having = false;
  Expression having;
  std::vector<Window> windows;  // of the rows that HAVING leaves (released_windows.h)
  bool has_qualify = false;
  Expression qualify;
  std::vector<SortKey> order;
  std::optional<std::int64_t> limit;
  std::int64_t offset = 0;
};

struct Query {
  // Without steps: what FROM joins. With steps: the tables that these read, each once.
  std::vector<Relation> relations;
  // As in task.h: sources are relations, then steps. Then there is no filter, and groups and
  // aggregates read the last step, as relation 0.
  std::vector<Step> steps;
  std::vector<PersonJoin> person_joins;
  bool has_filter = false;
  Expression filter;
  std::vector<Expression> groups;
  std::vector<AggregateCall> aggregates;  // distinct
  std::vector<FunctionUse> functions;     // of rows: not what is done to released values
  std::vector<JoinOperator> join_operators;
  // Outputs are the groups, then the aggregates, then the windows; items choose among them.
  std::vector<ValueType> output_types;
  std::vector<Item> items;
  PostProcessing post;
  // SELECT DISTINCT of persons: a row for each person and each of their keys. Without steps,
  // aggregates and post-processing (bind_flat.h).
  bool lists = false;
};

// Equal but for where they stand.
bool same(const Expression& a, const Expression& b);
bool same(const AggregateCall& a, const AggregateCall& b);
bool same(const RowAggregate& a, const RowAggregate& b);
bool same(const Window& a, const Window& b);

}  // namespace gbx::sql
