#pragma once

// What an engine is asked to do, and what it answers. Small, complete, and the same for every
// engine: the person-merge operator and rendered SQL must give bit-equal answers to one task.
//
// Meaning. Let J be the inner join of all relations on the person, restricted to rows where
// `filter` is true; or, when there are steps (step.h), the rows of the last one, which is then
// relation 0 of every expression here. For each person p and group key g (the values of `groups`,
// NULL being a key of its own) with at least one row in J:
//   partial[m] = clamp(sum over p's rows in g of input_m(row), low_m, high_m)          for each
//   measure m rank(p, g) = (h(p) * a + h(g) * b + d) mod (2^31 - 1),  ties broken by g's canonical
//   encoding, ascending bytes
// p keeps its `groups_per_person` groups of smallest rank (all of them when there are no groups).
// The answer holds, for each g kept by somebody: how many persons kept it, and per measure the sum
// of their partials. When `groups` is empty there is exactly one answer row, also over no persons
// (zeros).
//
// A measure of distinct values has no partials. Let V be the values of its argument, NULL left out,
// in p's rows in g: p keeps the `high` values v of smallest rank(p, (v)), the rank of the key with
// that one cell, ties broken as for groups. The answer's number is that of the different values
// that are kept in g by somebody who kept g.
//
// Nor has a histogram. With x clamped to [row_low, row_high], its bin is
//   floor((x - row_low) * bins / (row_high - row_low + 1))
// Of p's rows in g where the argument is not NULL, at most `high` count: taken bin by bin in the
// order of rank(p, (bin)), the last bin as far as they reach. The answer's number is that of the
// rows that count, and the histogram has them by bin.
//
// Nor have magnitudes: a histogram whose bins are powers of two. With m(v) = sign(v) times the
// number of binary digits of |v|, and x clamped as above, the bin of x is m(x) - m(row_low).
//
// Nor has `bounded` an argument: its partial is 1 where p lost something of what it brought to g,
// else 0. That is: where p had more than `groups_per_person` groups; or, of a measure in `watched`,
// had in g a value outside [row_low, row_high], more values or rows than it keeps, or a sum outside
// [low, high].
//
// When the task lists persons, every key begins with its person, as four numbers of 32 bits
// (words_of()), so that each answer row is one person's, and there are none without persons.
//
//   h(p): the first four bytes of the token, little-endian, & 0x7fffffff, mod 2^31 - 1
//   h(g): the first four bytes of SHA-256(encode_group_key(g)), the same way
// Both are functions of p's own values alone, never of a dictionary code or a row number: what one
// person keeps does not depend on who else is in the data (bounding must be 1-stable).

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "trusted/base/bytes.h"
#include "trusted/sql/expression.h"
#include "trusted/sql/step.h"

namespace gbx::sql {

enum class MeasureKind : std::uint8_t {
  rows,     // 1 for every row
  values,   // 1 where `argument` is not NULL
  sum,      // `argument`, clamped to [row_low, row_high]; 0 where NULL
  centred,  // 2 * clamp(argument, row_low, row_high) - (row_low + row_high); 0 where NULL: the S of
            // an average
  distinct,    // no sum: how many different values of `argument` the persons bring
  histogram,   // how many rows have a value of `argument` in each of `bins` equal parts
  magnitudes,  // how many have one of each sign and number of binary digits
  bounded,     // 1 for each person of whom something was cut off
};

struct Measure {
  MeasureKind kind = MeasureKind::rows;
  Expression argument;       // unused for rows and bounded; of any type for values and distinct
  std::int64_t row_low = 0;  // clamp of one row's value (sum, centred, and those with bins)
  std::int64_t row_high = 0;
  std::int64_t low = 0;  // clamp of one person's partial in one group; values kept: 0
  std::int64_t high = 0;
  std::uint32_t bins = 0;  // histogram: 16, 256, 4096 or 65536; magnitudes: magnitudes_in(); else 0
  std::vector<std::uint32_t> watched = {};  // bounded: places of other measures, ascending
};

// Fresh random numbers of each release, all in [1, 2^31 - 2].
struct SamplingKey {
  std::uint32_t a = 1;
  std::uint32_t b = 1;
  std::uint32_t d = 1;
};

struct Task {
  // Names of tables, each once. Without steps: one per relation.
  std::vector<std::string> tables;
  std::vector<Step> steps;
  bool lists = false;       // persons; never with steps
  bool has_filter = false;  // never with steps
  Expression filter;        // boolean
  std::vector<Expression> groups;
  std::vector<Measure> measures;
  std::uint32_t groups_per_person = 1;  // L0; >= 1
  std::uint32_t groups_max = 1000000;   // more distinct groups than this: unavailable
  SamplingKey sampling;
};

// What a person may keep of the values of one measure: no more than a policy may allow.
constexpr std::int64_t kValuesPerPersonMax = 1'000'000;

constexpr std::uint32_t kBinsMax = 65536;

// Whether a measure reads a value of each row.
bool has_argument(MeasureKind kind);
// Whether a row's value is clamped to [row_low, row_high].
bool clamps_rows(MeasureKind kind);
// Whether a person's values are kept by rank, rather than added up.
bool keeps_values(MeasureKind kind);
// Of these, whether rows are counted by bin.
bool has_bins(MeasureKind kind);
// The bin of a value, which is clamped first.
std::uint32_t bin_of(const Measure& histogram, std::int64_t value);
// As many bins as there are values in [low, high], as a power of 16; at least 16, at most kBinsMax.
std::uint32_t bins_for(std::int64_t low, std::int64_t high);
// m(value), for |value| < 2^62.
std::int64_t magnitude(std::int64_t value);
// How many magnitudes lie in [low, high]; at most kMagnitudesMax.
std::uint32_t magnitudes_in(std::int64_t low, std::int64_t high);
constexpr std::uint32_t kMagnitudesMax = 125;

// Whether every `watched` names measures that are there, ascending, and none of kind bounded.
bool watches_others(const std::vector<Measure>& measures);

struct GroupRow {
  std::vector<Cell> key;  // the person's words where the task lists, then one per group expression
  std::int64_t persons = 0;
  std::vector<Int128> sums;                // one per measure
  std::vector<Histogram> histograms = {};  // one per measure that has bins, in their order
};

std::size_t histograms_of(const Task& task);

// A person in a key: the token's bytes, four at a time, the first the highest. Ascending by words
// is ascending by bytes.
constexpr std::size_t kPersonWords = 4;
constexpr std::int64_t kPersonWordMax = 0xffffffff;
std::array<std::int64_t, kPersonWords> words_of(const Token& person);
// Of the first four cells of a key; nothing when they are no such words.
std::optional<Token> person_of(std::span<const Cell> key);
// How many cells a key has.
std::size_t key_width(const Task& task);

// Injective: per cell a tag byte (0 null, 1 number as i64 little-endian, 2 text as u32 length and
// bytes).
Bytes encode_group_key(const std::vector<Cell>& key);

}  // namespace gbx::sql
