#include "vm/relay.h"

#include <fcntl.h>
#include <unistd.h>

#include <string>

namespace gbx::vm {
namespace {

using enclave::Call;
using enclave::Channel;
using enclave::Descriptor;
using enclave::Frame;

constexpr Channel::Milliseconds kFramePatience{60'000};  // for the rest of a frame that has begun
constexpr Error kNotKept{ErrorCode::unavailable, "sealed_not_kept"};

// What the room says to one call, and what it asks of the host meanwhile.
Status answer(Channel& host, Channel& room) {
  while (true) {
    GBX_TRY_ASSIGN(const enclave::ReceivedFrame said, room.receive(Channel::kForever));
    GBX_TRY(host.send(said.frame.call, said.frame.payload, -1, kFramePatience));
    if (said.frame.call != Call::append) return {};
    GBX_TRY_ASSIGN(const enclave::ReceivedFrame reply, host.receive(kFramePatience));
    if (reply.frame.call != Call::appended) {
      return Error{ErrorCode::unavailable, "frame_unexpected"};
    }
    GBX_TRY(room.send(Call::appended, reply.frame.payload, -1, kFramePatience));
  }
}

}  // namespace

void SealedFile::add(ByteView piece) noexcept {
  if (!file_.valid() && !failed_) {
    file_ = Descriptor(::open(folder_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0400));
  }
  failed_ = failed_ || !file_.valid() || !enclave::write_all(file_.get(), piece);
  if (failed_) file_ = Descriptor();  // gives its memory back
}

Result<Descriptor> SealedFile::take() noexcept {
  const Descriptor file = std::move(file_);
  const bool failed = std::exchange(failed_, false);
  if (failed || !file.valid()) return kNotKept;
  // Open for writing too it would be refused by the room: a worker could write to it.
  const std::string path = "/proc/self/fd/" + std::to_string(file.get());
  Descriptor out(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!out.valid()) return kNotKept;
  return out;
}

Status relay(Channel& host, Channel& room, SealedFile sealed) {
  while (true) {
    GBX_TRY_ASSIGN(const enclave::ReceivedFrame asked,
                   host.receive(Channel::kForever, kFramePatience));
    const Frame& frame = asked.frame;
    if (frame.call == Call::sealed) {
      sealed.add(frame.payload);
      continue;
    }
    Descriptor file;
    if (frame.call == Call::attach) {
      auto taken = sealed.take();
      if (!taken) {
        const Bytes refusal = enclave::encode_refusal(taken.error(), enclave::kUnsigned);
        GBX_TRY(host.send(Call::refusal, refusal, -1, kFramePatience));
        continue;
      }
      file = std::move(*taken);
    }
    GBX_TRY(room.send(frame.call, frame.payload, file.get(), kFramePatience));
    GBX_TRY(answer(host, room));
  }
}

}  // namespace gbx::vm
