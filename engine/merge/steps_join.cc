#include <algorithm>
#include <deque>
#include <limits>
#include <numeric>

#include "engine/merge/steps_run.h"

namespace gbx::engine {
namespace {

using sql::JoinKind;

constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();
constexpr Error kStopped{ErrorCode::unavailable, "engine_stopped"};

using Rows = std::vector<std::uint32_t>;

// Row numbers of one side, a person's next to each other: person p has begin[p] .. begin[p + 1]
// - 1.
struct Side {
  Rows rows;
  Rows begin;
};

// Rebuilds `begin` for what is left of a side: the places in `kept`, ascending.
void keep_begin(const Rows& kept, Rows& begin) {
  std::size_t at = 0;
  std::uint32_t end = 0;
  for (std::size_t p = 0; p + 1 < begin.size(); p++) {
    const std::uint32_t old_end = begin[p + 1];
    begin[p] = end;
    while (at < kept.size() && kept[at] < old_end) at++;
    end = static_cast<std::uint32_t>(at);
  }
  begin.back() = end;
}

class JoinRun final : public StepRun {
 public:
  JoinRun(const StepPlan& plan, const std::atomic<bool>* stop)
      : plan_(plan),
        stop_(stop),
        program_(plan.program),
        rows_(plan.inputs.size()),
        pair_rows_(plan.inputs.size(), Rows(kBatchRows)),
        left_(kBatchRows),
        right_(kBatchRows) {
    for (const InputPlan& input : plan.inputs) {
      own_.emplace_back(input.own);
      pair_.emplace_back(input.pair);
      after_.emplace_back(input.after);
    }
    for (std::size_t c = 0; c < plan.columns.size(); c++) {
      if (plan.live[c]) nodes_.push_back(plan.columns[c]);
    }
  }

  Status run(std::span<const RowsView> inputs, snapshot::Block& out) override {
    inputs_ = inputs;
    whole_ = inputs.size() == 1 && own_[0].empty();
    Side first;
    first.rows = std::move(rows_[0]);
    first.begin = std::move(begin_);
    pick(0, first);
    rows_[0] = std::move(first.rows);
    begin_ = std::move(first.begin);
    for (std::size_t i = 1; i < inputs.size(); i++) GBX_TRY(join(i));
    write(out);
    return {};
  }

 private:
  // The rows of an input that take part.
  void pick(std::size_t i, Side& to) {
    const RowsView& input = inputs_[i];
    const std::uint32_t first = input.first();
    to.rows.clear();
    to.begin.assign(input.begin.begin(), input.begin.end());
    for (std::uint32_t& begin : to.begin) begin -= first;
    if (own_[i].empty()) {
      if (whole_) return;
      to.rows.resize(input.count());
      std::iota(to.rows.begin(), to.rows.end(), first);
      return;
    }
    const RowSource source = input.all();
    own_[i].passing({&source, 1}, input.count(), to.rows);
    keep_begin(to.rows, to.begin);
    for (std::uint32_t& row : to.rows) row += first;
  }

  Status join(std::size_t i) {
    pick(i, other_);
    GBX_TRY(make_pairs(i));
    const JoinKind kind = plan_.inputs[i].kind;
    if (kind == JoinKind::inner) {
      keep_begin(pairs_left_, begin_);
    } else {
      complete(kind);
      if (pairs_left_.size() > sql::kPersonRowsMax) return kTooManyRows;
    }
    const bool gone = kind == JoinKind::semi || kind == JoinKind::anti;
    for (std::size_t k = 0; k < i; k++) {
      if (!rows_[k].empty())
        take(rows_[k], pairs_left_, null_row(k), rows_[k]);
      else if (!pairs_left_.empty() && readable(k))
        rows_[k].assign(pairs_left_.size(), null_row(k));
    }
    if (gone) {
      rows_[i].clear();
    } else {
      take(other_.rows, pairs_right_, null_row(i), rows_[i]);
    }
    if (!after_[i].empty()) filter_after(i);
    return {};
  }

  [[nodiscard]] std::uint32_t null_row(std::size_t i) const {
    return static_cast<std::uint32_t>(inputs_[i].block->rows());
  }
  [[nodiscard]] bool readable(std::size_t i) const {
    return plan_.inputs[i].kind != JoinKind::semi && plan_.inputs[i].kind != JoinKind::anti;
  }

  void take(const Rows& from, const Rows& places, std::uint32_t null, Rows& to) {
    spare_.resize(places.size());
    for (std::size_t j = 0; j < places.size(); j++) {
      spare_[j] = places[j] == kNone ? null : from[places[j]];
    }
    to.swap(spare_);
  }

  // Places of partners, ascending in the left. Of SEMI and ANTI one for each place in the left:
  // their pairs are no rows, and may be more than a step can have.
  Status make_pairs(std::size_t i) {
    pairs_left_.clear();
    pairs_right_.clear();
    count_ = 0;
    const bool any = !readable(i) && pair_[i].empty();  // one candidate is a partner
    for (std::size_t p = 0; p + 1 < begin_.size(); p++) {
      const std::uint32_t first = other_.begin[p];
      const std::uint32_t end =
          any ? std::min(first + 1, other_.begin[p + 1]) : other_.begin[p + 1];
      for (std::uint32_t l = begin_[p]; l < begin_[p + 1]; l++) {
        std::uint32_t r = first;
        while (r < end) {
          const std::size_t fits = std::min<std::size_t>(end - r, kBatchRows - count_);
          std::fill_n(left_.data() + count_, fits, l);
          for (std::size_t j = 0; j < fits; j++) right_[count_ + j] = r++;
          count_ += fits;
          if (count_ == kBatchRows) GBX_TRY(settle(i));
        }
      }
    }
    return settle(i);
  }

  // Of the candidates those that are partners.
  Status settle(std::size_t i) {
    const std::size_t count = count_;
    count_ = 0;
    if (stop_ != nullptr && stop_->load(std::memory_order_relaxed)) return kStopped;
    if (count == 0) return {};
    if (pair_[i].empty()) {
      pairs_left_.insert(pairs_left_.end(), left_.begin(),
                         left_.begin() + static_cast<std::ptrdiff_t>(count));
      pairs_right_.insert(pairs_right_.end(), right_.begin(),
                          right_.begin() + static_cast<std::ptrdiff_t>(count));
    } else {
      sources_.assign(inputs_.size(), {});
      for (const std::uint32_t k : pair_[i].relations()) {
        const Rows& from = k == i ? other_.rows : rows_[k];
        const Rows& places = k == i ? right_ : left_;
        for (std::size_t j = 0; j < count; j++) pair_rows_[k][j] = from[places[j]];
        sources_[k] = {.block = inputs_[k].block, .rows = pair_rows_[k].data()};
      }
      kept_.clear();
      pair_[i].passing(sources_, count, kept_);
      const bool once = !readable(i);
      for (const std::uint32_t j : kept_) {
        if (once && !pairs_left_.empty() && pairs_left_.back() == left_[j]) continue;
        pairs_left_.push_back(left_[j]);
        pairs_right_.push_back(right_[j]);
      }
    }
    return pairs_left_.size() > sql::kPersonRowsMax ? Status{kTooManyRows} : Status{};
  }

  // Rows without a partner, or only whether there is one. Makes begin_ anew.
  void complete(JoinKind kind) {
    const bool pairs = kind != JoinKind::semi && kind != JoinKind::anti;
    const bool lefts = kind == JoinKind::left || kind == JoinKind::full || kind == JoinKind::anti;
    const bool rights = kind == JoinKind::right || kind == JoinKind::full;
    std::vector<std::uint8_t> left_met(begin_.back(), 0);
    std::vector<std::uint8_t> right_met(other_.begin.back(), 0);
    for (const std::uint32_t l : pairs_left_) left_met[l] = 1;
    for (const std::uint32_t r : pairs_right_) right_met[r] = 1;
    Rows to_left;
    Rows to_right;
    const auto add = [&](std::uint32_t l, std::uint32_t r) {
      to_left.push_back(l);
      to_right.push_back(r);
    };
    std::size_t at = 0;
    for (std::size_t p = 0; p + 1 < begin_.size(); p++) {
      const auto begin = static_cast<std::uint32_t>(to_left.size());
      for (; at < pairs_left_.size() && pairs_left_[at] < begin_[p + 1]; at++) {
        if (pairs) add(pairs_left_[at], pairs_right_[at]);
      }
      for (std::uint32_t l = begin_[p]; l < begin_[p + 1]; l++) {
        if (left_met[l] == 0 ? lefts : kind == JoinKind::semi) add(l, kNone);
      }
      for (std::uint32_t r = other_.begin[p]; rights && r < other_.begin[p + 1]; r++) {
        if (right_met[r] == 0) add(kNone, r);
      }
      begin_[p] = begin;
    }
    begin_.back() = static_cast<std::uint32_t>(to_left.size());
    pairs_left_.swap(to_left);
    pairs_right_.swap(to_right);
  }

  void filter_after(std::size_t i) {
    kept_.clear();
    after_[i].passing(sources(), begin_.back(), kept_);
    keep_begin(kept_, begin_);
    for (std::size_t k = 0; k <= i; k++) {
      if (!rows_[k].empty()) take(rows_[k], kept_, kNone, rows_[k]);
    }
  }

  [[nodiscard]] std::span<const RowSource> sources() {
    sources_.assign(inputs_.size(), {});
    for (std::size_t k = 0; k < inputs_.size(); k++) {
      sources_[k] = {.block = inputs_[k].block, .rows = rows_[k].data()};
    }
    if (whole_) sources_[0] = inputs_[0].all();
    return sources_;
  }

  void write(snapshot::Block& out) {
    columns_.clear();
    for (std::size_t c = 0; c < out.columns.size(); c++) {
      if (plan_.live[c]) columns_.push_back(&out.columns[c]);
    }
    program_.append_to(sources(), begin_.back(), nodes_, columns_);
    out.row_begin.assign(begin_.begin(), begin_.end());
    if (plan_.distinct) make_distinct(out);
  }

  const StepPlan& plan_;
  const std::atomic<bool>* stop_;
  ProgramRun program_;
  std::deque<FilterRun> own_;  // by input
  std::deque<FilterRun> pair_;
  std::deque<FilterRun> after_;
  std::vector<std::uint32_t> nodes_;  // of the columns that are read
  std::span<const RowsView> inputs_;
  // The left side: by input, the row of its block in each row.
  bool whole_ = false;  // all rows of the only input; rows_ is not filled
  std::vector<Rows> rows_;
  Rows begin_;
  // The right side, and partners as places in both.
  Side other_;
  Rows pairs_left_;
  Rows pairs_right_;
  // Candidates.
  std::size_t count_ = 0;
  std::vector<Rows> pair_rows_;
  Rows left_;
  Rows right_;
  Rows kept_;
  Rows spare_;
  std::vector<RowSource> sources_;
  std::vector<snapshot::ColumnData*> columns_;
};

}  // namespace

std::unique_ptr<StepRun> make_join_run(const StepPlan& plan, const std::atomic<bool>* stop) {
  return std::make_unique<JoinRun>(plan, stop);
}

}  // namespace gbx::engine
