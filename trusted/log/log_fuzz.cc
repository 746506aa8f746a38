// Entries come from the host. The input is cut into entries at newlines; what replays must replay
// again from its own entries to the same head, entry by entry.

#include "trusted/log/log.h"

namespace {

using gbx::Bytes;

std::vector<Bytes> lines(gbx::ByteView input) {
  std::vector<Bytes> out(1);
  for (const std::uint8_t byte : input) {
    if (byte == '\n') {
      out.emplace_back();
    } else {
      out.back().push_back(byte);
    }
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::vector<Bytes> entries = lines({data, size});
  const auto replayed = gbx::log::replay("room/fuzz", entries);
  if (!replayed) {
    GBX_CHECK(replayed.error().code == gbx::ErrorCode::unverified);
    return 0;
  }
  gbx::log::Head head = gbx::log::empty_head("room/fuzz");
  for (std::size_t i = 0; i < entries.size(); i++) {
    if (i > 0 && entries[i] == entries[i - 1]) continue;
    head = gbx::log::extend(head, entries[i]);
  }
  GBX_CHECK(head == replayed->head);
  GBX_CHECK(replayed->bodies.size() == head.size);
  return 0;
}
