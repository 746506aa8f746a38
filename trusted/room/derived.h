#pragma once

// The derived tables of one boot: what members have defined, for how long, and what owners have
// vetoed (docs/spec/derived.md). Definitions are texts; no row of one is ever kept.
//
// Members define, drop and veto against each other, and the host sets the clock. What must stay
// true: what is vetoed, dropped or over is in no question from the next one on, and whatever stands
// on it goes with it; nobody but its owner's tables' veto and who defined it takes one away; what
// an owner has vetoed comes back neither under that name nor in that meaning while the room lives;
// a clock that goes back brings nothing back. Depends on packets, the policy and the clock only,
// never on a row. Not thread-safe.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "trusted/firewall/derived.h"
#include "trusted/packet/derived.h"

namespace gbx::room {

class DerivedTables {
 public:
  // `policy` must outlive it.
  explicit DerivedTables(const policy::Policy& policy) : policy_(&policy) {}

  // Whatever is over by the latest time that was ever seen is gone.
  void sweep(std::int64_t now);

  // What questions may name, in the order of definition.
  [[nodiscard]] std::span<const sql::Derived> in_scope() const { return rows_; }
  [[nodiscard]] const packet::DerivedTable& table(std::size_t place) const {
    return entries_[place].table;
  }
  [[nodiscard]] packet::DerivedList list() const;

  // Whether this may be defined now, by the latest time that sweep() saw. Fails with
  // policy_denied (derived_vetoed, derived_retention_too_long), invalid_argument (derived_over) or
  // unavailable (derived_tables_full): each member has an equal share of packet::kDerivedMax.
  [[nodiscard]] Status check(const packet::DerivedTable& table,
                             const firewall::DerivedTable& made) const;
  // check() was there before.
  void add(packet::DerivedTable table, firewall::DerivedTable made);
  // Of a definition that is there, what the ledger says of it: {definition, derived, tables}.
  [[nodiscard]] Json entry(const packet::DerivedTable& table,
                           const firewall::DerivedTable& made) const;

  // Takes away the member's own, and what stands on it. Yields the digests of all that went. Fails
  // with not_found (derived_unknown) or policy_denied (derived_not_yours).
  Result<std::vector<Hash>> drop(const std::string& member, const std::string& name);
  // Takes away what is made of the owner's tables and has the name, or everything with "", and what
  // stands on it; and lets nothing such come back. It need not be there. Fails with policy_denied
  // (member_may_not_veto) when the member owns no table, or unavailable (vetoes_full).
  Result<std::vector<Hash>> veto(const std::string& owner, const std::string& name);

  void clear();

 private:
  struct Entry {
    packet::DerivedTable table;
    Hash digest{};
    std::vector<std::string> columns;
    std::vector<std::string> tables;
    std::vector<std::string> beneath;  // names
    Hash meaning{};
  };
  struct Vetoed {
    std::set<std::string> names;  // "": all
    std::set<Hash> meanings;
  };

  [[nodiscard]] bool is_over_table_of(const std::string& owner,
                                      const std::vector<std::string>& tables) const;
  // Removes the marked ones and all that stand on them.
  std::vector<Hash> remove(std::vector<bool> gone);

  const policy::Policy* policy_;
  std::vector<Entry> entries_;
  std::vector<sql::Derived> rows_;        // by place, as entries_
  std::map<std::string, Vetoed> vetoed_;  // by owner
  std::int64_t latest_ = 0;
};

}  // namespace gbx::room
