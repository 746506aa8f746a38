#include "engine/testing/generator.h"

#include <algorithm>
#include <map>

#include "engine/testing/random_steps.h"

namespace gbx::engine {
namespace {

class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed), expressions_(random_) {}

  GeneratedCase make() {
    make_persons(60);
    const std::size_t tables = 1 + random_.below(3);
    for (std::size_t t = 0; t < tables; t++) make_table(t, 100, 4);
    std::vector<RandomExpression::Columns> scope;
    for (const RandomSource& source : sources_) scope.push_back(source.columns);
    expressions_.set_scope(std::move(scope));
    out_.task.has_filter = random_.chance(2);
    if (out_.task.has_filter) out_.task.filter = expressions_.condition();
    make_task();
    return std::move(out_);
  }

  GeneratedCase make_with_steps() {
    make_persons(12);
    const std::size_t tables = 1 + random_.below(3);
    for (std::size_t t = 0; t < tables; t++) make_table(t, 40, 6);
    out_.task.steps = random_steps(random_, sources_);
    expressions_.set_scope({sql::columns_of(out_.task.steps.back())});
    make_task();
    return std::move(out_);
  }

 private:
  void make_persons(std::size_t most) {
    const std::size_t count = 1 + random_.below(most);
    for (std::size_t i = 0; i < count; i++) {
      Token token{};
      for (std::uint8_t& byte : token) byte = static_cast<std::uint8_t>(random_.word());
      if (random_.chance(4)) std::fill_n(token.begin(), 12, std::uint8_t{0xff});
      if (random_.chance(6)) std::fill_n(token.begin(), 9, std::uint8_t{0});
      persons_.push_back(token);
    }
  }

  // One row in `skew` is the first person's.
  void make_table(std::size_t t, std::size_t most, std::uint64_t skew) {
    std::vector<snapshot::ColumnInfo> columns;
    RandomSource source;
    const std::size_t count = 1 + random_.below(4);
    for (std::size_t c = 0; c < count; c++) {
      const ValueType type = random_.type();
      columns.push_back({"c" + std::to_string(c), type, !random_.chance(3)});
      const Interval in = interval_of(type.type, random_.word());
      source.columns.push_back({type, in.low, in.high});
    }
    std::vector<MemoryRow> rows;
    std::map<Token, std::size_t> by_person;
    const std::size_t total = random_.chance(12) ? 0 : random_.below(most);
    for (std::size_t r = 0; r < total; r++) {
      MemoryRow row;
      row.person = persons_[random_.chance(skew) ? 0 : random_.below(persons_.size())];
      source.rows = std::max(source.rows, ++by_person[row.person]);
      for (const sql::StepColumn& column : source.columns) {
        const bool null = columns[row.cells.size()].nullable && random_.chance(5);
        row.cells.push_back(null ? Cell() : random_.cell(column.type, {column.low, column.high}));
      }
      rows.push_back(std::move(row));
    }
    sources_.push_back(std::move(source));
    out_.task.tables.push_back("t" + std::to_string(t));
    out_.tables.push_back(
        std::make_unique<MemoryTable>(std::move(columns), std::move(rows), 1 + random_.below(20)));
  }

  void make_task() {
    sql::Task& task = out_.task;
    const std::size_t groups = random_.below(4);
    for (std::size_t g = 0; g < groups; g++)
      task.groups.push_back(expressions_.make(random_.type(), 2));
    const std::size_t measures = random_.below(4);
    for (std::size_t m = 0; m < measures; m++) task.measures.push_back(make_measure());
    if (random_.chance(2)) add_bounded();
    task.groups_per_person = static_cast<std::uint32_t>(1 + random_.below(4));
    if (random_.chance(6)) task.groups_max = static_cast<std::uint32_t>(1 + random_.below(8));
    const bool small = random_.chance(3);  // ties of ranks
    const std::uint64_t bound = small ? 2 : 2147483646;
    task.sampling = {static_cast<std::uint32_t>(1 + random_.below(bound)),
                     static_cast<std::uint32_t>(1 + random_.below(bound)),
                     static_cast<std::uint32_t>(1 + random_.below(bound))};
  }

  // Somewhere among the others, and watching some of them.
  void add_bounded() {
    sql::Measure bounded;
    bounded.kind = sql::MeasureKind::bounded;
    bounded.high = 1;
    std::vector<sql::Measure>& measures = out_.task.measures;
    const std::size_t place = random_.below(measures.size() + 1);
    for (std::uint32_t i = 0; i <= measures.size(); i++) {
      if (i != place && !random_.chance(3)) bounded.watched.push_back(i);
    }
    measures.insert(measures.begin() + static_cast<std::ptrdiff_t>(place), bounded);
  }

  sql::Measure make_measure() {
    sql::Measure measure;
    measure.kind = static_cast<sql::MeasureKind>(random_.below(7));
    const bool number = measure.kind == sql::MeasureKind::sum ||
                        measure.kind == sql::MeasureKind::centred || sql::has_bins(measure.kind);
    if (measure.kind == sql::MeasureKind::values || measure.kind == sql::MeasureKind::distinct) {
      measure.argument = expressions_.make(random_.type(), 2);
    }
    if (number) {
      measure.argument = expressions_.make(
          random_.chance(2) ? ValueType{Type::integer, 0} : ValueType{Type::decimal, 2}, 2);
      const Interval in =
          random_.chance(3) ? Interval{-1'000'000'000'000, 1'000'000'000'000} : Interval{-20, 3000};
      measure.row_low = random_.value_in(in);
      measure.row_high = random_.value_in(in);
      if (measure.row_low > measure.row_high) std::swap(measure.row_low, measure.row_high);
    }
    if (sql::has_bins(measure.kind)) {
      constexpr std::int64_t kEnd = std::int64_t{1} << 61;
      if (random_.chance(6)) measure.row_low = -kEnd;
      if (random_.chance(6)) measure.row_high = kEnd;
      measure.bins = random_.chance(3) ? 16U : sql::bins_for(measure.row_low, measure.row_high);
      if (measure.kind == sql::MeasureKind::magnitudes) {
        measure.bins = sql::magnitudes_in(measure.row_low, measure.row_high);
      }
    }
    if (sql::keeps_values(measure.kind)) {
      measure.high = random_.chance(8) ? sql::kValuesPerPersonMax : random_.value_in({0, 5});
      return measure;
    }
    measure.low = random_.value_in({-10000, 10000});
    measure.high = random_.value_in({-10000, 10000});
    if (random_.chance(4)) measure.high = 4'000'000'000'000'000;
    if (measure.low > measure.high) std::swap(measure.low, measure.high);
    return measure;
  }

  Randomness random_;
  RandomExpression expressions_;
  GeneratedCase out_;
  std::vector<Token> persons_;
  std::vector<RandomSource> sources_;  // the tables
};

}  // namespace

GeneratedCase generate_case(std::uint64_t seed) { return Generator(seed).make(); }

GeneratedCase generate_list_case(std::uint64_t seed) {
  GeneratedCase out = generate_case(seed);
  out.task.lists = true;
  return out;
}

GeneratedCase generate_case_with_steps(std::uint64_t seed) {
  return Generator(seed).make_with_steps();
}

}  // namespace gbx::engine
