#include "client/evidence/quote_age.h"

#include <gtest/gtest.h>

#include "attest/testing/tpm_maker.h"

namespace gbx::client {
namespace {

using attest::testing::TpmMaker;

EvidenceAnswer at(std::uint64_t clock_ms, void (*change)(TpmMaker&) = nullptr) {
  TpmMaker maker;
  maker.quote.clock_ms = clock_ms;
  if (change != nullptr) change(maker);
  return {maker.verdict(), {}};
}

std::string age(const EvidenceAnswer& older, const EvidenceAnswer& newer) {
  const auto ms = quote_age_ms(older, newer);
  return ms ? std::to_string(*ms) : std::string(ms.error().reason.view());
}

TEST(QuoteAge, IsTheDifferenceOfTheTpmsClock) {
  EXPECT_EQ(age(at(1000), at(4500)), "3500");
  EXPECT_EQ(age(at(1000), at(1000)), "0");
  // Not safe: it may have gone back at the last start, which was before both.
  const auto unsafe = [](TpmMaker& m) { m.quote.safe = 0; };
  EXPECT_EQ(age(at(1000, unsafe), at(4500, unsafe)), "3500");
}

TEST(QuoteAge, NotWhenTheClockMayHaveBeenSetBack) {
  EXPECT_EQ(age(at(1000), at(999)), "quote_clock_restarted");
  EXPECT_EQ(age(at(1), at(9, [](TpmMaker& m) { m.quote.reset_count++; })), "quote_clock_restarted");
  EXPECT_EQ(age(at(1), at(9, [](TpmMaker& m) { m.quote.restart_count++; })),
            "quote_clock_restarted");
}

TEST(QuoteAge, NotOfAnotherKey) {
  const auto other = [](TpmMaker& m) { m.attributes |= 0x400; };  // noDA: another public area
  EXPECT_EQ(age(at(1, other), at(9, other)), "8");
  EXPECT_EQ(age(at(1), at(9, other)), "quote_of_another_key");
}

TEST(QuoteAge, NotOfWhatIsNotBelieved) {
  const auto bad = [](TpmMaker& m) { m.quote.magic++; };
  EXPECT_EQ(age(at(1, bad), at(9)), "tpm_magic_wrong");
  EXPECT_EQ(age(at(1), at(9, bad)), "tpm_magic_wrong");
  EvidenceAnswer unasked = at(9);
  unasked.left_out = {"nonce_missing"};
  EXPECT_EQ(age(at(1), unasked), "nonce_missing");
}

}  // namespace
}  // namespace gbx::client
