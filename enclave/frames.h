#pragma once

// The room's boundary: every call that crosses it, what it takes and what it may answer.
//
// Whoever stands on the other side (the host, a client behind it) writes every byte. A frame is
//
//   [u32 length, little-endian][u8 call][length - 1 bytes of payload]
//
// and one call is one request and one final answer. While it works on a query the room may send
// `append`, which the host must answer with `appended`, before the final answer. There is no other
// call, and no call has an option. docs/spec/frames.md is the same in words.
//
//   request   payload                              final answer's payload
//   boot      policy envelope (host only, once)    status JSON
//   hello     nonce, 32 bytes                      hello JSON: evidence, binding, log head
//   attach    snapshot manifest envelope, + 1 fd   attached JSON: table, snapshot
//   release   key release envelope                 released JSON: table, allotment
//   query     sealed request packet                sealed answer packet
//   status    nothing                              status JSON
//   close     close envelope                       closing statement envelope
//
//   append    ledger entry (room to host)          appended: u8, 1 = on disk
//
// To a room in a virtual machine no descriptor can be handed: the host sends the sealed file as
// pieces (`sealed`) before its attach, and the relay in front of the room (vm/relay.h) makes a file
// of them. A room itself refuses them.
//
// The final answer is `answer` or `refusal`. A refusal is a code, a word and a span of the caller's
// own text, always of one size, and the room's signature under it for this call
// (trusted/packet/refusal.h): whoever has met the room knows whether the host made it up.

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "trusted/base/bytes.h"
#include "trusted/base/result.h"

namespace gbx::enclave {

enum class Call : std::uint8_t {
  boot = 1,
  hello = 2,
  attach = 3,
  release = 4,
  query = 5,
  status = 6,
  close = 7,
  append = 16,
  appended = 17,
  sealed = 18,
  answer = 32,
  refusal = 33,
};

constexpr std::size_t kHeaderBytes = 5;
constexpr std::size_t kPayloadBytesMax = std::size_t{16} << 20;
constexpr std::size_t kNonceBytes = 32;
constexpr std::size_t kReasonBytesMax = 64;
constexpr std::size_t kRefusalBodyBytes = 1 + 4 + 4 + 1 + kReasonBytesMax;
constexpr std::size_t kRefusalSignatureBytes = 64;
constexpr std::size_t kRefusalBytes = kRefusalBodyBytes + kRefusalSignatureBytes;
constexpr std::size_t kSealedPieceBytesMax = std::size_t{1} << 20;
constexpr std::size_t kLedgerEntryBytesMax = std::size_t{1} << 16;

// The name on the wire documents; total over the enumerators.
std::string_view call_name(Call call);
// The most payload bytes that a frame of this call may have.
std::size_t payload_bytes_max(Call call);
// True for what a client may ask of a host, which hands it to the room: hello to close.
bool is_client_request(Call call);

struct Frame {
  Call call = Call::status;
  Bytes payload;
};

struct FrameHeader {
  Call call = Call::status;
  std::uint32_t payload_bytes = 0;
};

// The five bytes that begin a frame. Fails with invalid_argument: frame_malformed (unknown call,
// length 0), frame_too_large (more than this call may carry).
Result<FrameHeader> decode_header(ByteView header);
// One whole frame and nothing after it. Fails as decode_header() does, or frame_malformed.
Result<Frame> decode_frame(ByteView bytes);
// The payload must fit payload_bytes_max(): a bug otherwise.
Bytes encode_frame(Call call, ByteView payload);

using RefusalBody = std::array<std::uint8_t, kRefusalBodyBytes>;
using RefusalSignature = std::array<std::uint8_t, kRefusalSignatureBytes>;
// Of a host, and of a room that has no key yet.
constexpr RefusalSignature kUnsigned{};

// A refusal as whoever stands outside the room reads it: the word is text that came over a wire.
struct Refusal {
  ErrorCode code = ErrorCode::unavailable;
  std::string reason;  // [a-z0-9_]{1,64}
  Span where;
  RefusalBody body{};            // the bytes that say so, which the room signs
  RefusalSignature signature{};  // not verified
};

// The same size whatever the error says: u8 code, u32 begin, u32 end, u8 length of the word, the
// word padded with zeros.
RefusalBody encode_refusal_body(const Error& error);
// A refusal's payload: the body, then the signature.
Bytes encode_refusal(const Error& error, const RefusalSignature& signature);
// Fails with invalid_argument (refusal_malformed).
Result<Refusal> decode_refusal(ByteView payload);

}  // namespace gbx::enclave
