#pragma once

// DER (X.690), as far as the values of certificate extensions need it: one element after the other.
// An attacker writes the bytes; lengths are definite and in their shortest form, or the reader
// fails.

#include <optional>

#include "trusted/base/bytes.h"

namespace gbx::attest {

constexpr std::uint8_t kDerInteger = 0x02;
constexpr std::uint8_t kDerBitString = 0x03;
constexpr std::uint8_t kDerOid = 0x06;
constexpr std::uint8_t kDerUtf8 = 0x0c;
constexpr std::uint8_t kDerSequence = 0x30;

class DerReader {
 public:
  explicit DerReader(ByteView bytes) : rest_(bytes) {}
  // The content of the next element, if it has this tag; nullopt for everything else, and from then
  // on.
  std::optional<ByteView> next(std::uint8_t tag);
  [[nodiscard]] bool done() const { return !failed_ && rest_.empty(); }

 private:
  ByteView rest_;
  bool failed_ = false;
};

}  // namespace gbx::attest
