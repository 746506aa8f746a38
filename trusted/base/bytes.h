#pragma once

// Bytes, and the only two ways to take them apart: a length-checked reader and a writer.
// Everything is little-endian. A reader that ran past the end stays failed and yields zeros, so a
// parser may read a whole record and ask once, at the end, whether it was there.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "trusted/base/result.h"

namespace gbx {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;
using Hash = std::array<std::uint8_t, 32>;   // SHA-256
using Token = std::array<std::uint8_t, 16>;  // a person, as the collaboration's token key makes it

ByteView as_bytes(std::string_view text);
std::string_view as_text(ByteView bytes);
Bytes to_bytes(std::string_view text);

std::string to_hex(ByteView bytes);
// Lower-case hex of exactly even length. Fails with invalid_argument.
Result<Bytes> from_hex(std::string_view text);

std::string to_base64(ByteView bytes);
// Standard alphabet, padded, no white space, zero trailing bits: one spelling for each value.
// Fails with invalid_argument.
Result<Bytes> from_base64(std::string_view text);

class Reader {
 public:
  explicit Reader(ByteView bytes) : rest_(bytes) {}

  std::uint8_t u8();
  std::uint16_t u16();
  std::uint32_t u32();
  std::uint64_t u64();
  std::int64_t i64();
  // The next `size` bytes, as a view into the input; empty and failed when they are not there.
  ByteView view(std::size_t size);
  // A u32 length, then that many bytes; failed when the length is over `size_max`.
  ByteView block(std::size_t size_max);
  template <std::size_t N>
  std::array<std::uint8_t, N> array() {
    std::array<std::uint8_t, N> out{};
    ByteView bytes = view(N);
    for (std::size_t i = 0; i < bytes.size(); i++) out[i] = bytes[i];
    return out;
  }

  [[nodiscard]] std::size_t left() const { return rest_.size(); }
  [[nodiscard]] bool failed() const { return failed_; }
  // True when every read was inside the input and nothing is left over.
  [[nodiscard]] bool done() const { return !failed_ && rest_.empty(); }

 private:
  ByteView rest_;
  bool failed_ = false;
};

class Writer {
 public:
  // Takes room for `size` bytes at once: until there are more, none of them is copied elsewhere,
  // so that a secret among them can be wiped where it is.
  void reserve(std::size_t size) { out_.reserve(size); }
  void u8(std::uint8_t value);
  void u16(std::uint16_t value);
  void u32(std::uint32_t value);
  void u64(std::uint64_t value);
  void i64(std::int64_t value);
  void raw(ByteView bytes);
  // A u32 length, then the bytes.
  void block(ByteView bytes);
  void block(std::string_view text) { block(as_bytes(text)); }

  [[nodiscard]] const Bytes& bytes() const { return out_; }
  Bytes take() { return std::move(out_); }

 private:
  Bytes out_;
};

}  // namespace gbx
