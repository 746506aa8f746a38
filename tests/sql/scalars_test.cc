// What one expression means: DuckDB computes the analyst's own text over values made to be awkward,
// and our evaluator what the binder made of it. What differs on purpose (docs/reference/sql.md:
// capitals beyond ASCII, digits of quotients, types of dates, line breaks in patterns) is not here.

#include <gtest/gtest.h>

#include "tests/sql/syntax_tree.h"
#include "trusted/sql/bind.h"
#include "trusted/sql/evaluate.h"
#include "trusted/sql/parse.h"

namespace gbx::testing {
namespace {

struct Values {
  std::int64_t number = 0;
  std::string text;
  const char* moment = "2024-02-29 00:00:00";
};

const Values kRows[] = {
    {0, ""},
    {1, " "},
    {-1, "a"},
    {7, "Hello wOrld"},
    {99, "100%"},
    {-100, "a_b%c\\d"},
    {12, "\\"},
    {50, "\\%\\_"},
    {3, "na\xC3\xAFve \xE2\x82\xAC \xF0\x9F\x98\x80 \xC3\x89"},
    {4, "aaa,,b,c,,"},
    {5, "it's \"quoted\""},
    {6, "  x y\t"},
    {8, "line\nbreak"},
    {9, "e\xCC\x81x", "1969-12-31 23:59:59.999999"},
    {10, "xx.yy.zz", "1970-01-01 00:00:00"},
    {11, "o'neil-smith de la CRUZ 3rd", "2024-12-31 12:34:56"},
    {13,
     "\xC3\x84"
     "bc",
     "2023-01-01 11:59:59"},
    {14, "%", "1999-12-31 12:00:00"},
    {15, "_", "2000-03-01 01:02:03"},
    {16, "ab", "1900-02-28 13:14:15"},
};

sql::Catalog catalog() {
  sql::CatalogTable table;
  table.name = "t";
  table.person = "person";
  table.rows_per_person = 10;
  const auto column = [&](const char* name, Type type, std::int64_t low, std::int64_t high) {
    sql::CatalogColumn& out = table.columns.emplace_back();
    out.name = name;
    out.type = {type, static_cast<std::uint8_t>(type == Type::decimal ? 2 : 0)};
    out.bounded = type != Type::text;
    out.low = low;
    out.high = high;
  };
  column("n", Type::integer, -100, 100);
  column("s", Type::text, 0, 0);
  column("d", Type::date, -30'000, 20'100);
  column("m", Type::timestamp, -2'500'000'000'000'000, 1'800'000'000'000'000);
  column("b", Type::boolean, 0, 1);
  column("x", Type::decimal, -1000, 1000);
  return {{table}};
}

// As DuckDB writes values.
std::string ours(const sql::Expression& e, const Values& values) {
  const std::int64_t micros = *parse_timestamp(values.moment);
  const std::vector<std::vector<Cell>> row = {
      {Cell(values.number), Cell(values.text), Cell(sql::day_of_timestamp(micros)), Cell(micros),
       Cell(std::int64_t{values.number % 2 == 0}), Cell(values.number * 7)}};
  const Cell value = sql::evaluate(e, row);
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  const auto* number = std::get_if<std::int64_t>(&value);
  return number == nullptr ? "NULL" : format_value(*number, e.type);
}

std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? "''" : std::string(1, c);
  return out + "'";
}

// The rows as a table, and what an expression is on each of them.
class Engine {
 public:
  Engine() {
    GBX_CHECK(duckdb_open(nullptr, &database_) == DuckDBSuccess);
    GBX_CHECK(duckdb_connect(database_, &connection_) == DuckDBSuccess);
    std::string rows;
    for (const Values& values : kRows) {
      const std::string number = std::to_string(values.number);
      const std::string moment = "TIMESTAMP '" + std::string(values.moment) + "'";
      rows += (rows.empty() ? "(" : ", (") + number + "::BIGINT, " + quoted(values.text) +
              ", CAST(" + moment + " AS DATE), " + moment + ", " + number + " % 2 = 0, CAST(" +
              number + " * 0.07 AS DECIMAL(18, 2)))";
    }
    const std::string made = "CREATE TABLE t AS FROM (VALUES " + rows + ") v(n, s, d, m, b, x)";
    GBX_CHECK(duckdb_query(connection_, made.c_str(), nullptr) == DuckDBSuccess);
  }
  ~Engine() {
    duckdb_disconnect(&connection_);
    duckdb_close(&database_);
  }
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  std::vector<std::string> values(const std::string& call) {
    const std::string text = "SELECT CAST((" + call + ") AS VARCHAR) FROM t ORDER BY rowid";
    std::vector<std::string> out;
    duckdb_result result;
    if (duckdb_query(connection_, text.c_str(), &result) != DuckDBSuccess) {
      out.emplace_back(duckdb_result_error(&result));
    }
    for (idx_t row = 0; row < duckdb_row_count(&result); row++) {
      char* shown = duckdb_value_varchar(&result, 0, row);
      out.emplace_back(shown == nullptr ? "NULL" : shown);
      duckdb_free(shown);
    }
    duckdb_destroy_result(&result);
    return out;
  }

 private:
  duckdb_database database_ = nullptr;
  duckdb_connection connection_ = nullptr;
};

constexpr const char* kCalls[] = {
    "s LIKE '%a%'",
    "s LIKE 'a_b%'",
    "s LIKE '%\\%'",
    "s LIKE 'a\\_b%'",
    "s LIKE '_'",
    "s LIKE '__'",
    "s LIKE '%_'",
    "s LIKE ''",
    "s LIKE '%'",
    "s LIKE '\\'",
    "s LIKE '\\\\'",
    "s LIKE 'a!_b!%c%' ESCAPE '!'",
    "s LIKE 'a\\_b\\%c\\\\d' ESCAPE '\\'",
    "s LIKE '%!%' ESCAPE '!'",
    "s LIKE '!%' ESCAPE '!'",
    "s LIKE '__' ESCAPE '_'",
    "s LIKE 'aab' ESCAPE 'a'",
    "s LIKE '%\\' ESCAPE ''",
    "s NOT LIKE 'a!_b%' ESCAPE '!'",
    "s ILIKE '%WORLD'",
    "s ILIKE 'A!_B%' ESCAPE '!'",
    "s NOT ILIKE '%B%' ESCAPE '!'",
    "s ILIKE 'hello%'",
    "starts_with(s, 'a_')",
    "starts_with(s, '\\')",
    "s ^@ '\\%'",
    "ends_with(s, '%')",
    "ends_with(s, '\\')",
    "ends_with(s, '\\_')",
    "contains(s, '_')",
    "contains(s, '\\')",
    "contains(s, '%c\\')",
    "prefix(s, '')",
    "suffix(s, '')",
    "contains(s, '')",
    "regexp_matches(s, 'a.b')",
    "regexp_matches(s, '^a')",
    "regexp_matches(s, 'd$')",
    "regexp_matches(s, '^(a|H).*d$')",
    "regexp_matches(s, 'a|b')",
    "regexp_matches(s, '^a|b$')",
    "regexp_matches(s, '\\.')",
    "regexp_matches(s, '%')",
    "regexp_matches(s, '_b')",
    "regexp_matches(s, '\\\\')",
    "regexp_matches(s, 'HELLO', 'i')",
    "regexp_matches(s, '')",
    "regexp_matches(s, '^$')",
    "regexp_matches(s, '.')",
    "regexp_matches(s, '^.$')",
    "regexp_matches(s, '()')",
    "regexp_matches(s, '^(|a)$')",
    "regexp_matches(s, 'a(b|)')",
    "regexp_matches(s, '^\\^')",
    "regexp_matches(s, '-')",
    "regexp_matches(s, '\\-')",
    "regexp_matches(s, '\\/')",
    "regexp_matches(s, '/')",
    "regexp_matches(s, 'a$|^b')",
    "regexp_matches(s, '#')",
    "regexp_matches(s, ' ')",
    "regexp_matches(s, 'É', 'i')",
    "regexp_full_match(s, 'a.*')",
    "regexp_full_match(s, '.')",
    "regexp_full_match(s, 'a|_')",
    "regexp_full_match(s, '(ab|a)')",
    "regexp_full_match(s, '')",
    "regexp_full_match(s, 'A', 'i')",
    "regexp_full_match(s, '.+d')",
    "s || '!'",
    "'<' || s || '>'",
    "d || ''",
    "x || ''",
    "n || ''",
    "concat(NULL)",
    "concat(NULL, NULL)",
    "concat(s)",
    "s || NULL",
    "'a' || 'b' || 1",
    "concat(CASE WHEN n > 5 THEN s END, '-')",
    "replace(s, 'a', 'bb')",
    "replace(s, 'aa', 'a')",
    "replace(s, ',', '')",
    "replace(s, ',,', ',')",
    "replace(s, '%', '\\')",
    "replace(s, 'l', 'll')",
    "replace(s, '\\', '/')",
    "split_part(s, ',', 1)",
    "split_part(s, ',', 2)",
    "split_part(s, ',', 3)",
    "split_part(s, ',', 9)",
    "split_part(s, ',,', 2)",
    "split_part(s, ' ', 3)",
    "split_part(s, '.', 3)",
    "split_part(s, '€', 2)",
    "split_part(s, 'aa', 2)",
    "lpad(s, 5, '*')",
    "lpad(s, 0, '*')",
    "lpad(s, 15, 'ab')",
    "rpad(s, 5, '*')",
    "rpad(s, 15, '€x')",
    "rpad(s, 1, 'x')",
    "rpad(s, 256, 'x')",
    "length(s)",
    "strpos(s, 'o')",
    "position('€' IN s)",
    "instr(s, ',,')",
    "strpos(s, 'x')",
    "strpos(s, '\\')",
    "trim(s)",
    "ltrim(s)",
    "rtrim(s)",
    "trim(s, 'aH')",
    "ltrim(s, ' x')",
    "rtrim(s, ', ')",
    "trim(s, '%_\\')",
    "trim(s, 'É€')",
    "rtrim(s, '.z')",
    "trim(BOTH 'a' FROM s)",
    "trim(LEADING ' ' FROM s)",
    "trim(TRAILING '%' FROM s)",
    "left(s, 3)",
    "right(s, 3)",
    "left(s, 0)",
    "right(s, 0)",
    "substring(s, 2)",
    "substring(s, 2, 3)",
    "substring(s FROM 3 FOR 2)",
    "substr(s, 20)",
    "substr(s, 1, 0)",
    "left(s, 100)",
    "CAST(n AS VARCHAR)",
    "CAST(x AS VARCHAR)",
    "CAST(d AS VARCHAR)",
    "CAST(b AS VARCHAR)",
    "n::VARCHAR",
    "CAST(-x AS VARCHAR)",
    "CAST(n * 1.5 AS VARCHAR)",
    "CAST(-0.05 AS VARCHAR)",
    "CAST(DATE '0001-01-01' AS VARCHAR)",
    "strftime(d, '%Y-%m-%d')",
    "strftime(d, '%Y%m')",
    "strftime(d, '%y')",
    "strftime(d, '%B %b')",
    "strftime(d, '%A %a %w')",
    "strftime(d, '%j')",
    "strftime(d, '%d')",
    "strftime(m, '%H')",
    "strftime(m, '%I %p')",
    "strftime(m, '%H:%M:%S')",
    "strftime(m, '%M')",
    "strftime(m, '%S')",
    "strftime(m, '%T')",
    "strftime(d, '%%%Y%%')",
    "strftime(d, '%Y%%F')",
    "strftime(m, '%Y')",
    "strftime(m, '%m')",
    "strftime(m, '%a')",
    "strftime(m, '%d')",
    "strftime(m, '%p')",
    "strftime(d, 'Q%m é')",
    "strftime(d, '%H:%M')",
    "strftime(DATE '0099-01-02', '%Y %y')",
    "strftime(m, 'at %H')",
    "date_part('year', d)",
    "date_part('week', d)",
    "date_part('dow', d)",
    "date_part('doy', d)",
    "date_part('isodow', d)",
    "date_part('quarter', m)",
    "date_part('hour', m)",
    "date_part('minute', m)",
    "date_part('second', m)",
    "date_trunc('hour', m)",
    "date_diff('month', d, DATE '2024-05-01')",
    "date_diff('hour', m, TIMESTAMP '2024-05-01 00:00:00')",
    "date_sub('day', m, TIMESTAMP '2024-05-01 00:00:00')",
    "m + INTERVAL 1 DAY",
    "last_day(d)",
    "dayname(d)",
    "monthname(d)",
    "dayofweek(d)",
    "weekofyear(d)",
    "year(d) || '-' || month(d)",
    "n // 4",
    "n % 4",
    "n // -4",
    "n % -4",
    "mod(n, 7)",
    "round(x, 1)",
    "trunc(x)",
    "floor(x)",
    "ceil(x)",
    "sign(n)",
    "abs(n)",
    "greatest(n, 3)",
    "least(n, x)",
    "nullif(n, 7)",
    "coalesce(nullif(n, 7), 3)",
    "CASE s WHEN 'a' THEN 'A' WHEN '' THEN NULL ELSE s END",
    "n BETWEEN 1 AND 7",
    "n IN (1, 7)",
    "s IN ('a', '%')",
    "n NOT IN (1)",
    "s > 'a'",
    "s < 'É'",
    "n IS DISTINCT FROM 7",
    "if(n > 5, 'x', 'y')",
    "n > 5 AND s <> 'a' OR b",
    "s = 'a' OR NULL",
    "(n > 5)::INTEGER",
    "CAST(x AS INTEGER)",
    "CAST(n AS DECIMAL(10, 2))",
    "CAST(x AS DECIMAL(10, 1))",
};

// On every row.
std::vector<std::string> ours_on_all(DuckdbParser& parser, const std::string& call) {
  const std::string text = "SELECT COUNT(*) FROM t WHERE (" + call + ") IS NULL";
  const auto select = sql::parse(parser.tree(text), text);
  if (!select) return {std::string(select.error().reason.view())};
  const auto query = sql::bind(*select, catalog());
  if (!query) return {std::string(query.error().reason.view())};
  std::vector<std::string> out;
  for (const Values& values : kRows) out.push_back(ours(query->filter.children[0], values));
  return out;
}

TEST(Scalars, MeanWhatTheyMeanToDuckdb) {
  DuckdbParser parser;
  Engine engine;
  for (const char* call : kCalls) {
    EXPECT_EQ(ours_on_all(parser, call), engine.values(call)) << call;
  }
}

// What DuckDB has no word for, or refuses.
TEST(Scalars, FormatsOfOtherDialectsAreWrittenOut) {
  DuckdbParser parser;
  for (const auto& [one, other] :
       {std::pair{"strftime(m, '%F %T')", "strftime(m, '%Y-%m-%d %H:%M:%S')"},
        std::pair{"strftime(d, '%F/%F')", "strftime(d, '%Y-%m-%d/%Y-%m-%d')"},
        std::pair{"strftime(d, '%%F%F%%T')", "strftime(d, '%%F%Y-%m-%d%%T')"},
        std::pair{"strftime(m, '%R')", "strftime(m, '%H:%M')"}}) {
    EXPECT_EQ(ours_on_all(parser, one), ours_on_all(parser, other)) << one;
  }
  EXPECT_EQ(ours_on_all(parser, "regexp_matches(s, '.(*|b)')")[0], "pattern_unsupported");
}

}  // namespace
}  // namespace gbx::testing
