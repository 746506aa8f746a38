#pragma once

// How much of the tables' budgets each member may have charged, in windows of time: a ration on top
// of the budgets, so that one member cannot use up what the others came for. Of all tables together
// (a ration), or of one table (its access budget, which each member has for itself).
//
// A member spends another's part; the host sets the clock and restarts rooms. What must stay true:
// within one boot, the charges that a member causes in any window never add up to more than the
// ration, by the latest time that was ever seen: a clock that goes back frees nothing. What a
// ration is not: a privacy guarantee. That is the tables' budgets; a host that moves the clock on,
// or a new boot, begins new windows. Refusals depend on earlier charges and the clock only, never
// on a row. Not thread-safe.

#include <cstdint>
#include <deque>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "trusted/base/json.h"
#include "trusted/privacy/amount.h"

namespace gbx::privacy {

// The enumerator is the name on the wire. Windows slide: the last 24 hours, 7 days, 30 days.
enum class Window : std::uint8_t { day, week, month, lifetime };
constexpr std::size_t kWindows = 4;
std::string_view window_name(Window window);
std::optional<Window> window_from(std::string_view name);

struct Ration {
  Window window = Window::lifetime;
  Accounting accounting = Accounting::pure;  // that of the ledger; or queries: so many, of any loss
  std::uint64_t loss = 0;                    // in units of its accounting
  friend bool operator==(const Ration&, const Ration&) = default;
};

// Who asks, over which tables.
struct Asker {
  std::string_view member;
  std::span<const std::string> tables;
};

// Under which name a member's access budget of a table stands among rations: no member has a slash.
std::string access_name(std::string_view member, std::string_view table);

class Rations {
 public:
  // Members without an entry have no ration.
  explicit Rations(std::map<std::string, std::vector<Ration>, std::less<>> rations = {});

  [[nodiscard]] bool has(std::string_view member) const { return members_.contains(member); }
  // `now` in seconds since 1970. Fails with budget_exhausted (ration_exhausted) when `loss` more
  // would be over one of the member's rations: nothing was counted.
  Status check(std::string_view member, std::uint64_t loss, std::int64_t now);
  // Counts it, whatever check() says.
  void charge(std::string_view member, std::uint64_t loss, std::int64_t now);
  // The same of the member and of its access to each table. Fails with budget_exhausted:
  // ration_exhausted, access_exhausted.
  [[nodiscard]] bool has(const Asker& asker) const;
  Status check(const Asker& asker, std::uint64_t loss, std::int64_t now);
  void charge(const Asker& asker, std::uint64_t loss, std::int64_t now);
  // What a log entry says of a charge: `member` and what is left, as `rations` of the member and as
  // `access` of tables; nothing where there is none.
  void note(const Asker& asker, Json& entry) const;
  // What is left: an array of {window, epsilon_left or rho_left}. `member` has a ration.
  [[nodiscard]] Json left(std::string_view member) const;

 private:
  struct Spent {
    std::int64_t when = 0;
    std::uint64_t loss = 0;
  };
  struct Account {
    std::vector<Ration> rations;
    std::deque<Spent> recent;  // ascending; of the longest window that ends
    std::uint64_t lifetime = 0;
    std::uint64_t lifetime_queries = 0;
  };
  [[nodiscard]] std::uint64_t rest(const Account& account, const Ration& ration) const;
  void move_on(std::int64_t now);

  std::map<std::string, Account, std::less<>> members_;
  std::int64_t latest_ = 0;  // never goes back
};

}  // namespace gbx::privacy
