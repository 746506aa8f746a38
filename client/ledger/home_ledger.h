#pragma once

// All populations of one home: HOME/ledger/<population>.jsonl, under a lock, each on the disk
// before anything is done in its name.
//
// Whoever can write to the home without its passphrase may remove, cut, change or put back a
// ledger: the key file remembers each one's last head, and a ledger that has not passed it is
// refused, as one that the owner has not signed. A ledger may be ahead of the key file: a process
// that ended between the two writes had granted, and that counts. What this cannot see is a whole
// home of yesterday. What must stay true: population.h's promise over all files; when allot() says
// yes, the grant survives a power cut. One object is not thread-safe; processes wait for each
// other.

#include <string>
#include <vector>

#include "client/keys/atomic_file.h"
#include "client/keys/home.h"
#include "client/ledger/closing.h"
#include "client/ledger/population.h"

namespace gbx::client {

// The population of a home that has named none.
constexpr std::string_view kEveryone = "everyone";

struct AllotmentOrder {
  std::string population = {};             // "": see HomeLedger::resolve()
  Grant grant = {};                        // all but `given`
  privacy::Price budget = {};              // the policy's, of the table, in the grant's accounting
  std::optional<std::uint64_t> loss = {};  // what to give; else what is left of `budget`
};

// What was not enough, in the population's accounting.
struct Shortage {
  std::string population;
  bool is_set = false;  // else the rest says nothing but `wanted`, in the policy's accounting
  privacy::Accounting accounting = privacy::Accounting::pure;
  privacy::Price total;
  privacy::Price free;
  privacy::Price wanted;
};

class HomeLedger {
 public:
  // Waits for its turn, reads every ledger of the home and holds it against the key file. Fails
  // with unverified: ledger_damaged, ledger_rolled_back, ledger_missing; policy_denied
  // (allotments_older: the home has the record of an older version); unavailable. `home` must
  // outlive it.
  static Result<HomeLedger> open(Home& home);

  [[nodiscard]] const std::vector<Population>& populations() const { return populations_; }
  [[nodiscard]] const Population* find(std::string_view population) const;

  // Sets the total of a population, making it when there is none of that name. Fails with
  // policy_denied (total_would_rise: more than before, and not `raise`; accounting_differs),
  // invalid_argument (name_malformed, total_malformed) or unavailable: nothing is set. The same
  // total again is no change.
  enum class Raise : std::uint8_t { no, yes };
  Status set_total(const std::string& population, const TotalSet& total, Raise raise);

  // Which population a table belongs to: the one that it was given from before in its
  // collaboration, else the one that is named, else the only one there is. Fails with policy_denied
  // (population_differs: another is named than before), invalid_argument (name_malformed,
  // population_unnamed: there are several).
  [[nodiscard]] Result<std::string> resolve(const AllotmentOrder& order) const;

  // The grant that allot() would enter now. Fails as it does; nothing changes.
  [[nodiscard]] Result<Grant> plan(const AllotmentOrder& order) const;
  // Enters and stores it. Fails as resolve() and Population::add(), or with budget_exhausted
  // (allotment_over_budget: more than the policy gives the table, over all rooms), unverified
  // (log_rolled_back, log_origin_wrong): nothing was granted; unavailable: it may have been, and no
  // key may leave.
  Result<Grant> allot(const AllotmentOrder& order);
  // Why plan() says that the population does not have it.
  [[nodiscard]] Shortage shortage(const AllotmentOrder& order) const;

  // Takes back what a closed room has not spent, of every table that it was given; what came back
  // before stays as it is. Yields how many tables that were. Fails with not_found (room_unknown),
  // unverified (closing_malformed, the signature), policy_denied (closing_over_allotment,
  // already_taken_back: all of them were), unavailable.
  Result<std::size_t> take_back(const packet::Envelope& closing, std::int64_t now);

 private:
  HomeLedger(Home& home, FolderLock lock) : home_(&home), lock_(std::move(lock)) {}
  Status load(const std::string& population);
  Status enter(const std::string& population, const LedgerEvent& event);
  [[nodiscard]] Status check_room(const Grant& grant) const;
  [[nodiscard]] Status hold(const Closing& closing, const crypto::PublicKey& room) const;

  Home* home_;
  FolderLock lock_;
  std::vector<Population> populations_;  // by name
};

// The part of `budget` that `loss` takes along: delta in proportion, rounded down, at least 1
// where there is any.
privacy::Price share_of(privacy::Price budget, std::uint64_t loss);

}  // namespace gbx::client
