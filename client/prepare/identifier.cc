#include "client/prepare/identifier.h"

#include <phonenumbers/phonenumberutil.h>

#include <algorithm>
#include <set>

namespace gbx::prepare {
namespace {

namespace phones = i18n::phonenumbers;

constexpr std::size_t kEmailMax = 254;
constexpr std::size_t kLocalMax = 64;
constexpr std::size_t kPhoneMax = 64;

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

// The characters of RFC 5322's atoms, dots, and everything beyond ASCII.
bool is_local(char c) {
  constexpr std::string_view kOthers = ".!#$%&'*+-/=?^_`{|}~";
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
         (static_cast<unsigned char>(c) > 0x7F) || kOthers.find(c) != std::string_view::npos;
}

bool is_domain(std::string_view domain) {
  bool dot = false;
  char before = '.';
  for (const char c : domain) {
    const bool word =
        (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (static_cast<unsigned char>(c) > 0x7F);
    if (c == '.') {
      if (before == '.' || before == '-') return false;
      dot = true;
    } else if (c == '-') {
      if (before == '.') return false;
    } else if (!word) {
      return false;
    }
    before = c;
  }
  return dot && before != '.' && before != '-';
}

// A combining mark U+0300..U+036F: text that is not in composed form (NFC), most likely.
bool has_combining_mark(std::string_view text) {
  for (std::size_t i = 0; i + 1 < text.size(); i++) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const auto next = static_cast<unsigned char>(text[i + 1]);
    if (lead == 0xCC || (lead == 0xCD && next <= 0xAF)) return true;
  }
  return false;
}

class EmailNormaliser final : public Normaliser {
 public:
  bool normalise(std::string_view text, std::string& out) const override {
    return normalise_email(text, out);
  }
};

class PhoneNormaliser final : public Normaliser {
 public:
  explicit PhoneNormaliser(std::string region) : region_(std::move(region)) {}
  bool normalise(std::string_view text, std::string& out) const override {
    return normalise_phone(text, region_, out);
  }

 private:
  std::string region_;
};

}  // namespace

std::string_view identifier_name(Identifier identifier) {
  return identifier == Identifier::email ? "email" : "phone";
}

std::optional<Identifier> identifier_from(std::string_view name) {
  if (name == "email") return Identifier::email;
  if (name == "phone") return Identifier::phone;
  return std::nullopt;
}

bool normalise_email(std::string_view text, std::string& out) {
  text = trim(text);
  if (text.size() > kEmailMax) return false;
  out.assign(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  const std::size_t at = out.find('@');
  if (at == std::string::npos || at == 0 || at > kLocalMax) return false;
  const std::string_view local = std::string_view(out).substr(0, at);
  const std::string_view domain = std::string_view(out).substr(at + 1);
  if (local.front() == '.' || local.back() == '.' || local.find("..") != std::string_view::npos) {
    return false;
  }
  return std::all_of(local.begin(), local.end(), is_local) && is_domain(domain) &&
         !has_combining_mark(out);
}

bool is_region(std::string_view region) {
  std::set<std::string> regions;
  phones::PhoneNumberUtil::GetInstance()->GetSupportedRegions(&regions);
  return regions.contains(std::string(region));
}

bool normalise_phone(std::string_view text, const std::string& region, std::string& out) {
  text = trim(text);
  if (text.empty() || text.size() > kPhoneMax) return false;
  const phones::PhoneNumberUtil& util = *phones::PhoneNumberUtil::GetInstance();
  phones::PhoneNumber number;
  const std::string& from = region.empty() ? std::string("ZZ") : region;
  if (util.Parse(std::string(text), from, &number) != phones::PhoneNumberUtil::NO_PARSING_ERROR) {
    return false;
  }
  // An extension names a desk, not a line: the same person without it would be another.
  if (number.has_extension() || !util.IsValidNumber(number)) return false;
  util.Format(number, phones::PhoneNumberUtil::E164, &out);
  return true;
}

std::unique_ptr<Normaliser> make_normaliser(Identifier identifier, const std::string& region) {
  if (identifier == Identifier::email) return std::make_unique<EmailNormaliser>();
  return std::make_unique<PhoneNormaliser>(region);
}

}  // namespace gbx::prepare
