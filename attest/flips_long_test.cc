// Every single-bit flip of a chain or of collateral is refused; what is excepted is listed with its
// reason. Minutes of work on a busy machine, so among the long tests.

#include <gtest/gtest.h>

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

// Excepted: the case of hex digits, which Intel writes in either; and certificates, because the
// same ones are there several times and in the quote, and a spoilt copy is simply not used.
TEST(FlipsLong, TdxCollateral) {
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

TEST(FlipsLong, TpmChain) {
  EXPECT_TRUE(surviving_flips(TpmMaker().make(), &MadeEvidence::chain).empty());
}

}  // namespace
}  // namespace gbx::attest
