// Every single-bit flip of a positive is refused; what is excepted is listed with its reason.
// Minutes of work, so not among the unit tests, where a part of the bits is flipped.

#include <gtest/gtest.h>

#include "attest/testing/dcap_maker.h"
#include "attest/testing/snp_maker.h"

namespace gbx::attest {
namespace {

using testing::MadeEvidence;
using testing::SnpMaker;
using testing::surviving_flips;

TEST(Flips, SnpReport) {
  EXPECT_TRUE(surviving_flips(SnpMaker().make(), &MadeEvidence::evidence).empty());
}

TEST(Flips, SnpChain) {
  EXPECT_TRUE(surviving_flips(SnpMaker().make(), &MadeEvidence::chain).empty());
}

// Quotes: PEM is taken in one spelling only, so its line ends count as well.
TEST(Flips, SgxQuote) {
  EXPECT_TRUE(surviving_flips(testing::DcapMaker(3).make(), &MadeEvidence::evidence).empty());
}

TEST(Flips, TdxQuote) {
  EXPECT_TRUE(surviving_flips(testing::DcapMaker(5).make(), &MadeEvidence::evidence).empty());
}

// Collateral is JSON with PEM in it. What may change without a loss: PEM's escaped line ends (LF or
// nothing decodes alike), the case of hex digits, and certificates that are there twice.
TEST(Flips, TdxCollateral) {
  const MadeEvidence made = testing::DcapMaker(4).make();
  for (const std::size_t bit : surviving_flips(made, &MadeEvidence::collateral)) {
    const auto byte = static_cast<std::uint8_t>(made.collateral[bit / 8]);
    const bool hex_case = (byte >= 'a' && byte <= 'f') && bit % 8 == 5;
    const std::string around(made.collateral.begin() + static_cast<std::ptrdiff_t>(bit / 8) - 4,
                             made.collateral.begin() + static_cast<std::ptrdiff_t>(bit / 8) + 4);
    EXPECT_TRUE(hex_case) << bit << " " << around;
  }
}

}  // namespace
}  // namespace gbx::attest
