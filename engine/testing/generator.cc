#include "engine/testing/generator.h"

#include <algorithm>
#include <array>
#include <limits>

namespace gbx::engine {
namespace {

using sql::Expression;
using sql::Op;

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kDayLow = -719162;   // 0001-01-01
constexpr std::int64_t kDayHigh = 2932896;  // 9999-12-31
constexpr std::int64_t kMicrosPerDay = 86'400'000'000;

constexpr std::array<std::string_view, 16> kTexts = {
    "",    "a",   "A",    "aB", "north", "North", "no%th", "n_rth",
    "öst", "Öst", "東京", "東", "😀x",   "it's",  "a\"b",  "zzzzzzzzzzzzzzzzzzzzzzzzz"};
constexpr std::array<std::string_view, 8> kPatterns = {
    "%", "_", "n%", "%th", "%_r%", "\xE6\x9D\xB1_", "", "a%b%"};

struct Interval {
  std::int64_t low;
  std::int64_t high;
};

// Values of each type that columns hold.
Interval interval_of(Type type, std::uint64_t variant) {
  switch (type) {
    case Type::boolean: return {0, 1};
    case Type::integer:
      if (variant % 8 == 0) return {kMin, kMax};
      if (variant % 8 == 1) return {-4'000'000'000'000'000'000, 4'000'000'000'000'000'000};
      return {-5, 9};
    case Type::decimal:
      if (variant % 8 == 0) return {-900'000'000'000'000'000, 900'000'000'000'000'000};
      return {0, 5000};
    case Type::date:
      if (variant % 4 == 0) return {kDayLow, kDayHigh};
      return {20000, 20030};
    case Type::timestamp:
      if (variant % 4 == 0) return {kDayLow * kMicrosPerDay, kDayHigh * kMicrosPerDay};
      return {-2 * kMicrosPerDay, 3 * kMicrosPerDay};
    case Type::text: break;
  }
  return {0, 0};
}

class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}

  GeneratedCase make() {
    make_persons();
    const std::size_t tables = 1 + below(3);
    for (std::size_t t = 0; t < tables; t++) make_table(t);
    make_task();
    return std::move(out_);
  }

 private:
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
  bool chance(std::uint64_t one_in) { return below(one_in) == 0; }

  std::int64_t value_in(Interval in) {
    const std::uint64_t width =
        static_cast<std::uint64_t>(in.high) - static_cast<std::uint64_t>(in.low);
    if (chance(8)) return in.low;
    if (chance(8)) return in.high;
    const std::uint64_t offset = width == ~std::uint64_t{0} ? random_() : below(width + 1);
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(in.low) + offset);
  }

  void make_persons() {
    const std::size_t count = 1 + below(60);
    for (std::size_t i = 0; i < count; i++) {
      Token token{};
      for (std::uint8_t& byte : token) byte = static_cast<std::uint8_t>(random_());
      if (chance(4)) std::fill_n(token.begin(), 12, std::uint8_t{0xff});
      if (chance(6)) std::fill_n(token.begin(), 9, std::uint8_t{0});
      persons_.push_back(token);
    }
  }

  ValueType make_type() {
    const auto type = static_cast<Type>(below(6));
    std::uint8_t scale = 0;
    if (type == Type::decimal) scale = static_cast<std::uint8_t>(1 + below(4));
    return {type, scale};
  }

  Cell make_cell(ValueType type, Interval in) {
    if (type.type == Type::text) return std::string(kTexts[below(kTexts.size())]);
    return value_in(in);
  }

  void make_table(std::size_t t) {
    std::vector<snapshot::ColumnInfo> columns;
    std::vector<Interval> intervals;
    const std::size_t count = 1 + below(4);
    for (std::size_t c = 0; c < count; c++) {
      const ValueType type = make_type();
      columns.push_back({"c" + std::to_string(c), type, !chance(3)});
      intervals.push_back(interval_of(type.type, random_()));
    }
    std::vector<MemoryRow> rows;
    const std::size_t total = chance(12) ? 0 : below(100);
    for (std::size_t r = 0; r < total; r++) {
      MemoryRow row;
      row.person = persons_[chance(4) ? 0 : below(persons_.size())];  // skew
      for (std::size_t c = 0; c < count; c++) {
        const bool null = columns[c].nullable && chance(5);
        row.cells.push_back(null ? Cell() : make_cell(columns[c].type, intervals[c]));
      }
      rows.push_back(std::move(row));
    }
    columns_.push_back(columns);
    intervals_.push_back(intervals);
    out_.task.tables.push_back("t" + std::to_string(t));
    out_.tables.push_back(
        std::make_unique<MemoryTable>(std::move(columns), std::move(rows), 1 + below(20)));
  }

  void make_task() {
    sql::Task& task = out_.task;
    task.has_filter = chance(2);
    if (task.has_filter) task.filter = make_filter();
    const std::size_t groups = below(4);
    for (std::size_t g = 0; g < groups; g++) task.groups.push_back(make(make_type(), 2));
    const std::size_t measures = below(4);
    for (std::size_t m = 0; m < measures; m++) task.measures.push_back(make_measure());
    if (chance(2)) add_bounded();
    task.groups_per_person = static_cast<std::uint32_t>(1 + below(4));
    if (chance(6)) task.groups_max = static_cast<std::uint32_t>(1 + below(8));
    const bool small = chance(3);  // ties of ranks
    const std::uint64_t bound = small ? 2 : 2147483646;
    task.sampling = {static_cast<std::uint32_t>(1 + below(bound)),
                     static_cast<std::uint32_t>(1 + below(bound)),
                     static_cast<std::uint32_t>(1 + below(bound))};
  }

  // Somewhere among the others, and watching some of them.
  void add_bounded() {
    sql::Measure bounded;
    bounded.kind = sql::MeasureKind::bounded;
    bounded.high = 1;
    std::vector<sql::Measure>& measures = out_.task.measures;
    const std::size_t place = below(measures.size() + 1);
    for (std::uint32_t i = 0; i <= measures.size(); i++) {
      if (i != place && !chance(3)) bounded.watched.push_back(i);
    }
    measures.insert(measures.begin() + static_cast<std::ptrdiff_t>(place), bounded);
  }

  // Several conjuncts, so that some are of one table and some of all.
  Expression make_filter() {
    Expression filter = make({Type::boolean, 0}, 3);
    const std::size_t more = below(3);
    for (std::size_t i = 0; i < more; i++) {
      Expression both = node(Op::logical_and, {Type::boolean, 0}, {0, 1});
      both.children = {std::move(filter), make({Type::boolean, 0}, 2)};
      filter = std::move(both);
    }
    return filter;
  }

  sql::Measure make_measure() {
    sql::Measure measure;
    measure.kind = static_cast<sql::MeasureKind>(below(7));
    const bool number = measure.kind == sql::MeasureKind::sum ||
                        measure.kind == sql::MeasureKind::centred || sql::has_bins(measure.kind);
    if (measure.kind == sql::MeasureKind::values || measure.kind == sql::MeasureKind::distinct) {
      measure.argument = make(make_type(), 2);
    }
    if (number) {
      measure.argument =
          make(chance(2) ? ValueType{Type::integer, 0} : ValueType{Type::decimal, 2}, 2);
      const Interval in =
          chance(3) ? Interval{-1'000'000'000'000, 1'000'000'000'000} : Interval{-20, 3000};
      measure.row_low = value_in(in);
      measure.row_high = value_in(in);
      if (measure.row_low > measure.row_high) std::swap(measure.row_low, measure.row_high);
    }
    if (sql::has_bins(measure.kind)) {
      constexpr std::int64_t kEnd = std::int64_t{1} << 61;
      if (chance(6)) measure.row_low = -kEnd;
      if (chance(6)) measure.row_high = kEnd;
      measure.bins = chance(3) ? 16U : sql::bins_for(measure.row_low, measure.row_high);
      if (measure.kind == sql::MeasureKind::magnitudes) {
        measure.bins = sql::magnitudes_in(measure.row_low, measure.row_high);
      }
    }
    if (sql::keeps_values(measure.kind)) {
      measure.high = chance(8) ? sql::kValuesPerPersonMax : value_in({0, 5});
      return measure;
    }
    measure.low = value_in({-10000, 10000});
    measure.high = value_in({-10000, 10000});
    if (chance(4)) measure.high = 4'000'000'000'000'000;
    if (measure.low > measure.high) std::swap(measure.low, measure.high);
    return measure;
  }

  static Expression node(Op op, ValueType type, Interval in) {
    Expression e;
    e.op = op;
    e.type = type;
    e.low = in.low;
    e.high = in.high;
    return e;
  }

  Expression literal(ValueType type) {
    Interval in = interval_of(type.type, random_() | 2);
    Expression e = node(Op::literal, type, in);
    const Cell cell = make_cell(type, in);
    if (const auto* text = std::get_if<std::string>(&cell)) e.text = *text;
    if (const auto* number = std::get_if<std::int64_t>(&cell)) e.value = *number;
    e.low = e.high = e.value;
    return e;
  }

  Expression leaf(ValueType type) {
    std::vector<Expression> columns;
    for (std::uint32_t r = 0; r < columns_.size(); r++) {
      for (std::uint32_t c = 0; c < columns_[r].size(); c++) {
        if (columns_[r][c].type != type) continue;
        Expression e = node(Op::column, type, intervals_[r][c]);
        e.relation = r;
        e.column = c;
        columns.push_back(e);
      }
    }
    if (!columns.empty() && !chance(5)) return columns[below(columns.size())];
    if (chance(8)) return node(Op::null, type, {0, 0});
    return literal(type);
  }

  Expression make(ValueType type, std::uint32_t depth) {
    if (depth == 0 || chance(3)) return leaf(type);
    if (chance(6)) return choice(type, depth);
    const bool number = type.type == Type::integer || type.type == Type::decimal;
    if (number && chance(6)) return clamped(type, depth);
    switch (type.type) {
      case Type::boolean: return truth(depth);
      case Type::integer: return chance(2) ? arithmetic(type, depth) : part(depth);
      case Type::decimal: return chance(2) ? arithmetic(type, depth) : scaled(type, depth);
      case Type::date: return day(depth);
      case Type::timestamp: return leaf(type);
      case Type::text: return text(depth);
    }
    return leaf(type);
  }

  Expression choice(ValueType type, std::uint32_t depth) {
    Expression e = node(chance(2) ? Op::coalesce : Op::case_when, type, {0, 0});
    const std::size_t whens = 1 + below(2);
    for (std::size_t i = 0; i < whens; i++) {
      if (e.op == Op::case_when) e.children.push_back(make({Type::boolean, 0}, depth - 1));
      e.children.push_back(make(type, depth - 1));
    }
    e.children.push_back(make(type, depth - 1));
    for (std::size_t i = 0; i < e.children.size(); i++) {
      const bool condition = e.op == Op::case_when && i % 2 == 0 && i + 1 < e.children.size();
      if (condition) continue;
      e.low = std::min(e.low, e.children[i].low);
      e.high = std::max(e.high, e.children[i].high);
    }
    return e;
  }

  Expression truth(std::uint32_t depth) {
    const ValueType boolean{Type::boolean, 0};
    const std::uint64_t kind = below(9);
    Expression e = node(Op::logical_not, boolean, {0, 1});
    if (kind < 4) {
      constexpr std::array<Op, 6> kCompare = {Op::equal,      Op::not_equal, Op::less,
                                              Op::less_equal, Op::greater,   Op::greater_equal};
      const ValueType type = make_type();
      e.op = kCompare[below(kCompare.size())];
      e.children = {make(type, depth - 1), make(type, depth - 1)};
    } else if (kind == 4) {
      e.op = chance(2) ? Op::logical_and : Op::logical_or;
      e.children = {make(boolean, depth - 1), make(boolean, depth - 1)};
    } else if (kind == 5) {
      e.children = {make(boolean, depth - 1)};
    } else if (kind == 6) {
      e.op = Op::is_null;
      e.children = {make(make_type(), depth - 1)};
    } else if (kind == 7) {
      const ValueType type = make_type();
      e.op = Op::in_list;
      e.children = {make(type, depth - 1)};
      const std::size_t items = 1 + below(4);
      for (std::size_t i = 0; i < items; i++) e.children.push_back(literal(type));
    } else {
      e.op = Op::like;
      e.text = kPatterns[below(kPatterns.size())];
      e.children = {make({Type::text, 0}, depth - 1)};
    }
    return e;
  }

  // Refuses what could leave int64, as the binder does.
  Expression arithmetic(ValueType type, std::uint32_t depth) {
    constexpr std::array<Op, 5> kOps = {Op::add, Op::subtract, Op::multiply, Op::negate,
                                        Op::absolute};
    const Op op = kOps[below(kOps.size())];
    Expression e = node(op, type, {0, 0});
    e.children = {make(type, depth - 1)};
    const bool multiplies = op == Op::multiply;
    if (op == Op::add || op == Op::subtract) e.children.push_back(make(type, depth - 1));
    if (multiplies) e.children.push_back(make({Type::integer, 0}, depth - 1));
    const Expression& a = e.children[0];
    const Expression& b = e.children.back();
    std::vector<Int128> corners;
    for (const Int128 x : {Int128{a.low}, Int128{a.high}}) {
      for (const Int128 y : {Int128{b.low}, Int128{b.high}}) {
        if (op == Op::add) corners.push_back(x + y);
        if (op == Op::subtract) corners.push_back(x - y);
        if (op == Op::multiply) corners.push_back(x * y);
        if (op == Op::negate) corners.push_back(-x);
        if (op == Op::absolute) corners.push_back(x < 0 ? -x : x);
      }
    }
    if (op == Op::absolute && a.low < 0 && a.high > 0) corners.push_back(0);
    const auto [low, high] = std::minmax_element(corners.begin(), corners.end());
    if (*low < kMin || *high > kMax) return leaf(type);
    e.low = static_cast<std::int64_t>(*low);
    e.high = static_cast<std::int64_t>(*high);
    return e;
  }

  Expression clamped(ValueType type, std::uint32_t depth) {
    Expression low = literal(type);
    Expression high = literal(type);
    if (low.value > high.value) std::swap(low, high);
    Expression e = node(Op::clamp, type, {low.value, high.value});
    e.children = {make(type, depth - 1), low, high};
    return e;
  }

  Expression scaled(ValueType type, std::uint32_t depth) {
    Expression e = node(Op::rescale, type, {0, 0});
    e.value = type.scale;
    e.children = {make({Type::integer, 0}, depth - 1)};
    std::int64_t factor = 1;
    for (std::int64_t i = 0; i < e.value; i++) factor *= 10;
    if (__builtin_mul_overflow(e.children[0].low, factor, &e.low) ||
        __builtin_mul_overflow(e.children[0].high, factor, &e.high)) {
      return leaf(type);
    }
    return e;
  }

  // A part of a date or timestamp, or the days between two dates.
  Expression part(std::uint32_t depth) {
    const ValueType integer{Type::integer, 0};
    if (chance(4)) {
      Expression e = node(Op::subtract, integer, {kDayLow - kDayHigh, kDayHigh - kDayLow});
      e.children = {make({Type::date, 0}, depth - 1), make({Type::date, 0}, depth - 1)};
      return e;
    }
    struct Part {
      Op op;
      Interval in;
    };
    constexpr std::array<Part, 5> kParts = {{{Op::year, {1, 9999}},
                                             {Op::quarter, {1, 4}},
                                             {Op::month, {1, 12}},
                                             {Op::day, {1, 31}},
                                             {Op::day_of_week, {1, 7}}}};
    const Part part = kParts[below(kParts.size())];
    Expression e = node(part.op, integer, part.in);
    e.children = {make({chance(2) ? Type::date : Type::timestamp, 0}, depth - 1)};
    return e;
  }

  Expression day(std::uint32_t depth) {
    const ValueType date{Type::date, 0};
    constexpr std::array<Op, 7> kOps = {Op::date_of,          Op::truncate_year, Op::truncate_month,
                                        Op::truncate_quarter, Op::truncate_week, Op::add,
                                        Op::subtract};
    Expression e = node(kOps[below(kOps.size())], date, {kDayLow, kDayHigh});
    if (e.op == Op::date_of) {
      e.children = {make({Type::timestamp, 0}, depth - 1)};
    } else if (e.op == Op::add || e.op == Op::subtract) {
      e.children = {make(date, depth - 1), literal({Type::integer, 0})};
      const std::int64_t reach = std::max(std::abs(e.children[1].low), std::int64_t{0});
      if (e.children[0].low < kDayLow + reach || e.children[0].high > kDayHigh - reach) {
        return leaf(date);
      }
    } else {
      e.children = {make(date, depth - 1)};
      // The week of 0001-01-01 starts on that day, a Monday: nothing leaves the calendar.
    }
    return e;
  }

  Expression text(std::uint32_t depth) {
    const ValueType type{Type::text, 0};
    constexpr std::array<Op, 3> kOps = {Op::lower, Op::upper, Op::prefix};
    Expression e = node(kOps[below(kOps.size())], type, {0, 0});
    e.value = static_cast<std::int64_t>(below(4));
    e.children = {make(type, depth - 1)};
    return e;
  }

  std::mt19937_64 random_;
  GeneratedCase out_;
  std::vector<Token> persons_;
  std::vector<std::vector<snapshot::ColumnInfo>> columns_;
  std::vector<std::vector<Interval>> intervals_;
};

}  // namespace

GeneratedCase generate_case(std::uint64_t seed) { return Generator(seed).make(); }

}  // namespace gbx::engine
