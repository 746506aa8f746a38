#include "attest/big_endian.h"

namespace gbx::attest {

ByteView BigEndianReader::view(std::size_t size) {
  if (failed_ || size > rest_.size()) {
    failed_ = true;
    return {};
  }
  const ByteView out = rest_.first(size);
  rest_ = rest_.subspan(size);
  return out;
}

ByteView BigEndianReader::sized(std::size_t size_max) {
  const std::size_t size = u16();
  if (size > size_max) failed_ = true;
  return view(size);
}

std::uint64_t BigEndianReader::number(std::size_t size) {
  std::uint64_t value = 0;
  for (const std::uint8_t byte : view(size)) value = value << 8U | byte;
  return value;
}

}  // namespace gbx::attest
