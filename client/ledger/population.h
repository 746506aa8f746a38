#pragma once

// One population of persons at its owner (docs/spec/home-ledger.md): how much everything that is
// ever released about these people may tell of one of them, which rooms hold a part of that, and
// what came back. All who ever see answers are taken to collude, so one sum goes over all
// collaborations, tables, snapshots and rooms.
//
// An attacker without the owner's passphrase may write the file: it is a hash chain whose head the
// owner has signed, and an entry that could not have been made is refused. An older file that the
// owner signed too is for home_ledger.h to find out. What must stay true: what was granted and has
// not come back is never more than the total of that moment; a grant comes back once. Pure: no
// clock, no files. Not thread-safe.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "trusted/base/json.h"
#include "trusted/base/seams.h"
#include "trusted/crypto/sign.h"
#include "trusted/log/log.h"
#include "trusted/packet/binding.h"
#include "trusted/privacy/amount.h"

namespace gbx::client {

// `amount`, counted in `from`, as a charge to a ledger that counts in `to`: itself, or rho for an
// epsilon (privacy::rho_of_epsilon(), which bounds any history of smaller epsilons that add up to
// it). Fails with policy_denied (accounting_differs): no epsilon stands for a rho without a delta,
// and neither stands for a query without noise, which can cost any.
Result<privacy::Price> charge_in(privacy::Accounting to, privacy::Accounting from,
                                 privacy::Price amount);

// a - b, each part at least zero.
privacy::Price rest_of(privacy::Price a, privacy::Price b);
// True when a log whose head is `head` cannot have had `seen`.
bool is_behind(const log::Head& head, const log::Head& seen);

// All that these people may ever lose. The first makes the population.
struct TotalSet {
  std::int64_t at = 0;  // seconds since 1970, here and below: for people, nothing depends on it
  privacy::Accounting accounting = privacy::Accounting::pure;
  privacy::Price total;
  friend bool operator==(const TotalSet&, const TotalSet&) = default;
};

// A key release of one table to one boot of a room, with what it may spend.
struct Grant {
  std::int64_t at = 0;
  std::string collaboration;
  std::string table;
  Hash policy{};
  Hash snapshot{};                  // digest of its manifest
  packet::BindingDigest binding{};  // digest of what the room's evidence was bound to
  std::string log_origin;           // names the boot
  crypto::PublicKey room_key{};     // signs its closing statement
  privacy::Accounting accounting = privacy::Accounting::pure;  // the policy's
  privacy::Price given = {};
  log::Head head = {};  // the last that was seen of the room's log
  friend bool operator==(const Grant&, const Grant&) = default;
};

// What a room has spent of a grant, by its own signature.
struct Return {
  std::int64_t at = 0;
  std::string log_origin;
  std::string table;
  privacy::Price spent;  // in the grant's accounting
  log::Head head;        // the room's last
  Hash statement = {};   // SHA-256 of the closing statement's payload
  friend bool operator==(const Return&, const Return&) = default;
};

using LedgerEvent = std::variant<TotalSet, Grant, Return>;

// One table in one boot: a room takes one release of it, so releases to it count once, with the
// largest.
struct Allotment {
  Grant grant;  // the last, with the largest `given`
  std::optional<privacy::Price> spent;
};

class Population {
 public:
  static constexpr std::size_t kEntriesMax = 20'000;  // of the largest kind, they fit into a file
  static constexpr std::size_t kFileBytesMax = std::size_t{64} << 20;

  // Nothing is set yet. `name` must be a member name (identity.h), `owner` the home's key.
  Population(std::string name, const crypto::PublicKey& owner);
  // A file that print() made for this name and owner. Fails with unverified (ledger_damaged).
  static Result<Population> parse(std::string_view text, std::string name,
                                  const crypto::PublicKey& owner);
  // The entries alone, a line each, whoever wrote them. Fails with unverified (ledger_damaged).
  static Result<Population> replay(std::string_view lines, std::string name,
                                   const crypto::PublicKey& owner);
  [[nodiscard]] std::string print(const crypto::SigningKey& owner) const;

  // Checks and enters `event`. Fails, and nothing has changed, with
  //   invalid_argument: total_malformed, allotment_malformed, return_malformed;
  //   not_found: population_unset (no total yet), room_unknown (nothing was granted there);
  //   budget_exhausted: population_exhausted (the total does not have it);
  //   policy_denied: accounting_differs, room_closed (what was granted there came back),
  //   already_taken_back, closing_over_allotment (more spent than was granted);
  //   unverified: log_origin_wrong (that room had another key), log_rolled_back;
  //   unavailable: ledger_full, entropy.
  Status add(const LedgerEvent& event, Entropy& entropy);
  // Whether add() would; changes nothing.
  [[nodiscard]] Status allows(const LedgerEvent& event) const;

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] bool is_set() const { return !totals_.empty(); }
  // All that were ever set, oldest first; accounting() and total() are the last's, and need one.
  [[nodiscard]] const std::vector<TotalSet>& totals() const { return totals_; }
  [[nodiscard]] privacy::Accounting accounting() const;
  [[nodiscard]] privacy::Price total() const;
  [[nodiscard]] const std::vector<Allotment>& allotments() const { return allotments_; }
  [[nodiscard]] const Allotment* find(std::string_view log_origin, std::string_view table) const;

  // In this population's accounting: lost for good; may still be lost in rooms that have not given
  // back; left to give (zero when the total was set below the other two).
  [[nodiscard]] privacy::Price spent() const;
  [[nodiscard]] privacy::Price in_rooms() const;
  [[nodiscard]] privacy::Price free() const;
  // What one table of one collaboration has lost or may lose, as a charge in `accounting`. Fails as
  // charge_in().
  [[nodiscard]] Result<privacy::Price> committed(std::string_view collaboration,
                                                 std::string_view table,
                                                 privacy::Accounting accounting) const;

  [[nodiscard]] const log::Head& head() const { return heads_.back(); }
  // True when `head` is the one that this chain had at that size.
  [[nodiscard]] bool passed(const log::Head& head) const;

 private:
  [[nodiscard]] Status check(const TotalSet& total) const;
  [[nodiscard]] Status check(const Grant& grant) const;
  [[nodiscard]] Status check(const Return& back) const;
  void enter(const TotalSet& total);
  void enter(const Grant& grant);
  void enter(const Return& back);
  void enter_line(std::string line, const LedgerEvent& event);
  [[nodiscard]] privacy::Price cost(const Allotment& allotment) const;
  void recount(const privacy::Price& before, const Allotment& after);

  std::string name_;
  crypto::PublicKey owner_;
  std::vector<TotalSet> totals_;
  std::vector<Allotment> allotments_;
  std::map<std::pair<std::string, std::string>, std::size_t, std::less<>> index_;  // room, table
  privacy::Price committed_;  // sum of cost() over allotments_: spent() and in_rooms() together
  std::vector<std::string> lines_;
  std::vector<log::Head> heads_;  // before each line, and after the last
};

// The body of an entry, and back; docs/spec/home-ledger.md. Fails with invalid_argument
// (ledger_entry_malformed).
Json encode(const LedgerEvent& event);
Result<LedgerEvent> decode_event(const Json& body);
// Names the ledger of that owner's population.
std::string ledger_origin(const crypto::PublicKey& owner, std::string_view population);

}  // namespace gbx::client
