#include "client/measure/boot_log.h"

#include <gtest/gtest.h>

#include "attest/testing/tpm_maker.h"

namespace gbx::client {
namespace {

using attest::TpmAlgorithm;

TEST(BootLog, GivesTheRegistersThatTheQuoteHas) {
  const attest::testing::TpmMaker maker;
  const auto pcrs = pcrs_of_log(maker.log.make(), TpmAlgorithm::sha256).value();
  std::vector<std::uint8_t> indexes;
  for (const attest::PcrValue& pcr : pcrs) {
    indexes.push_back(pcr.index);
    EXPECT_EQ(pcr.value, maker.quote.pcrs.at(pcr.index));
  }
  EXPECT_EQ(indexes, (std::vector<std::uint8_t>{0, 4, 14}));
}

TEST(BootLog, LeavesOutWhatProgramsCanReset) {
  attest::testing::LogMaker maker;
  for (const std::uint32_t pcr : {16U, 23U, 7U}) {
    attest::testing::LoggedEvent event;
    event.pcr = pcr;
    event.digest = Bytes(32, 1);
    maker.events.push_back(event);
  }
  const auto pcrs = pcrs_of_log(maker.make(), TpmAlgorithm::sha256).value();
  ASSERT_EQ(pcrs.size(), 1U);
  EXPECT_EQ(pcrs[0].index, 7);
}

TEST(BootLog, SaysWhatIsWrongWithALog) {
  Bytes log = attest::testing::TpmMaker().log.make();
  EXPECT_EQ(pcrs_of_log(log, TpmAlgorithm::sha512).error().reason.view(), "event_log_bank_missing");
  log.push_back(0);
  EXPECT_EQ(pcrs_of_log(log, TpmAlgorithm::sha256).error().reason.view(), "event_log_malformed");
}

}  // namespace
}  // namespace gbx::client
