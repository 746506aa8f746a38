#include "trusted/base/canonical.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <string>

namespace gbx {
namespace {

constexpr std::size_t kDigitsMax = 16;  // of 2^53 - 1

enum class ByteKind : std::uint8_t { plain, quote, escape, control, wide };

constexpr std::array<ByteKind, 256> kKinds = [] {
  std::array<ByteKind, 256> out{};
  for (std::size_t i = 0; i < 0x20; i++) out[i] = ByteKind::control;
  for (std::size_t i = 0x80; i < 256; i++) out[i] = ByteKind::wide;
  out['"'] = ByteKind::quote;
  out['\\'] = ByteKind::escape;
  return out;
}();

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The bytes of the UTF-8 character that `text` begins with; 0 when it begins with none (RFC 3629:
// no overlong form, no surrogate, nothing over U+10FFFF). The first byte is 0x80 or more.
std::size_t wide_size(std::string_view text) {
  const auto byte = [&](std::size_t i) -> unsigned {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
  };
  const auto more = [&](std::size_t i) { return (byte(i) & 0xC0) == 0x80; };
  const unsigned first = byte(0);
  if (first >= 0xC2 && first <= 0xDF) return more(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    if (first == 0xE0 && byte(1) < 0xA0) return 0;
    if (first == 0xED && byte(1) > 0x9F) return 0;
    return more(1) && more(2) ? 3 : 0;
  }
  if (first < 0xF0 || first > 0xF4) return 0;
  if (first == 0xF0 && byte(1) < 0x90) return 0;
  if (first == 0xF4 && byte(1) > 0x8F) return 0;
  return more(1) && more(2) && more(3) ? 4 : 0;
}

// What the escape that `text` begins with stands for, and its size; 0 when it has a shorter
// spelling, or is none.
struct Escape {
  std::size_t size;
  char byte;
};
Escape escape_of(std::string_view text) {
  constexpr std::string_view kShort = "\"\\bfnrt";
  constexpr std::string_view kMeant = "\"\\\b\f\n\r\t";
  if (text.size() < 2) return {0, 0};
  if (const std::size_t i = kShort.find(text[1]); i != std::string_view::npos) {
    return {2, kMeant[i]};
  }
  if (text.size() < 6 || text.substr(1, 3) != "u00") return {0, 0};
  const bool lower = (text[4] == '0' || text[4] == '1') &&
                     (is_digit(text[5]) || (text[5] >= 'a' && text[5] <= 'f'));
  if (!lower) return {0, 0};
  const int low = is_digit(text[5]) ? text[5] - '0' : text[5] - 'a' + 10;
  const auto byte = static_cast<char>((text[4] - '0') * 16 + low);
  return kMeant.find(byte) == std::string_view::npos ? Escape{6, byte} : Escape{0, 0};
}

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool value(std::size_t depth_left) {
    if (at_ >= text_.size()) return false;
    switch (text_[at_]) {
      case '{': return depth_left > 0 && object(depth_left - 1);
      case '[': return depth_left > 0 && array(depth_left - 1);
      case '"': return string();
      case 't': return take("true");
      case 'f': return take("false");
      default: return integer();
    }
  }

  [[nodiscard]] std::size_t taken() const { return at_; }

 private:
  struct Key {
    std::string_view raw;  // between the quotes
    bool escaped = false;

    [[nodiscard]] std::string text() const {
      std::string out;
      for (std::size_t i = 0; i < raw.size();) {
        const Escape escape = raw[i] == '\\' ? escape_of(raw.substr(i)) : Escape{1, raw[i]};
        out.push_back(escape.byte);
        i += escape.size;
      }
      return out;
    }
  };

  static bool less(const Key& a, const Key& b) {
    if (a.escaped || b.escaped) return canonical_less(a.text(), b.text());
    return canonical_less(a.raw, b.raw);
  }

  bool take(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }

  bool object(std::size_t depth_left) {
    at_++;
    if (take("}")) return true;
    Key previous;
    for (bool first = true;; first = false) {
      const std::size_t begin = at_ + 1;
      escaped_ = false;
      if (!string()) return false;
      const Key key{text_.substr(begin, at_ - 1 - begin), escaped_};
      if (!first && !less(previous, key)) return false;
      previous = key;
      if (!take(":") || !value(depth_left)) return false;
      if (take("}")) return true;
      if (!take(",")) return false;
    }
  }

  bool array(std::size_t depth_left) {
    at_++;
    if (take("]")) return true;
    while (true) {
      if (!value(depth_left)) return false;
      if (take("]")) return true;
      if (!take(",")) return false;
    }
  }

  bool string() {
    if (!take("\"")) return false;
    while (at_ < text_.size()) {
      std::size_t size = 1;
      switch (kKinds[static_cast<unsigned char>(text_[at_])]) {
        case ByteKind::plain: break;
        case ByteKind::quote: at_++; return true;
        case ByteKind::control: return false;
        case ByteKind::wide: size = wide_size(text_.substr(at_)); break;
        case ByteKind::escape:
          escaped_ = true;
          size = escape_of(text_.substr(at_)).size;
          break;
      }
      if (size == 0) return false;
      at_ += size;
    }
    return false;
  }

  bool integer() {
    if (take("-") && at_ < text_.size() && text_[at_] == '0') return false;
    const std::size_t begin = at_;
    while (at_ < text_.size() && is_digit(text_[at_])) at_++;
    const std::size_t digits = at_ - begin;
    if (digits == 0 || digits > kDigitsMax || (digits > 1 && text_[begin] == '0')) return false;
    std::int64_t number = 0;
    std::from_chars(text_.data() + begin, text_.data() + at_, number);
    // A fraction or an exponent would go on here: whoever called finds no end of a value.
    return number <= Json::kIntegerMax;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  bool escaped_ = false;  // the last string has an escape
};

}  // namespace

bool canonical_less(std::string_view a, std::string_view b) {
  // As bytes, but that a supplementary character (lead byte F0..F4) sorts as its surrogates do,
  // before U+E000..U+FFFF (EE, EF).
  const auto rank = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0xF0 ? byte - 0xF0 + 0xEE : byte >= 0xEE ? byte + 0x10 : static_cast<int>(byte);
  };
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(),
                                      [&](char x, char y) { return rank(x) < rank(y); });
}

std::size_t canonical_size(std::string_view text, std::size_t depth_max) {
  Scanner scanner(text);
  return scanner.value(depth_max) ? scanner.taken() : 0;
}

}  // namespace gbx
