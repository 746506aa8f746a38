#pragma once

// The big-endian twin of gbx::Reader, for what TPMs and CBOR write. Every byte is hostile: a reader
// that ran past the end stays failed and yields zeros, so a parser asks once, at the end.

#include "trusted/base/bytes.h"

namespace gbx::attest {

class BigEndianReader {
 public:
  explicit BigEndianReader(ByteView bytes) : rest_(bytes) {}

  std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
  std::uint64_t u64() { return number(8); }
  // The next `size` bytes, as a view into the input; empty and failed when they are not there.
  ByteView view(std::size_t size);
  // A u16 length, then that many bytes (a TPM2B); failed when the length is over `size_max`.
  ByteView sized(std::size_t size_max);
  void fail() { failed_ = true; }

  [[nodiscard]] ByteView rest() const { return rest_; }
  [[nodiscard]] bool failed() const { return failed_; }
  // True when every read was inside the input and nothing is left over.
  [[nodiscard]] bool done() const { return !failed_ && rest_.empty(); }

 private:
  std::uint64_t number(std::size_t size);

  ByteView rest_;
  bool failed_ = false;
};

}  // namespace gbx::attest
