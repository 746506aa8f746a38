#pragma once

// Bounds what each person contributes, and adds it up. This is where one person's influence ends:
// at most `groups_per_person` groups, in each at most the measure's bounds.

#include <span>
#include <vector>

#include "engine/merge/group_table.h"
#include "engine/merge/value_bounder.h"

namespace gbx::engine {

// A batch of joined rows, persons one after the other.
struct JoinedRows {
  std::span<const RowSource> sources;     // by relation, each with `rows`
  std::span<const std::uint32_t> person;  // by row: equal neighbours are one person
  std::span<const std::uint32_t> hashes;  // h(p), by row
};

// One object per thread.
class Bounder {
 public:
  // `plan` must outlive the bounder.
  explicit Bounder(const Plan& plan);

  // Takes rows of persons; the first may be the last of the batch before. Fails like
  // GroupTable::number.
  Status add(const JoinedRows& rows);
  // Ends the last person; to be called before a different one may come with the same number.
  void finish();
  // Takes over what another bounder of the plan has added up.
  Status absorb(Bounder& other);
  // All groups that somebody kept, ascending by key; the one row of a task without groups.
  // Fails with unavailable when more groups occurred than the plan allows.
  Result<std::vector<sql::GroupRow>> rows();

 private:
  struct Total {
    std::int64_t persons = 0;
    bool seen = false;  // occurs in the join
  };
  struct Slot {
    std::uint32_t group;
    std::uint32_t rank;
    std::uint64_t rows_left;  // that its partials have room for
  };
  void measure(std::size_t m, std::size_t count);
  void mark_cuts(std::size_t m, std::size_t count);
  [[nodiscard]] bool is_cut(std::size_t slot, std::size_t m) const;
  [[nodiscard]] Int128 brought(std::size_t slot, std::size_t m) const;
  [[nodiscard]] Int128 contribution(std::size_t slot, std::size_t m) const;
  void reserve_groups();
  void count_values();
  void add_rows(std::size_t row, std::size_t end);
  std::size_t open_slot(std::uint32_t group);
  void carry(std::size_t slot);
  void choose();
  bool before(const Slot& a, const Slot& b) const;

  // What a measure is clamped to for each person and group.
  struct Limits {
    std::int64_t low;
    std::int64_t high;
    bool is_cut;  // of kind `bounded`: 0 or 1 by what was cut off
  };

  const Plan& plan_;
  std::vector<Limits> limits_;  // by measure
  std::uint64_t rows_most_;     // whose inputs never add up to more than 64 bits
  Evaluator evaluator_;
  GroupTable groups_;
  std::vector<Total> totals_;
  std::vector<Int128> sums_;  // by group and measure
  struct Values {
    std::size_t measure;
    ValueBounder bounder;
  };
  std::vector<Values> values_;  // of the measures that are no sums
  // The open person.
  bool open_ = false;
  std::uint32_t person_ = 0;
  std::uint32_t hash_ = 0;
  std::vector<Slot> slots_;
  std::vector<Slot> all_slots_;         // before the choice
  bool choosing_ = false;               // more groups than may be kept
  std::vector<std::uint32_t> slot_of_;  // by group: slot + 1, 0 when the person is not in it
  std::vector<std::int64_t> partials_;  // by slot and measure: of the rows since carry()
  std::vector<Int128> carried_;         // likewise, of the rows before; mostly empty
  // The batch.
  std::vector<std::uint32_t> group_;
  std::vector<std::vector<std::int64_t>> inputs_;  // by measure and row
  std::vector<const std::int64_t*> input_at_;      // by measure
};

}  // namespace gbx::engine
