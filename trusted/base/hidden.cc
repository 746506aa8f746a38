#include "trusted/base/hidden.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace gbx {
namespace {

struct Range {
  std::uint32_t first;
  std::uint32_t last;
};

constexpr std::array kHidden = {
    Range{0x00, 0x1F},       Range{0x7F, 0x9F},     Range{0xAD, 0xAD},     Range{0x034F, 0x034F},
    Range{0x061C, 0x061C},   Range{0x115F, 0x1160}, Range{0x17B4, 0x17B5}, Range{0x180B, 0x180F},
    Range{0x200B, 0x200B},   Range{0x200E, 0x200F}, Range{0x2028, 0x202E}, Range{0x2060, 0x206F},
    Range{0x3164, 0x3164},   Range{0xFEFF, 0xFEFF}, Range{0xFFA0, 0xFFA0}, Range{0xFFF9, 0xFFFB},
    Range{0xE0000, 0xE0FFF},
};

struct Character {
  std::uint32_t code = 0;
  std::size_t size = 1;
};

// Of bytes that are no UTF-8: a control character of one byte.
Character character_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t lead = byte(at);
  if (lead < 0x80) return {lead, 1};
  const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || size > text.size() - at) return {};
  std::uint32_t code = lead & (0x7FU >> size);
  for (std::size_t i = at + 1; i < at + size; i++) {
    if ((byte(i) & 0xC0U) != 0x80U) return {};
    code = code << 6 | (byte(i) & 0x3FU);
  }
  const bool longer = (size == 3 && code < 0x800) || (size == 4 && code < 0x10000);
  return longer ? Character{} : Character{code, size};
}

}  // namespace

Hidden find_hidden(std::string_view text, std::size_t from) {
  while (from < text.size()) {
    const Character next = character_at(text, from);
    const bool hidden = std::any_of(kHidden.begin(), kHidden.end(), [&](const Range& range) {
      return range.first <= next.code && next.code <= range.last;
    });
    if (hidden) return {from, next.size};
    from += next.size;
  }
  return {};
}

bool is_printable(std::string_view text) { return find_hidden(text).size == 0; }

}  // namespace gbx
