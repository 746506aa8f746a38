#pragma once

// What looks like personal data in a column that is not labelled so. The aim is the honest mistake:
// a contact column left in, a card number in a comment. A finding names column, kind, count and
// lines, never the value.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace gbx::prepare {

enum class Pii : std::uint8_t { email, phone, card, ssn, iban };
constexpr std::size_t kPiiKinds = 5;
std::string_view pii_name(Pii kind);

// One bit for each kind found in `text`. `region` is the default of phone numbers, may be empty.
std::uint8_t find_pii(std::string_view text, const std::string& region);
constexpr std::uint8_t pii_bit(Pii kind) {
  return static_cast<std::uint8_t>(1U << static_cast<unsigned>(kind));
}

// Digits only, as a number column has them: a card number (Luhn, a known prefix), or a valid phone
// number of `region`. Chance makes some of these: a column is only suspect when most of its values
// are.
bool is_bare_card(std::string_view digits);
bool is_bare_phone(std::string_view digits, const std::string& region);

bool passes_luhn(std::string_view digits);
bool passes_iban(std::string_view compact);

}  // namespace gbx::prepare
