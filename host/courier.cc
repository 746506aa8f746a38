#include "host/courier.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "host/durable_file.h"

namespace gbx::host {
namespace {

using enclave::Call;
using enclave::Frame;

// A room enters a charge and an answer; one that goes on would fill the disk.
constexpr std::size_t kAppendsMax = 8;

// Our own and not the room's: a party's program tells them apart by the signature.
Frame refusal(const Error& error) {
  return {Call::refusal, enclave::encode_refusal(error, enclave::kUnsigned)};
}

}  // namespace

Frame Courier::call(const Frame& request, const enclave::Descriptor& descriptor) {
  if (request.call == Call::attach) return attach(request, descriptor);
  return converse_alone(request, -1);
}

Frame Courier::attach(const Frame& request, const enclave::Descriptor& descriptor) {
  auto incoming = keeping_.snapshots.receive(descriptor);
  if (!incoming) return refusal(incoming.error());
  Frame answer = converse_alone(request, incoming->file.get());
  if (answer.call == Call::answer) {
    keeping_.snapshots.keep(request.payload, *incoming);
  } else {
    keeping_.snapshots.discard(*incoming);
  }
  return answer;
}

Frame Courier::converse_alone(const Frame& request, int descriptor) {
  const std::lock_guard lock(one_call_);
  if (!alive_) return refusal({ErrorCode::unavailable, "room_ended"});
  auto answer = converse(request, descriptor);
  closed_ = answer && request.call == Call::close && answer->call == Call::answer;
  alive_ = answer && !closed_;
  if (!answer) return refusal({ErrorCode::unavailable, "room_ended"});
  if (closed_) keep_closing(answer->payload);
  return std::move(*answer);
}

// The caller has the statement too: a full disk is no reason to withhold it.
void Courier::keep_closing(ByteView statement) {
  if (!write_durably(keeping_.closing, statement)) {
    std::fprintf(stderr, "gloveboxd: %s was not kept\n", keeping_.closing.c_str());
  }
}

bool Courier::closed() {
  const std::lock_guard lock(one_call_);
  return closed_;
}

bool Courier::room_alive() {
  const std::lock_guard lock(one_call_);
  return alive_;
}

// The whole file, from its beginning, in pieces.
Status Courier::send_sealed(int file) {
  Bytes piece(enclave::kSealedPieceBytesMax);
  std::uint64_t offset = 0;
  while (true) {
    const ssize_t got = ::pread(file, piece.data(), piece.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Error{ErrorCode::unavailable, "disk_failed"};
    if (got == 0) return {};
    const auto size = static_cast<std::size_t>(got);
    GBX_TRY(room_.send(Call::sealed, ByteView(piece).first(size), -1, call_limit_));
    offset += size;
  }
}

Result<Frame> Courier::converse(const Frame& request, int descriptor) {
  if (descriptor >= 0 && line_ == Line::bytes) {
    GBX_TRY(send_sealed(descriptor));
    descriptor = -1;
  }
  GBX_TRY(room_.send(request.call, request.payload, descriptor, call_limit_));
  for (std::size_t asked = 0; asked <= kAppendsMax; asked++) {
    GBX_TRY_ASSIGN(enclave::ReceivedFrame received, room_.receive(call_limit_, call_limit_));
    Frame& frame = received.frame;
    if (frame.call == Call::answer || frame.call == Call::refusal) return std::move(frame);
    if (frame.call != Call::append) return Error{ErrorCode::unavailable, "frame_unexpected"};
    const Bytes on_disk{static_cast<std::uint8_t>(keeping_.ledger.append(frame.payload) ? 1 : 0)};
    GBX_TRY(room_.send(Call::appended, on_disk, -1, call_limit_));
  }
  return Error{ErrorCode::unavailable, "frame_unexpected"};
}

}  // namespace gbx::host
