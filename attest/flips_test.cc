// Every single-bit flip of a positive is refused; what is excepted is listed with its reason.
// Minutes of work, so not among the unit tests, where a part of the bits is flipped.

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

// True inside the value of a member that holds certificates.
bool is_in_chain(const std::string& text, std::size_t at) {
  for (const char* key :
       {"pck_crl_issuer_chain", "qe_identity_issuer_chain", "tcb_info_issuer_chain"}) {
    const std::size_t begin = text.find(key);
    const std::size_t end = text.find("\",\"", begin + std::string(key).size() + 3);
    if (at > begin && at < end) return true;
  }
  return false;
}

// Excepted: the case of hex digits, which Intel writes in either; and certificates, because the
// same ones are there several times and in the quote, and a spoilt copy is simply not used.
TEST(Flips, TdxCollateral) {
  const MadeEvidence made = testing::DcapMaker(4).make();
  const std::string text(as_text(made.collateral));
  std::size_t excepted = 0;
  for (const std::size_t bit : surviving_flips(made, &MadeEvidence::collateral)) {
    const char byte = text[bit / 8];
    const bool is_hex_case = byte >= 'a' && byte <= 'f' && bit % 8 == 5;
    EXPECT_TRUE(is_hex_case || is_in_chain(text, bit / 8)) << bit << " " << byte;
    excepted++;
  }
  EXPECT_GT(excepted, 0U);
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

TEST(Flips, TpmChain) {
  EXPECT_TRUE(surviving_flips(TpmMaker().make(), &MadeEvidence::chain).empty());
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
