#pragma once

// The privacy budget of a room, for one boot: what each table's owner has allotted, and what has
// been spent of it.
//
// An attacker asks many queries, at once and again; the host can make every write fail, forget what
// it wrote and restart the room. What must stay true: the charges against a table never add up to
// more than its allotment; there is no Reservation without a charge that the store has confirmed;
// a charge is never given back, whatever happens after it. A restart gives nothing back either: a
// new boot begins with nothing until owners allot again, out of their own ledgers at home.
// Whether a charge is refused depends on the tables, the price and earlier charges only: public
// facts, never on a row. Why sums bound adaptively chosen queries and prices: amount.h.
// Not thread-safe: a room has one thread that decides.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "trusted/base/bytes.h"
#include "trusted/base/seams.h"
#include "trusted/privacy/plan.h"
#include "trusted/privacy/rations.h"

namespace gbx::privacy {

struct TableCeiling {
  std::string table;
  Price ceiling;  // the policy's whole budget for it
};

// What is to be charged, and to whom.
struct Charge {
  std::vector<std::string> tables;  // each table that the query touches, once
  Price price;
  Hash query{};             // SHA-256 of the signed request
  std::string member = {};  // who asks
  std::int64_t now = 0;     // seconds since 1970
};

// How a charge moved one table's budget.
struct Balance {
  std::string table;
  Price before;  // left before the charge
  Price after;
};

// The right to one release, bought and durably written down. Only Budget makes one; release() takes
// it away. A moved-from Reservation covers nothing.
class Reservation {
 public:
  Reservation(Reservation&& other) noexcept
      : price_(std::exchange(other.price_, {})),
        query_(other.query_),
        balances_(std::move(other.balances_)) {}
  Reservation& operator=(Reservation&&) = delete;
  Reservation(const Reservation&) = delete;
  Reservation& operator=(const Reservation&) = delete;
  ~Reservation() = default;

  [[nodiscard]] Price price() const { return price_; }
  [[nodiscard]] const Hash& query() const { return query_; }
  [[nodiscard]] const std::vector<Balance>& balances() const { return balances_; }

 private:
  friend class Budget;
  Reservation(Price price, const Hash& query, std::vector<Balance> balances)
      : price_(price), query_(query), balances_(std::move(balances)) {}
  Price price_;
  Hash query_;
  std::vector<Balance> balances_;
};

class Budget {
 public:
  static constexpr std::size_t kTablesMax = 256;

  // Nothing is allotted yet. Fails with invalid_argument: budget_malformed (no table, too many, one
  // twice, a name that is empty or not printable ASCII, a ceiling that is no
  // is_amount(), past loss_max() or of a delta of 1).
  static Result<Budget> make(Accounting accounting, std::vector<TableCeiling> ceilings,
                             Rations rations = Rations());

  Budget(Budget&&) noexcept = default;
  Budget& operator=(Budget&&) noexcept = default;
  Budget(const Budget&) = delete;
  Budget& operator=(const Budget&) = delete;
  ~Budget() = default;

  // The owner's part for this boot, from its key release; once per table, so that a replayed
  // release adds nothing. Fails with not_found (table_unknown), policy_denied
  // (allotment_over_ceiling), invalid_argument (allotment_empty, already_allotted).
  Status allot(std::string_view table, Price allotment);

  // Checks every table, counts the charge, has it written by `store` (a canonical JSON entry, see
  // docs/spec/log.md) and gives the right to release. Fails with
  //   invalid_argument (charge_malformed), not_found (table_unknown), budget_exhausted
  //   (loss_exhausted, delta_exhausted; also when nothing was allotted; ration_exhausted of the
  //   member, access_exhausted of its access to a table): nothing was spent;
  //   unavailable, as the store says: the charge counts, and there is no right to release.
  Result<Reservation> reserve(const Charge& charge, Store& store);

  [[nodiscard]] Accounting accounting() const { return accounting_; }
  // What members may have charged; reserve() counts there too, in the same step and entry.
  [[nodiscard]] Rations& rations() { return rations_; }
  [[nodiscard]] const Rations& rations() const { return rations_; }
  // What has been charged and what is left of the allotment. Fails with not_found (table_unknown).
  [[nodiscard]] Result<Price> spent(std::string_view table) const;
  [[nodiscard]] Result<Price> left(std::string_view table) const;

 private:
  struct Account {
    std::string table;
    Price ceiling;
    Price allotment;
    Price spent;  // <= allotment, both parts, always
  };

  Budget(Accounting accounting, std::vector<Account> accounts, Rations rations)
      : accounting_(accounting), accounts_(std::move(accounts)), rations_(std::move(rations)) {}
  [[nodiscard]] Result<std::size_t> find(std::string_view table) const;
  [[nodiscard]] Result<std::vector<std::size_t>> affordable(const Charge& charge) const;

  Accounting accounting_;
  std::vector<Account> accounts_;  // by name
  Rations rations_;
};

}  // namespace gbx::privacy
