// For tests: a zygote whose workers have been taken over. How they misbehave is the first word of
// the SQL text or the name of the task's first table.

#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "enclave/zygote.h"

namespace gbx::enclave {
namespace {

void raw(int socket, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t done = ::write(socket, bytes.data(), bytes.size());
    if (done <= 0) ::_exit(0);
    bytes = bytes.subspan(static_cast<std::size_t>(done));
  }
}

void announce(int socket, std::uint64_t size) {
  Writer out;
  out.u64(size);
  raw(socket, out.bytes());
}

bool says(ByteView request, std::string_view word) {
  return as_text(request).find(word) != std::string_view::npos;
}

void misbehave(WorkerFiles files, const WorkerSettings&) {
  const int socket = files.socket.get();
  const auto request = read_message(socket, kRequestBytesMax);
  if (!request) ::_exit(1);
  ::signal(SIGPIPE, SIG_DFL);
  if (says(*request, "announce_much")) announce(socket, std::uint64_t{1} << 62);
  if (says(*request, "send_much")) {
    announce(socket, std::uint64_t{100} << 20);
    const Bytes piece(std::size_t{1} << 20, 1);
    for (;;) raw(socket, piece);
  }
  if (says(*request, "send_half")) {
    announce(socket, 1000);
    raw(socket, Bytes(10, 1));
    ::_exit(0);
  }
  if (says(*request, "send_nothing")) {
    for (;;) ::pause();
  }
  if (says(*request, "send_empty")) static_cast<void>(write_message(socket, {}));
  if (says(*request, "send_garbage")) static_cast<void>(write_message(socket, Bytes(999, 0xee)));
  if (says(*request, "many_rows")) {
    static_cast<void>(write_message(socket, Bytes{1, 0xff, 0xff, 0xff, 0x7f, 0, 0, 0}));
  }
  if (says(*request, "crash")) std::abort();
  ::_exit(0);
}

}  // namespace
}  // namespace gbx::enclave

int main() {
  gbx::enclave::run_zygote(gbx::enclave::Descriptor(3), {}, gbx::enclave::misbehave);
  return 0;
}
