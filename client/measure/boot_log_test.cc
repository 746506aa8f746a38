#include "client/measure/boot_log.h"

#include <gtest/gtest.h>

#include "attest/event_log.h"
#include "attest/testing/tpm_maker.h"
#include "trusted/crypto/hash.h"

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

TEST(BootLog, AMeasuredStartExtendsWhatTheFirmwareHasLeft) {
  const attest::testing::TpmMaker maker;
  const Hash image = crypto::sha256(as_bytes("image"));
  const std::vector<attest::Measured> launch{{14, image, "image"}};
  const auto extended = [&](const Bytes& from) {
    return attest::extend(TpmAlgorithm::sha256, from, image);
  };
  const auto alone = pcrs_of_launch({}, launch).value();
  ASSERT_EQ(alone.size(), 1U);
  EXPECT_EQ(alone[0].index, 14);
  EXPECT_EQ(alone[0].value, extended(Bytes(32, 0)));
  const auto both = pcrs_of_launch(maker.log.make(), launch).value();
  ASSERT_EQ(both.size(), 3U);
  EXPECT_EQ(both[0].value, maker.quote.pcrs.at(0));
  EXPECT_EQ(both[2].value, extended(maker.quote.pcrs.at(14)));
  EXPECT_EQ(pcrs_of_launch(Bytes{1}, launch).error().reason.view(), "event_log_malformed");
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

// A log as a TDX guest's firmware writes it: SHA-384 only, registers 1 to 4.
attest::testing::LogMaker cc_log(std::initializer_list<std::uint32_t> registers) {
  attest::testing::LogMaker out;
  out.banks = {TpmAlgorithm::sha384};
  for (const std::uint32_t at : registers) {
    attest::testing::LoggedEvent event;
    event.pcr = at;
    event.digest = Bytes(32, 1);
    out.events.push_back(event);
  }
  return out;
}

TEST(BootLog, RegistersOneToFourOfATdxGuestAreItsRtmrs) {
  Bytes log = cc_log({1, 3, 3}).make();
  log.insert(log.end(), 64, 0xff);
  const auto rtmrs = rtmrs_of_log(log).value();
  ASSERT_EQ(rtmrs.size(), 4U);
  Bytes digest(48, 0);
  std::fill(digest.begin(), digest.begin() + 32, 1);
  const Bytes once = attest::extend(TpmAlgorithm::sha384, Bytes(48, 0), digest);
  const Bytes twice = attest::extend(TpmAlgorithm::sha384, once, digest);
  EXPECT_EQ(rtmrs[0].value, once);
  EXPECT_EQ(rtmrs[1].value, Bytes(48, 0));
  EXPECT_EQ(rtmrs[2].value, twice);
  EXPECT_EQ(rtmrs[3].index, 3);
}

TEST(BootLog, ATpmsLogIsNoTdxGuests) {
  EXPECT_EQ(rtmrs_of_log(cc_log({1, 5}).make()).error().reason.view(), "tdx_log_register_wrong");
  EXPECT_EQ(rtmrs_of_log(attest::testing::TpmMaker().log.make()).error().reason.view(),
            "event_log_bank_missing");
}

TEST(BootLog, SaysWhatIsWrongWithALog) {
  Bytes log = attest::testing::TpmMaker().log.make();
  EXPECT_EQ(pcrs_of_log(log, TpmAlgorithm::sha512).error().reason.view(), "event_log_bank_missing");
  log.push_back(0);
  EXPECT_EQ(pcrs_of_log(log, TpmAlgorithm::sha256).error().reason.view(), "event_log_malformed");
}

}  // namespace
}  // namespace gbx::client
