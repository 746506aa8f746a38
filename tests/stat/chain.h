#pragma once

// The chain of a room from SQL text to the table of an answer, over two small tables, as often as a
// statistic needs it: parser, binder, firewall, a budget and its durable charge, an engine, noise
// and selection, and the answer's table. What a room does around it (requests, seals, signatures)
// works on that table and on public facts alone.

#include <string>
#include <vector>

#include "engine/testing/memory_table.h"
#include "trusted/base/seams.h"
#include "trusted/firewall/check.h"
#include "trusted/packet/answer.h"

namespace gbx::stat {

struct Exposure {
  std::uint64_t person = 0;
  std::string campaign;
};
struct Purchase {
  std::uint64_t person = 0;
  std::int64_t cents = 0;
};
struct Data {
  std::vector<Exposure> exposures;
  std::vector<Purchase> purchases;
};

// A mistake between two steps of the chain, made with the seams that are there: an Engine that
// does not do what its task says, or a Plan that is not the checked one. None is in the code.
enum class Fault : std::uint8_t {
  none,
  noise_halved,         // every scale is half of what the charge pays for
  groups_unbounded,     // a person stays in all groups
  partials_unclamped,   // a person's sum in a group counts in full
  selection_without_k,  // shown when n >= k and n + X >= T: the shift by k - 1 forgotten
  selection_skipped,    // every group is shown
  moves_not_doubled,    // a person of an outer join is taken to change L0 groups, not twice as many
};

enum class Answerer : std::uint8_t { merge, duckdb };

struct Terms {
  std::uint32_t groups_per_person = 1;  // the policy's; 2 rows of a person count in a group
  Fault fault = Fault::none;
  Answerer answerer = Answerer::merge;
  bool gaussian = false;   // zcdp accounting and no other noise
  bool geometric = false;  // a coin selects where persons are not asked for
  privacy::OpenRows open_rows = privacy::OpenRows::select;
  std::vector<std::string> campaigns = {};  // the public list of them, ascending; empty = none
  std::uint64_t epsilon = 1'000'000;        // of a query, in 10^-6
  std::int64_t cents_max = 50'000;          // the declared bound of a purchase
  bool outer_joins = false;                 // allowed, at twice the groups
};

constexpr std::int64_t kPeopleMin = 10;

class Chain {
 public:
  // `sql` must be allowed: another one ends the process.
  Chain(std::string_view sql, const Data& data, const Terms& terms);

  // One release, charged to a budget of its own.
  [[nodiscard]] packet::AnswerTable release(Entropy& entropy) const;
  // What the analyst pays, and the claim that is tested.
  [[nodiscard]] privacy::Price price() const { return query_.plan().price(); }

  // For exact distributions: what the query was admitted as, and what the engine says of other data
  // (no noise, no charge), for the query's task or a spoilt one.
  [[nodiscard]] const firewall::CheckedQuery& query() const { return query_; }
  [[nodiscard]] static std::vector<sql::GroupRow> exact(const sql::Task& task, const Data& data);

 private:
  Terms terms_;
  policy::VerifiedPolicy policy_;
  firewall::CheckedQuery query_;
  engine::MemoryTable exposures_;
  engine::MemoryTable purchases_;
};

}  // namespace gbx::stat
