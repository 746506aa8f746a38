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

}  // namespace gbx::prepare
