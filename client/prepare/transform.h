#pragma once

// De-identifying transforms, as a manifest writes them, and the conversion of a cell's text to a
// value. A transform acts before bounds and domain are checked: they describe what enters.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "trusted/base/value.h"

namespace gbx::prepare {

enum class TransformKind : std::uint8_t { none, drop, prefix, bin, round, truncate, map, cap };
enum class DateUnit : std::uint8_t { year, quarter, month, week };

struct Transform {
  TransformKind kind = TransformKind::none;
  std::int64_t amount = 0;  // prefix: characters; bin, round: width in the type's unit
  DateUnit unit = DateUnit::month;
  std::int64_t low = 0;  // cap
  std::int64_t high = 0;
  std::map<std::string, std::string, std::less<>> words = {};  // map
  std::optional<std::string> other = {};                       // map: for everything else, "*"
};

// "prefix 3", "bin 10", "cap [0, 500]", "truncate month", "drop"; map has no such form. Throws
// Failure with what would have been right. Amounts are values of `type`.
Transform parse_transform(std::string_view text, ValueType type);
// As a manifest writes it; "map (5 words)" for a map.
std::string describe(const Transform& transform, ValueType type);

// A number, date or timestamp after the transform. Rounds halves away from zero; bin and truncate
// go down. nullopt where the result does not fit.
std::optional<std::int64_t> apply_number(const Transform& transform, std::int64_t value, Type type);
// Text after the transform: the first characters (code points), or the word it maps to; nullopt
// when the map has none. The view is into `text` or the transform.
std::optional<std::string_view> apply_text(const Transform& transform, std::string_view text);

// The value of a cell of a numeric type, blanks around it ignored. Same language as
// gbx::parse_value, which it falls back on.
std::optional<std::int64_t> parse_cell(std::string_view text, ValueType type);

}  // namespace gbx::prepare
