#include "trusted/packet/derived.h"

#include <gtest/gtest.h>

#include "tests/spec/examples.h"

#include "trusted/packet/answer.h"
#include "trusted/packet/request.h"

namespace gbx::packet {
namespace {

constexpr Literal kMalformed = "derived_malformed";

DerivedTable buyers() {
  DerivedTable out;
  out.id.fill(0x42);
  out.member = "newsnow";
  out.name = "buyers";
  out.sql = "SELECT hashed_email, SUM(total_spent) AS spent FROM purchases GROUP BY hashed_email";
  out.until = 1'767'312'000;
  return out;
}

DerivedList example_list() {
  DerivedTable seen;
  seen.id.fill(0x43);
  seen.member = "shopgood";
  seen.name = "seen_buyers";
  seen.sql =
      "SELECT hashed_email, campaign_id, spent FROM exposures JOIN buyers USING (hashed_email)";
  seen.until = 1'767'300'000;
  DerivedList out;
  out.tables = {
      {buyers(), {"hashed_email", "spent"}, {"purchases"}, {}},
      {seen, {"hashed_email", "campaign_id", "spent"}, {"exposures", "purchases"}, {"buyers"}}};
  out.vetoes = {{"newsnow", "everybody"}, {"shopgood", ""}};
  return out;
}

DerivedPredicate example_predicate() {
  DerivedPredicate out;
  out.member = "newsnow";
  out.log_size = 6;
  out.time = 1'767'225'600;
  return out;
}

// docs/spec/derived.md
TEST(DerivedPage, HasPacketsThatHold) {
  const auto blocks = spec::examples("derived.md");
  ASSERT_EQ(blocks.size(), 7U);
  const DerivedTable table = buyers();
  const DerivedCall create{DerivedAction::create, table.name, table.sql, table.until};
  EXPECT_EQ(encode(create).canonical(), blocks[1].canonical());
  EXPECT_EQ(encode(DerivedCall{DerivedAction::drop, "buyers", {}, 0}).canonical(),
            blocks[2].find("drop")->canonical());
  EXPECT_EQ(encode(DerivedCall{DerivedAction::list, {}, {}, 0}).canonical(),
            blocks[2].find("list")->canonical());
  EXPECT_EQ(encode(DerivedCall{DerivedAction::veto, "buyers", {}, 0}).canonical(),
            blocks[2].find("veto")->canonical());
  EXPECT_EQ(encode(DerivedCall{DerivedAction::veto, {}, {}, 0}).canonical(),
            blocks[2].find("veto all")->canonical());
  EXPECT_EQ(encode(example_list()).canonical(), blocks[3].canonical());
  EXPECT_EQ(encode(example_predicate()).canonical(), blocks[4].canonical());
  EXPECT_EQ(*blocks[5].find("definition")->string(), to_hex(derived_digest(table)));
  EXPECT_EQ(encode(std::vector<DerivedTable>{table}).canonical(), blocks[6].canonical());
}

TEST(DerivedCall, DecodesToTheSameBytes) {
  for (const DerivedCall& call :
       {DerivedCall{DerivedAction::create, "a", "SELECT 1", 5},
        DerivedCall{DerivedAction::drop, "a", {}, 0}, DerivedCall{DerivedAction::list, {}, {}, 0},
        DerivedCall{DerivedAction::veto, "a", {}, 0},
        DerivedCall{DerivedAction::veto, {}, {}, 0}}) {
    const auto decoded = decode_derived_call(encode(call), kMalformed);
    ASSERT_TRUE(decoded) << encode(call).canonical();
    EXPECT_EQ(*decoded, call);
  }
}

TEST(DerivedCall, RefusesWhatIsNoneOfThem) {
  const std::string name(65, 'a');
  const std::string sql(kDerivedSqlBytesMax + 1, ' ');
  for (const std::string& text : {
           std::string(R"({"action":"alter","name":"a"})"),
           std::string(R"({"action":"drop"})"),
           std::string(R"({"action":"drop","name":""})"),
           std::string(R"({"action":"drop","name":"a","sql":"SELECT 1"})"),
           std::string(R"({"action":"list","name":"a"})"),
           std::string(R"({"action":"veto","name":""})"),
           std::string(R"({"action":"veto","name":"a","until":5})"),
           std::string(R"({"action":"create","name":"a","sql":"SELECT 1"})"),
           std::string(R"({"action":"create","name":"a","until":5})"),
           std::string(R"({"action":"create","sql":"SELECT 1","until":5})"),
           std::string(R"({"action":"create","name":"a","sql":"SELECT 1","until":0})"),
           std::string(R"({"action":"create","name":"a","sql":"SELECT 1","until":"5"})"),
           std::string(R"({"action":"create","name":"a","sql":"SELECT 1","until":5,"more":1})"),
           R"({"action":"drop","name":")" + name + R"("})",
           R"({"action":"create","name":"a","sql":")" + sql + R"(","until":5})",
           std::string(R"({"name":"a"})"),
           std::string(R"([])"),
           std::string(R"("list")"),
       }) {
    EXPECT_FALSE(decode_derived_call(Json::parse(text).value(), kMalformed)) << text.substr(0, 80);
  }
}

TEST(DerivedDigest, IsAnotherForEachMember) {
  const Hash first = derived_digest(buyers());
  const auto changed = [&](auto change) {
    DerivedTable other = buyers();
    change(other);
    return derived_digest(other);
  };
  EXPECT_EQ(changed([](DerivedTable&) {}), first);
  EXPECT_NE(changed([](DerivedTable& t) { t.id[0]++; }), first);
  EXPECT_NE(changed([](DerivedTable& t) { t.member = "shopgood"; }), first);
  EXPECT_NE(changed([](DerivedTable& t) { t.name += "s"; }), first);
  EXPECT_NE(changed([](DerivedTable& t) { t.sql += " "; }), first);
  EXPECT_NE(changed([](DerivedTable& t) { t.until++; }), first);
}

TEST(DerivedList, DecodesToTheSameBytes) {
  for (const DerivedList& list : {example_list(), DerivedList()}) {
    const auto decoded = decode_derived_list(encode(list), kMalformed);
    ASSERT_TRUE(decoded);
    EXPECT_EQ(encode(*decoded).canonical(), encode(list).canonical());
  }
  const auto predicate = decode_derived_predicate(encode(example_predicate()), kMalformed);
  ASSERT_TRUE(predicate);
  EXPECT_EQ(encode(*predicate).canonical(), encode(example_predicate()).canonical());
}

TEST(DerivedList, RefusesOtherShapes) {
  const std::string good = encode(example_list()).canonical();
  const auto spoilt = [&](std::string_view from, std::string_view to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    return decode_derived_list(Json::parse(text).value(), kMalformed).has_value();
  };
  EXPECT_TRUE(spoilt("buyers", "callers"));
  EXPECT_FALSE(spoilt("\"kind\":\"derived\"", "\"kind\":\"answer\""));
  EXPECT_FALSE(spoilt("\"name\":\"buyers\"", "\"name\":\"seen_buyers\""));
  EXPECT_FALSE(spoilt("\"name\":\"everybody\"", "\"name\":\"\""));
  EXPECT_FALSE(spoilt("\"until\":1767312000", "\"until\":-1"));
  EXPECT_FALSE(spoilt("\"beneath\":[],", ""));
  EXPECT_FALSE(spoilt("\"columns\":[\"hashed_email\",\"spent\"]", "\"columns\":[1]"));
  EXPECT_FALSE(spoilt("\"vetoes\":[", "\"vetoes\":[1,"));
}

TEST(DerivedTables, OfAStatementAreSomeEachOnce) {
  const std::vector<DerivedTable> one = {buyers()};
  const auto decoded = decode_derived_tables(encode(one), kMalformed);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(*decoded, one);
  EXPECT_FALSE(decode_derived_tables(Json(Json::Array()), kMalformed));
  EXPECT_FALSE(decode_derived_tables(encode(std::vector{buyers(), buyers()}), kMalformed));
  std::vector<DerivedTable> many;
  for (std::size_t i = 0; i <= kDerivedMax; i++) {
    many.push_back(buyers());
    many.back().name = "t" + std::to_string(i);
  }
  EXPECT_FALSE(decode_derived_tables(encode(many), kMalformed));
  many.pop_back();
  EXPECT_TRUE(decode_derived_tables(encode(many), kMalformed));
}

// What a reader makes of a request, by the members of it.
bool opens(const Json& payload) {
  const auto key = spec::example_signing_key("newsnow");
  Envelope envelope = make_envelope(kRequestType, payload);
  sign(envelope, key);
  return open_request(envelope, key.public_key()).has_value();
}

TEST(DerivedRequest, StandsInPlaceOfAQuestion) {
  Request request;
  request.member = "newsnow";
  request.derived = DerivedCall{DerivedAction::list, {}, {}, 0};
  const auto key = spec::example_signing_key("newsnow");
  const Envelope envelope = make_request(request, key);
  const auto opened = open_request(envelope, key.public_key());
  ASSERT_TRUE(opened);
  EXPECT_EQ(*opened, request);
  const Json payload = Json::parse(envelope.payload).value();
  EXPECT_EQ(payload.find("sql"), nullptr);  // what a reader that knows no derived tables misses
  const auto with = [&](const char* name, Json value) {
    Json::Object members;
    for (const Json::Member& member : *payload.object()) {
      if (member.first != name) members.push_back(member);
    }
    members.emplace_back(name, std::move(value));
    return opens(Json(std::move(members)));
  };
  EXPECT_TRUE(with("dry_run", false));
  EXPECT_FALSE(with("dry_run", true));
  EXPECT_FALSE(with("epsilon", "0.1"));
  EXPECT_FALSE(with("sql", "SELECT 1"));
  EXPECT_FALSE(with("template", Json(Json::Object())));
  EXPECT_FALSE(with("derived", "list"));
}

}  // namespace
}  // namespace gbx::packet
