#pragma once

// The join: walks all tables of a plan together, person by person, and hands the rows that stay to
// a Bounder in batches. Nothing is kept of a person beyond the batch, however many rows there are.

#include <atomic>
#include <optional>
#include <vector>

#include "engine/merge/bounder.h"
#include "engine/merge/cursor.h"

namespace gbx::engine {

// One object per thread.
class Joiner {
 public:
  // `plan`, `stop` and `out` must outlive the joiner. When *stop becomes true, run() fails with
  // unavailable soon. `stop` may be null.
  Joiner(const Plan& plan, const std::atomic<bool>* stop, Bounder& out);

  // Joins the persons of the range. Fails like Table::read_block and Bounder::add.
  Status run(const TokenRange& range);

 private:
  static constexpr std::size_t kMatchesMax = 1024;

  [[nodiscard]] bool before_end(UInt128 person) const { return !end_ || person < *end_; }
  Status join_from_here();
  Status join_complete();
  std::size_t match_one(std::span<const std::size_t> limits);
  std::size_t match_two(std::span<const std::size_t> limits);
  std::size_t match_many(std::span<const std::size_t> limits);
  Status join_across_blocks(UInt128 person);
  Status join_parts(std::size_t relation, UInt128 person);
  Status product(std::span<const RowRange> ranges);
  [[nodiscard]] bool stopped() const {
    return stop_ != nullptr && stop_->load(std::memory_order_relaxed);
  }
  [[nodiscard]] bool find_key(std::uint32_t row);
  std::size_t take_last(std::uint32_t begin, std::size_t count);
  void begin_person(const Token& token);
  Status flush();
  void keep_passing();
  [[nodiscard]] std::span<const RowSource> sources();

  const Plan& plan_;
  const std::atomic<bool>* stop_;
  Bounder& out_;
  std::optional<UInt128> end_;
  std::vector<Cursor> cursors_;
  std::vector<std::vector<std::uint32_t>> matches_;  // by relation: positions of common persons
  Evaluator evaluator_;
  // The batch.
  std::size_t count_ = 0;
  std::vector<std::vector<std::uint32_t>> rows_;  // by relation
  std::vector<std::uint32_t> person_;
  std::vector<std::uint32_t> hash_;
  std::vector<RowSource> sources_;
  std::vector<std::uint32_t> kept_;
  std::int64_t key_ = 0;  // of the plan's equality: what the last relation's row must have
  std::uint32_t person_number_ = 0;
  std::uint32_t person_hash_ = 0;
};

}  // namespace gbx::engine
