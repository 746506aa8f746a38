#include "trusted/packet/refusal.h"

#include <gtest/gtest.h>

#include "tests/spec/examples.h"

namespace gbx::packet {
namespace {

constexpr std::uint8_t kQuery = 5;

class RefusalSignature : public testing::Test {
 protected:
  // "" when it holds.
  [[nodiscard]] std::string reason(const RefusedCall& refused, std::string_view refusal,
                                   const crypto::SigningKey& key) const {
    const Status status = verify_refusal(refused, as_bytes(refusal), signature_, key.public_key());
    return status ? "" : std::string(status.error().reason.view());
  }

  crypto::SigningKey room_ = spec::example_signing_key("room");
  RefusedCall refused_{kQuery, as_bytes("question")};
  crypto::Signature signature_ = sign_refusal(refused_, as_bytes("no"), room_);
};

TEST_F(RefusalSignature, HoldsForWhatWasRefused) {
  EXPECT_EQ(reason(refused_, "no", room_), "");
  EXPECT_EQ(sign_refusal(refused_, as_bytes("no"), room_), signature_) << "deterministic";
}

TEST_F(RefusalSignature, NotForAnotherCall) {
  EXPECT_EQ(reason({4, refused_.payload}, "no", room_), "refusal_not_of_room");
}

TEST_F(RefusalSignature, NotForAnotherPayload) {
  EXPECT_EQ(reason({kQuery, as_bytes("another")}, "no", room_), "refusal_not_of_room");
}

TEST_F(RefusalSignature, NotForAnotherRefusal) {
  EXPECT_EQ(reason(refused_, "na", room_), "refusal_not_of_room");
}

TEST_F(RefusalSignature, NotOfAnotherRoom) {
  EXPECT_EQ(reason(refused_, "no", spec::example_signing_key("shopgood")), "refusal_not_of_room");
}

TEST_F(RefusalSignature, NoFlippedBitAndNoZeros) {
  const crypto::Signature good = signature_;
  for (std::size_t i = 0; i < good.size(); i++) {
    signature_ = good;
    signature_[i] ^= static_cast<std::uint8_t>(1U << (i % 8));
    EXPECT_EQ(reason(refused_, "no", room_), "refusal_not_of_room") << i;
  }
  signature_ = {};
  EXPECT_EQ(reason(refused_, "no", room_), "refusal_not_of_room");
}

}  // namespace
}  // namespace gbx::packet
