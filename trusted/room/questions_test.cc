#include "trusted/room/questions.h"

#include <gtest/gtest.h>

namespace gbx::room {
namespace {

// A question of one narrow term.
sql::Compared question(const std::string& term, const std::string& rows = "purchases, ") {
  sql::Compared out;
  out.rows = rows;
  out.terms.push_back({sql::Term::Kind::text, term, {}, {}, true});
  return out;
}

Hash hash(std::size_t i) {
  Hash out{};
  out[0] = static_cast<std::uint8_t>(i);
  out[1] = static_cast<std::uint8_t>(i >> 8);
  return out;
}

TEST(Questions, NamesTheLatestThatAreNearWhoeverAsked) {
  Questions questions(2);
  EXPECT_TRUE(questions.near(question("a")).empty());
  questions.add({question("a"), hash(1), "anna"}, false);
  questions.add({question("b", "exposures, "), hash(2), "anna"}, false);
  questions.add({question("b"), hash(3), "bert"}, false);
  EXPECT_EQ(questions.near(question("c")), (std::vector<Hash>{hash(3), hash(1)}));
  EXPECT_EQ(questions.near(question("a")), std::vector<Hash>{hash(3)});
  questions.clear();
  EXPECT_TRUE(questions.near(question("c")).empty());
  EXPECT_EQ(questions.size(), 0U);
}

TEST(Questions, NamesNoMoreThanItMay) {
  Questions questions(1);
  for (std::size_t i = 0; i < 2 * packet::kNearMax; i++) {
    questions.add({question("a" + std::to_string(i)), hash(i), "anna"}, false);
  }
  const auto near = questions.near(question("z"));
  ASSERT_EQ(near.size(), packet::kNearMax);
  EXPECT_EQ(near.front(), hash(2 * packet::kNearMax - 1));
}

TEST(Questions, AMembersOldestGoWhenItsShareIsUsed) {
  Questions questions(2);
  constexpr std::size_t kShare = Questions::kQuestionsMax / 2;
  questions.add({question("a", "berts, "), hash(9), "bert"}, false);
  for (std::size_t i = 0; i < kShare; i++) {
    questions.add({question("a", i == 0 ? "first, " : "other, "), hash(i), "anna"}, false);
  }
  EXPECT_EQ(questions.near(question("z", "first, ")).size(), 1U);
  questions.add({question("a", "other, "), hash(1), "anna"}, false);
  EXPECT_EQ(questions.size(), kShare + 1);
  EXPECT_TRUE(questions.near(question("z", "first, ")).empty());
  EXPECT_EQ(questions.near(question("z", "berts, ")).size(), 1U);
}

TEST(Questions, AMembersOldestGoWhenTheyAreTooLarge) {
  Questions questions(2);
  const std::string large(Questions::kBytesMax / 8, 'x');
  questions.add({question("a", "berts, "), hash(9), "bert"}, false);
  for (std::size_t i = 0; i < 4; i++) questions.add({question(large), hash(i), "anna"}, false);
  EXPECT_EQ(questions.size(), 4U);
  EXPECT_EQ(questions.near(question("z", "berts, ")).size(), 1U);
}

TEST(Questions, NoneThatIsKeptGoesAndItsMemberIsRefusedInstead) {
  Questions questions(2);
  constexpr std::size_t kShare = Questions::kQuestionsMax / 2;
  for (std::size_t i = 0; i < kShare; i++) {
    EXPECT_FALSE(questions.full(question("a"), "anna"));
    questions.add({question("a", i == 0 ? "first, " : "other, "), hash(i), "anna"}, true);
  }
  EXPECT_TRUE(questions.full(question("a"), "anna"));
  EXPECT_FALSE(questions.full(question("a"), "bert"));
  questions.add({question("a"), hash(1), "anna"}, false);  // itself is forgotten
  EXPECT_EQ(questions.size(), kShare);
  EXPECT_EQ(questions.near(question("z", "first, ")).size(), 1U);
}

TEST(Questions, ALargeOneCannotPushOutOneThatIsKept) {
  Questions questions(2);
  const sql::Compared large = question(std::string(Questions::kBytesMax, 'x'));
  questions.add({question("a", "list, "), hash(1), "anna"}, true);
  questions.add({question("a", "count, "), hash(2), "anna"}, false);
  questions.add({large, hash(3), "anna"}, false);
  EXPECT_EQ(questions.size(), 1U);
  EXPECT_EQ(questions.near(question("z", "list, ")).size(), 1U);
  EXPECT_FALSE(questions.full(question("b", "list, "), "anna"));
}

// Larger than a share: not remembered, and where near questions are refused, it is refused.
TEST(Questions, OneThatIsTooLargeIsNotKept) {
  Questions questions(2);
  const sql::Compared large = question(std::string(Questions::kBytesMax, 'x'));
  EXPECT_TRUE(questions.full(large, "anna"));
  questions.add({large, hash(2), "anna"}, false);
  EXPECT_EQ(questions.size(), 0U);
  EXPECT_FALSE(questions.full(question("a"), "anna"));
}

}  // namespace
}  // namespace gbx::room
