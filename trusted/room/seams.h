#pragma once

// What a room needs from outside, beyond the seams of trusted/base/seams.h.

#include <string>
#include <string_view>

#include "trusted/base/result.h"

namespace gbx::room {

// SQL text to the engine's own syntax tree as JSON, made by a process that has seen no data and is
// thrown away. Its answer is hostile: trusted/sql decodes it.
class Parser {
 public:
  virtual ~Parser() = default;
  // Fails with invalid_argument (the text is no SQL) or unavailable (the worker died).
  virtual Result<std::string> parse(std::string_view sql) noexcept = 0;
};

}  // namespace gbx::room
