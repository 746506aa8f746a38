#include "attest/tdx_event_log.h"

#include <gtest/gtest.h>

#include "attest/testing/dcap_maker.h"

namespace gbx::attest {
namespace {

using testing::DcapMaker;
using testing::reasons_of;

std::string refusal(const Bytes& log) {
  const auto replayed = replay_domain_log(log);
  return replayed ? "none" : std::string(replayed.error().reason.view());
}

TEST(TdxEventLog, RegistersOneToFourAreTheRtmrs) {
  testing::LogMaker maker = DcapMaker().log;
  const DomainLog log = replay_domain_log(maker.make()).value();
  const auto& events = maker.events;
  Bytes first = extend(TpmAlgorithm::sha384, Bytes(48, 0), events[0].digest);
  first = extend(TpmAlgorithm::sha384, first, events[2].digest);
  EXPECT_TRUE(std::equal(first.begin(), first.end(), log.rtmrs[0].begin()));
  EXPECT_EQ(log.rtmrs[3], Hash48{});
  EXPECT_EQ(log.extended, (std::array<bool, 4>{true, true, true, false}));
  EXPECT_EQ(log.events, 4U);
  EXPECT_EQ(log.size, maker.make().size() - maker.trailing.size());
}

// What behind the last event is none: OVMF fills its area with ones, td-shim with zeros.
TEST(TdxEventLog, FillerEndsALogAndNothingElseDoes) {
  testing::LogMaker maker = DcapMaker().log;
  const auto wanted = replay_domain_log(maker.make()).value().rtmrs;
  for (const Bytes& filler : {Bytes{}, Bytes(1, 0), Bytes(100, 0), Bytes(100, 0xff)}) {
    maker.trailing = filler;
    EXPECT_EQ(replay_domain_log(maker.make())->rtmrs, wanted);
  }
  for (Bytes filler : {Bytes(100, 0), Bytes(100, 0xff)}) {
    filler.back() ^= 1;
    maker.trailing = filler;
    EXPECT_EQ(refusal(maker.make()), "event_log_malformed");
  }
  maker.trailing = Bytes(100, 1);
  EXPECT_EQ(refusal(maker.make()), "event_log_malformed");
}

TEST(TdxEventLog, EventsThatEndInOnesAreWhole) {
  testing::LogMaker maker = DcapMaker().log;
  maker.events.back().data = Bytes(40, 0xff);
  EXPECT_EQ(refusal(maker.make()), "none");
}

TEST(TdxEventLog, TheFirstEventIsOfRegisterZeroOrOne) {
  testing::LogMaker maker = DcapMaker().log;
  for (const std::uint32_t first : {0U, 1U}) {
    maker.first_pcr = first;
    EXPECT_EQ(refusal(maker.make()), "none");
  }
  maker.first_pcr = 2;
  EXPECT_EQ(refusal(maker.make()), "event_log_malformed");
  // A TPM's is of register 0 only, and has no filler.
  maker.first_pcr = 1;
  EXPECT_FALSE(replay_event_log(maker.make(), TpmAlgorithm::sha384));
  maker.first_pcr = 0;
  EXPECT_FALSE(replay_event_log(maker.make(), TpmAlgorithm::sha384));
}

TEST(TdxEventLog, MrtdIsNeverExtended) {
  testing::LogMaker maker = DcapMaker().log;
  maker.events[0].pcr = 0;
  EXPECT_EQ(refusal(maker.make()), "tdx_log_register_wrong");
  maker.events[0].type = 3;  // an event that extends nothing may stand there
  EXPECT_EQ(refusal(maker.make()), "none");
  maker.events[0] = DcapMaker().log.events[0];
  maker.events[0].pcr = 5;
  EXPECT_EQ(refusal(maker.make()), "tdx_log_register_wrong");
  maker.events[0].pcr = 24;
  EXPECT_EQ(refusal(maker.make()), "event_log_malformed");
}

TEST(TdxEventLog, StandsBehindCollateralInOneSpelling) {
  const Bytes intel = to_bytes("{\"tcb_info\":1}");
  const Bytes log{1, 2, 3};
  const Bytes joined = join_domain_collateral(intel, log);
  EXPECT_EQ(as_text(joined), R"({"tcb_info":1}{"cc_event_log":"AQID"})");
  const auto split = split_domain_collateral(joined);
  ASSERT_TRUE(split && split->log);
  EXPECT_EQ(as_text(split->intel), as_text(intel));
  EXPECT_EQ(*split->log, log);
  EXPECT_EQ(join_domain_collateral(intel, {}), intel);
  EXPECT_FALSE(split_domain_collateral(intel)->log.has_value());
  for (const char* wrong : {R"({}{"cc_event_log":"AQID"})"
                            "\n",
                            R"({}{"cc_event_log":"AQI"})", R"({}{"cc_event_log":"AQID","more":1})",
                            R"({}{"cc_event_log":"AQID"} )", R"({}{"cc_event_log":"AQID)"}) {
    const auto read = split_domain_collateral(as_bytes(wrong));
    ASSERT_FALSE(read) << wrong;
    EXPECT_EQ(read.error().reason.view(), "collateral_malformed");
  }
}

TEST(TdxEventLog, TwoLogsOrAnSgxQuotesAreRefused) {
  testing::MadeEvidence made = DcapMaker().make();
  EXPECT_TRUE(made.verdict().ok());
  EXPECT_EQ(*made.verdict().claim("events"), "4");
  made.collateral = join_domain_collateral(made.collateral, DcapMaker().log.make());
  EXPECT_EQ(reasons_of(made.verdict()), "collateral_malformed");
  testing::MadeEvidence sgx = DcapMaker(3).make();
  sgx.collateral = join_domain_collateral(sgx.collateral, DcapMaker().log.make());
  EXPECT_EQ(reasons_of(sgx.verdict()), "collateral_malformed");
}

TEST(TdxEventLog, WhereNoneIsDemandedOneThatIsThereMustReplay) {
  DcapMaker maker;
  maker.trust.tdx->require_event_log = false;
  EXPECT_TRUE(maker.verdict().ok());
  maker.log.events.pop_back();  // says nothing of RTMR 2
  EXPECT_TRUE(maker.verdict().ok());
  maker.log.events[0].digest[0] ^= 1;
  EXPECT_EQ(reasons_of(maker.verdict()), "tdx_log_mismatch");
  maker.log.signature[0] = 'X';
  EXPECT_EQ(reasons_of(maker.verdict()), "event_log_malformed");
  maker.with_log = false;
  EXPECT_TRUE(maker.verdict().ok());
}

// Without Intel's collateral there is no yes, whatever log there is.
TEST(TdxEventLog, ALogIsNoCollateral) {
  DcapMaker maker;
  maker.with_collateral = false;
  EXPECT_EQ(reasons_of(maker.verdict()), "collateral_missing");
}

}  // namespace
}  // namespace gbx::attest
