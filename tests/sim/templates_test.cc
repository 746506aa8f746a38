// Templates in a whole room: what is asked is the template's own text with the values in its tree,
// the answer says which and with what, and everything that is not as the policy says is refused
// before anything is parsed, spent or read.

#include <gtest/gtest.h>

#include "tests/sim/world.h"
#include "trusted/crypto/hash.h"

namespace gbx::sim {
namespace {

constexpr std::string_view kSql =
    "SELECT COUNT(DISTINCT hashed_email) AS people, SUM(total_spent) AS revenue\n"
    "FROM exposures JOIN purchases USING (hashed_email)\n"
    "WHERE campaign_id = $campaign AND total_spent >= $least";

policy::Template spenders() {
  policy::Template out{.name = "spenders", .version = 2, .sql = std::string(kSql)};
  out.parameters.push_back({.name = "campaign", .type = {Type::text, 0}});
  for (const char* name : {"autumn", "it's", "spring", "x' OR '1'='1"}) {
    out.parameters[0].allowed.emplace_back(std::string(name));
  }
  out.parameters.push_back({.name = "least", .type = {Type::decimal, 2}});
  out.parameters[1].range = {0, 50'000};
  return out;
}

void approve(policy::Template& entry, const std::vector<std::string>& members) {
  const Hash digest = policy::template_digest(entry);
  entry.approved_by.clear();
  for (const std::string& member : members) entry.approved_by.push_back({member, digest});
}

// A room whose policy has the template, approved by these.
struct Asking {
  explicit Asking(std::uint64_t seed, const std::vector<std::string>& by = {"newsnow", "shopgood"})
      : world(seed) {
    approve(entry, by);
    world.policy.templates = {entry};
    GBX_CHECK(world.open());
  }
  enclave::Frame ask(std::string campaign, std::string least, bool dry_run = false) {
    return ask({{"campaign", std::move(campaign)}, {"least", std::move(least)}}, dry_run);
  }
  enclave::Frame ask(std::vector<packet::Argument> arguments, bool dry_run = false) {
    world.asked_call = {entry.name, entry.version, policy::template_digest(entry),
                        std::move(arguments)};
    enclave::Frame out = world.ask("", dry_run);
    world.asked_call.reset();
    return out;
  }
  policy::Template entry = spenders();
  World world;
};

std::string result_of(const World::Read& read) { return packet::encode(read.table).canonical(); }

TEST(Templates, TheAnswerSaysWhichTemplateAndWithWhat) {
  Asking asking(700);
  const auto read = asking.world.read(asking.ask("autumn", "100.00"));
  ASSERT_TRUE(read);
  ASSERT_TRUE(read->predicate.call);
  EXPECT_EQ(read->predicate.call->name, "spenders");
  EXPECT_EQ(read->predicate.call->version, 2u);
  EXPECT_EQ(read->predicate.call->digest, policy::template_digest(asking.entry));
  EXPECT_EQ(read->predicate.call->arguments,
            (std::vector<packet::Argument>{{"campaign", "autumn"}, {"least", "100.00"}}));
  EXPECT_EQ(read->predicate.query_digest, crypto::sha256(as_bytes(kSql)));
  EXPECT_NE(read->predicate.query_text.find("'autumn'"), std::string::npos);
  EXPECT_NE(read->predicate.query_text.find("100"), std::string::npos);
  // And what the same SQL would have said: 200 of 300 have spent at least 100.
  ASSERT_EQ(read->table.rows.size(), 1u);
  const auto* people = std::get_if<std::int64_t>(&read->table.rows[0][0].value);
  ASSERT_NE(people, nullptr);
  EXPECT_NEAR(static_cast<double>(*people), 201, 60);
}

TEST(Templates, EqualValuesAreTheSameQuestionHoweverItIsAsked) {
  Asking asking(701);
  const auto first = asking.world.read(asking.ask("autumn", "100.00"));
  ASSERT_TRUE(first);
  const auto again = asking.world.read(asking.ask("autumn", "100.00"));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->predicate.repeat_of, first->predicate.request_digest);
  EXPECT_EQ(result_of(*again), result_of(*first));
  const auto written = asking.world.read(asking.world.ask(
      "SELECT COUNT(DISTINCT hashed_email) AS people, SUM(total_spent) AS revenue FROM exposures "
      "JOIN purchases USING (hashed_email) WHERE campaign_id = 'autumn' AND total_spent >= 100"));
  ASSERT_TRUE(written);
  EXPECT_EQ(written->predicate.repeat_of, first->predicate.request_digest);
  EXPECT_FALSE(written->predicate.call);
  EXPECT_EQ(asking.world.engine.runs, 1u);
  const auto other = asking.world.read(asking.ask("autumn", "100.01"));
  ASSERT_TRUE(other);
  EXPECT_FALSE(other->predicate.repeat_of);
}

TEST(Templates, TextWithQuotesIsAValueAndNothingElse) {
  Asking asking(702);
  for (const char* campaign : {"it's", "x' OR '1'='1"}) {
    const auto read = asking.world.read(asking.ask(campaign, "0.00"));
    ASSERT_TRUE(read) << campaign;
    ASSERT_EQ(read->table.rows.size(), 1u);
    // No campaign is called so; were it SQL, all would be counted.
    EXPECT_TRUE(std::holds_alternative<std::monostate>(read->table.rows[0][0].value)) << campaign;
  }
}

TEST(Templates, WhatIsNotAllowedIsRefusedBeforeAnythingIsSpent) {
  Asking asking(703);
  EXPECT_EQ(refusal_of(asking.ask("winter", "1.00")), "parameter_not_allowed");
  EXPECT_EQ(refusal_of(asking.ask("autumn' --", "1.00")), "parameter_not_allowed");
  EXPECT_EQ(refusal_of(asking.ask("AUTUMN", "1.00")), "parameter_not_allowed");
  EXPECT_EQ(refusal_of(asking.ask("autumn", "500.01")), "parameter_out_of_range");
  EXPECT_EQ(refusal_of(asking.ask("autumn", "-0.01")), "parameter_out_of_range");
  EXPECT_EQ(refusal_of(asking.ask("autumn", "1")), "parameter_malformed");
  EXPECT_EQ(refusal_of(asking.ask("autumn", "1.00 OR TRUE")), "parameter_malformed");
  EXPECT_EQ(refusal_of(asking.ask("autumn", std::string(256, '9'))), "parameter_malformed");
  EXPECT_EQ(refusal_of(asking.ask("autumn", std::string(257, '9'))), "request_malformed");
  EXPECT_EQ(refusal_of(asking.ask({{"campaign", "autumn"}})), "parameter_missing");
  EXPECT_EQ(refusal_of(asking.ask({{"campaign", "autumn"}, {"least", "1.00"}, {"most", "2.00"}})),
            "parameter_unknown");
  EXPECT_EQ(refusal_of(asking.ask({{"campaign", "autumn"}, {"campaign", "spring"}})),
            "request_malformed");
  EXPECT_EQ(refusal_of(asking.ask({{"least", "1.00"}, {"campaign", "autumn"}})),
            "request_malformed");
  EXPECT_EQ(asking.world.engine.runs, 0u);
  const auto price = asking.world.read(asking.ask("autumn", "1.00", true));
  ASSERT_TRUE(price);
  EXPECT_EQ(price->predicate.budget[0].before.loss, 3'000'000u);
  EXPECT_TRUE(price->predicate.call);
}

TEST(Templates, AnotherTextUnderTheSameNameIsRefused) {
  Asking asking(704);
  asking.entry.sql = "SELECT COUNT(*) FROM purchases WHERE total_spent >= $least";
  EXPECT_EQ(refusal_of(asking.ask("autumn", "1.00")), "template_digest_wrong");
  asking.entry = spenders();
  asking.entry.version = 1;
  EXPECT_EQ(refusal_of(asking.ask("autumn", "1.00")), "template_version_wrong");
  asking.entry.name = "others";
  EXPECT_EQ(refusal_of(asking.ask("autumn", "1.00")), "template_unknown");
}

TEST(Templates, EachOwnerOfATableApprovesOrItIsRefused) {
  EXPECT_EQ(refusal_of(Asking(705, {"newsnow"}).ask("autumn", "1.00")), "template_not_approved");
  EXPECT_EQ(refusal_of(Asking(706, {"shopgood"}).ask("autumn", "1.00")), "template_not_approved");
  EXPECT_EQ(refusal_of(Asking(707, {"agency"}).ask("autumn", "1.00")), "template_not_approved");
  EXPECT_EQ(refusal_of(Asking(708, {}).ask("autumn", "1.00")), "template_not_approved");
}

TEST(Templates, OneThatWasChangedAfterItWasApprovedIsNoPolicy) {
  World world(709);
  policy::Template entry = spenders();
  approve(entry, {"newsnow", "shopgood"});
  entry.sql += " AND TRUE";
  world.policy.templates = {entry};
  EXPECT_EQ(refusal_of(world.boot()), "policy_approval_stale");
}

TEST(Templates, ANameInPlainSqlIsStillRefused) {
  Asking asking(710);
  EXPECT_EQ(refusal_of(asking.world.ask(kSql)), "parameter_unsupported");
}

}  // namespace
}  // namespace gbx::sim
