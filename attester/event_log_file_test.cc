#include "attester/event_log_file.h"

#include <gtest/gtest.h>

#include "attest/event_log.h"
#include "attest/testing/tpm_maker.h"
#include "trusted/crypto/hash.h"

namespace gbx::attester {
namespace {

using attest::TpmAlgorithm;

TEST(EventLogFile, ReplaysToWhatWasExtended) {
  const Hash first = crypto::sha256(as_bytes("one"));
  const Hash second = crypto::sha256(as_bytes("two"));
  const Bytes text = print_event_log({{14, first, "one"}, {11, second, ""}, {14, second, "two"}});
  const auto log = attest::replay_event_log(text, TpmAlgorithm::sha256);
  ASSERT_TRUE(log) << log.error().reason.view();
  EXPECT_EQ(log->touched, 1U << 14U | 1U << 11U);
  const Bytes once = attest::extend(TpmAlgorithm::sha256, Bytes(32, 0), first);
  EXPECT_EQ(log->values[14], attest::extend(TpmAlgorithm::sha256, once, second));
  EXPECT_EQ(log->values[11], attest::extend(TpmAlgorithm::sha256, Bytes(32, 0), second));
  EXPECT_EQ(as_text(log->events[0].data), "one");
}

TEST(EventLogFile, HasOneBank) {
  const auto log = attest::replay_event_log(print_event_log({}), TpmAlgorithm::sha384);
  EXPECT_EQ(log.error().reason.view(), "event_log_bank_missing");
}

// A firmware's log: three banks, a start from locality 3, and registers 0, 4 and 14 extended.
attest::testing::LogMaker firmware_log() {
  attest::testing::LogMaker out;
  out.banks = {TpmAlgorithm::sha1, TpmAlgorithm::sha256, TpmAlgorithm::sha384};
  attest::testing::LoggedEvent locality;
  locality.type = 3;
  locality.data = to_bytes(std::string_view("StartupLocality\0\3", 17));
  out.events.push_back(locality);
  for (const std::uint32_t pcr : {0U, 4U, 14U}) {
    attest::testing::LoggedEvent event;
    event.pcr = pcr;
    event.type = 0x80000003;
    event.digest = Bytes(32, static_cast<std::uint8_t>(pcr + 1));
    event.data = to_bytes("loaded");
    out.events.push_back(event);
  }
  return out;
}

TEST(MergedEventLog, ExplainsTheRegistersOfBoth) {
  const Bytes firmware = firmware_log().make();
  const Hash digest = crypto::sha256(as_bytes("room"));
  const Bytes merged = merge_event_logs(firmware, print_event_log({{14, digest, "room"}})).value();
  const auto before = attest::replay_event_log(firmware, TpmAlgorithm::sha256).value();
  const auto after = attest::replay_event_log(merged, TpmAlgorithm::sha256).value();
  EXPECT_EQ(before.start_locality, 3);
  EXPECT_EQ(after.values[0], before.values[0]);
  EXPECT_EQ(after.values[4], before.values[4]);
  EXPECT_EQ(after.values[14], attest::extend(TpmAlgorithm::sha256, before.values[14], digest));
  EXPECT_EQ(after.touched, before.touched);
  ASSERT_EQ(after.events.size(), before.events.size() + 1);
  EXPECT_EQ(after.events[0].type, 0x80000003);
  EXPECT_EQ(as_text(after.events[0].data), "loaded");
  EXPECT_EQ(as_text(after.events.back().data), "room");
}

TEST(MergedEventLog, EitherMayBeMissing) {
  const Bytes firmware = firmware_log().make();
  const Bytes launch = print_event_log({{14, crypto::sha256(as_bytes("room")), "room"}});
  EXPECT_EQ(merge_event_logs({}, launch).value(), launch);
  const auto values = attest::replay_event_log(firmware, TpmAlgorithm::sha256)->values;
  const Bytes alone = merge_event_logs(firmware, {}).value();
  EXPECT_EQ(attest::replay_event_log(alone, TpmAlgorithm::sha256)->values, values);
}

TEST(MergedEventLog, WhatCannotBeReadIsNotMerged) {
  const Bytes launch = print_event_log({});
  Bytes broken = firmware_log().make();
  broken.pop_back();
  EXPECT_EQ(merge_event_logs(broken, launch).error().reason.view(), "event_log_malformed");
  attest::testing::LogMaker old = firmware_log();
  old.banks = {TpmAlgorithm::sha1};
  EXPECT_EQ(merge_event_logs(old.make(), launch).error().reason.view(), "event_log_bank_missing");
}

}  // namespace
}  // namespace gbx::attester
