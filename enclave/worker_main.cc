// glovebox-worker: the zygote of a room's workers. Started by the room, with the control socket as
// descriptor 3: glovebox-worker THREADS MEMORY_BYTES CPU_SECONDS

#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <string_view>

#include "enclave/worker.h"

namespace {

constexpr int kControl = 3;

bool number(std::string_view text, std::uint64_t& out) {
  const auto end = std::from_chars(text.data(), text.data() + text.size(), out);
  return end.ec == std::errc() && end.ptr == text.data() + text.size() && out > 0;
}

}  // namespace

int main(int count, char** words) {
  gbx::enclave::WorkerSettings settings;
  std::uint64_t threads = 0;
  if (count != 4 || !number(words[1], threads) || threads > 64 ||
      !number(words[2], settings.limits.memory_bytes) ||
      !number(words[3], settings.limits.cpu_seconds)) {
    std::fputs("glovebox-worker is started by glovebox-room, not by hand\n", stderr);
    return 2;
  }
  // What it was loaded from, where that came as descriptors.
  ::close_range(kControl + 1, ~0U, 0);
  settings.threads = static_cast<std::uint32_t>(threads);
  // Nobody has privileges to give to what is opened.
  if (!gbx::enclave::give_up_privileges()) return 1;
  const auto parser = gbx::enclave::warm_up(settings);
  if (parser == nullptr) return 1;
  settings.parser = parser.get();
  gbx::enclave::run_zygote(gbx::enclave::Descriptor(kControl), settings, gbx::enclave::work);
  return 0;
}
