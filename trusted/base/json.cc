#include "trusted/base/json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "trusted/base/bytes.h"
#include "trusted/base/canonical.h"

// The one place that includes it: here it is compiled without exceptions, and a second place
// compiled otherwise would be the same names with another meaning.
#define JSON_NOEXCEPTION 1
#include <nlohmann/json.hpp>

namespace gbx {
namespace {

using Library = nlohmann::json;

// Builds our value from the library's events, refusing what has two spellings or no bound.
class Builder final : public nlohmann::json_sax<Library> {
 public:
  bool null() override { return add(Json()); }
  bool boolean(bool value) override { return add(Json(value)); }
  bool number_integer(std::int64_t value) override { return add(Json(value)); }
  bool number_unsigned(std::uint64_t value) override { return add(Json(value)); }
  bool number_float(double value, const std::string& /*text*/) override {
    return std::isfinite(value) && add(Json(value));
  }
  bool string(std::string& value) override { return add(Json(std::move(value))); }
  bool binary(binary_t& /*value*/) override { return false; }
  bool start_object(std::size_t /*size*/) override { return open(Json(Json::Object())); }
  bool start_array(std::size_t /*size*/) override { return open(Json(Json::Array())); }
  bool end_object() override {
    if (has_duplicates(*open_.back().value.object())) return false;
    return close();
  }
  bool end_array() override { return close(); }
  bool key(std::string& value) override {
    open_.back().key = std::move(value);
    return true;
  }
  bool parse_error(std::size_t /*at*/, const std::string& /*token*/,
                   const nlohmann::detail::exception& /*error*/) override {
    return false;
  }

  Json take() { return std::move(root_); }

 private:
  struct Open {
    Json value;
    std::string key;
  };

  static bool has_duplicates(const Json::Object& members) {
    std::vector<std::string_view> keys;
    keys.reserve(members.size());
    for (const Json::Member& member : members) keys.push_back(member.first);
    std::sort(keys.begin(), keys.end());
    return std::adjacent_find(keys.begin(), keys.end()) != keys.end();
  }

  bool open(Json value) {
    if (open_.size() >= Json::kDepthMax) return false;
    open_.push_back({std::move(value), {}});
    return true;
  }

  bool close() {
    Json value = std::move(open_.back().value);
    open_.pop_back();
    return add(std::move(value));
  }

  bool add(Json value) {
    if (open_.empty()) {
      root_ = std::move(value);
    } else if (open_.back().value.array() != nullptr) {
      open_.back().value.push(std::move(value));
    } else {
      open_.back().value.set(std::move(open_.back().key), std::move(value));
    }
    return true;
  }

  std::vector<Open> open_;
  Json root_;
};

void append_string(std::string& out, std::string_view text) {
  out.push_back('"');
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\b': out += "\\b"; break;
      case '\f': out += "\\f"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        if (byte < 0x20) {
          out += "\\u00";
          out += to_hex(ByteView(&byte, 1));
        } else {
          out.push_back(c);
        }
    }
  }
  out.push_back('"');
}

// ECMAScript Number::toString (RFC 8785 section 3.2.2.3), from the shortest digits that round-trip.
void append_double(std::string& out, double value) {
  GBX_CHECK(std::isfinite(value));
  if (value == 0) {
    out.push_back('0');
    return;
  }
  std::array<char, 40> buffer{};
  auto end =
      std::to_chars(buffer.begin(), buffer.end(), std::abs(value), std::chars_format::scientific);
  std::string_view text(buffer.data(), static_cast<std::size_t>(end.ptr - buffer.data()));
  const std::size_t e = text.find('e');
  std::string digits(1, text[0]);
  if (e > 2) digits += text.substr(2, e - 2);
  int exponent = 0;
  std::string_view power = text.substr(e + 1);
  if (power.front() == '+') power.remove_prefix(1);
  std::from_chars(power.data(), power.data() + power.size(), exponent);
  const int count = static_cast<int>(digits.size());
  const int point = exponent + 1;  // digits before the decimal point
  if (value < 0) out.push_back('-');
  if (point > 21 || point < -5) {
    out.push_back(digits[0]);
    if (count > 1) out += "." + digits.substr(1);
    out += (exponent < 0 ? "e-" : "e+") + std::to_string(std::abs(exponent));
  } else if (point <= 0) {
    out += "0." + std::string(static_cast<std::size_t>(-point), '0') + digits;
  } else if (point >= count) {
    out += digits + std::string(static_cast<std::size_t>(point - count), '0');
  } else {
    out += digits.substr(0, static_cast<std::size_t>(point)) + "." +
           digits.substr(static_cast<std::size_t>(point));
  }
}

struct Printer {
  bool canonical;
  std::string out;

  void line(std::size_t depth) {
    if (!canonical) out += "\n" + std::string(depth * 2, ' ');
  }

  void object(const Json::Object& members, std::size_t depth) {
    std::vector<const Json::Member*> order;
    for (const Json::Member& member : members) order.push_back(&member);
    if (canonical) {
      std::sort(order.begin(), order.end(),
                [](const auto* a, const auto* b) { return canonical_less(a->first, b->first); });
    }
    out.push_back('{');
    for (std::size_t i = 0; i < order.size(); i++) {
      if (i > 0) out.push_back(',');
      line(depth + 1);
      append_string(out, order[i]->first);
      out += canonical ? ":" : ": ";
      value(order[i]->second, depth + 1);
    }
    if (!order.empty()) line(depth);
    out.push_back('}');
  }

  void array(const Json::Array& items, std::size_t depth) {
    out.push_back('[');
    for (std::size_t i = 0; i < items.size(); i++) {
      if (i > 0) out.push_back(',');
      line(depth + 1);
      value(items[i], depth + 1);
    }
    if (!items.empty()) line(depth);
    out.push_back(']');
  }

  void value(const Json& json, std::size_t depth) {
    if (const auto* items = json.array()) return array(*items, depth);
    if (const auto* members = json.object()) return object(*members, depth);
    if (const auto* text = json.string()) return append_string(out, *text);
    if (const auto* flag = json.boolean()) {
      out += *flag ? "true" : "false";
    } else if (const auto* integer = json.integer()) {
      out += std::to_string(*integer);
    } else if (const auto* big = json.big()) {
      out += std::to_string(*big);
    } else if (const auto* real = json.real()) {
      append_double(out, *real);
    } else {
      out += "null";
    }
  }
};

bool is_signable(const Json& json) {
  if (const auto* items = json.array())
    return std::all_of(items->begin(), items->end(), is_signable);
  if (const auto* members = json.object()) {
    return std::all_of(members->begin(), members->end(),
                       [](const Json::Member& member) { return is_signable(member.second); });
  }
  if (const auto* integer = json.integer()) {
    return *integer >= -Json::kIntegerMax && *integer <= Json::kIntegerMax;
  }
  return json.string() != nullptr || json.boolean() != nullptr;
}

const Json& nothing() {
  static const Json null;
  return null;
}

}  // namespace

Json::Json(std::uint64_t value) {
  if (value <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    value_ = static_cast<std::int64_t>(value);
  } else {
    value_ = value;
  }
}

Result<Json> Json::parse(std::string_view text) {
  Builder builder;
  if (!Library::sax_parse(text.begin(), text.end(), &builder)) {
    return Error{ErrorCode::invalid_argument, "json_malformed"};
  }
  return builder.take();
}

Result<Json> Json::parse_canonical(std::string_view text) {
  GBX_TRY_ASSIGN(Json json, parse(text));
  if (!is_signable(json)) return Error{ErrorCode::invalid_argument, "json_type_not_allowed"};
  if (json.canonical() != text) return Error{ErrorCode::invalid_argument, "json_not_canonical"};
  return json;
}

std::string Json::canonical() const {
  Printer printer{true, {}};
  printer.value(*this, 0);
  return std::move(printer.out);
}

std::string Json::pretty() const {
  Printer printer{false, {}};
  printer.value(*this, 0);
  return std::move(printer.out);
}

const Json* Json::find(std::string_view key) const {
  const Object* members = object();
  if (members == nullptr) return nullptr;
  for (const Member& member : *members) {
    if (member.first == key) return &member.second;
  }
  return nullptr;
}

Json& Json::set(std::string key, Json value) {
  if (is_null()) value_ = Object();
  auto* members = std::get_if<Object>(&value_);
  GBX_CHECK(members != nullptr);
  members->emplace_back(std::move(key), std::move(value));
  return *this;
}

Json& Json::push(Json value) {
  if (is_null()) value_ = Array();
  auto* items = std::get_if<Array>(&value_);
  GBX_CHECK(items != nullptr);
  items->push_back(std::move(value));
  return *this;
}

Fields::Fields(const Json& json, Literal reason) : json_(&json), reason_(reason) {
  if (json.object() == nullptr) failed_ = true;
}

const Json& Fields::take(std::string_view key) {
  const Json* found = json_->find(key);
  if (found == nullptr) {
    failed_ = true;
    return nothing();
  }
  taken_++;
  return *found;
}

std::string Fields::text(std::string_view key, std::size_t size_max) {
  const std::string* text = take(key).string();
  if (text == nullptr || text->size() > size_max) {
    failed_ = true;
    return {};
  }
  return *text;
}

std::int64_t Fields::integer(std::string_view key, std::int64_t min, std::int64_t max) {
  const std::int64_t* integer = take(key).integer();
  if (integer == nullptr || *integer < min || *integer > max) {
    failed_ = true;
    return min;
  }
  return *integer;
}

bool Fields::boolean(std::string_view key) {
  const bool* flag = take(key).boolean();
  if (flag == nullptr) failed_ = true;
  return flag != nullptr && *flag;
}

const Json::Array& Fields::array(std::string_view key, std::size_t size_max) {
  static const Json::Array empty;
  const Json::Array* items = take(key).array();
  if (items == nullptr || items->size() > size_max) {
    failed_ = true;
    return empty;
  }
  return *items;
}

const Json& Fields::object(std::string_view key) {
  const Json& value = take(key);
  if (value.object() == nullptr) failed_ = true;
  return value;
}

std::vector<std::uint8_t> Fields::base64(std::string_view key, std::size_t size_max) {
  auto bytes = from_base64(text(key, size_max * 2 + 4));
  if (!bytes || bytes->size() > size_max) {
    failed_ = true;
    return {};
  }
  return std::move(bytes).value();
}

std::vector<std::uint8_t> Fields::hex(std::string_view key, std::size_t size) {
  auto bytes = from_hex(text(key, size * 2));
  if (!bytes || bytes->size() != size) {
    failed_ = true;
    return Bytes(size);
  }
  return std::move(bytes).value();
}

const Json* Fields::optional(std::string_view key) {
  const Json* found = json_->find(key);
  if (found != nullptr) taken_++;
  return found;
}

Status Fields::finish() const {
  const Json::Object* members = json_->object();
  if (failed_ || members == nullptr || members->size() != taken_) {
    return Error{ErrorCode::invalid_argument, reason_};
  }
  return {};
}

Json hex_list(const std::vector<Hash>& hashes) {
  Json::Array out;
  for (const Hash& hash : hashes) out.emplace_back(to_hex(hash));
  return Json(std::move(out));
}

}  // namespace gbx
