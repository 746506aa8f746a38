#include "trusted/snapshot/utf8.h"

#include <cstdint>
#include <cstring>

namespace gbx::snapshot {
namespace {

// Length of the sequence that begins with `lead`, and what its second byte may be; 0 when none may.
struct Lead {
  std::size_t size;
  std::uint8_t low;
  std::uint8_t high;
};

Lead lead_of(std::uint8_t lead) {
  if (lead >= 0xC2 && lead <= 0xDF) return {2, 0x80, 0xBF};
  if (lead == 0xE0) return {3, 0xA0, 0xBF};
  if (lead == 0xED) return {3, 0x80, 0x9F};
  if (lead >= 0xE1 && lead <= 0xEF) return {3, 0x80, 0xBF};
  if (lead == 0xF0) return {4, 0x90, 0xBF};
  if (lead >= 0xF1 && lead <= 0xF3) return {4, 0x80, 0xBF};
  if (lead == 0xF4) return {4, 0x80, 0x8F};
  return {0, 0, 0};
}

}  // namespace

bool is_utf8(std::string_view text) {
  std::size_t i = 0;
  const auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(text[at]); };
  while (i < text.size()) {
    if (text.size() - i >= 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, text.data() + i, 8);
      if ((word & 0x8080808080808080U) == 0) {
        i += 8;
        continue;
      }
    }
    if (byte(i) < 0x80) {
      i++;
      continue;
    }
    const Lead lead = lead_of(byte(i));
    if (lead.size == 0 || lead.size > text.size() - i) return false;
    if (byte(i + 1) < lead.low || byte(i + 1) > lead.high) return false;
    for (std::size_t k = 2; k < lead.size; k++) {
      if ((byte(i + k) & 0xC0) != 0x80) return false;
    }
    i += lead.size;
  }
  return true;
}

}  // namespace gbx::snapshot
