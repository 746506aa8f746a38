#include "trusted/packet/amounts.h"

namespace gbx::packet {

std::uint64_t take_loss(Fields& fields, privacy::Accounting accounting, std::string_view key) {
  const std::string text = fields.text(key, kNumberBytesMax);
  if (text == "0") return 0;
  const auto value = parse_loss(accounting, text);
  if (value && format_loss(accounting, *value) == text) return *value;
  fields.fail();
  return 0;
}

std::uint64_t take_u64(Fields& fields, std::string_view key) {
  return static_cast<std::uint64_t>(fields.integer(key, 0, Json::kIntegerMax));
}

}  // namespace gbx::packet
