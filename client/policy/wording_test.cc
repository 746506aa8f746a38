#include "client/policy/wording.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "trusted/policy/policy_fixture.h"

namespace gbx::client {
namespace {

std::string slurp(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

TEST(Wording, EveryReasonStandsOnceAndInOrder) {
  std::set<std::string_view> seen;
  for (const auto& words : words::subjects()) {
    std::string_view last;
    for (const Wording& entry : words) {
      EXPECT_TRUE(seen.insert(entry.reason).second) << entry.reason;
      EXPECT_LT(last, entry.reason);
      last = entry.reason;
      EXPECT_FALSE(entry.means.empty()) << entry.reason;
      EXPECT_FALSE(entry.next.empty()) << entry.reason;
      EXPECT_NE(entry.means.back(), '.') << entry.reason;
    }
  }
}

TEST(Wording, TheReferenceSaysTheSame) {
  const std::string page =
      slurp(std::filesystem::path(GBX_SOURCE_DIR) / "docs/reference/refusals.md");
  for (const Wording& entry : all_wordings()) {
    std::string line = "| `";
    line += std::string(entry.reason) + "` | " + std::string(entry.means) + " | " +
            std::string(entry.next) + " |";
    EXPECT_NE(page.find(line), std::string::npos) << line;
  }
}

TEST(Caret, StandsUnderTheSpan) {
  EXPECT_EQ(caret("SELECT email FROM t", {7, 12}),
            "line 1, column 8:\n    SELECT email FROM t\n           ^~~~~");
  EXPECT_EQ(caret("SELECT\n  email\nFROM t", {9, 14}),
            "line 2, column 3:\n      email\n      ^~~~~");
  EXPECT_EQ(caret("SELECT 'ü' x", {12, 13}),
            "line 1, column 13:\n    SELECT 'ü' x\n               ^");
}

TEST(Caret, KeepsToTheText) {
  EXPECT_EQ(caret("abc", {}), "");
  EXPECT_EQ(caret("abc", {2, 9}), "");
  EXPECT_EQ(caret("abc", {3, 2}), "");
  EXPECT_EQ(caret("abc", {3, 3}), "line 1, column 4:\n    abc\n       ^");
  EXPECT_EQ(caret("a\x1b[2Jb", {5, 6}), "line 1, column 6:\n    a [2Jb\n         ^");
  EXPECT_EQ(caret("a\xE2\x80\xAE"
                  "b",
                  {4, 5}),
            "line 1, column 5:\n    a   b\n        ^");
  const std::string text = caret(std::string(500, 'a') + "X", {500, 501});
  EXPECT_LT(text.size(), 400U);
  EXPECT_NE(text.find('X'), std::string::npos);
}

TEST(Nearest, IsNearOrNothing) {
  const std::vector<std::string> words = {"total_spent", "purchase_date"};
  EXPECT_EQ(nearest_word("total_spend", words), "total_spent");
  EXPECT_EQ(nearest_word("TOTAL_SPENT", words), "total_spent");
  EXPECT_EQ(nearest_word("zip", words), "");
}

TEST(Refusals, NameWhatWouldBeAllowed) {
  const policy::Policy policy = policy::example_policy();
  const std::string sql = "SELECT total_spend FROM purchases";
  RefusalText text =
      explain_refusal({ErrorCode::not_found, "column_unknown", {7, 18}}, sql, &policy);
  EXPECT_EQ(text.what, "refused: not_found (column_unknown)");
  EXPECT_NE(text.where.find("^~~~~~~~~~~"), std::string::npos);
  EXPECT_NE(text.next.find("did you mean total_spent?"), std::string::npos);
  EXPECT_EQ(text.next.find("campaign_id"), std::string::npos);  // of a table that was not asked

  text = explain_refusal({ErrorCode::policy_denied, "column_not_dimension", {7, 18}}, sql, &policy);
  EXPECT_NE(text.next.find("purchases gives: COUNT(DISTINCT hashed_email), SUM(total_spent), "
                           "AVG(total_spent), COUNT(*)"),
            std::string::npos)
      << text.next;

  text = explain_refusal({ErrorCode::not_found, "table_unknown", {24, 32}},
                         "SELECT COUNT(*) FROM    purchase ", &policy);
  EXPECT_NE(text.next.find("exposures, purchases; did you mean purchases?"), std::string::npos)
      << text.next;
}

TEST(Refusals, NameTheFunctionAndTheNearest) {
  const policy::Policy policy = policy::example_policy();
  const std::string query = "SELECT SUBSTRNG(x, 1), MAX_BY(x, y) FROM purchases";
  RefusalText text = explain_refusal({ErrorCode::invalid_argument, "function_unsupported", {7, 21}},
                                     query, &policy);
  EXPECT_NE(text.next.find("there is no SUBSTRNG, the nearest is substring"), std::string::npos)
      << text.next;
  text = explain_refusal({ErrorCode::invalid_argument, "aggregate_unsupported", {23, 35}}, query,
                         &policy);
  EXPECT_NE(text.next.find("there is no MAX_BY"), std::string::npos) << text.next;
  text = explain_refusal({ErrorCode::invalid_argument, "function_unsupported", {7, 700}}, query,
                         &policy);
  EXPECT_EQ(text.next.find("there is no"), std::string::npos) << text.next;
}

TEST(Refusals, AHostileReasonIsNotPrinted) {
  const RefusalText text = explain_refusal({ErrorCode::unavailable, "a\x1b[2J", {}}, "", nullptr);
  EXPECT_EQ(text.what, "refused: unavailable (unreadable_reason)");
  EXPECT_FALSE(text.why.empty());
}

}  // namespace
}  // namespace gbx::client
