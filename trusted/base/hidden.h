#pragma once

// Characters that a terminal obeys or passes over instead of showing them. Whoever signs, approves
// or reads on a screen must see what is there, in its order: an attacker writes names, values and
// SQL that others read. Pure.

#include <cstddef>
#include <string_view>

namespace gbx {

struct Hidden {
  std::size_t begin = 0;
  std::size_t size = 0;  // in bytes; 0 when there is none
};

// The first at or after `from`: control characters (line ends too), characters that turn the
// direction of text or end a line, and those that show nothing but the two that join letters and
// what chooses a sign's look; and bytes that are no UTF-8. docs/spec/policy.md has the list.
Hidden find_hidden(std::string_view text, std::size_t from = 0);

bool is_printable(std::string_view text);

}  // namespace gbx
