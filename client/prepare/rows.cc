#include "client/prepare/rows.h"

#include <array>

namespace gbx::prepare {

std::string_view reject_name(Reject reject) {
  constexpr std::array<std::string_view, kRejects> kNames = {
      "field_count_wrong", "quote_malformed",     "row_too_long",        "not_utf8",
      "nul_byte",          "person_missing",      "person_malformed",    "value_missing",
      "value_malformed",   "value_out_of_bounds", "value_not_in_domain", "value_not_in_map",
      "value_too_long"};
  return kNames[static_cast<std::size_t>(reject)];
}

std::string_view reject_hint(Reject reject) {
  switch (reject) {
    case Reject::row_too_long: return "over 16 MiB, the limit of one row with its line ends";
    case Reject::not_utf8: return "if it is Latin-1: iconv -f ISO-8859-1 -t UTF-8";
    case Reject::field_count_wrong: return "more or fewer fields than the header";
    case Reject::quote_malformed: return "text between a closing quote and the next delimiter";
    case Reject::value_malformed: return "not of the manifest's type or format";
    case Reject::value_missing: return "empty; nullable: true lets it enter";
    case Reject::nul_byte:
    case Reject::person_missing:
    case Reject::person_malformed:
    case Reject::value_out_of_bounds:
    case Reject::value_not_in_domain:
    case Reject::value_not_in_map:
    case Reject::value_too_long: break;
  }
  return {};
}

}  // namespace gbx::prepare
