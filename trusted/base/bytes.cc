#include "trusted/base/bytes.h"

#include <bit>
#include <cstring>
#include <limits>

namespace gbx {
namespace {

static_assert(std::endian::native == std::endian::little, "formats are little-endian");

constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

template <typename T>
T read_scalar(ByteView bytes) {
  T value{};
  if (bytes.size() == sizeof(T)) std::memcpy(&value, bytes.data(), sizeof(T));
  return value;
}

template <typename T>
void write_scalar(Bytes& out, T value) {
  const auto* begin = reinterpret_cast<const std::uint8_t*>(&value);
  out.insert(out.end(), begin, begin + sizeof(T));
}

}  // namespace

ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Bytes to_bytes(std::string_view text) {
  ByteView bytes = as_bytes(text);
  return {bytes.begin(), bytes.end()};
}

std::string to_hex(ByteView bytes) {
  std::string out;
  out.reserve(bytes.size() * 2);
  for (std::uint8_t byte : bytes) {
    out.push_back(kHex[byte >> 4U]);
    out.push_back(kHex[byte & 15U]);
  }
  return out;
}

Result<Bytes> from_hex(std::string_view text) {
  const Error bad{ErrorCode::invalid_argument, "hex_malformed"};
  if (text.size() % 2 != 0) return bad;
  Bytes out;
  out.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const std::size_t high = kHex.find(text[i]);
    const std::size_t low = kHex.find(text[i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) return bad;
    out.push_back(static_cast<std::uint8_t>(high << 4U | low));
  }
  return out;
}

std::string to_base64(ByteView bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = bytes.size() - i < 3 ? bytes.size() - i : 3;
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; j++) group = group << 8U | (j < count ? bytes[i + j] : 0U);
    for (std::size_t j = 0; j < 4; j++) {
      out.push_back(j <= count ? kBase64[group >> (18U - 6U * j) & 63U] : '=');
    }
  }
  return out;
}

Result<Bytes> from_base64(std::string_view text) {
  const Error bad{ErrorCode::invalid_argument, "base64_malformed"};
  if (text.size() % 4 != 0) return bad;
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') padding++;
  Bytes out;
  out.reserve(text.size() / 4 * 3);
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (char c : text.substr(0, text.size() - padding)) {
    const std::size_t digit = kBase64.find(c);
    if (digit == std::string_view::npos) return bad;
    bits = bits << 6U | static_cast<std::uint32_t>(digit);
    count += 6;
    if (count >= 8) {
      count -= 8;
      out.push_back(static_cast<std::uint8_t>(bits >> count & 255U));
    }
  }
  if ((bits & ((1U << count) - 1U)) != 0) return bad;
  return out;
}

std::uint8_t Reader::u8() { return read_scalar<std::uint8_t>(view(1)); }
std::uint16_t Reader::u16() { return read_scalar<std::uint16_t>(view(2)); }
std::uint32_t Reader::u32() { return read_scalar<std::uint32_t>(view(4)); }
std::uint64_t Reader::u64() { return read_scalar<std::uint64_t>(view(8)); }
std::int64_t Reader::i64() { return read_scalar<std::int64_t>(view(8)); }

ByteView Reader::view(std::size_t size) {
  if (failed_ || size > rest_.size()) {
    failed_ = true;
    return {};
  }
  ByteView out = rest_.first(size);
  rest_ = rest_.subspan(size);
  return out;
}

ByteView Reader::block(std::size_t size_max) {
  const std::uint32_t size = u32();
  if (size > size_max) failed_ = true;
  return view(size);
}

void Writer::u8(std::uint8_t value) { out_.push_back(value); }
void Writer::u16(std::uint16_t value) { write_scalar(out_, value); }
void Writer::u32(std::uint32_t value) { write_scalar(out_, value); }
void Writer::u64(std::uint64_t value) { write_scalar(out_, value); }
void Writer::i64(std::int64_t value) { write_scalar(out_, value); }
void Writer::raw(ByteView bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }

void Writer::block(ByteView bytes) {
  GBX_CHECK(bytes.size() <= std::numeric_limits<std::uint32_t>::max());
  u32(static_cast<std::uint32_t>(bytes.size()));
  raw(bytes);
}

}  // namespace gbx
