// Every single-bit flip of a chain or of collateral is refused; what is excepted is listed with its
// reason. Minutes of work on a busy machine, so among the long tests.

#include <gtest/gtest.h>

#include "attest/tdx_event_log.h"
#include "attest/testing/dcap_maker.h"
#include "attest/testing/snp_maker.h"
#include "attest/testing/tpm_maker.h"

namespace gbx::attest {
namespace {

using testing::MadeEvidence;
using testing::SnpMaker;
using testing::surviving_flips;
using testing::TpmMaker;

TEST(FlipsLong, SnpChain) {
  EXPECT_TRUE(surviving_flips(SnpMaker().make(), &MadeEvidence::chain).empty());
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

// True for collateral with one flipped bit whose log still gives the registers that were quoted.
bool replays_the_same(const MadeEvidence& made, std::size_t bit) {
  Bytes collateral = made.collateral;
  collateral[bit / 8] = static_cast<std::uint8_t>(collateral[bit / 8] ^ (1U << bit % 8));
  const auto split = split_domain_collateral(collateral);
  if (!split || !split->log) return false;
  const auto replayed = replay_domain_log(*split->log);
  return replayed && replayed->rtmrs == made.trust.tdx->images.front().rtmrs;
}

// Excepted: the case of hex digits, which Intel writes in either; certificates, because the same
// ones are there several times and in the quote, and a spoilt copy is simply not used; and what is
// nobody's word in an event log (types, descriptions), as for a TPM's in flips_test.cc.
TEST(FlipsLong, TdxCollateral) {
  const MadeEvidence made = testing::DcapMaker(4).make();
  const std::string text(as_text(made.collateral));
  const std::size_t log_at = split_domain_collateral(made.collateral)->intel.size();
  std::size_t excepted = 0;
  for (const std::size_t bit : surviving_flips(made, &MadeEvidence::collateral)) {
    const char byte = text[bit / 8];
    const bool is_hex_case = byte >= 'a' && byte <= 'f' && bit % 8 == 5;
    if (bit / 8 >= log_at) {
      EXPECT_TRUE(replays_the_same(made, bit)) << bit;
      continue;
    }
    EXPECT_TRUE(is_hex_case || is_in_chain(text, bit / 8)) << bit << " " << byte;
    excepted++;
  }
  EXPECT_GT(excepted, 0U);
}

TEST(FlipsLong, TpmChain) {
  EXPECT_TRUE(surviving_flips(TpmMaker().make(), &MadeEvidence::chain).empty());
}

}  // namespace
}  // namespace gbx::attest
