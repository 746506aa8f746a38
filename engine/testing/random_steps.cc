#include "engine/testing/random_steps.h"

#include <algorithm>
#include <limits>

namespace gbx::engine {
namespace {

using sql::Expression;
using sql::Frame;
using sql::JoinKind;
using sql::RowFunction;
using sql::Step;
using sql::StepKind;

constexpr std::size_t kRowsMax = 500;  // of one person in one step: the definition is slow
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();

class StepGenerator {
 public:
  StepGenerator(Randomness& random, std::vector<RandomSource> tables)
      : random_(random), expressions_(random), sources_(std::move(tables)) {}

  std::vector<Step> make() {
    const std::size_t count = 1 + random_.below(6);
    while (steps_.size() < count) {
      const std::uint64_t kind = random_.below(8);
      if (kind < 4) {
        add_join();
      } else if (kind < 5) {
        add_group();
      } else if (!steps_.empty()) {
        kind < 7 ? add_window() : add_append();
      }
    }
    return std::move(steps_);
  }

 private:
  void add(Step step, std::size_t rows) {
    sources_.push_back({sql::columns_of(step), rows});
    steps_.push_back(std::move(step));
  }

  // The last one, often: so that steps nest.
  std::uint32_t any_source() {
    const std::size_t count = sources_.size();
    return static_cast<std::uint32_t>(random_.chance(2) ? count - 1 : random_.below(count));
  }
  std::uint32_t any_step() {
    const std::size_t skipped = random_.chance(2) ? 0 : random_.below(steps_.size());
    return static_cast<std::uint32_t>(sources_.size() - 1 - skipped);
  }

  static sql::Input from(std::uint32_t source) {
    sql::Input input;
    input.source = source;
    return input;
  }

  Expression any() {
    std::vector<Expression> all;
    for (std::uint32_t r = 0; r < scope_.size(); r++) {
      for (std::uint32_t c = 0; c < scope_[r].size(); c++) all.push_back(expressions_.column(r, c));
    }
    if (!all.empty() && !random_.chance(4)) return all[random_.below(all.size())];
    return expressions_.make(random_.type(), 2);
  }

  Expression any_number() {
    const bool integer = random_.chance(2);
    const auto scale = static_cast<std::uint8_t>(integer ? 0 : 1 + random_.below(4));
    return expressions_.make({integer ? Type::integer : Type::decimal, scale}, 2);
  }

  void read(std::vector<RandomExpression::Columns> scope) {
    scope_ = std::move(scope);
    expressions_.set_scope(scope_);
  }

  // Often that a column is equal to one of another input: else little is true.
  Expression join_condition() {
    std::vector<Expression> equalities;
    const auto last = static_cast<std::uint32_t>(scope_.size() - 1);
    for (std::uint32_t c = 0; c < scope_[last].size(); c++) {
      for (std::uint32_t r = 0; r < last; r++) {
        for (std::uint32_t d = 0; d < scope_[r].size(); d++) {
          if (scope_[r][d].type != scope_[last][c].type) continue;
          Expression e;
          e.op = random_.chance(3) ? sql::Op::less_equal : sql::Op::equal;
          e.type = {Type::boolean, 0};
          e.high = 1;
          e.children = {expressions_.column(r, d), expressions_.column(last, c)};
          equalities.push_back(std::move(e));
        }
      }
    }
    if (equalities.empty() || random_.chance(3)) return expressions_.condition();
    Expression chosen = equalities[random_.below(equalities.size())];
    if (!random_.chance(3)) return chosen;
    Expression both;
    both.op = sql::Op::logical_and;
    both.type = {Type::boolean, 0};
    both.high = 1;
    both.children = {std::move(chosen), expressions_.make({Type::boolean, 0}, 2)};
    return both;
  }

  void add_join() {
    Step step;
    step.inputs = {from(any_source())};
    std::vector<RandomExpression::Columns> readable = {sources_[step.inputs[0].source].columns};
    std::size_t rows = sources_[step.inputs[0].source].rows;
    const std::size_t inputs = 1 + random_.below(3);
    while (step.inputs.size() < inputs) {
      sql::Input input = from(any_source());
      const RandomSource& source = sources_[input.source];
      input.kind = static_cast<JoinKind>(random_.below(6));
      const bool half = input.kind == JoinKind::semi || input.kind == JoinKind::anti;
      const std::size_t most = rows * source.rows + rows + source.rows;
      if (!half && most > kRowsMax) break;
      if (!half) rows = most;
      readable.push_back(source.columns);
      read(readable);
      input.has_condition = !random_.chance(4);
      if (input.has_condition) input.condition = join_condition();
      if (half) readable.back().clear();
      step.inputs.push_back(std::move(input));
    }
    read(readable);
    step.has_filter = random_.chance(3);
    if (step.has_filter) step.filter = expressions_.condition();
    const std::size_t columns = random_.chance(10) ? 0 : 1 + random_.below(4);
    for (std::size_t i = 0; i < columns; i++) step.columns.push_back(any());
    step.distinct = random_.chance(4);
    add(std::move(step), rows);
  }

  void add_group() {
    Step step;
    step.kind = StepKind::group;
    step.inputs = {from(any_source())};
    const RandomSource source = sources_[step.inputs[0].source];
    read({source.columns});
    const std::size_t columns = random_.below(3);
    for (std::size_t i = 0; i < columns; i++) step.columns.push_back(any());
    const std::size_t aggregates = random_.below(4);
    for (std::size_t i = 0; i < aggregates; i++) {
      step.aggregates.push_back(aggregate(static_cast<RowFunction>(random_.below(7))));
    }
    add(std::move(step), source.rows);
  }

  sql::RowAggregate aggregate(RowFunction function) {
    sql::RowAggregate out;
    out.function = function;
    out.low = 0;
    out.high = sql::kPersonRowsMax;
    switch (function) {
      case RowFunction::rows:
      case RowFunction::row_number:
      case RowFunction::rank:
      case RowFunction::dense_rank: break;
      case RowFunction::values:
      case RowFunction::distinct: out.argument = any(); break;
      case RowFunction::sum: sum(out); break;
      case RowFunction::average: average(out); break;
      case RowFunction::minimum:
      case RowFunction::maximum:
      case RowFunction::lag:
      case RowFunction::lead:
      case RowFunction::first_value:
      case RowFunction::last_value:
        out.argument = any();
        out.type = out.argument.type;
        out.low = out.argument.low;
        out.high = out.argument.high;
        break;
    }
    return out;
  }

  void sum(sql::RowAggregate& out) {
    out.argument = any_number();
    out.type = out.argument.type;
    out.low = random_.chance(3) ? kMin : random_.value_in({-100, 1000});
    out.high = random_.chance(3) ? kMax : random_.value_in({-100, 1000});
    if (out.low > out.high) std::swap(out.low, out.high);
  }

  void average(sql::RowAggregate& out) {
    out.argument = any_number();
    out.type = out.argument.type;
    out.low = out.argument.low;
    out.high = out.argument.high;
    for (std::uint64_t more = random_.below(7); more > 0; more--) {
      if (out.low < kMin / 10 || out.high > kMax / 10) return;
      out.type = {Type::decimal, static_cast<std::uint8_t>(out.type.scale + 1)};
      out.low *= 10;
      out.high *= 10;
    }
  }

  void add_window() {
    Step step;
    step.kind = StepKind::window;
    step.inputs = {from(any_step())};
    const RandomSource source = sources_[step.inputs[0].source];
    read({source.columns});
    for (std::uint32_t c = 0; c < source.columns.size(); c++) {
      step.columns.push_back(expressions_.column(0, c));
    }
    const std::size_t windows = 1 + random_.below(3);
    for (std::size_t i = 0; i < windows; i++) step.windows.push_back(window());
    add(std::move(step), source.rows);
  }

  sql::Window window() {
    sql::Window out;
    RowFunction function = RowFunction::distinct;
    while (function == RowFunction::distinct) {
      function = static_cast<RowFunction>(random_.below(14));
    }
    out.value = aggregate(function);
    const bool moves = function == RowFunction::lag || function == RowFunction::lead;
    const bool ranks = function == RowFunction::row_number || function == RowFunction::rank ||
                       function == RowFunction::dense_rank;
    if (moves) out.offset = random_.chance(9) ? sql::kWindowOffsetMax : random_.value_in({0, 3});
    if (!moves && !ranks) out.frame = static_cast<Frame>(random_.below(4));
    if (out.frame == Frame::offsets) {
      out.first = random_.value_in({-3, 2});
      out.last = out.first + random_.value_in({0, 3});
      if (random_.chance(5)) out.first = -std::int64_t{sql::kPersonRowsMax};
      if (out.value.function == RowFunction::rows)
        out.value.low = std::min(out.value.low, std::int64_t{0});
    }
    const std::size_t partition = random_.below(3);
    for (std::size_t i = 0; i < partition; i++) out.partition.push_back(any());
    const std::size_t order = random_.below(3);
    for (std::size_t i = 0; i < order; i++) {
      out.order.push_back({any(), random_.chance(2), random_.chance(2)});
    }
    return out;
  }

  // A step, and rows made to look like its own; sometimes itself again.
  void add_append() {
    const std::uint32_t first = any_step();
    const RandomSource like = sources_[first];
    const std::uint32_t other = any_source();
    const std::size_t rows = 2 * like.rows + sources_[other].rows;
    if (rows > kRowsMax) return add_join();
    Step alike;
    alike.inputs = {from(other)};
    read({sources_[other].columns});
    for (const sql::StepColumn& column : like.columns) {
      alike.columns.push_back(expressions_.make(column.type, 1));
    }
    const std::size_t other_rows = sources_[other].rows;
    add(std::move(alike), other_rows);
    Step step;
    step.kind = StepKind::append;
    step.inputs = {from(first), from(static_cast<std::uint32_t>(sources_.size() - 1))};
    if (random_.chance(3)) step.inputs.push_back(from(first));
    read({like.columns});
    for (std::uint32_t c = 0; c < like.columns.size(); c++) {
      Expression e = expressions_.column(0, c);
      e.low = std::min(e.low, sources_.back().columns[c].low);
      e.high = std::max(e.high, sources_.back().columns[c].high);
      step.columns.push_back(std::move(e));
    }
    step.distinct = random_.chance(2);
    add(std::move(step), rows);
  }

  Randomness& random_;
  RandomExpression expressions_;
  std::vector<RandomSource> sources_;
  std::vector<Step> steps_;
  std::vector<RandomExpression::Columns> scope_;
};

}  // namespace

std::vector<Step> random_steps(Randomness& random, std::vector<RandomSource> tables) {
  return StepGenerator(random, std::move(tables)).make();
}

}  // namespace gbx::engine
