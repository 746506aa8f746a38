#pragma once

// The values that a room knows. Everything but text is an int64: integers, decimals scaled by a
// power of ten, days and microseconds since 1970-01-01, booleans as 0 and 1. There is no floating
// point in a room: sums are exact, orders do not matter, and nothing can be NaN.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "trusted/base/result.h"

namespace gbx {

// The enumerator is the name in manifests and policies.
enum class Type : std::uint8_t { boolean, integer, decimal, date, timestamp, text };

std::string_view type_name(Type type);
std::optional<Type> type_from(std::string_view name);

// A type with its scale: digits after the decimal point, 0..12, non-zero for decimal only.
struct ValueType {
  Type type = Type::integer;
  std::uint8_t scale = 0;
  friend bool operator==(ValueType, ValueType) = default;
};
constexpr std::uint8_t kScaleMax = 12;

// What a column is to the person behind the row. The enumerator is the name in manifests and
// policies.
enum class Label : std::uint8_t {
  person,     // the privacy unit's key: tokenised, joins only
  pii,        // never leaves the owner: `prepare` must drop or transform it
  sensitive,  // enters; may be measured, never a dimension
  plain,      // enters; the rule says for what
};

std::string_view label_name(Label label);
std::optional<Label> label_from(std::string_view name);

// One value: null, a number (as above) or text. Order: null, numbers, text; each in its own order.
using Cell = std::variant<std::monostate, std::int64_t, std::string>;

// A value that has a name and a type of its own.
struct NamedValue {
  std::string name;
  ValueType type;
  Cell value;
};

// "75.50" with scale 2 -> 7550. Digits past the scale must be zero. Fails with invalid_argument.
Result<std::int64_t> parse_decimal(std::string_view text, std::uint8_t scale);
std::string format_decimal(std::int64_t value, std::uint8_t scale);

// Days since 1970-01-01 of "YYYY-MM-DD", years 0001..9999, proleptic Gregorian. Fails with
// invalid_argument.
Result<std::int64_t> parse_date(std::string_view text);
std::string format_date(std::int64_t days);

// Microseconds since 1970-01-01T00:00:00Z of "YYYY-MM-DD[ T]HH:MM:SS[.ffffff][Z]". Fails with
// invalid_argument.
Result<std::int64_t> parse_timestamp(std::string_view text);
std::string format_timestamp(std::int64_t micros);

// A cell of `type` from its text, and back; what CSV, policies and literals use.
Result<std::int64_t> parse_value(std::string_view text, ValueType type);
std::string format_value(std::int64_t value, ValueType type);

// The calendar day of `days` since 1970-01-01, and back (Hinnant, "chrono-Compatible Low-Level Date
// Algorithms").
struct CivilDay {
  std::int64_t year;
  unsigned month;  // 1..12
  unsigned day;    // 1..31
};
CivilDay civil_from_days(std::int64_t days);
std::int64_t days_from_civil(CivilDay civil);

__extension__ using Int128 = __int128;
__extension__ using UInt128 = unsigned __int128;

// How many values lie in each of equal parts of an interval; only parts that have some, ascending.
struct Bin {
  std::uint32_t bin = 0;
  std::int64_t count = 0;  // > 0
  friend bool operator==(const Bin&, const Bin&) = default;
};
using Histogram = std::vector<Bin>;

}  // namespace gbx
