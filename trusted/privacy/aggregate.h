#pragma once

// Exact values on their way to be noised. They have no serialiser, no printer and no copy; only an
// engine can make them and only release() can take them apart.

#include <utility>
#include <vector>

#include "trusted/base/bytes.h"
#include "trusted/base/value.h"

namespace gbx::room {
class Engine;  // the only maker, see trusted/room/engine.h
}

namespace gbx::privacy {

class Released;
struct Plan;
class Reservation;

struct ExactGroup {
  std::vector<Cell> key;
  std::vector<Int128> statistics;  // [0] = distinct persons, then one per measure
  // One for each measure that is a histogram, in their order; its counts add up to the measure's
  // statistic.
  std::vector<Histogram> histograms = {};
};

// A row of a list of persons (docs/spec/audience.md).
struct ListedRow {
  Token person{};
  std::vector<Cell> cells;
};

class Aggregate {
 public:
  Aggregate(Aggregate&&) noexcept = default;
  Aggregate& operator=(Aggregate&&) noexcept = default;
  Aggregate(const Aggregate&) = delete;
  Aggregate& operator=(const Aggregate&) = delete;

 private:
  friend class room::Engine;
  friend class Releaser;  // release.cc
  explicit Aggregate(std::vector<ExactGroup> groups, std::vector<ListedRow> listed = {})
      : groups_(std::move(groups)), listed_(std::move(listed)) {}
  std::vector<ExactGroup> groups_;
  std::vector<ListedRow> listed_;  // of a list; then its one group counts its persons
};

}  // namespace gbx::privacy
