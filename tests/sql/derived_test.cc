// Nothing gets weaker behind a name. Every statement of the corpus is asked again with its tables
// behind derived tables, and derived tables of these: the answer is what the same text with the
// definitions in WITH gets, and what the policy denied stays denied.

#include "trusted/firewall/derived.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <regex>

#include "tests/sql/rooms.h"
#include "tests/sql/syntax_tree.h"
#include "trusted/firewall/check.h"

namespace gbx::testing {
namespace {

namespace fs = std::filesystem;

struct Asked {
  std::string room;
  std::string member;
  std::string sql;
  bool denied = false;  // by the policy, as the corpus has it
};

// All but templates, what has a price of its own, and what is about derived tables itself.
std::vector<Asked> corpus() {
  std::vector<Asked> out;
  for (const auto& file :
       fs::recursive_directory_iterator(fs::path(GBX_SOURCE_DIR) / "tests/sql")) {
    if (file.path().extension() != ".test" || file.path().stem() == "derived") continue;
    std::ifstream in(file.path());
    Asked now;
    bool left_out = false;
    for (std::string line; std::getline(in, line);) {
      if (line.starts_with("room ")) now.room = line.substr(5);
      if (line.starts_with("as ")) now.member = line.substr(3);
      left_out = left_out || line.starts_with("set ") || line.starts_with("epsilon ");
      if (!line.starts_with("statement ")) continue;
      Asked next = now;
      next.denied = line.starts_with("statement refused policy_denied");
      while (std::getline(in, line) && !line.empty() && line != "----") next.sql += line + "\n";
      if (!left_out) out.push_back(next);
      left_out = false;
    }
  }
  return out;
}

// Tables after FROM and JOIN, each under its own name still.
std::string behind_names(const std::string& sql) {
  static const std::regex kTable(R"(\b(FROM|JOIN)(\s+)(purchases|exposures)\b(?!\s*\.))",
                                 std::regex::icase);
  static const std::regex kAlias(
      R"(^\s+(AS\s|(?!(JOIN|LEFT|RIGHT|FULL|INNER|SEMI|ANTI|CROSS|NATURAL|OUTER|ASOF|POSITIONAL)"
      R"(|WHERE|GROUP|HAVING|ORDER|LIMIT|OFFSET|QUALIFY|UNION|INTERSECT|EXCEPT|ON|USING|WINDOW)"
      R"(|TABLESAMPLE|USING|AT|PIVOT|UNPIVOT|FETCH|FOR)\b)[a-z_"]))",
      std::regex::icase);
  std::string out;
  std::string rest = sql;
  for (std::smatch found; std::regex_search(rest, found, kTable);) {
    const std::string table = found[3].str();
    out += found.prefix().str() + found[1].str() + found[2].str() + "named_";
    for (const char c : table) out += static_cast<char>(std::tolower(c));
    rest = found.suffix().str();
    if (!std::regex_search(rest, kAlias)) out += " AS " + table;
  }
  return out + rest;
}

// Names in the order of definition, and what each stands for.
const std::vector<std::pair<std::string, std::string>> kDefinitions = {
    {"all_exposures", "SELECT * FROM exposures"},
    {"named_exposures", "SELECT * FROM all_exposures"},
    {"named_purchases", "SELECT * FROM purchases"}};

std::string with_definitions(const std::string& sql) {
  std::string with = "WITH ";
  for (const auto& [name, text] : kDefinitions) {
    with += (with.size() > 5 ? ", " : "") + name + " AS (" + text + ")";
  }
  static const std::regex kWith(R"(^\s*WITH\s)", std::regex::icase);
  std::smatch found;
  const bool more = std::regex_search(sql, found, kWith);
  return more ? with + ", " + found.suffix().str() : with + " " + sql;
}

class DerivedTables : public ::testing::Test {
 protected:
  // By whoever may.
  std::vector<sql::Derived> defined(const policy::Policy& policy) {
    std::vector<sql::Derived> out;
    for (const auto& [name, text] : kDefinitions) {
      for (const policy::Member& member : policy.members) {
        auto made =
            firewall::admit_derived({member.name, name, text, parser_.tree(text)}, policy, out);
        if (!made) continue;
        out.push_back(std::move(made->rows));
        break;
      }
    }
    return out;
  }

  std::string outcome(const std::string& sql, const policy::VerifiedPolicy& policy,
                      const firewall::Request& request) {
    const auto checked = firewall::admit(parser_.tree(sql), sql, policy, request);
    if (!checked) return std::string(checked.error().reason.view());
    const privacy::Plan& plan = checked->plan();
    return checked->canonical() + " " + format_loss(plan.accounting, plan.price().loss) + " " +
           std::to_string(plan.people_min) + " " + std::to_string(plan.groups_per_person) +
           (plan.replaces ? " moves" : "");
  }

  DuckdbParser parser_;
};

TEST_F(DerivedTables, AreWhatTheSameTextInWithIs) {
  std::size_t accepted = 0;
  std::size_t refused = 0;
  std::size_t denied = 0;
  std::map<std::string, std::vector<sql::Derived>> rooms;
  std::map<std::string, std::optional<policy::VerifiedPolicy>> policies;
  for (const Asked& asked : corpus()) {
    std::optional<policy::VerifiedPolicy>& policy = policies[asked.room];
    if (!policy) {
      policy = room_called(asked.room);
      ASSERT_TRUE(policy) << asked.room;
      rooms[asked.room] = defined(policy->policy());
    }
    const std::vector<sql::Derived>& derived = rooms[asked.room];
    const std::string named = behind_names(asked.sql);
    if (derived.size() < kDefinitions.size() || named == asked.sql) continue;
    const firewall::Request with{.member = asked.member};
    const firewall::Request by_name{.member = asked.member, .derived = derived};
    const std::string first = outcome(named, *policy, by_name);
    const std::string second = outcome(with_definitions(named), *policy, with);
    if (second == "syntax_error") continue;  // WITH stands before a SELECT only
    EXPECT_EQ(first, second) << named;
    const bool passes = first.find(' ') != std::string::npos;
    (passes ? accepted : refused)++;
    if (!asked.denied) continue;
    denied++;
    EXPECT_FALSE(passes) << asked.room << ", " << asked.member << ": " << named;
  }
  EXPECT_GE(accepted, 300U);
  EXPECT_GE(refused, 300U);
  EXPECT_GE(denied, 300U);
}

// What an answer says that it stands on: a WITH of the question comes before a derived table.
TEST_F(DerivedTables, OfAQuestionAreThoseThatItNeeds) {
  const auto policy = room_called("moving");
  const std::vector<sql::Derived> derived = defined(policy->policy());
  ASSERT_EQ(derived.size(), kDefinitions.size());
  const auto needed = [&](const std::string& sql) -> std::optional<std::vector<std::size_t>> {
    const auto checked =
        firewall::admit(parser_.tree(sql), sql, *policy, {.member = "newsnow", .derived = derived});
    if (!checked) return std::nullopt;
    return checked->derived();
  };
  using Places = std::vector<std::size_t>;
  EXPECT_EQ(needed("SELECT COUNT(*) FROM purchases"), Places{});
  EXPECT_EQ(needed("SELECT COUNT(*) FROM named_purchases"), (Places{2}));
  EXPECT_EQ(needed("SELECT COUNT(*) FROM named_exposures"), (Places{0, 1}));
  EXPECT_EQ(needed("WITH named_purchases AS (SELECT * FROM purchases) "
                   "SELECT COUNT(*) FROM named_purchases"),
            Places{});
  EXPECT_EQ(needed("SELECT COUNT(*) FROM (WITH named_purchases AS (SELECT * FROM purchases) "
                   "SELECT * FROM named_purchases) AS inside"),
            Places{});
}

// A definition is put into a question once, so names of names do not double.
TEST_F(DerivedTables, OfDerivedTablesAreBoundInBoundedTime) {
  const auto policy = room_called("moving");
  std::vector<sql::Derived> derived;
  const auto begin = std::chrono::steady_clock::now();
  std::size_t refused = 0;
  for (int i = 0; i < 12; i++) {
    const std::string below = i == 0 ? "purchases" : "n" + std::to_string(i - 1);
    std::string text = "SELECT hashed_email, items FROM " + below;
    for (int j = 0; j < 11; j++) text += " UNION ALL SELECT hashed_email, items FROM " + below;
    auto made = firewall::admit_derived(
        {"newsnow", "n" + std::to_string(i), text, parser_.tree(text)}, policy->policy(), derived);
    if (!made) {
      refused++;
      continue;
    }
    derived.push_back(std::move(made->rows));
  }
  EXPECT_GE(refused, 6U);
  EXPECT_GE(derived.size(), 1U);
  const std::string sql = "SELECT COUNT(*) FROM n0";
  const auto checked =
      firewall::admit(parser_.tree(sql), sql, *policy, {.member = "newsnow", .derived = derived});
  static_cast<void>(checked);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
}

TEST_F(DerivedTables, AreNoLargerThanTheyMayBe) {
  const auto policy = room_called("moving");
  const auto reason = [&](const std::string& text) {
    const auto made =
        firewall::admit_derived({"newsnow", "big", text, parser_.tree(text)}, policy->policy(), {});
    return made ? "" : std::string(made.error().reason.view());
  };
  std::string in = "SELECT hashed_email FROM purchases WHERE items IN (1";
  for (int i = 0; i < 900; i++) in += "," + std::to_string(i);
  EXPECT_EQ(reason(in + ")"), "");
  for (int i = 0; i < 1200; i++) in += "," + std::to_string(i);
  EXPECT_EQ(reason(in + ")"), "derived_too_large");
}

TEST_F(DerivedTables, HaveOneMeaningInSeveralSpellings) {
  const auto policy = room_called("moving");
  const auto meaning = [&](const std::string& name, const std::string& text) {
    const auto made =
        firewall::admit_derived({"newsnow", name, text, parser_.tree(text)}, policy->policy(), {});
    return made ? made->meaning : std::string(made.error().reason.view());
  };
  const std::string first =
      meaning("a", "SELECT hashed_email, items FROM purchases WHERE items > 3 AND store = 'x'");
  EXPECT_EQ(first, meaning("b",
                           "select p.hashed_email from purchases p where 'x' = p.store and "
                           "3 < p.items"));
  EXPECT_NE(first, meaning("a",
                           "SELECT hashed_email FROM purchases WHERE items > 4 AND "
                           "store = 'x'"));
  EXPECT_NE(first, meaning("a", "SELECT hashed_email FROM purchases WHERE store = 'x'"));
}

}  // namespace
}  // namespace gbx::testing
