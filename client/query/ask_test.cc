#include "client/query/ask.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "client/query/answer_fixture.h"
#include "client/query/verify_answer.h"
#include "trusted/crypto/entropy.h"
#include "trusted/packet/sealed_answer.h"

namespace gbx::client {
namespace {

class NoEntropy final : public Entropy {
 public:
  Status fill(std::span<std::uint8_t> /*out*/) noexcept override {
    return Error{ErrorCode::unavailable, "entropy_failed"};
  }
};

// The tutorial's policy with a home of our own as newsnow, and a room that answers by hand.
class Ask : public testing::Test {
 protected:
  Ask()
      : folder_(std::filesystem::temp_directory_path() / ("gbx-ask-" + std::to_string(getpid()))) {
    std::filesystem::remove_all(folder_);
    home_.emplace(Home::create(folder_, "newsnow", as_bytes("pass"), {1U << 10, 8, 1}).value());
    room_.binding = answer_.binding;
    room_.evidence = answer_.file().evidence;
    room_.digest = packet::digest(room_.binding);
    policy_ = read_policy_envelope(policy::signed_policy(answer_.policy), "policy.json");
  }
  ~Ask() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::string seal(const std::string& name, const packet::Envelope& request) {
    const AnswerFile file = answer_.file();
    const std::vector<packet::Receiver> receivers = {{name, home_->sealing_key().public_key()}};
    return packet::seal_answer(
               packet::print_answer_body(packet::encode(answer_.table), file.statement), receivers,
               packet::request_digest(request), entropy_)
        .value();
  }

  std::filesystem::path folder_;
  crypto::SystemEntropy entropy_;
  TestAnswer answer_;
  std::optional<Home> home_;
  RoomIdentity room_;
  PolicyFile policy_;
};

TEST_F(Ask, TheQuestionIsSignedForOneRoom) {
  const Question question{.sql = "SELECT 1", .dry_run = true, .epsilon = "0.05"};
  const auto envelope = sign_question(question, *home_, room_.digest, policy_.hash, entropy_);
  ASSERT_TRUE(envelope);
  const auto request = packet::open_request(*envelope, home_->signing_key().public_key());
  ASSERT_TRUE(request);
  EXPECT_EQ(request->sql, "SELECT 1");
  EXPECT_EQ(request->member, "newsnow");
  EXPECT_EQ(request->binding, room_.digest);
  EXPECT_EQ(request->policy_hash, policy_.hash);
  EXPECT_TRUE(request->dry_run);
  EXPECT_EQ(request->epsilon, "0.05");
}

TEST_F(Ask, EachQuestionHasItsOwnId) {
  const Question question{.sql = "SELECT 1"};
  const auto a = sign_question(question, *home_, room_.digest, policy_.hash, entropy_);
  const auto b = sign_question(question, *home_, room_.digest, policy_.hash, entropy_);
  EXPECT_NE(a->payload, b->payload);
  NoEntropy none;
  EXPECT_FALSE(sign_question(question, *home_, room_.digest, policy_.hash, none));
}

TEST_F(Ask, TheAnswerOpensForItsReceiverAndItsRequestOnly) {
  const Question question{.sql = std::string(kTestSql)};
  const Asked asked{&room_, &policy_,
                    sign_question(question, *home_, room_.digest, policy_.hash, entropy_).value()};
  const auto file = open_room_answer(asked, seal("newsnow", asked.request), *home_);
  ASSERT_TRUE(file);
  EXPECT_EQ(file->result.canonical(), packet::encode(answer_.table).canonical());
  EXPECT_EQ(file->binding, room_.binding);
  EXPECT_EQ(open_room_answer(asked, seal("shopgood", asked.request), *home_).error().reason,
            Literal("not_a_receiver"));
  packet::Envelope other = asked.request;
  other.payload += " ";
  EXPECT_EQ(open_room_answer(asked, seal("newsnow", other), *home_).error().reason,
            Literal("seal_broken"));
  EXPECT_FALSE(open_room_answer(asked, "{}", *home_));
}

TEST_F(Ask, AnAnswerToAnotherQuestionDoesNotVerify) {
  const Question question{.sql = "SELECT COUNT(*) FROM purchases"};
  const Asked asked{&room_, &policy_,
                    sign_question(question, *home_, room_.digest, policy_.hash, entropy_).value()};
  const auto file = open_room_answer(asked, seal("newsnow", asked.request), *home_);
  ASSERT_TRUE(file);
  EXPECT_FALSE(VerifiedAnswer::verify(*file, policy_.hash, 1));
}

}  // namespace
}  // namespace gbx::client
