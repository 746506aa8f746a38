#include "client/ledger/closing.h"

#include <gtest/gtest.h>

#include "client/ledger/ledger_testing.h"

namespace gbx::client {
namespace {

std::string reason(const packet::Statement& statement, const std::string& signer = "room") {
  const auto closing = open_closing(signed_closing(statement, signer),
                                    spec::example_signing_key("room").public_key());
  return closing ? "" : std::string(closing.error().reason.view());
}

// The statement with one member of its predicate, or of the first of its tables, replaced.
packet::Statement with(const std::string& key, const Json& value) {
  packet::Statement out = closing_of("room", "0.5");
  Json predicate{Json::Object{}};
  for (const auto& [name, member] : *out.predicate.object()) {
    predicate.set(name, name == key ? value : member);
  }
  out.predicate = std::move(predicate);
  return out;
}

packet::Statement with_in_table(const std::string& key, const Json& value) {
  const packet::Statement plain = closing_of("room", "0.5");
  Json table{Json::Object{}};
  for (const auto& [name, member] : *plain.predicate.find("tables")->array()->front().object()) {
    table.set(name, name == key ? value : member);
  }
  return with("tables", Json(Json::Array{table}));
}

TEST(Closing, SaysWhatWasSpent) {
  const packet::Envelope envelope = signed_closing(closing_of("room", "0.5"), "room");
  EXPECT_EQ(peek_closed_origin(envelope).value(), origin_of("room"));
  const auto closing = open_closing(envelope, spec::example_signing_key("room").public_key());
  ASSERT_TRUE(closing);
  EXPECT_EQ(closing->policy, spec::example_hash("policy"));
  EXPECT_EQ(closing->log_origin, origin_of("room"));
  EXPECT_EQ(closing->head, (log::Head{7, Hash{9}}));
  ASSERT_EQ(closing->spent.size(), 1U);
  EXPECT_EQ(closing->spent.front().first, "purchases");
  EXPECT_EQ(closing->spent.front().second, (privacy::Price{500'000, 100}));
  EXPECT_EQ(reason(closing_of("room", "0")), "");
}

TEST(Closing, OnlyTheRoomsOwnKeySigns) {
  EXPECT_EQ(reason(closing_of("room", "0"), "host"), "signature_missing");
  packet::Statement answer = closing_of("room", "0");
  answer.predicate_type = std::string(packet::kAnswerPredicate);
  EXPECT_EQ(reason(answer), "predicate_type_wrong");
}

TEST(Closing, TheSubjectIsTheLogsLastHead) {
  packet::Statement other = closing_of("room", "0");
  other.subject_name = origin_of("other");
  EXPECT_EQ(reason(other), "closing_malformed");
  other = closing_of("room", "0");
  other.subject_digest = Hash{8};
  EXPECT_EQ(reason(other), "closing_malformed");
}

TEST(Closing, EachInvalidMemberIsRefused) {
  EXPECT_EQ(reason(with("kind", "answer")), "closing_malformed");
  EXPECT_EQ(reason(with("log", "x")), "closing_malformed");
  EXPECT_EQ(reason(with("policy", "x")), "closing_malformed");
  EXPECT_EQ(reason(with("tables", "x")), "closing_malformed");
  EXPECT_EQ(reason(with_in_table("delta_left_2_60", -1)), "closing_malformed");
  EXPECT_EQ(reason(with_in_table("delta_spent_2_60", -1)), "closing_malformed");
  EXPECT_EQ(reason(with_in_table("delta_spent_2_60", "1")), "closing_malformed");
  EXPECT_EQ(reason(with_in_table("epsilon_left", 0)), "closing_malformed");
  EXPECT_EQ(reason(with_in_table("epsilon_spent", 0)), "closing_malformed");
  EXPECT_EQ(reason(with_in_table("epsilon_spent", "-0.1")), "closing_malformed");
  EXPECT_EQ(reason(with_in_table("epsilon_spent", "0.10")), "closing_malformed");
  EXPECT_EQ(reason(with_in_table("epsilon_spent", "")), "closing_malformed");
  EXPECT_EQ(reason(with_in_table("table", 1)), "closing_malformed");
  packet::Statement more = closing_of("room", "0");
  more.predicate.set("note", "x");
  EXPECT_EQ(reason(more), "closing_malformed");
}

TEST(Closing, NoTableStandsTwice) {
  const packet::Statement plain = closing_of("room", "0.5");
  const Json table = plain.predicate.find("tables")->array()->front();
  EXPECT_EQ(reason(with("tables", Json(Json::Array{table, table}))), "closing_malformed");
}

TEST(Closing, ZcdpIsCountedInRho) {
  const Json table = Json::object({{"delta_left_2_60", 0},
                                   {"delta_spent_2_60", 0},
                                   {"rho_left", "0"},
                                   {"rho_spent", "0.5"},
                                   {"table", "purchases"}});
  const auto closing =
      open_closing(signed_closing(with("tables", Json(Json::Array{table})), "room"),
                   spec::example_signing_key("room").public_key());
  ASSERT_TRUE(closing);
  EXPECT_EQ(closing->accounting, privacy::Accounting::zcdp);
  EXPECT_EQ(closing->spent.front().second.loss, privacy::kRhoUnit / 2);
}

TEST(Closing, WhatIsNoStatementHasNoOrigin) {
  packet::Envelope envelope;
  for (const char* payload : {"", "1", "{}", R"({"subject":[]})", R"({"subject":[{"name":1}]})"}) {
    envelope.payload = payload;
    EXPECT_EQ(peek_closed_origin(envelope).error().reason.view(), "closing_malformed") << payload;
  }
}

}  // namespace
}  // namespace gbx::client
