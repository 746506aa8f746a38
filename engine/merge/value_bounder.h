#pragma once

// Bounds the values that a person brings to a measure of distinct values, or the rows to the bins
// of a histogram, and collects what is kept. An owner chooses how many rows and values a person
// has; what one person can hold here is a few times the measure's bound for each of their groups.

#include <span>
#include <vector>

#include "engine/merge/evaluate.h"

namespace gbx::engine {

// One object per thread and measure.
class ValueBounder {
 public:
  struct Entry {
    std::uint32_t group;
    std::int64_t value;  // text: its code; histogram: the bin
    std::int64_t count;  // of rows; distinct: 1
  };

  // `plan` must outlive the bounder.
  ValueBounder(const Plan& plan, std::size_t measure)
      : plan_(&plan), planned_(&plan.measures[measure]) {}

  [[nodiscard]] std::uint32_t node() const { return planned_->node; }
  [[nodiscard]] bool is_histogram() const { return sql::has_bins(planned_->bounds.kind); }
  // The argument over the next batch; until the next one.
  void set_batch(Vector values) { batch_ = values; }
  // The row of the batch is the open person's, in their group number `slot`.
  void add(std::size_t slot, std::size_t row, std::uint32_t person_hash);
  // The open person keeps the slot, which is `group`.
  void keep(std::size_t slot, std::uint32_t group, std::uint32_t person_hash);
  // Whether not all of a slot's was kept; after keep().
  [[nodiscard]] bool is_cut(std::size_t slot) const { return slot < cut_.size() && cut_[slot]; }
  // The open person had `slots` groups; forgets what was not kept.
  void finish(std::size_t slots);

  // Takes over what another has collected; its group g is groups[g] here.
  void absorb(const ValueBounder& other, std::span<const std::uint32_t> groups);
  // Everything that was kept, each once, ascending; to be called when nothing comes any more.
  std::span<const Entry> entries();
  // Those of a group, after entries().
  [[nodiscard]] Histogram histogram(std::uint32_t group) const;

 private:
  struct Kept {
    std::int64_t value;
    std::int64_t count;
  };
  void add_up(std::vector<Kept>& values) const;
  void bound(std::size_t slot, std::uint32_t person_hash);
  [[nodiscard]] std::vector<Cell> key_of(std::int64_t value) const;
  void collect(Entry entry);
  void compact();

  const Plan* plan_;
  const MeasurePlan* planned_;
  Vector batch_;
  std::vector<std::vector<Kept>> slots_;  // of the open person
  std::vector<bool> cut_;                 // by slot
  std::vector<Entry> entries_;
  std::size_t compact_at_ = std::size_t{1} << 16;
};

}  // namespace gbx::engine
