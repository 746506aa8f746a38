#pragma once

// Identifiers in the one spelling that both sides of a collaboration tokenise
// (docs/spec/normalisation.md). What cannot be normalised is refused: a guess would make two
// people of one, or one of two.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace gbx::prepare {

enum class Identifier : std::uint8_t { email, phone };
std::string_view identifier_name(Identifier identifier);
std::optional<Identifier> identifier_from(std::string_view name);

// Writes the normal form into `out`; false when `text` is no such identifier. Thread-safe.
class Normaliser {
 public:
  virtual ~Normaliser() = default;
  virtual bool normalise(std::string_view text, std::string& out) const = 0;
};

// Rules of docs/spec/normalisation.md, "E-mail".
bool normalise_email(std::string_view text, std::string& out);

// True for a two-letter region that has phone numbers ("US", "DE").
bool is_region(std::string_view region);
// A valid number of `region`, or of any with "+": out is E.164. `region` may be empty: then only
// numbers with "+" are valid.
bool normalise_phone(std::string_view text, const std::string& region, std::string& out);

// `region` matters to phones only.
std::unique_ptr<Normaliser> make_normaliser(Identifier identifier, const std::string& region);

}  // namespace gbx::prepare
