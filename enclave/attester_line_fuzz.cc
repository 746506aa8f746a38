// Whatever the other end of an attester's line says, and then hangs up: a room gets its platform's
// word and evidence of bounded sizes or a failure, and an attester a question or a failure.

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "enclave/attester_line.h"

namespace {

// Small enough for a socket to hold.
constexpr std::size_t kBytesMax = 65'536;
constexpr std::size_t kPlatformBytesMax = 32;

struct Pair {
  gbx::enclave::Descriptor mine;
  gbx::enclave::Descriptor theirs;
};

Pair said(gbx::ByteView bytes) {
  std::array<int, 2> ends{};
  GBX_CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
  Pair out{gbx::enclave::Descriptor(ends[0]), gbx::enclave::Descriptor(ends[1])};
  if (!bytes.empty()) {
    GBX_CHECK(::send(ends[1], bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
  }
  ::shutdown(ends[1], SHUT_WR);
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const gbx::ByteView bytes(data, std::min(size, kBytesMax));
  Pair to_room = said(bytes);
  if (auto quoter = gbx::enclave::AttesterQuoter::meet(std::move(to_room.mine))) {
    GBX_CHECK(quoter->platform().size() <= kPlatformBytesMax);
    const std::array<std::uint8_t, 64> binding{1};
    if (const auto packet = quoter->quote(binding)) {
      GBX_CHECK(!packet->empty() && packet->size() <= bytes.size());
    }
  }
  Pair to_attester = said(bytes);
  gbx::enclave::AttesterLine line(std::move(to_attester.mine));
  std::size_t used = 0;
  while (const auto question = line.receive(gbx::enclave::kAttesterQuestionBytesMax,
                                            gbx::enclave::AttesterLine::Milliseconds(1000))) {
    used += 4 + question->size();
    GBX_CHECK(question->size() <= gbx::enclave::kAttesterQuestionBytesMax);
    GBX_CHECK(used <= bytes.size());
  }
  return 0;
}
