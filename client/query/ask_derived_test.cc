#include "client/query/ask_derived.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "client/query/answer_fixture.h"
#include "trusted/crypto/entropy.h"
#include "trusted/crypto/hash.h"
#include "trusted/packet/statement.h"

namespace gbx::client {
namespace {

// A home of our own as newsnow, and a room that answers by hand.
class AskDerived : public testing::Test {
 protected:
  AskDerived()
      : folder_(std::filesystem::temp_directory_path() /
                ("gbx-ask-derived-" + std::to_string(getpid()))) {
    std::filesystem::remove_all(folder_);
    home_.emplace(Home::create(folder_, "newsnow", as_bytes("pass"), {1U << 10, 8, 1}).value());
    room_.binding = answer_.binding;
    room_.binding.signing_key = room_key_.public_key();
    room_.digest = packet::digest(room_.binding);
    policy_ = read_policy_envelope(policy::signed_policy(answer_.policy), "policy.json");
    Question question;
    question.derived = packet::DerivedCall{};
    asked_ = {&room_, &policy_,
              sign_question(question, *home_, room_.digest, policy_.hash, entropy_).value()};
    list_.tables = {{{{}, "agency", "buyers", "SELECT 1", 5}, {"a"}, {"purchases"}, {}}};
    said_.binding = room_.digest;
    said_.policy_hash = policy_.hash;
    said_.member = "newsnow";
    said_.request_digest = packet::request_digest(asked_.request);
  }
  ~AskDerived() override { std::filesystem::remove_all(folder_); }

  // What opening yields, when the room says this.
  std::string reason(const crypto::SigningKey& signer, const std::string& subject = "derived",
                     std::string_view type = packet::kDerivedPredicate,
                     const std::optional<Hash>& digest = {}) {
    const Json result = packet::encode(list_);
    const packet::Statement statement{
        .subject_name = subject,
        .subject_digest = digest.value_or(crypto::sha256(as_bytes(result.canonical()))),
        .predicate_type = std::string(type),
        .predicate = packet::encode(said_)};
    const std::vector<packet::Receiver> receivers = {
        {"newsnow", home_->sealing_key().public_key()}};
    const std::string sealed =
        packet::seal_answer(
            packet::print_answer_body(result, packet::make_statement(statement, signer)), receivers,
            packet::request_digest(asked_.request), entropy_)
            .value();
    const auto list = open_derived_answer(asked_, sealed, *home_);
    if (list) {
      EXPECT_EQ(packet::encode(*list).canonical(), result.canonical());
    }
    return list ? "" : std::string(list.error().reason.view());
  }
  std::string reason() { return reason(room_key_); }

  std::filesystem::path folder_;
  crypto::SystemEntropy entropy_;
  crypto::SigningKey room_key_ = crypto::SigningKey::from_seed(Secret<32>(Hash{9}));
  TestAnswer answer_;
  std::optional<Home> home_;
  RoomIdentity room_;
  PolicyFile policy_;
  Asked asked_;
  packet::DerivedList list_;
  packet::DerivedPredicate said_;
};

TEST_F(AskDerived, WhatTheRoomSaysAboutThisRequestIsBelieved) { EXPECT_EQ(reason(), ""); }

TEST_F(AskDerived, WhatAnotherSaysIsNot) {
  const auto other = crypto::SigningKey::from_seed(Secret<32>(Hash{8}));
  EXPECT_NE(reason(other), "");
  EXPECT_NE(reason(room_key_, "derived", packet::kAnswerPredicate), "");
  EXPECT_EQ(reason(room_key_, "result"), "derived_answer_wrong");
  EXPECT_EQ(reason(room_key_, "derived", packet::kDerivedPredicate, Hash{1}),
            "derived_answer_wrong");
  EXPECT_NE(open_derived_answer(asked_, "{}", *home_).has_value(), true);
}

TEST_F(AskDerived, WhatIsAboutAnotherRequestIsNot) {
  const packet::DerivedPredicate good = said_;
  const auto changed = [&](auto change) {
    said_ = good;
    change(said_);
    return reason();
  };
  using Said = packet::DerivedPredicate;
  EXPECT_EQ(changed([](Said& said) { said.binding[0]++; }), "derived_answer_wrong");
  EXPECT_EQ(changed([](Said& said) { said.policy_hash[0]++; }), "derived_answer_wrong");
  EXPECT_EQ(changed([](Said& said) { said.member = "agency"; }), "derived_answer_wrong");
  EXPECT_EQ(changed([](Said& said) { said.request_digest[0]++; }), "derived_answer_wrong");
  EXPECT_EQ(changed([](Said&) {}), "");
}

}  // namespace
}  // namespace gbx::client
