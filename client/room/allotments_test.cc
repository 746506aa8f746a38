#include "client/room/allotments.h"

#include <gtest/gtest.h>

#include "trusted/packet/statement.h"

namespace gbx::client {
namespace {

constexpr privacy::Price kBudget{3'000'000, 3000};

crypto::SigningKey key(std::uint8_t who) {
  std::array<std::uint8_t, 32> seed{};
  seed.fill(who);
  return crypto::SigningKey::from_seed(Secret<32>(seed));
}

Allotment allotment(std::uint8_t room, std::uint64_t epsilon) {
  return {.collaboration = "c",
          .table = "purchases",
          .log_origin = "room " + std::to_string(room),
          .room_key = key(room).public_key(),
          .given = {epsilon, epsilon / 1000},
          .spent = std::nullopt,
          .head = {3, Hash{room}}};
}

packet::Envelope closing(std::uint8_t room, std::uint8_t signer, const char* spent) {
  Json predicate = Json::object({{"kind", "close"},
                                 {"log", Json::object({{"hash", to_hex(Hash{9})},
                                                       {"origin", "room " + std::to_string(room)},
                                                       {"size", 7}})},
                                 {"policy", to_hex(Hash{})}});
  Json tables{Json::Array{}};
  tables.push(Json::object({{"delta_left_2_60", 0},
                            {"delta_spent_2_60", 100},
                            {"epsilon_left", "0"},
                            {"epsilon_spent", spent},
                            {"table", "purchases"}}));
  predicate.set("tables", std::move(tables));
  return packet::make_statement({.subject_name = "room " + std::to_string(room),
                                 .subject_digest = Hash{9},
                                 .predicate_type = std::string(packet::kClosingPredicate),
                                 .predicate = std::move(predicate)},
                                key(signer));
}

TEST(Allotments, TheSumOverRoomsNeverExceedsTheBudget) {
  AllotmentBook book;
  EXPECT_TRUE(book.commit(allotment(1, 2'000'000), kBudget));
  const Status over = book.commit(allotment(2, 1'000'001), kBudget);
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().reason, Literal("allotment_over_budget"));
  EXPECT_EQ(book.committed("c", "purchases").loss, 2'000'000U);
  EXPECT_TRUE(book.commit(allotment(2, 1'000'000), kBudget));
}

TEST(Allotments, OneRoomCountsOnceWithItsLargest) {
  AllotmentBook book;
  EXPECT_TRUE(book.commit(allotment(1, 2'000'000), kBudget));
  EXPECT_TRUE(book.commit(allotment(1, 1'000'000), kBudget));
  EXPECT_EQ(book.committed("c", "purchases").loss, 2'000'000U);
}

TEST(Allotments, WhatARoomGetsAfterItsClosingCountsInFull) {
  AllotmentBook book;
  EXPECT_TRUE(book.commit(allotment(1, 3'000'000), kBudget));
  ASSERT_TRUE(book.settle(closing(1, 1, "0.5")));
  EXPECT_EQ(book.committed("c", "purchases").loss, 500'000U);
  EXPECT_TRUE(book.commit(allotment(1, 1'000'000), kBudget));
  EXPECT_EQ(book.committed("c", "purchases").loss, 3'000'000U);
}

TEST(Allotments, ANewPolicyVersionGetsNoFreshBudget) {
  AllotmentBook book;
  EXPECT_TRUE(book.commit(allotment(1, 3'000'000), kBudget));
  Allotment other = allotment(2, 1);
  EXPECT_FALSE(book.commit(other, kBudget));
  other.table = "refunds";
  EXPECT_TRUE(book.commit(other, kBudget));
}

TEST(Allotments, AClosingStatementGivesBackWhatWasNotSpent) {
  AllotmentBook book;
  ASSERT_TRUE(book.commit(allotment(1, 3'000'000), kBudget));
  const auto settled = book.settle(closing(1, 1, "0.1"));
  ASSERT_TRUE(settled);
  EXPECT_EQ(*settled, 1U);
  EXPECT_EQ(book.committed("c", "purchases").loss, 100'000U);
}

TEST(Allotments, OnlyTheRoomsOwnKeyGivesBack) {
  AllotmentBook book;
  ASSERT_TRUE(book.commit(allotment(1, 3'000'000), kBudget));
  ASSERT_TRUE(book.commit(allotment(1, 3'000'000), kBudget));
  EXPECT_FALSE(book.settle(closing(1, 2, "0.1")));
  EXPECT_FALSE(book.settle(closing(2, 2, "0.1")));
  EXPECT_EQ(book.committed("c", "purchases").loss, 3'000'000U);
}

TEST(Allotments, ALogThatWentBackIsSeen) {
  AllotmentBook book;
  ASSERT_TRUE(book.commit(allotment(1, 1), kBudget));
  EXPECT_TRUE(book.check_head("room 1", {3, Hash{1}}));
  EXPECT_TRUE(book.check_head("room 1", {4, Hash{8}}));
  EXPECT_TRUE(book.check_head("room 2", {0, Hash{8}}));
  EXPECT_EQ(book.check_head("room 1", {2, Hash{1}}).error().reason, Literal("log_rolled_back"));
  EXPECT_EQ(book.check_head("room 1", {3, Hash{8}}).error().reason, Literal("log_rolled_back"));
}

TEST(Allotments, ReadsBackAsItWasWritten) {
  AllotmentBook book;
  ASSERT_TRUE(book.commit(allotment(1, 5), kBudget));
  ASSERT_TRUE(book.commit(allotment(2, 7), kBudget));
  ASSERT_TRUE(book.settle(closing(1, 1, "0")));
  const auto again = AllotmentBook::decode(book.encode());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->encode().canonical(), book.encode().canonical());
  EXPECT_EQ(again->committed("c", "purchases").loss, 7U);
}

TEST(Allotments, AnUnknownMemberIsRefused) {
  Json json = AllotmentBook().encode();
  json.set("note", "x");
  EXPECT_FALSE(AllotmentBook::decode(json));
}

}  // namespace
}  // namespace gbx::client
