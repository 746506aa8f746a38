#pragma once

// Whether two questions differ by so narrow a condition that the difference of their answers may be
// about few people: what a room's memory of questions asks (docs/spec/room.md, "Near questions").
//
// An attacker asks for all, then for all but one, in any spelling. Everything here is a function of
// the two texts and of the declared bounds and lists, never of a row, so a verdict leaks nothing.
// What must stay true: the verdict is the same for either order of the two, of terms, of tables,
// and for any aliases. It is a ration and no guarantee: a difference can be narrow in the data and
// not in the text, be taken over several questions, or be hidden beside a term that is not narrow.

#include <optional>
#include <string>
#include <vector>

#include "trusted/sql/catalog.h"
#include "trusted/sql/query.h"

namespace gbx::sql {

// What counts as narrow.
struct Narrow {
  std::uint32_t values = 10;  // so many values of an expression, or fewer
  std::uint32_t percent = 5;  // less than so much of what an expression can be
  friend bool operator==(Narrow, Narrow) = default;
};

// Ends included; empty when low > high.
struct Interval {
  Int128 low = 0;
  Int128 high = 0;
  friend bool operator==(Interval, Interval) = default;
};

// One AND-term of WHERE, or of a step's condition. All that hold one expression between bounds are
// one, and so are all that hold it in lists.
struct Term {
  enum class Kind : std::uint8_t { text, values, range };
  Kind kind = Kind::text;
  std::string subject;              // text: the term itself; else the expression that it holds
  std::vector<std::string> values;  // it is one of these, ascending
  Interval range;                   // it lies in it
  bool narrow = false;              // may hold, or fail, for few rows
};

struct Compared {
  std::string rows;         // tables, steps without their conditions, groups
  std::vector<Term> terms;  // ascending by subject, then kind; no two are equal in both
  Narrow narrow;
};

// `query` is a normal_form() and was bound against `catalog`.
Compared compared_of(const Query& query, const Catalog& catalog, Narrow narrow);

// Same rows, whatever is aggregated of them, and terms that only one of them has: at least one, and
// each is narrow, or another range of an expression that both hold in one, or another list of
// values of one by at most narrow.values. Not when an expression is held in values or ranges that
// exclude each other: then no row counts in both. Time is linear in what the two have.
bool is_near(const Compared& a, const Compared& b);

}  // namespace gbx::sql
