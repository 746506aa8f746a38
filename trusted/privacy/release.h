#pragma once

// The one door from exact numbers to numbers that may be shown.
//
// An attacker chooses the data of one person (rows, values, groups) and the query, and sees what
// comes out, how much of it and in what order. What must stay true: the output is (epsilon,
// delta)-differentially private for the plan's price (docs/spec/privacy.md has the proof), unless
// every member has signed that there is no such promise (Selection::exact, and only then); each row
// stands for at least k distinct persons; nothing but a Released can be printed; a Released costs a
// Reservation that covers its plan.

#include <cstdint>
#include <utility>
#include <vector>

#include "trusted/base/seams.h"
#include "trusted/base/value.h"
#include "trusted/privacy/aggregate.h"
#include "trusted/privacy/budget.h"
#include "trusted/privacy/plan.h"
#include "trusted/privacy/tree.h"

namespace gbx::privacy {

// Noised numbers stop here: far above what an answer shows (kReleasedMax), so that sums of squares
// still divide to the right variance.
constexpr std::int64_t kNoisedMax = std::int64_t{1} << 62;

struct ReleasedGroup {
  std::vector<Cell> key;  // empty when ungrouped
  // Noised: [0] = distinct persons (0 when a coin selects), then one per measure (0 for a
  // histogram); each within +-kNoisedMax, may be negative. Empty: a public row whose numbers are
  // withheld.
  std::vector<std::int64_t> values;
  // Of a row with numbers: for each of the plan's quantiles, for each of its fractions, in order.
  std::vector<QuantileLeaves> quantiles = {};
};

// Noised values, or such as need no noise by the members' will, free to be filtered, ordered,
// computed with and sent (post-processing).
class Released {
 public:
  // In ascending order of key, whatever order the engine gave. Open plans: every public group.
  [[nodiscard]] const std::vector<ReleasedGroup>& groups() const { return groups_; }
  // The rows of a list of persons, exact, ascending; none unless the number of its persons was
  // enough.
  [[nodiscard]] const std::vector<ListedRow>& listed() const { return listed_; }

 private:
  friend class Releaser;
  explicit Released(std::vector<ReleasedGroup> groups, std::vector<ListedRow> listed = {});
  std::vector<ReleasedGroup> groups_;
  std::vector<ListedRow> listed_;
};

class Releaser {
 public:
  // Selects groups and adds noise to every statistic, as `plan` says.
  //
  //   exact        one entry per group that somebody kept; consumed
  //   reservation  covers plan.price(), or the process ends: a caller's bug; consumed
  //
  // Of a list of persons the one group counts them, and the list is released exactly when that row
  // shows its number: so what its size decides has the plan's guarantee, and the list itself has
  // none.
  //
  // Noise is drawn for every group and statistic, shown or not, in the order of keys; then as many
  // more draws as make the total work nearly the same whatever was drawn.
  // Fails with unavailable when entropy does (nothing is released, the charge stays), or when
  // `exact` has not the plan's shape (engine_failed); with invalid_argument as check_plan() does.
  // Not thread-safe in `entropy`.
  static Result<Released> release(Aggregate&& exact, const Plan& plan, Reservation&& reservation,
                                  Entropy& entropy);
};

}  // namespace gbx::privacy
