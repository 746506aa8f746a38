// What DuckDB makes of rendered SQL is what the reference evaluator says, for random expressions on
// random rows. Fixed seeds.

#include "engine/duckdb/render_expression.h"

#include <gtest/gtest.h>

#include <array>
#include <set>

#include "tests/sql/random_rows.h"
#include "trusted/sql/build.h"
#include "trusted/sql/catalog.h"
#include "trusted/sql/evaluate.h"
#include "trusted/sql/text_functions.h"

namespace gbx::sql {
namespace {

using engine::render_expression;

constexpr ValueType kInteger{Type::integer, 0};
constexpr ValueType kMoney{Type::decimal, 2};
constexpr ValueType kDate{Type::date, 0};
constexpr ValueType kTimestamp{Type::timestamp, 0};
constexpr ValueType kBoolean{Type::boolean, 0};
constexpr ValueType kText{Type::text, 0};
constexpr std::array kColumns = {kInteger, kMoney, kDate, kTimestamp, kBoolean, kText};

Range range_of(ValueType type) {
  if (type == kDate) return {-800'000, 80'000};
  if (type == kTimestamp) return {-60'000'000'000'000'000, 6'000'000'000'000'000};
  if (type == kBoolean) return {0, 1};
  if (type == kText) return {0, 0};
  return {-1000, 1000};
}

Cell random_cell(Random& random, ValueType type) {
  if (random.chance(20)) return {};
  if (type == kText) return random_text(random);
  const Range range = range_of(type);
  return random.between(range.low, range.high);
}

Expression column(Random& random, ValueType type) {
  Expression out;
  out.op = Op::column;
  out.type = type;
  for (std::size_t i = 0; i < kColumns.size(); i++) {
    if (kColumns[i] == type) out.column = static_cast<std::uint32_t>(i);
  }
  const Range range = range_of(type);
  out.low = range.low;
  out.high = range.high;
  if (!random.chance(30)) return out;
  const Cell cell = random_cell(random, type);
  if (const auto* number = std::get_if<std::int64_t>(&cell)) return make_literal(*number, type, {});
  if (const auto* text = std::get_if<std::string>(&cell)) return make_text(*text, {});
  return make_null(type, {});
}

class Generator {
 public:
  explicit Generator(Random& random) : random_(&random) {}

  // A random expression of `type`; retries what the builder refuses.
  Expression of(ValueType type, int depth) {
    if (depth == 0 || random_->chance(15)) return column(*random_, type);
    for (int i = 0; i < 20; i++) {
      Result<Expression> out = attempt(type, depth - 1);
      if (out && out->type == type) return *out;
    }
    return column(*random_, type);
  }

 private:
  ValueType any() { return kColumns[static_cast<std::size_t>(random_->below(6))]; }

  Result<Expression> attempt(ValueType type, int depth) {
    if (random_->chance(15)) return choice(type, depth);
    if (type == kBoolean) return condition(depth);
    if (type == kText) return text(depth);
    if (type == kDate) return date(depth);
    if (type == kTimestamp) return make_cast(of(kDate, depth), kTimestamp, {});
    return number(type, depth);
  }

  Result<Expression> choice(ValueType type, int depth) {
    std::vector<Expression> parts;
    if (random_->chance(50)) {
      parts.push_back(of(type, depth));
      parts.push_back(of(type, depth));
      return make_coalesce(std::move(parts), {});
    }
    parts.push_back(of(kBoolean, depth));
    parts.push_back(of(type, depth));
    parts.push_back(of(type, depth));
    return make_case(std::move(parts), {});
  }

  Result<Expression> condition(int depth) {
    const std::int64_t pick = random_->below(10);
    if (pick < 2) {
      std::vector<Expression> parts;
      for (std::int64_t i = random_->between(2, 3); i > 0; i--)
        parts.push_back(of(kBoolean, depth));
      return make_logical(random_->chance(50) ? Op::logical_and : Op::logical_or, std::move(parts),
                          {});
    }
    if (pick == 2) return make_not(of(kBoolean, depth), {});
    if (pick == 3) return make_is_null(of(any(), depth), {});
    if (pick == 4 && random_->chance(50)) {
      return make_escaped_like(of(kText, depth), "%\\%" + random_text(*random_) + "\\__", {});
    }
    if (pick == 4) return make_like(of(kText, depth), make_text(random_text(*random_), {}), {});
    const ValueType type = any();
    if (pick == 5) {
      std::vector<Expression> parts = {of(type, depth)};
      for (int i = 0; i < 3; i++) {
        Expression entry = column(*random_, type);
        if (entry.op == Op::literal) parts.push_back(std::move(entry));
      }
      return make_in(std::move(parts), {});
    }
    constexpr std::array kOps = {Op::equal,      Op::not_equal, Op::less,
                                 Op::less_equal, Op::greater,   Op::greater_equal};
    const Op op = kOps[static_cast<std::size_t>(random_->below(kOps.size()))];
    const ValueType other = type == kInteger ? kMoney : type == kDate ? kTimestamp : type;
    return make_comparison(op, of(type, depth), of(random_->chance(50) ? other : type, depth), {});
  }

  Result<Expression> text(int depth) {
    const std::int64_t pick = random_->below(10);
    if (pick < 2) {
      return make_shown(of(pick == 0 ? any() : random_->chance(50) ? kInteger : kMoney, depth), {});
    }
    if (pick == 2) return formatted(depth);
    if (pick == 3) return concat(depth);
    if (pick < 7) return call(depth);
    constexpr std::array kOps = {Op::lower, Op::upper, Op::prefix, Op::suffix, Op::rest, Op::trim};
    const Op op = kOps[static_cast<std::size_t>(random_->below(kOps.size()))];
    const std::int64_t value = op == Op::trim ? random_->between(1, 3) : random_->below(4);
    return make_text_function(op, of(kText, depth), value, {});
  }

  // A literal that is not empty; often a part of the texts that there are.
  Expression some_text() {
    for (;;) {
      std::string out = random_text(*random_);
      if (random_->chance(60)) out = std::string(text_prefix(out, 1));
      if (!out.empty()) return make_text(std::move(out), {});
    }
  }

  Result<Expression> call(int depth) {
    constexpr std::array kOps = {Op::replace, Op::split_part, Op::pad_left, Op::pad_right,
                                 Op::reverse, Op::capitals,   Op::trim,     Op::position};
    const Op op = kOps[static_cast<std::size_t>(random_->below(kOps.size()))];
    std::vector<Expression> parts = {of(kText, depth)};
    const bool pads = op == Op::pad_left || op == Op::pad_right;
    if (pads) parts.push_back(make_literal(random_->below(9), kInteger, {}));
    if (op != Op::reverse && op != Op::capitals) parts.push_back(some_text());
    if (op == Op::replace) parts.push_back(random_->chance(30) ? make_text("", {}) : some_text());
    if (op == Op::split_part) parts.push_back(make_literal(random_->between(1, 3), kInteger, {}));
    GBX_TRY_ASSIGN(Expression out,
                   make_text_call(op, std::move(parts), random_->between(1, 3), {}));
    if (op != Op::position) return out;
    return make_shown(
        make_clamp({std::move(out), make_literal(0, kInteger, {}), make_literal(9, kInteger, {})},
                   {})
            .value(),
        {});
  }

  Result<Expression> concat(int depth) {
    std::vector<Expression> parts;
    for (std::int64_t i = random_->between(2, 4); i > 0; i--) {
      const bool number = random_->chance(30);
      GBX_TRY_ASSIGN(Expression part, make_shown(of(number ? kBoolean : kText, depth), {}));
      parts.push_back(random_->chance(50) ? some_text() : std::move(part));
    }
    return make_concat(std::move(parts), {});
  }

  Result<Expression> formatted(int depth) {
    constexpr std::array<std::string_view, 6> kFormats = {
        "%S %M|%H%%%I%p", "%M/%H", "%H:00", "%Y-%m-%d %a %A %w %j", "%b %B %m %y", "in %Y"};
    const auto unit = random_->between(1, 6);
    Expression number = of(kInteger, depth);
    if (unit == 4 && random_->chance(50)) number = of(kDate, depth);
    return make_formatted(std::move(number), static_cast<TimeUnit>(unit),
                          std::string(kFormats[static_cast<std::size_t>(unit - 1)]), {});
  }

  Result<Expression> date(int depth) {
    constexpr std::array kOps = {Op::date_of, Op::truncate_year, Op::truncate_quarter,
                                 Op::truncate_month, Op::truncate_week};
    const std::int64_t pick = random_->below(8);
    if (pick == 2) return make_months_later(of(kDate, depth), random_->between(-30, 30), {});
    if (pick == 0) return make_arithmetic(Op::add, of(kDate, depth), of(kInteger, depth), {});
    if (pick == 1) return make_arithmetic(Op::subtract, of(kDate, depth), of(kInteger, depth), {});
    const Op op = kOps[static_cast<std::size_t>(random_->below(kOps.size()))];
    const bool moment = op == Op::date_of || random_->chance(50);
    return make_date_function(op, of(moment ? kTimestamp : kDate, depth), {});
  }

  Result<Expression> number(ValueType type, int depth) {
    constexpr std::array kParts = {Op::year, Op::quarter, Op::month, Op::day, Op::day_of_week};
    const std::int64_t pick = random_->below(8);
    if (random_->chance(30)) return quotient(type, depth);
    if (type == kInteger && pick == 0) {
      const Op op = kParts[static_cast<std::size_t>(random_->below(kParts.size()))];
      return make_date_function(op, of(random_->chance(50) ? kDate : kTimestamp, depth), {});
    }
    if (type == kInteger && pick == 1) {
      return make_arithmetic(Op::subtract, of(kDate, depth), of(kDate, depth), {});
    }
    if (pick == 2) return make_negate(of(type, depth), {});
    if (pick == 3 && random_->chance(50)) return make_absolute(of(type, depth), {});
    if (pick == 3) {
      const std::int64_t low = random_->below(200) - 100;
      return make_clamp({of(type, depth), make_literal(low, type, {}),
                         make_literal(low + random_->below(300), type, {})},
                        {});
    }
    if (type == kMoney && pick == 4) return make_cast(of(kInteger, depth), kMoney, {});
    const Op op = pick < 6 ? Op::add : pick == 6 ? Op::subtract : Op::multiply;
    return make_arithmetic(op, of(type, depth), of(kInteger, depth), {});
  }

  Result<Expression> quotient(ValueType type, int depth) {
    const auto rounding = static_cast<Rounding>(random_->below(4));
    const std::int64_t pick = random_->below(5);
    if (pick == 0) return make_division(of(kInteger, depth), of(type, depth), {});
    if (pick == 1) return make_rounded(of(kMoney, depth), type.scale, rounding, {});
    if (pick == 2 && type == kInteger) {
      return make_text_function(Op::length, of(kText, depth), 0, {});
    }
    Expression divisor = of(type, depth);
    if (random_->chance(50)) divisor = make_literal(random_->between(-9, 9), type, {});
    if (pick == 3) {
      const Rounding kept = random_->chance(50) ? Rounding::down : Rounding::to_zero;
      return make_remainder(of(type, depth), std::move(divisor), {type, kept}, {});
    }
    return make_quotient(of(type, depth), std::move(divisor), {type, rounding, random_->below(13)},
                         {});
  }

  Random* random_;
};

std::vector<std::vector<Cell>> fill(Duckdb& duckdb, Random& random, int rows) {
  duckdb.run(
      "CREATE TABLE t0 (p BIGINT, h INTEGER, c0 BIGINT, c1 BIGINT, c2 BIGINT, c3 BIGINT, "
      "c4 BIGINT, c5 VARCHAR)");
  std::vector<std::vector<Cell>> out;
  std::string insert = "INSERT INTO t0 VALUES ";
  for (int i = 0; i < rows; i++) {
    std::vector<Cell> row;
    insert += (i == 0 ? "(" : ", (") + std::to_string(i) + ", 0";
    for (const ValueType type : kColumns) {
      row.push_back(random_cell(random, type));
      insert += ", " + literal_of(row.back());
    }
    insert += ")";
    out.push_back(std::move(row));
  }
  duckdb.run(insert);
  return out;
}

std::optional<std::string> shown(const Cell& cell, ValueType type) {
  if (const auto* text = std::get_if<std::string>(&cell)) return *text;
  const auto* number = std::get_if<std::int64_t>(&cell);
  if (number == nullptr) return std::nullopt;
  if (type == kBoolean) return *number != 0 ? "true" : "false";
  return std::to_string(*number);
}

TEST(render, every_random_expression_means_in_duckdb_what_it_means_here) {
  Duckdb duckdb;
  Random random(20240229);
  const auto rows = fill(duckdb, random, 60);
  Generator generator(random);
  std::set<Op> met;
  const auto note = [&](const Expression& e, const auto& self) -> void {
    met.insert(e.op);
    for (const Expression& child : e.children) self(child, self);
  };
  for (int i = 0; i < 600; i++) {
    const ValueType type = kColumns[static_cast<std::size_t>(i) % kColumns.size()];
    const Expression expression = generator.of(type, 4);
    note(expression, note);
    const std::string sql =
        "SELECT " + render_expression(expression, {"t0.c"}) + " FROM t0 ORDER BY p";
    const auto answer = duckdb.rows(sql);
    ASSERT_EQ(answer.size(), rows.size());
    for (std::size_t r = 0; r < rows.size(); r++) {
      const Cell cell = evaluate(expression, RowView(&rows[r], 1));
      ASSERT_EQ(answer[r][0], shown(cell, type)) << sql << "\nrow " << r;
      const auto* number = std::get_if<std::int64_t>(&cell);
      if (number == nullptr) continue;
      ASSERT_GE(*number, expression.low) << sql;
      ASSERT_LE(*number, expression.high) << sql;
    }
  }
  for (int op = 0; op < static_cast<int>(Op::output); op++) {
    EXPECT_TRUE(met.count(static_cast<Op>(op))) << op_name(static_cast<Op>(op)) << " was not met";
  }
}

TEST(render, the_ends_of_every_type_survive) {
  Duckdb duckdb;
  for (const std::int64_t value :
       {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max(),
        std::int64_t{0}, std::int64_t{-1}}) {
    const auto rows =
        duckdb.rows("SELECT " + render_expression(make_literal(value, kInteger, {}), {}));
    EXPECT_EQ(rows[0][0], std::to_string(value));
  }
  for (const std::int64_t day : {storage_range(kDate).low, storage_range(kDate).high}) {
    for (const Op op : {Op::truncate_week, Op::truncate_year, Op::day_of_week, Op::day}) {
      const auto call = make_date_function(op, make_literal(day, kDate, {}), {});
      ASSERT_TRUE(call);
      EXPECT_EQ(duckdb.rows("SELECT " + render_expression(*call, {}))[0][0],
                std::to_string(date_function(op, day)));
    }
  }
  for (const std::int64_t moment :
       {storage_range(kTimestamp).low, storage_range(kTimestamp).high, std::int64_t{-1}}) {
    const auto call = make_date_function(Op::date_of, make_literal(moment, kTimestamp, {}), {});
    ASSERT_TRUE(call);
    EXPECT_EQ(duckdb.rows("SELECT " + render_expression(*call, {}))[0][0],
              std::to_string(day_of_timestamp(moment)));
  }
}

TEST(render, text_is_quoted) {
  Duckdb duckdb;
  const std::string nasty = "'; DROP TABLE t0; -- \\' \" $$ \n";
  EXPECT_EQ(duckdb.rows("SELECT " + render_expression(make_text(nasty, {}), {}))[0][0], nasty);
}

}  // namespace
}  // namespace gbx::sql
