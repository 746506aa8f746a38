// ECDSA signatures have a twin: (r, n - s) holds for the same key and message, so that anybody can
// give evidence other bytes. The vendors make either, so none is refused. What must stay true is
// that nothing follows from the bytes: the twin says the same, and only to the same nonce.

#include <gtest/gtest.h>

#include <algorithm>

#include "attest/testing/dcap_maker.h"
#include "attest/testing/nitro_maker.h"
#include "attest/testing/snp_maker.h"
#include "attest/tpm_structures.h"

namespace gbx::attest::testing {
namespace {

constexpr std::string_view kOrderP256 =
    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
constexpr std::string_view kOrderP384 =
    "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc529"
    "73";

// n - s, big-endian.
void turn(std::span<std::uint8_t> s, std::string_view order) {
  const Bytes n = from_hex(order).value();
  ASSERT_EQ(s.size(), n.size());
  int borrow = 0;
  for (std::size_t i = s.size(); i-- > 0;) {
    const int digit = n[i] - s[i] - borrow;
    borrow = digit < 0 ? 1 : 0;
    s[i] = static_cast<std::uint8_t>(digit + 256 * borrow);
  }
  EXPECT_EQ(borrow, 0);
}

void expect_the_same(const MadeEvidence& made, const MadeEvidence& twin) {
  ASSERT_NE(made.evidence, twin.evidence);
  const Verdict first = made.verdict();
  const Verdict second = twin.verdict();
  EXPECT_EQ(reasons_of(second), "");
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(encode_verdict(first, made.platform).canonical(),
            encode_verdict(second, twin.platform).canonical());
  Expected another = twin.expected;
  another.binding.front() ^= 1;
  EXPECT_EQ(reasons_of(twin.verdict(twin.trust, another)), "binding_wrong");
}

TEST(Malleable, SnpReport) {
  constexpr std::size_t kAtS = 0x2E8;  // little-endian
  const MadeEvidence made = SnpMaker().make();
  MadeEvidence twin = made;
  const auto s = std::span(twin.evidence).subspan(kAtS, 48);
  std::reverse(s.begin(), s.end());
  turn(s, kOrderP384);
  std::reverse(s.begin(), s.end());
  expect_the_same(made, twin);
}

TEST(Malleable, Quotes) {
  for (const std::uint16_t version : {std::uint16_t{3}, std::uint16_t{4}}) {
    const std::size_t at = 48 + (version == 3 ? 384 : 584) + 4;
    const MadeEvidence made = DcapMaker(version).make();
    MadeEvidence twin = made;
    turn(std::span(twin.evidence).subspan(at + 32, 32), kOrderP256);
    expect_the_same(made, twin);
  }
}

TEST(Malleable, NitroDocument) {
  const MadeEvidence made = NitroMaker().make();
  MadeEvidence twin = made;
  turn(std::span(twin.evidence).last(48), kOrderP384);
  expect_the_same(made, twin);
}

TEST(Malleable, TpmQuote) {
  TpmMaker maker;
  const MadeEvidence made = maker.make();
  MadeEvidence twin = made;
  TpmFile file = parse_tpm_file(made.evidence).value();
  turn(std::span(file.quote.signature).last(32), kOrderP256);
  twin.evidence = to_bytes(print_tpm_file(file));
  expect_the_same(made, twin);
}

}  // namespace
}  // namespace gbx::attest::testing
