#include "trusted/room/bindings.h"

#include <gtest/gtest.h>

namespace gbx::room {
namespace {

IssuedBinding issued(std::size_t number) {
  IssuedBinding out;
  out.binding.nonce[0] = static_cast<std::uint8_t>(number);
  out.binding.nonce[1] = static_cast<std::uint8_t>(number >> 8);
  out.digest = packet::digest(out.binding);
  return out;
}

TEST(Bindings, OnlyWhatWasIssuedIsFound) {
  Bindings bindings;
  bindings.add(issued(1));
  EXPECT_NE(bindings.find(issued(1).digest), nullptr);
  EXPECT_NE(bindings.find_nonce(issued(1).binding.nonce), nullptr);
  EXPECT_EQ(bindings.find(issued(2).digest), nullptr);
  EXPECT_EQ(bindings.find_nonce(issued(2).binding.nonce), nullptr);
}

TEST(Bindings, TheOldestIsForgottenFirst) {
  Bindings bindings;
  for (std::size_t i = 0; i <= Bindings::kIssuedMax; i++) bindings.add(issued(i));
  EXPECT_EQ(bindings.find(issued(0).digest), nullptr);
  EXPECT_NE(bindings.find(issued(1).digest), nullptr);
  EXPECT_NE(bindings.find(issued(Bindings::kIssuedMax).digest), nullptr);
}

}  // namespace
}  // namespace gbx::room
