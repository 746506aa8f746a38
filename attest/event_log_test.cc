#include "attest/event_log.h"

#include <gtest/gtest.h>

#include "attest/testing/tpm_maker.h"

namespace gbx::attest::testing {
namespace {

std::string refusal(const Bytes& log, TpmAlgorithm bank = TpmAlgorithm::sha256) {
  const auto replayed = replay_event_log(log, bank);
  return replayed ? "none" : std::string(replayed.error().reason.view());
}

LoggedEvent no_action(Bytes data) {
  LoggedEvent out;
  out.type = 3;
  out.digest = Bytes(32, 0);
  out.data = std::move(data);
  return out;
}

TEST(EventLog, ReplaysWhatATpmExtends) {
  const TpmMaker maker;
  const Bytes bytes = maker.log.make();
  const EventLog log = replay_event_log(bytes, TpmAlgorithm::sha256).value();
  EXPECT_EQ(log.touched, 0x4011U);
  EXPECT_EQ(log.events.size(), 4U);
  for (const auto& [index, value] : maker.quote.pcrs) EXPECT_EQ(log.values[index], value);
  EXPECT_EQ(log.values[17], Bytes(32, 0xff));
  EXPECT_EQ(log.values[16], Bytes(32, 0));
}

TEST(EventLog, WhatIsNoActionIsNotExtended) {
  LogMaker maker;
  maker.events = {no_action(to_bytes("anything"))};
  const Bytes bytes = maker.make();
  const EventLog log = replay_event_log(bytes, TpmAlgorithm::sha256).value();
  EXPECT_EQ(log.touched, 0U);
  EXPECT_EQ(log.values[0], Bytes(32, 0));
}

TEST(EventLog, TheStartLocalityIsInPcr0BeforeAnyEvent) {
  LogMaker maker;
  const std::string locality("StartupLocality\0\3", 17);
  maker.events = {no_action(to_bytes(locality))};
  Bytes bytes = maker.make();
  Bytes wanted(32, 0);
  wanted.back() = 3;
  EXPECT_EQ(replay_event_log(bytes, TpmAlgorithm::sha256)->values[0], wanted);
  LoggedEvent event;
  event.digest = Bytes(32, 1);
  maker.events = {event, no_action(to_bytes(locality))};
  EXPECT_EQ(refusal(maker.make()), "event_log_malformed");
}

TEST(EventLog, Refusals) {
  const Bytes good = TpmMaker().log.make();
  for (std::size_t size = 0; size < good.size(); size++) {
    const auto cut = replay_event_log(ByteView(good).first(size), TpmAlgorithm::sha256);
    // A log may end after any event: then its PCRs are others.
    if (cut) {
      EXPECT_LT(cut->events.size(), 4U) << size;
    }
  }
  EXPECT_EQ(refusal({}), "event_log_malformed");
  LogMaker maker;
  maker.trailing = {0};
  EXPECT_EQ(refusal(maker.make()), "event_log_malformed");
  maker = {};
  maker.signature = "Spec ID Event02";
  maker.signature.push_back('\0');
  EXPECT_EQ(refusal(maker.make()), "event_log_malformed");
  maker = {};
  maker.banks = {TpmAlgorithm::sha256, TpmAlgorithm::sha256};
  EXPECT_EQ(refusal(maker.make()), "event_log_malformed");
  maker.banks = {TpmAlgorithm::sha1};
  EXPECT_EQ(refusal(maker.make()), "event_log_bank_missing");
  EXPECT_EQ(refusal(LogMaker().make(), TpmAlgorithm::sha1), "event_log_bank_missing");
  EXPECT_EQ(refusal(LogMaker().make(), TpmAlgorithm::sha384), "event_log_bank_missing");
  maker.banks.assign(9, TpmAlgorithm::sha256);
  EXPECT_EQ(refusal(maker.make()), "event_log_malformed");
  maker = {};
  LoggedEvent event;
  event.pcr = 24;
  event.digest = Bytes(32, 1);
  maker.events = {event};
  EXPECT_EQ(refusal(maker.make()), "event_log_malformed");
  EXPECT_EQ(refusal(Bytes(kEventLogBytesMax + 1, 0)), "event_log_too_large");
  maker.events.assign(kEventsMax + 1, no_action({}));
  EXPECT_EQ(refusal(maker.make()), "event_log_too_large");
  Bytes other = good;  // the first event's digest, of which nothing is
  other[8] = 1;
  EXPECT_EQ(refusal(other), "event_log_malformed");
}

}  // namespace
}  // namespace gbx::attest::testing
