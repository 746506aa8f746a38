#include "attest/der.h"

namespace gbx::attest {

std::optional<ByteView> DerReader::next(std::uint8_t tag) {
  constexpr std::size_t kLengthBytesMax = 3;
  const bool has_head = !failed_ && rest_.size() >= 2 && rest_[0] == tag;
  failed_ = true;  // until the whole element has been seen
  if (!has_head) return std::nullopt;
  std::size_t length = rest_[1];
  std::size_t head = 2;
  if (length >= 0x80) {
    const std::size_t bytes = length & 0x7f;
    if (bytes == 0 || bytes > kLengthBytesMax || rest_.size() < head + bytes) return std::nullopt;
    length = 0;
    for (std::size_t i = 0; i < bytes; i++) length = length << 8 | rest_[head + i];
    if (length < 0x80 || length >> (8 * (bytes - 1)) == 0) return std::nullopt;
    head += bytes;
  }
  if (rest_.size() - head < length) return std::nullopt;
  const ByteView content = rest_.subspan(head, length);
  rest_ = rest_.subspan(head + length);
  failed_ = false;
  return content;
}

}  // namespace gbx::attest
