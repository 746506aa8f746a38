// docs/reference/sql.md names just the functions, aggregates and spellings that there are: its list
// is written from the binder's (GLOVEBOX_BLESS=1 writes it), and each name is tried.

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "tests/sql/syntax_tree.h"
#include "trusted/sql/bind.h"
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
    page.replace(first, end - first, names());
    std::ofstream(page_path()) << page;
    return;
  }
  EXPECT_EQ(page.substr(first, end - first), names());
}

// Why a statement over the table t(person; n, s, d, b) is refused.
std::string refusal(DuckdbParser& parser, const std::string& text) {
  sql::CatalogTable table;
  table.name = "t";
  table.person = "person";
  table.rows_per_person = 10;
  const auto column = [&](const char* name, Type type, std::int64_t low, std::int64_t high) {
    sql::CatalogColumn& out = table.columns.emplace_back();
    out.name = name;
    out.type = {type, 0};
    out.bounded = true;
    out.low = low;
    out.high = high;
  };
  column("n", Type::integer, 0, 100);
  column("s", Type::text, 0, 0);
  column("d", Type::date, 19'000, 20'000);
  column("b", Type::boolean, 0, 1);
  const auto select = sql::parse(parser.tree(text), text);
  if (!select) return std::string(select.error().reason.view());
  const auto query = sql::bind(*select, {{table}});
  return query ? "" : std::string(query.error().reason.view());
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
