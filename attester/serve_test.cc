#include "attester/serve.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <fstream>
#include <thread>

#include "attest/tdx_event_log.h"
#include "attest/testing/dcap_maker.h"

namespace gbx::attester {
namespace {

using enclave::AttesterLine;

constexpr AttesterLine::Milliseconds kLong{10'000};

TEST(Serve, AnswersUntilTheRoomHangsUp) {
  const std::string file = testing::TempDir() + "gbx-serve-chain";
  std::ofstream(file) << "one";
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
  std::thread attester([&, socket = ends[1]] {
    AttesterLine line{enclave::Descriptor(socket)};
    serve(line, attest::Platform::snp, {.chain = {file}, .collateral = {}, .event_log = {}},
          [](ByteView binding) -> Result<attest::EvidenceBundle> {
            if (binding[0] == 0) return Error{ErrorCode::unavailable, "tpm_failed"};
            return attest::EvidenceBundle{
                attest::Platform::snp, Bytes(binding.begin(), binding.end()), {'c'}, {}};
          });
  });
  AttesterLine room{enclave::Descriptor(ends[0])};
  EXPECT_EQ(as_text(room.ask({}, kLong).value()), "snp");
  const auto ask = [&](std::uint8_t first) {
    Bytes binding(64, 9);
    binding[0] = first;
    return room.ask(binding, kLong).value();
  };
  const auto packet = Json::parse_canonical(as_text(ask(1)));
  ASSERT_TRUE(packet);
  const auto bundle = attest::decode_evidence(*packet);
  ASSERT_TRUE(bundle);
  EXPECT_EQ(bundle->platform, attest::Platform::snp);
  EXPECT_EQ(bundle->evidence.size(), 64U);
  EXPECT_EQ(as_text(bundle->chain), "cone");
  EXPECT_TRUE(ask(0).empty());  // no evidence, and no other word
  std::ofstream(file) << "two";
  EXPECT_NE(as_text(ask(1)).find(to_base64(as_bytes("ctwo"))), std::string::npos);
  std::filesystem::remove(file);
  EXPECT_TRUE(ask(1).empty());
  room = AttesterLine{enclave::Descriptor()};
  attester.join();
}

// A start's log goes along with a trust domain's quote, without what fills its area.
TEST(Serve, TheEventLogStandsBehindTheCollateral) {
  const std::string folder = testing::TempDir();
  const std::string json = folder + "gbx-serve-json";
  const std::string log = folder + "gbx-serve-log";
  std::ofstream(json) << "{}";
  const attest::testing::DcapMaker maker;
  std::ofstream(log, std::ios::binary) << as_text(maker.log.make());
  const Attachments files{.chain = {}, .collateral = {json}, .event_log = log};
  const attest::EvidenceBundle quote{attest::Platform::tdx, {'q'}, {}, {}};
  const auto bundle = attach_files(quote, files);
  ASSERT_TRUE(bundle);
  const auto split = attest::split_domain_collateral(bundle->collateral);
  ASSERT_TRUE(split && split->log);
  EXPECT_EQ(as_text(split->intel), "{}");
  EXPECT_EQ(split->log->size(), maker.log.make().size() - maker.log.trailing.size());
  std::ofstream(log) << "no log";
  EXPECT_EQ(attach_files(quote, files).error().reason.view(), "event_log_malformed");
  std::filesystem::remove(log);
  EXPECT_EQ(attach_files(quote, files).error().reason.view(), "attachment_unreadable");
  std::filesystem::remove(json);
}

}  // namespace
}  // namespace gbx::attester
