// Every single-bit flip of a positive is refused; what is excepted is listed with its reason.
// Minutes of work, so not among the unit tests, where a part of the bits is flipped.

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace gbx::attest
