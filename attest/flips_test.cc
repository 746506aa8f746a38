// Every single-bit flip of what each platform hands out is refused; what is excepted is listed with
// its reason. Chains and collateral are in flips_long_test.cc.

#include <gtest/gtest.h>

#include "attest/testing/azure_maker.h"
#include "attest/testing/dcap_maker.h"
#include "attest/testing/nitro_maker.h"
#include "attest/testing/snp_maker.h"
#include "attest/testing/tpm_maker.h"

namespace gbx::attest {
namespace {

using testing::AzureMaker;
using testing::MadeEvidence;
using testing::NitroMaker;
using testing::SnpMaker;
using testing::surviving_flips;
using testing::TpmMaker;

TEST(Flips, SnpReport) {
  EXPECT_TRUE(surviving_flips(SnpMaker().make(), &MadeEvidence::evidence).empty());
}

// Quotes: PEM is taken in one spelling only, so its line ends count as well.
TEST(Flips, SgxQuote) {
  EXPECT_TRUE(surviving_flips(testing::DcapMaker(3).make(), &MadeEvidence::evidence).empty());
}

TEST(Flips, TdxQuote) {
  EXPECT_TRUE(surviving_flips(testing::DcapMaker(5).make(), &MadeEvidence::evidence).empty());
}

TEST(Flips, AzureFile) {
  EXPECT_TRUE(surviving_flips(AzureMaker().make(), &MadeEvidence::evidence).empty());
}

TEST(Flips, NitroDocument) {
  EXPECT_TRUE(surviving_flips(NitroMaker().make(), &MadeEvidence::evidence).empty());
}

TEST(Flips, TpmFile) {
  EXPECT_TRUE(surviving_flips(TpmMaker::make_enrolled(), &MadeEvidence::evidence).empty());
}

// In an event log, types, descriptions and the digests of banks that are not quoted are nobody's
// word. Excepted are these and nothing else: the replay of the quoted bank stays the same.
TEST(Flips, TpmEventLog) {
  const MadeEvidence made = TpmMaker().make();
  const auto wanted = replay_event_log(made.collateral, TpmAlgorithm::sha256).value().values;
  for (const std::size_t bit : surviving_flips(made, &MadeEvidence::collateral)) {
    Bytes log = made.collateral;
    log[bit / 8] = static_cast<std::uint8_t>(log[bit / 8] ^ (1U << bit % 8));
    EXPECT_EQ(replay_event_log(log, TpmAlgorithm::sha256).value().values, wanted) << bit;
  }
}

}  // namespace
}  // namespace gbx::attest
