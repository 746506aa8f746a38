#include "attester/serve.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <fstream>
#include <thread>

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
    serve(line, attest::Platform::snp, {.chain = {file}, .collateral = {}},
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

}  // namespace
}  // namespace gbx::attester
