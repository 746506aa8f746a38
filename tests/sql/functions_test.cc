// docs/reference/sql.md names just the functions, aggregates and spellings that there are: its list
// is written from the binder's (GLOVEBOX_BLESS=1 writes it), with what each function of a row is
// and gives: the type that the binder finds, the value of the reference evaluator.

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "tests/sql/syntax_tree.h"
#include "trusted/sql/bind.h"
#include "trusted/sql/evaluate.h"
#include "trusted/sql/functions.h"
#include "trusted/sql/parse.h"

namespace gbx::testing {
namespace {

constexpr const char* kBegin = "<!-- names: written by tests/sql/functions_test.cc -->\n";
constexpr const char* kEnd = "<!-- end of names -->\n";

bool is_written(std::string_view name) { return name.find(' ') == std::string_view::npos; }

std::string listed(const std::set<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "`" : ", `") + name + "`";
  return out;
}

std::string names() {
  std::map<std::string, std::set<std::string>> by_policy;
  for (const sql::ScalarFunction& function : sql::scalar_functions()) {
    if (is_written(function.name)) {
      by_policy[std::string(function.allowed)].insert(std::string(function.name));
    }
  }
  std::string out = "| in the policy | functions |\n|---|---|\n";
  for (const auto& [policy, functions] : by_policy) {
    out += "| " + (policy.empty() ? "nothing" : "`" + policy + "`") + " | " + listed(functions) +
           " |\n";
  }
  std::set<std::string> aggregates;
  for (const std::string_view name : sql::aggregates()) {
    if (name != "count_star") aggregates.insert(std::string(name));
  }
  out += "\nAggregates: " + listed(aggregates) + ".\n\nOther spellings:";
  std::map<std::string, std::set<std::string>> spellings;
  for (const sql::Respelled& known : sql::respelled()) {
    spellings[std::string(known.ours)].insert(std::string(known.other));
  }
  for (const auto& [ours, others] : spellings) out += " " + listed(others) + " = `" + ours + "`;";
  out.back() = '.';
  return out + "\n";
}

// A statement over the table t(person; n, s, d, b).
Result<sql::Query> bound(DuckdbParser& parser, const std::string& text) {
  sql::CatalogTable table;
  table.name = "t";
  table.person = "person";
  table.rows_per_person = 10;
  const auto column = [&](const char* name, Type type, std::int64_t low, std::int64_t high) {
    sql::CatalogColumn& out = table.columns.emplace_back();
    out.name = name;
    out.type = {type, 0};
    out.bounded = type != Type::text;
    out.low = low;
    out.high = high;
  };
  column("n", Type::integer, 0, 100);
  column("s", Type::text, 0, 0);
  column("d", Type::date, 19'000, 20'000);
  column("b", Type::boolean, 0, 1);
  GBX_TRY_ASSIGN(const sql::Select select, sql::parse(parser.tree(text), text));
  return sql::bind(select, {{table}});
}

// Why it is refused.
std::string refusal(DuckdbParser& parser, const std::string& text) {
  const auto query = bound(parser, text);
  return query ? "" : std::string(query.error().reason.view());
}

// One for each function. In them n is 7, s 'Hello wOrld', d 2024-02-29, b TRUE.
constexpr std::string_view kExamples[] = {
    "abs(n - 9)",
    "btrim(s, 'Hd')",
    "ceil(n / 2)",
    "ceiling(n / 2)",
    "char_length(s)",
    "character_length(s)",
    "clamp(n, 0, 5)",
    "coalesce(NULL, n)",
    "concat(s, NULL, '!')",
    "concat_ws(', ', s, NULL, '!')",
    "contains(s, 'lo w')",
    "date_diff('month', d, DATE '2024-05-01')",
    "date_part('year', d)",
    "date_sub('week', d, DATE '2024-03-20')",
    "date_trunc('month', d)",
    "day(d)",
    "dayname(d)",
    "dayofmonth(d)",
    "dayofweek(d)",
    "dayofyear(d)",
    "divide(n, 2)",
    "ends_with(s, 'ld')",
    "floor(n / 2)",
    "greatest(n, 9)",
    "hour(CAST(d AS TIMESTAMP))",
    "initcap(s)",
    "instr(s, 'o')",
    "isodow(d)",
    "last_day(d)",
    "lcase(s)",
    "least(n, 9)",
    "left(s, 4)",
    "len(s)",
    "length(s)",
    "lower(s)",
    "lpad(s, 13, '.')",
    "ltrim(s, 'Hle')",
    "minute(CAST(d AS TIMESTAMP))",
    "mod(n, 4)",
    "month(d)",
    "monthname(d)",
    "nullif(n, 7)",
    "nvl(NULL, n)",
    "position('o' IN s)",
    "pow(n, 2)",
    "power(n, 3)",
    "prefix(s, 'Hel')",
    "quarter(d)",
    "regexp_full_match(s, 'H.*')",
    "regexp_matches(s, 'w|x')",
    "replace(s, 'l', '1')",
    "reverse(s)",
    "right(s, 3)",
    "round(n / 4, 1)",
    "rpad(s, 13, '.')",
    "rtrim(s, 'dl')",
    "second(CAST(d AS TIMESTAMP))",
    "sign(n - 9)",
    "split_part(s, ' ', 2)",
    "starts_with(s, 'He')",
    "strftime(d, '%d %b %Y')",
    "strpos(s, 'w')",
    "substr(s, 2, 3)",
    "substring(s, 7)",
    "suffix(s, 'ld')",
    "trim(s)",
    "trunc(n / 2)",
    "ucase(s)",
    "upper(s)",
    "week(d)",
    "weekday(d)",
    "weekofyear(d)",
    "width_bucket(n, 0, 10, 5)",
    "year(d)",
};

// The type and value of an example; nothing where it is none.
std::string meaning(DuckdbParser& parser, std::string_view call) {
  const auto query =
      bound(parser, "SELECT COUNT(*) FROM t WHERE (" + std::string(call) + ") IS NULL");
  if (!query || query->filter.op != sql::Op::is_null) return "";
  const sql::Expression& e = query->filter.children[0];
  const std::vector<std::vector<Cell>> row = {
      {Cell(std::int64_t{7}), Cell(std::string("Hello wOrld")), Cell(*parse_date("2024-02-29")),
       Cell(std::int64_t{1})}};
  const Cell value = sql::evaluate(e, row);
  std::string shown = "NULL";
  if (const auto* text = std::get_if<std::string>(&value)) shown = "'" + *text + "'";
  if (const auto* number = std::get_if<std::int64_t>(&value)) {
    shown = format_value(*number, e.type);
  }
  return std::string(type_name(e.type.type)) + " | `" + shown + "`";
}

std::string examples() {
  DuckdbParser parser;
  std::string out =
      "| where n is 7, s `'Hello wOrld'`, d `DATE '2024-02-29'` | in the policy | is | gives |\n"
      "|---|---|---|---|\n";
  for (const std::string_view call : kExamples) {
    const sql::ScalarFunction* function = sql::find_scalar_function(call.substr(0, call.find('(')));
    if (function == nullptr) return std::string(call) + " is no example";
    std::string shown(call);
    for (std::size_t at = shown.find('|'); at != std::string::npos; at = shown.find('|', at + 2)) {
      shown.insert(at, "\\");
    }
    const std::string policy(function->allowed);
    out += "| `" + shown + "` | " + (policy.empty() ? "nothing" : "`" + policy + "`") + " | " +
           meaning(parser, call) + " |\n";
  }
  return out + "\n";
}

// The generated part of the page.
std::string generated() { return examples() + names(); }

std::string page_path() { return std::string(GBX_SOURCE_DIR) + "/docs/reference/sql.md"; }

TEST(Functions, ThePageNamesJustThese) {
  std::ifstream in(page_path());
  std::stringstream read;
  read << in.rdbuf();
  std::string page = read.str();
  const std::size_t begin = page.find(kBegin);
  const std::size_t end = page.find(kEnd);
  ASSERT_NE(begin, std::string::npos);
  ASSERT_NE(end, std::string::npos);
  const std::size_t first = begin + std::string(kBegin).size();
  if (std::getenv("GLOVEBOX_BLESS") != nullptr) {
    page.replace(first, end - first, generated());
    std::ofstream(page_path()) << page;
    return;
  }
  EXPECT_EQ(page.substr(first, end - first), generated());
}

TEST(Functions, EachHasAnExampleThatIsTrue) {
  DuckdbParser parser;
  std::set<std::string> with_example;
  for (const std::string_view call : kExamples) {
    EXPECT_NE(meaning(parser, call), "") << call;
    with_example.insert(std::string(call.substr(0, call.find('('))));
  }
  for (const sql::ScalarFunction& function : sql::scalar_functions()) {
    if (is_written(function.name)) {
      EXPECT_TRUE(with_example.contains(std::string(function.name))) << function.name;
    }
  }
  EXPECT_EQ(meaning(parser, "power(n, 2)"), "integer | `49`");
  EXPECT_EQ(meaning(parser, "soundex(s)"), "");
}

TEST(Functions, EachNameIsUnderstood) {
  DuckdbParser parser;
  const std::set<std::string> none = {"function_unsupported", "aggregate_unsupported",
                                      "syntax_error"};
  for (const sql::ScalarFunction& function : sql::scalar_functions()) {
    if (!is_written(function.name)) continue;
    bool taken = false;
    for (const char* arguments :
         {"(n)", "(s)", "(d)", "(CAST(d AS TIMESTAMP))", "(n, 1)", "(s, 'a')", "(s, 1)",
          "('day', d)", "('day', d, d)", "(n, 0, 9)", "(n, 0, 9, 3)", "(s, 'a', 'b')",
          "(s, 'a', 1)", "(s, 5, 'x')", "(d, '%Y')"}) {
      const std::string text = "SELECT COUNT(*) FROM t WHERE \"" + std::string(function.name) +
                               "\"" + arguments + " IS NULL";
      taken = taken || refusal(parser, text).empty();
    }
    EXPECT_TRUE(taken) << function.name;
  }
  for (const std::string_view name : sql::aggregates()) {
    bool taken = false;
    for (const char* arguments : {"(n)", "()", "(n, 0.5)", "(b)", "(n > 1)"}) {
      const std::string call = std::string(name) + arguments;
      taken = taken || refusal(parser, "SELECT " + call + " FROM t").empty() ||
              refusal(parser, "SELECT COUNT(*) FROM (SELECT person, " + call +
                                  " AS x FROM t GROUP BY person) WHERE x IS NULL")
                  .empty();
    }
    EXPECT_TRUE(taken || name == "count_star") << name;
  }
}

TEST(Functions, NoOtherNameIs) {
  DuckdbParser parser;
  EXPECT_EQ(refusal(parser, "SELECT COUNT(*) FROM t WHERE soundex(s) = 'a'"),
            "function_unsupported");
  EXPECT_EQ(refusal(parser, "SELECT MAX_BY(s, n) FROM t"), "aggregate_unsupported");
  EXPECT_EQ(refusal(parser, "SELECT COUNT(*) FROM t WHERE \"as float\"(n) = 1"),
            "function_unsupported");
}

}  // namespace
}  // namespace gbx::testing
