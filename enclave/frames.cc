#include "enclave/frames.h"

#include <algorithm>

namespace gbx::enclave {
namespace {

constexpr std::size_t kSmallBytesMax = 1 << 10;
constexpr std::size_t kCloseBytesMax = 1 << 14;
constexpr std::size_t kReleaseBytesMax = 1 << 20;
constexpr std::size_t kQueryBytesMax = 2 << 20;  // a sealed request of the largest class, in base64

std::optional<Call> call_from(std::uint8_t byte) {
  const auto call = static_cast<Call>(byte);
  switch (call) {
    case Call::boot:
    case Call::hello:
    case Call::attach:
    case Call::release:
    case Call::query:
    case Call::status:
    case Call::close:
    case Call::append:
    case Call::appended:
    case Call::sealed:
    case Call::answer:
    case Call::refusal: return call;
  }
  return std::nullopt;
}

bool is_word(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

std::optional<ErrorCode> code_from(std::uint8_t byte) {
  const auto code = static_cast<ErrorCode>(byte);
  switch (code) {
    case ErrorCode::policy_denied:
    case ErrorCode::budget_exhausted:
    case ErrorCode::unverified:
    case ErrorCode::invalid_argument:
    case ErrorCode::not_found:
    case ErrorCode::unavailable: return code;
  }
  return std::nullopt;
}

}  // namespace

std::string_view call_name(Call call) {
  switch (call) {
    case Call::boot: return "boot";
    case Call::hello: return "hello";
    case Call::attach: return "attach";
    case Call::release: return "release";
    case Call::query: return "query";
    case Call::status: return "status";
    case Call::close: return "close";
    case Call::append: return "append";
    case Call::appended: return "appended";
    case Call::sealed: return "sealed";
    case Call::answer: return "answer";
    case Call::refusal: return "refusal";
  }
  return "unknown";
}

std::size_t payload_bytes_max(Call call) {
  switch (call) {
    case Call::boot:
    case Call::attach:
    case Call::answer: return kPayloadBytesMax;
    case Call::release: return kReleaseBytesMax;
    case Call::query: return kQueryBytesMax;
    case Call::append: return kLedgerEntryBytesMax;
    case Call::sealed: return kSealedPieceBytesMax;
    case Call::refusal: return kRefusalBytes;
    case Call::hello: return kNonceBytes;
    case Call::close: return kCloseBytesMax;
    case Call::status: return 0;
    case Call::appended: return 1;
  }
  return kSmallBytesMax;
}

bool is_client_request(Call call) {
  return call == Call::hello || call == Call::attach || call == Call::release ||
         call == Call::query || call == Call::status || call == Call::close;
}

Result<FrameHeader> decode_header(ByteView header) {
  Reader reader(header);
  const std::uint32_t length = reader.u32();
  const std::optional<Call> call = call_from(reader.u8());
  if (!reader.done() || !call || length == 0) {
    return Error{ErrorCode::invalid_argument, "frame_malformed"};
  }
  if (length - 1 > payload_bytes_max(*call)) {
    return Error{ErrorCode::invalid_argument, "frame_too_large"};
  }
  return FrameHeader{*call, length - 1};
}

Result<Frame> decode_frame(ByteView bytes) {
  if (bytes.size() < kHeaderBytes) return Error{ErrorCode::invalid_argument, "frame_malformed"};
  GBX_TRY_ASSIGN(const FrameHeader header, decode_header(bytes.first(kHeaderBytes)));
  const ByteView payload = bytes.subspan(kHeaderBytes);
  if (payload.size() != header.payload_bytes) {
    return Error{ErrorCode::invalid_argument, "frame_malformed"};
  }
  return Frame{header.call, Bytes(payload.begin(), payload.end())};
}

Bytes encode_frame(Call call, ByteView payload) {
  GBX_CHECK(payload.size() <= payload_bytes_max(call));
  Writer writer;
  writer.u32(static_cast<std::uint32_t>(payload.size() + 1));
  writer.u8(static_cast<std::uint8_t>(call));
  writer.raw(payload);
  return writer.take();
}

RefusalBody encode_refusal_body(const Error& error) {
  const std::string_view reason = error.reason.view();
  GBX_CHECK(reason.size() <= kReasonBytesMax && is_word(reason));
  Writer writer;
  writer.u8(static_cast<std::uint8_t>(error.code));
  writer.u32(error.where.begin);
  writer.u32(error.where.end);
  writer.u8(static_cast<std::uint8_t>(reason.size()));
  writer.raw(as_bytes(reason));
  RefusalBody out{};
  std::ranges::copy(writer.bytes(), out.begin());
  return out;
}

Bytes encode_refusal(const Error& error, const RefusalSignature& signature) {
  Writer writer;
  writer.raw(encode_refusal_body(error));
  writer.raw(signature);
  return writer.take();
}

Result<Refusal> decode_refusal(ByteView payload) {
  const Error malformed{ErrorCode::invalid_argument, "refusal_malformed"};
  if (payload.size() != kRefusalBytes) return malformed;
  Refusal refusal;
  refusal.body = Reader(payload).array<kRefusalBodyBytes>();
  refusal.signature = Reader(payload.subspan(kRefusalBodyBytes)).array<kRefusalSignatureBytes>();
  Reader reader(refusal.body);
  const std::optional<ErrorCode> code = code_from(reader.u8());
  refusal.where.begin = reader.u32();
  refusal.where.end = reader.u32();
  const std::uint8_t size = reader.u8();
  refusal.reason = std::string(as_text(reader.view(size)));
  const ByteView padding = reader.view(reader.left());
  const bool zeros = std::all_of(padding.begin(), padding.end(), [](auto b) { return b == 0; });
  if (!code || reader.failed() || !zeros || !is_word(refusal.reason)) return malformed;
  refusal.code = *code;
  return refusal;
}

}  // namespace gbx::enclave
