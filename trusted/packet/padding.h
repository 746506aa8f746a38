#pragma once

// Plaintexts in size classes, so that whoever carries what is sealed learns little from its length:
//
//   u32 length (little-endian) || text || zeros up to the next power of two of at least `floor`
//
// What is inside was opened, not believed: its author may be anybody. Thread-safe.

#include <string_view>

#include "trusted/base/bytes.h"

namespace gbx::packet {

struct PaddingRule {
  std::size_t floor = 0;  // a power of two
  std::size_t text_bytes_max = 0;
};

// The text must not be over rule.text_bytes_max: a bug otherwise.
Bytes pad(std::string_view text, const PaddingRule& rule);
// The text, as a view into `padded`. Fails with invalid_argument (`malformed`) unless pad() of it
// gives these bytes.
Result<std::string_view> unpad(ByteView padded, const PaddingRule& rule, Literal malformed);

}  // namespace gbx::packet
