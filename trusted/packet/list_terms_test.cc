#include "trusted/packet/list_terms.h"

#include <gtest/gtest.h>

#include "trusted/packet/answer.h"

namespace gbx::packet {
namespace {

constexpr Literal kMalformed = "answer_malformed";

Hash salt(std::uint8_t byte) {
  Hash out{};
  out.fill(byte);
  return out;
}

// docs/spec/audience.md
TEST(ListCommitment, IsAsTheSpecificationHasIt) {
  AnswerTable table;
  table.columns = {{"hashed_email", {Type::text, 0}, OutputKind::person, {}},
                   {"campaign_id", {Type::text, 0}, OutputKind::listed, {}}};
  const std::string one = "000102030405060708090a0b0c0d0e0f";
  const std::string two = "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf";
  table.rows = {{{one, {}}, {std::string("autumn"), {}}},
                {{one, {}}, {std::string("winter"), {}}},
                {{two, {}}, {{}, {}}}};
  table.withheld = 0;
  const std::string commitment = to_hex(list_commitment(salt(0x99), answer_digest(table)));
  EXPECT_EQ(commitment, "b589e82dd4ea67b6aa9ec9134fb2a489317f463ebf3b6b106461a38df6debb59");
  const auto decoded = decode_answer_table(encode(table));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(answer_digest(*decoded), answer_digest(table));
}

TEST(ListCommitment, IsAnotherForAnotherSaltOrAnswer) {
  const Hash first = list_commitment(salt(1), salt(2));
  EXPECT_NE(first, list_commitment(salt(2), salt(2)));
  EXPECT_NE(first, list_commitment(salt(1), salt(1)));
  EXPECT_NE(first, list_commitment(salt(2), salt(1)));
}

TEST(ListTerms, ComeBackAsTheyWere) {
  for (const ListTerms& terms : {ListTerms{}, ListTerms{salt(7)}}) {
    const auto decoded = decode_list_terms(encode(terms), kMalformed);
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->salt, terms.salt);
    EXPECT_EQ(encode(*decoded).canonical(), encode(terms).canonical());
  }
}

TEST(ListTerms, InOtherWordsAreRefused) {
  for (const char* json :
       {"[]", "{\"salt\":1}", "{\"salt\":\"99\"}", "{\"size\":5}", "{\"salt\":\"\"}"}) {
    const auto decoded = decode_list_terms(Json::parse(json).value(), kMalformed);
    ASSERT_FALSE(decoded) << json;
    EXPECT_EQ(decoded.error().reason, kMalformed);
  }
}

}  // namespace
}  // namespace gbx::packet
