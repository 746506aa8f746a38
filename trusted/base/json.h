#pragma once

// JSON, strictly: what parties sign is text with one spelling.
//
// An attacker writes the text. parse() refuses duplicate keys, invalid UTF-8, deep nesting and
// anything past the end. parse_canonical() also demands that the text equals its own RFC 8785 (JCS)
// form and holds only objects, arrays, strings, booleans and integers within +-(2^53-1): whoever
// parsed it can print it, byte for byte.

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "trusted/base/bytes.h"
#include "trusted/base/result.h"

namespace gbx {

class Json {
 public:
  using Array = std::vector<Json>;
  using Member = std::pair<std::string, Json>;
  using Object = std::vector<Member>;  // as written; canonical() sorts

  static constexpr std::size_t kDepthMax = 512;
  static constexpr std::int64_t kIntegerMax = (std::int64_t{1} << 53) - 1;

  Json() = default;                                      // null
  Json(bool value) : value_(value) {}                    // NOLINT(google-explicit-constructor)
  Json(std::int64_t value) : value_(value) {}            // NOLINT(google-explicit-constructor)
  Json(int value) : value_(std::int64_t{value}) {}       // NOLINT(google-explicit-constructor)
  Json(std::uint64_t value);                             // NOLINT(google-explicit-constructor)
  Json(double value) : value_(value) {}                  // NOLINT(google-explicit-constructor)
  Json(std::string value) : value_(std::move(value)) {}  // NOLINT(google-explicit-constructor)
  // NOLINTNEXTLINE(google-explicit-constructor)
  Json(std::string_view value) : value_(std::string(value)) {}
  Json(const char* value) : value_(std::string(value)) {}  // NOLINT(google-explicit-constructor)
  Json(Array value) : value_(std::move(value)) {}          // NOLINT(google-explicit-constructor)
  Json(Object value) : value_(std::move(value)) {}         // NOLINT(google-explicit-constructor)
  static Json object(std::initializer_list<Member> members) { return Json(Object(members)); }

  // One value and nothing after it but white space. Fails with invalid_argument.
  static Result<Json> parse(std::string_view text);
  // See the top of this file. Fails with invalid_argument.
  static Result<Json> parse_canonical(std::string_view text);

  // The RFC 8785 form.
  [[nodiscard]] std::string canonical() const;
  // Indented, keys in their order; for people only.
  [[nodiscard]] std::string pretty() const;

  [[nodiscard]] bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  [[nodiscard]] const bool* boolean() const { return std::get_if<bool>(&value_); }
  // An integer that fits in int64; nullptr for everything else.
  [[nodiscard]] const std::int64_t* integer() const { return std::get_if<std::int64_t>(&value_); }
  // An integer above int64's range; nullptr for everything else.
  [[nodiscard]] const std::uint64_t* big() const { return std::get_if<std::uint64_t>(&value_); }
  [[nodiscard]] const double* real() const { return std::get_if<double>(&value_); }
  [[nodiscard]] const std::string* string() const { return std::get_if<std::string>(&value_); }
  [[nodiscard]] const Array* array() const { return std::get_if<Array>(&value_); }
  [[nodiscard]] const Object* object() const { return std::get_if<Object>(&value_); }
  // The member of that name; nullptr when this is no object or has none.
  [[nodiscard]] const Json* find(std::string_view key) const;

  // Appends a member; this must be an object (or null, which becomes one).
  Json& set(std::string key, Json value);
  // Appends an element; this must be an array (or null, which becomes one).
  Json& push(Json value);

 private:
  std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double, std::string, Array,
               Object>
      value_;
};

// Takes an object apart and remembers the first thing that was wrong, so that a decoder reads
// straight through and asks once. Unknown members are refused by finish(). The reason is always
// `reason`.
//
//   Fields fields(json, "packet_malformed");
//   packet.name = fields.text("name");
//   packet.version = fields.integer("version", 1, 1 << 30);
//   GBX_TRY(fields.finish());
class Fields {
 public:
  Fields(const Json& json, Literal reason);

  // The required member, or a value that finish() will refuse.
  std::string text(std::string_view key, std::size_t size_max = 65536);
  std::int64_t integer(std::string_view key, std::int64_t min, std::int64_t max);
  bool boolean(std::string_view key);
  const Json::Array& array(std::string_view key, std::size_t size_max = 65536);
  const Json& object(std::string_view key);
  // Base64 of at most size_max bytes, or of exactly N.
  std::vector<std::uint8_t> base64(std::string_view key, std::size_t size_max);
  // Lower-case hex of exactly `size` bytes.
  std::vector<std::uint8_t> hex(std::string_view key, std::size_t size);
  template <std::size_t N>
  std::array<std::uint8_t, N> hex_array(std::string_view key) {
    std::array<std::uint8_t, N> out{};
    const std::vector<std::uint8_t> bytes = hex(key, N);
    for (std::size_t i = 0; i < N; i++) out[i] = bytes[i];
    return out;
  }
  // The optional member; nullptr when absent. Counts as known.
  const Json* optional(std::string_view key);
  void fail() { failed_ = true; }

  // invalid_argument with `reason` when anything was missing, mistyped, out of range or unknown.
  [[nodiscard]] Status finish() const;

 private:
  const Json& take(std::string_view key);

  const Json* json_;
  Literal reason_;
  std::size_t taken_ = 0;
  bool failed_ = false;
};

// Each in hex, in their order.
Json hex_list(const std::vector<Hash>& hashes);

}  // namespace gbx
