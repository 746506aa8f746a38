#pragma once

// Secrets: wiped when they die, never copied by accident, never printed, compared in constant time.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "trusted/base/bytes.h"

namespace gbx {

// Overwrites the bytes in a way that no optimiser removes.
void wipe(std::span<std::uint8_t> bytes);

// True when a and b are equal; the time depends on the sizes only.
bool equal_constant_time(ByteView a, ByteView b);

// N secret bytes. Move-only: whoever wants a copy has to say copy().
template <std::size_t N>
class Secret {
 public:
  Secret() = default;
  explicit Secret(const std::array<std::uint8_t, N>& bytes) : bytes_(bytes) {}
  Secret(Secret&& other) noexcept : bytes_(other.bytes_) { wipe(other.bytes_); }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      bytes_ = other.bytes_;
      wipe(other.bytes_);
    }
    return *this;
  }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret() { wipe(bytes_); }

  [[nodiscard]] Secret copy() const { return Secret(bytes_); }
  [[nodiscard]] ByteView view() const { return bytes_; }
  [[nodiscard]] std::span<std::uint8_t, N> mutable_view() { return bytes_; }

  // Fails with invalid_argument when `bytes` is not N long.
  static Result<Secret> from(ByteView bytes) {
    if (bytes.size() != N) return Error{ErrorCode::invalid_argument, "secret_size"};
    Secret out;
    for (std::size_t i = 0; i < N; i++) out.bytes_[i] = bytes[i];
    return out;
  }

 private:
  std::array<std::uint8_t, N> bytes_{};
};

// Secret bytes whose number is only known at run time.
class SecretBytes {
 public:
  SecretBytes() = default;
  explicit SecretBytes(Bytes bytes) : bytes_(std::move(bytes)) {}
  SecretBytes(SecretBytes&& other) noexcept : bytes_(std::move(other.bytes_)) {
    other.bytes_.clear();
  }
  SecretBytes& operator=(SecretBytes&& other) noexcept {
    if (this != &other) {
      wipe(bytes_);
      bytes_ = std::move(other.bytes_);
      other.bytes_.clear();
    }
    return *this;
  }
  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;
  ~SecretBytes() { wipe(bytes_); }

  [[nodiscard]] ByteView view() const { return bytes_; }
  [[nodiscard]] Bytes& mutable_bytes() { return bytes_; }

 private:
  Bytes bytes_;
};

}  // namespace gbx
