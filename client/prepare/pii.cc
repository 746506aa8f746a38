#include "client/prepare/pii.h"

#include <algorithm>
#include <cctype>

#include "client/prepare/identifier.h"

namespace gbx::prepare {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_word(char c) { return is_digit(c) || is_letter(c); }

bool has_email(std::string_view text) {
  for (std::size_t at = text.find('@'); at != std::string_view::npos; at = text.find('@', at + 1)) {
    if (at == 0 || !(is_word(text[at - 1]) || text[at - 1] == '_' || text[at - 1] == '-' ||
                     text[at - 1] == '+')) {
      continue;
    }
    std::size_t end = at + 1;
    std::size_t dot = 0;
    while (end < text.size() && (is_word(text[end]) || text[end] == '-' || text[end] == '.')) {
      if (text[end] == '.' && end + 1 < text.size() && is_letter(text[end + 1])) dot = end;
      end++;
    }
    if (dot > at + 1) return true;
  }
  return false;
}

// Runs of digits that stand alone, single blanks or dashes between them left out; calls `check`
// with each until it says true.
template <typename Check>
bool any_digit_run(std::string_view text, Check check) {
  std::string digits;
  for (std::size_t i = 0; i < text.size(); i++) {
    if (!is_digit(text[i]) || (i > 0 && is_word(text[i - 1]))) continue;
    digits.clear();
    std::size_t end = i;
    while (end < text.size()) {
      if (is_digit(text[end])) {
        digits += text[end++];
      } else if ((text[end] == ' ' || text[end] == '-') && end + 1 < text.size() &&
                 is_digit(text[end + 1])) {
        end++;
      } else {
        break;
      }
    }
    if ((end == text.size() || !is_letter(text[end])) && check(digits)) return true;
    i = end;
  }
  return false;
}

// 123-45-6789, neither preceded nor followed by a digit or dash; areas and groups that exist.
bool has_ssn(std::string_view text) {
  constexpr std::string_view kShape = "ddd-dd-dddd";
  if (text.size() < kShape.size()) return false;
  for (std::size_t i = 0; i + kShape.size() <= text.size(); i++) {
    const std::string_view part = text.substr(i, kShape.size());
    const bool fits = std::equal(part.begin(), part.end(), kShape.begin(), [](char c, char shape) {
      return shape == 'd' ? is_digit(c) : c == shape;
    });
    if (!fits) continue;
    const auto edge = [&](std::size_t at) {
      return at >= text.size() || !(is_word(text[at]) || text[at] == '-');
    };
    if ((i > 0 && !edge(i - 1)) || !edge(i + kShape.size())) continue;
    const std::string_view area = part.substr(0, 3);
    if (area != "000" && area != "666" && area[0] != '9' && part.substr(4, 2) != "00" &&
        part.substr(7) != "0000") {
      return true;
    }
  }
  return false;
}

// Two letters, two digits, 11 to 30 letters and digits, in one piece or in fours.
bool has_iban(std::string_view text) {
  for (std::size_t i = 0; i + 15 <= text.size(); i++) {
    if (!is_letter(text[i]) || !is_letter(text[i + 1]) || !is_digit(text[i + 2]) ||
        !is_digit(text[i + 3]) || (i > 0 && is_word(text[i - 1]))) {
      continue;
    }
    std::string compact;
    std::size_t group = 0;
    for (std::size_t at = i; at < text.size() && compact.size() <= 34; at++) {
      if (text[at] == ' ' && group == 4) {
        if (passes_iban(compact)) return true;
        group = 0;
        continue;
      }
      if (!is_word(text[at])) break;
      compact += text[at];
      group++;
    }
    if (passes_iban(compact)) return true;
  }
  return false;
}

// The whole of `text` is written as a phone number, and is one.
bool is_phone(std::string_view text, const std::string& region) {
  std::size_t digits = 0;
  bool written = false;
  for (std::size_t i = 0; i < text.size(); i++) {
    const char c = text[i];
    if (is_digit(c)) {
      digits++;
    } else if ((c == '+' && i == 0) || c == '(' || c == ')' || c == ' ' || c == '-' || c == '.' ||
               c == '/') {
      written = true;
    } else {
      return false;
    }
  }
  if (!written || digits < 9 || digits > 15) return false;
  std::string out;
  return normalise_phone(text, region, out);
}

}  // namespace

std::string_view pii_name(Pii kind) {
  constexpr std::array<std::string_view, kPiiKinds> kNames = {"email", "phone", "card", "ssn",
                                                              "iban"};
  return kNames[static_cast<std::size_t>(kind)];
}

bool passes_luhn(std::string_view digits) {
  int sum = 0;
  for (std::size_t i = 0; i < digits.size(); i++) {
    int digit = digits[digits.size() - 1 - i] - '0';
    if (i % 2 == 1) digit = digit > 4 ? digit * 2 - 9 : digit * 2;
    sum += digit;
  }
  return !digits.empty() && sum % 10 == 0;
}

bool passes_iban(std::string_view compact) {
  if (compact.size() < 15 || compact.size() > 34) return false;
  unsigned rest = 0;
  for (std::size_t i = 0; i < compact.size(); i++) {
    const char c = compact[(i + 4) % compact.size()];
    const auto value = static_cast<unsigned>(is_digit(c) ? c - '0' : (c & ~0x20) - 'A' + 10);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest == 1;
}

bool is_bare_card(std::string_view digits) {
  if (digits.size() < 13 || digits.size() > 19) return false;
  const int four = (digits[0] - '0') * 1000 + (digits[1] - '0') * 100 + (digits[2] - '0') * 10 +
                   (digits[3] - '0');
  const bool known = digits[0] == '4' || (four >= 5100 && four <= 5599) ||
                     (four >= 2221 && four <= 2720) || (four >= 3400 && four <= 3499) ||
                     (four >= 3700 && four <= 3799) || four == 6011 ||
                     (four >= 6500 && four <= 6599) || (four >= 3528 && four <= 3589);
  return known && passes_luhn(digits);
}

bool is_bare_phone(std::string_view digits, const std::string& region) {
  if (digits.size() < 10 || digits.size() > 15) return false;
  std::string out;
  if (!region.empty() && normalise_phone(digits, region, out)) return true;
  return digits.size() >= 11 && normalise_phone("+" + std::string(digits), region, out);
}

std::uint8_t find_pii(std::string_view text, const std::string& region) {
  std::uint8_t found = 0;
  if (has_email(text)) found |= pii_bit(Pii::email);
  const auto digits = static_cast<std::size_t>(std::count_if(text.begin(), text.end(), is_digit));
  if (digits < 9) return found;
  if (is_phone(text, region)) found |= pii_bit(Pii::phone);
  if (any_digit_run(text, [](std::string_view run) { return is_bare_card(run); })) {
    found |= pii_bit(Pii::card);
  }
  if (has_ssn(text)) found |= pii_bit(Pii::ssn);
  if (has_iban(text)) found |= pii_bit(Pii::iban);
  return found;
}

}  // namespace gbx::prepare
