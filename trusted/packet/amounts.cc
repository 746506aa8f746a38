#include "trusted/packet/amounts.h"

#include "trusted/base/value.h"

namespace gbx::packet {
namespace {

constexpr std::uint8_t kEpsilonScale = 6;

}  // namespace

std::string epsilon_text(std::uint64_t epsilon) {
  std::string out = format_decimal(static_cast<std::int64_t>(epsilon), kEpsilonScale);
  while (out.back() == '0') out.pop_back();
  if (out.back() == '.') out.pop_back();
  return out;
}

std::uint64_t take_epsilon(Fields& fields, std::string_view key) {
  const std::string text = fields.text(key, kNumberBytesMax);
  const auto value = parse_decimal(text, kEpsilonScale);
  if (!value || *value < 0 || epsilon_text(static_cast<std::uint64_t>(*value)) != text) {
    fields.fail();
    return 0;
  }
  return static_cast<std::uint64_t>(*value);
}

std::uint64_t take_u64(Fields& fields, std::string_view key) {
  return static_cast<std::uint64_t>(fields.integer(key, 0, Json::kIntegerMax));
}

}  // namespace gbx::packet
