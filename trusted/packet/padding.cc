#include "trusted/packet/padding.h"

#include <algorithm>
#include <bit>

namespace gbx::packet {
namespace {

constexpr std::size_t kLengthBytes = 4;

std::size_t padded_size(std::size_t text, std::size_t floor) {
  return std::bit_ceil(std::max(text + kLengthBytes, floor));
}

}  // namespace

Bytes pad(std::string_view text, const PaddingRule& rule) {
  GBX_CHECK(text.size() <= rule.text_bytes_max);
  Writer writer;
  writer.block(text);
  Bytes out = writer.take();
  out.resize(padded_size(text.size(), rule.floor));
  return out;
}

Result<std::string_view> unpad(ByteView padded, const PaddingRule& rule, Literal malformed) {
  Reader reader(padded);
  const ByteView text = reader.block(rule.text_bytes_max);
  const ByteView rest = reader.view(reader.left());
  const bool zeros = std::ranges::all_of(rest, [](std::uint8_t byte) { return byte == 0; });
  if (reader.failed() || !zeros || padded_size(text.size(), rule.floor) != padded.size()) {
    return Error{ErrorCode::invalid_argument, malformed};
  }
  return as_text(text);
}

}  // namespace gbx::packet
