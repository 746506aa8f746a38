#pragma once

// Exact values on their way to be noised. They have no serialiser, no printer and no copy; only an
// engine can make them and only release() can take them apart.

#include <utility>
#include <vector>

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

class Aggregate {
 public:
  Aggregate(Aggregate&&) noexcept = default;
  Aggregate& operator=(Aggregate&&) noexcept = default;
  Aggregate(const Aggregate&) = delete;
  Aggregate& operator=(const Aggregate&) = delete;

 private:
  friend class room::Engine;
  friend class Releaser;  // release.cc
  explicit Aggregate(std::vector<ExactGroup> groups) : groups_(std::move(groups)) {}
  std::vector<ExactGroup> groups_;
};

}  // namespace gbx::privacy
