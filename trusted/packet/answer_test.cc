#include "trusted/packet/answer.h"

#include <gtest/gtest.h>

#include "tests/spec/examples.h"

#include "trusted/crypto/hash.h"

namespace gbx::packet {
namespace {

AnswerTable table() {
  AnswerTable out;
  out.columns = {{"campaign", {Type::text, 0}, OutputKind::group, {}},
                 {"people", {Type::integer, 0}, OutputKind::noised, 119},
                 {"revenue", {Type::decimal, 2}, OutputKind::noised, {}}};
  out.rows = {{{std::string("autumn"), {}},
               {std::int64_t{1204}, Interval{1085, 1323}},
               {std::int64_t{-150}, Interval{-200, -100}}},
              {{{}, {}}, {std::int64_t{0}, {}}, {{}, {}}}};
  out.withheld = 3;
  return out;
}

AnswerPredicate predicate() {
  AnswerPredicate out;
  out.member = "newsnow";
  out.query_text = "SELECT 1";
  out.platform = "sim";
  out.log_size = 17;
  out.time = 1'767'225'600;
  out.noise.price = {100'000, 5};
  out.noise.people_min = 50;
  out.noise.groups_per_person = 4;
  out.noise.hides_people = 119;
  const privacy::Statistic persons{1, 1, privacy::NoiseKind::laplace, 50'000};
  const privacy::Statistic measure{700, 1, privacy::NoiseKind::gaussian, privacy::kRhoUnit / 8};
  out.noise.statistics = {{persons, 119}, {measure, 2000}};
  out.budget = {{"exposures", {3'000'000, 50}, {2'900'000, 45}}, {"purchases", {1, 5}, {0, 0}}};
  out.snapshots = {{"exposures", Hash{1}}, {"purchases", Hash{2}}};
  return out;
}

TEST(AnswerTable, IsSpelledAsTheSpecificationHasIt) {
  EXPECT_EQ(encode(table()).canonical(),
            R"({"columns":[{"kind":"group","name":"campaign","type":"text"},)"
            R"({"half_width":"119","kind":"noised","name":"people","type":"integer"},)"
            R"({"kind":"noised","name":"revenue","scale":2,"type":"decimal"}],"kind":"answer",)"
            R"("rows":[[["autumn"],["1204","1085","1323"],["-1.50","-2.00","-1.00"]],)"
            R"([[],["0"],[]]],"withheld":3})");
}

TEST(AnswerTable, DecodesToTheSameBytes) {
  const Json json = encode(table());
  const auto decoded = decode_answer_table(json);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(encode(*decoded).canonical(), json.canonical());
  EXPECT_EQ(answer_digest(*decoded), crypto::sha256(as_bytes(json.canonical())));
}

TEST(AnswerTable, RefusesOtherSpellingsAndShapes) {
  const std::string good = encode(table()).canonical();
  const auto spoilt = [&](std::string_view from, std::string_view to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    return decode_answer_table(Json::parse(text).value()).has_value();
  };
  EXPECT_TRUE(spoilt("autumn", "winter"));
  EXPECT_FALSE(spoilt("\"-1.50\"", "\"-1.5\""));
  EXPECT_FALSE(spoilt("\"1204\"", "1204"));
  EXPECT_FALSE(spoilt("\"1204\",", ""));
  EXPECT_FALSE(spoilt("\"1085\",\"1323\"", "\"1323\",\"1085\""));
  EXPECT_FALSE(spoilt("[\"autumn\"]", "[\"autumn\",\"a\",\"b\"]"));
  EXPECT_FALSE(spoilt("[\"autumn\"],", ""));
  EXPECT_FALSE(spoilt("\"kind\":\"group\"", "\"kind\":\"open\""));
  EXPECT_FALSE(spoilt("\"kind\":\"answer\"", "\"kind\":\"price\""));
  EXPECT_FALSE(spoilt("\"scale\":2,", ""));
  EXPECT_FALSE(spoilt("\"half_width\":\"119\"", "\"half_width\":\"-119\""));
  EXPECT_FALSE(spoilt("\"withheld\":3", "\"withheld\":-3"));
  EXPECT_FALSE(spoilt("\"withheld\":3", "\"hidden\":3"));
  EXPECT_FALSE(spoilt(",\"type\":\"integer\"", ",\"type\":\"float\""));
}

TEST(AnswerTable, SaysHowManyRowsWereCutOnlyWhenSomeWere) {
  AnswerTable cut = table();
  cut.rows_cut = 7;
  const Json json = encode(cut);
  EXPECT_EQ(*json.find("rows_cut")->integer(), 7);
  const auto decoded = decode_answer_table(json);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->rows_cut, 7);
  EXPECT_EQ(encode(table()).find("rows_cut"), nullptr);
  for (const Json& wrong : {Json(0), Json(-1), Json("7")}) {
    Json other = json;
    other.set("rows_cut", wrong);
    EXPECT_FALSE(decode_answer_table(other)) << wrong.canonical();
  }
  cut.rows.clear();
  EXPECT_FALSE(decode_answer_table(encode(cut)));
}

TEST(AnswerPage, HasATableAndAPredicateThatHold) {
  const auto blocks = spec::examples("result.md");
  ASSERT_GE(blocks.size(), 4U);
  const auto shown = decode_answer_table(blocks[0]);
  ASSERT_TRUE(shown);
  EXPECT_EQ(encode(*shown).canonical(), blocks[0].canonical());
  const Json with_computed = Json::object({{"columns", Json(Json::Array{blocks[1]})},
                                           {"kind", "answer"},
                                           {"rows", Json(Json::Array())}});
  const auto computed = decode_answer_table(with_computed);
  ASSERT_TRUE(computed);
  EXPECT_EQ(encode(*computed).canonical(), with_computed.canonical());
  ASSERT_EQ(computed->columns[0].inputs.size(), 2U);
  EXPECT_EQ(computed->columns[0].inputs[1], (FormulaInput{2, {1}}));
  const auto said = decode_answer_predicate(blocks[3]);
  ASSERT_TRUE(said);
  EXPECT_EQ(encode(*said).canonical(), blocks[3].canonical());
}

TEST(AnswerPage, HasAWindowThatHoldsAndRowsBesideThoseShown) {
  const auto blocks = spec::examples("result.md");
  Json row{Json::Array()};
  row.push(Json(Json::Array{"7"}));
  Json rows{Json::Array()};
  rows.push(std::move(row));
  Json table = Json::object({{"columns", Json(Json::Array{blocks[2]})},
                             {"kind", "answer"},
                             {"others", rows},
                             {"rows", Json(Json::Array())},
                             {"rows_cut", 4}});
  const auto decoded = decode_answer_table(table);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->others.size(), 1U);
  EXPECT_EQ(encode(*decoded).canonical(), table.canonical());

  Json none = table;
  none.set("others", Json(Json::Array()));
  EXPECT_FALSE(decode_answer_table(none));
  Json price = table;
  price.set("kind", "price");
  EXPECT_FALSE(decode_answer_table(price));
  Json plain = encode(AnswerTable{.dry_run = false,
                                  .columns = {{"n", {Type::integer, 0}, OutputKind::exact, {}}},
                                  .rows = {},
                                  .withheld = {}});
  EXPECT_TRUE(decode_answer_table(plain));
  plain.set("others", rows);
  EXPECT_FALSE(decode_answer_table(plain));
  for (const char* kind : {"noised", "computed", "group"}) {
    Json column = blocks[2];
    column.set("kind", kind);
    table.set("columns", Json(Json::Array{column}));
    EXPECT_FALSE(decode_answer_table(table)) << kind;
  }
}

TEST(AnswerPredicate, DecodesToTheSameBytes) {
  const Json json = encode(predicate());
  const auto decoded = decode_answer_predicate(json);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(encode(*decoded).canonical(), json.canonical());
  EXPECT_TRUE(Json::parse_canonical(json.canonical()));
}

TEST(AnswerPredicate, RefusesEveryMissingAndUnknownMember) {
  const Json good = encode(predicate());
  for (std::size_t skip = 0; skip < good.object()->size(); skip++) {
    Json::Object members = *good.object();
    members.erase(members.begin() + static_cast<std::ptrdiff_t>(skip));
    EXPECT_FALSE(decode_answer_predicate(Json(members))) << skip;
    members = *good.object();
    members[skip].second = 1.5;
    EXPECT_FALSE(decode_answer_predicate(Json(members))) << skip;
  }
  Json more = good;
  more.set("note", "x");
  EXPECT_FALSE(decode_answer_predicate(more));
}

TEST(AnswerPredicate, SaysTheDerivedTablesThatItStandsOn) {
  AnswerPredicate one = predicate();
  one.derived = {{{}, "newsnow", "buyers", "SELECT 1", 5}, {{}, "agency", "rich", "SELECT 2", 6}};
  const Json json = encode(one);
  const auto decoded = decode_answer_predicate(json);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->derived, one.derived);
  EXPECT_EQ(encode(predicate()).find("derived"), nullptr);
  for (const Json& wrong : {Json(Json::Array()), Json("buyers"), Json(Json::Array{Json("buyers")}),
                            Json(Json::Array{json.find("derived")->array()->at(0),
                                             json.find("derived")->array()->at(0)})}) {
    Json::Object members;
    for (const Json::Member& member : *json.object()) {
      members.emplace_back(member.first, member.first == "derived" ? wrong : member.second);
    }
    EXPECT_FALSE(decode_answer_predicate(Json(std::move(members)))) << wrong.canonical();
  }
}

TEST(AnswerPredicate, ARepeatNamesTheFirstRequest) {
  AnswerPredicate repeat = predicate();
  repeat.repeat_of = Hash{9};
  const Json json = encode(repeat);
  const auto decoded = decode_answer_predicate(json);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->repeat_of, Hash{9});
  EXPECT_EQ(encode(*decoded).canonical(), json.canonical());
  for (const Json& wrong : {Json(9), Json(""), Json(std::string(64, 'A'))}) {
    Json other = json;
    other.set("repeat_of", wrong);
    EXPECT_FALSE(decode_answer_predicate(other)) << wrong.canonical();
  }
}

TEST(AnswerPredicate, TablesStandOnceAndInOrder) {
  AnswerPredicate twice = predicate();
  twice.budget[1].table = "exposures";
  EXPECT_FALSE(decode_answer_predicate(encode(twice)));
  AnswerPredicate unordered = predicate();
  std::swap(unordered.snapshots[0], unordered.snapshots[1]);
  EXPECT_FALSE(decode_answer_predicate(encode(unordered)));
}

TEST(AnswerBody, HoldsTheTableAndItsStatement) {
  const Envelope statement = make_envelope("application/vnd.in-toto+json", encode(predicate()));
  const std::string text = print_answer_body(encode(table()), statement);
  const auto body = parse_answer_body(text);
  ASSERT_TRUE(body);
  EXPECT_EQ(body->result.canonical(), encode(table()).canonical());
  EXPECT_EQ(body->statement.payload, statement.payload);
  EXPECT_FALSE(parse_answer_body(text + " "));
  EXPECT_FALSE(parse_answer_body("{}"));
}

TEST(AnswerPredicate, OfAListSaysThatItIsOneAndNoGuarantee) {
  AnswerPredicate list = predicate();
  list.list.emplace();
  list.list->salt = Hash{3};
  const Json json = encode(list);
  EXPECT_EQ(*json.find("guarantee")->string(), "none: a list of persons, not a privacy guarantee");
  const auto decoded = decode_answer_predicate(json);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(encode(*decoded).canonical(), json.canonical());
  for (const char* said : {"", "none", "none: threshold only, not a privacy guarantee"}) {
    Json wrong = json;
    wrong.set("guarantee", std::string(said));
    EXPECT_FALSE(decode_answer_predicate(wrong)) << said;
  }
  Json alone = encode(predicate());
  alone.set("guarantee", std::string(kListGuarantee));
  EXPECT_FALSE(decode_answer_predicate(alone));  // a guarantee's absence without a list
  Json silent = encode(predicate());
  silent.set("list", encode(*list.list));
  EXPECT_FALSE(decode_answer_predicate(silent));  // a list that does not say what it is
}

}  // namespace
}  // namespace gbx::packet
