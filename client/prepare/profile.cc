#include "client/prepare/profile.h"

#include <algorithm>

#include "client/prepare/identifier.h"
#include "client/prepare/transform.h"

namespace gbx::prepare {
namespace {

bool all_digits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// 007 or 02139: a code, not a number.
bool has_leading_zero(std::string_view text) {
  if (!text.empty() && text.front() == '-') text.remove_prefix(1);
  return text.size() > 1 && text[0] == '0' && text[1] != '.';
}

std::size_t fraction_digits(std::string_view text) {
  const std::size_t point = text.find('.');
  return point == std::string_view::npos ? 0 : text.size() - point - 1;
}

}  // namespace

void ColumnProfile::see(std::string_view text, bool null, const std::string& region) {
  if (null) {
    nulls_++;
    return;
  }
  present_++;
  try_types(text);
  if (has_few()) few_.emplace(text);
  if (hashes_.size() < kDistinctCounted) {
    counted_++;
    hashes_.insert(std::hash<std::string_view>()(text));
  }
  std::uint8_t found = find_pii(text, region);
  if (all_digits(text) && text.size() >= 10) {
    if (is_bare_card(text)) found |= pii_bit(Pii::card);
    if (is_bare_phone(text, region)) found |= pii_bit(Pii::phone);
  }
  for (std::size_t kind = 0; kind < kPiiKinds; kind++) {
    if ((std::uint32_t{found} >> kind) & 1U) found_[kind]++;
  }
}

void ColumnProfile::Candidate::see(const std::optional<std::int64_t>& value) {
  holds = value.has_value();
  if (!holds) return;
  low = any ? std::min(low, *value) : *value;
  high = any ? std::max(high, *value) : *value;
  any = true;
}

void ColumnProfile::try_types(std::string_view text) {
  const bool number = !has_leading_zero(text);
  const auto parse = [&](ValueType type) { return parse_cell(text, type); };
  if (boolean_.holds) {
    const bool digit = text == "0" || text == "1";
    boolean_.see(digit ? std::nullopt : parse({Type::boolean, 0}));
  }
  if (integer_.holds) integer_.see(number ? parse({Type::integer, 0}) : std::nullopt);
  if (decimal_.holds) {
    decimal_.see(number ? parse({Type::decimal, kScaleLooked}) : std::nullopt);
    const std::size_t digits = std::min<std::size_t>(fraction_digits(text), kScaleLooked);
    scale_ = std::max(scale_, static_cast<std::uint8_t>(digits));
  }
  if (date_.holds) date_.see(parse({Type::date, 0}));
  if (timestamp_.holds) timestamp_.see(parse({Type::timestamp, 0}));
  for (std::size_t i = 0; i < formats_.size(); i++) {
    if (formats_[i].holds) formats_[i].see(common_date_formats()[i].read(text));
  }
}

std::vector<const DateFormat*> ColumnProfile::formats() const {
  std::vector<const DateFormat*> out;
  if (present_ == 0 || date_.holds || timestamp_.holds) return out;
  for (std::size_t i = 0; i < formats_.size(); i++) {
    if (formats_[i].holds) out.push_back(&common_date_formats()[i]);
  }
  return out;
}

ValueType ColumnProfile::type() const {
  if (present_ == 0) return {Type::text, 0};
  if (boolean_.holds) return {Type::boolean, 0};
  if (integer_.holds) return {Type::integer, 0};
  if (decimal_.holds) return {Type::decimal, scale_};
  if (date_.holds) return {Type::date, 0};
  if (timestamp_.holds) return {Type::timestamp, 0};
  const std::vector<const DateFormat*> written = formats();
  if (!written.empty()) return {written.front()->type(), 0};
  return {Type::text, 0};
}

ColumnProfile::Candidate ColumnProfile::range() const {
  const std::vector<const DateFormat*> written = formats();
  if (written.size() > 1) return {};
  if (written.size() == 1) {
    return formats_[static_cast<std::size_t>(written.front() - common_date_formats().data())];
  }
  switch (type().type) {
    case Type::integer: return integer_;
    case Type::date: return date_;
    case Type::timestamp: return timestamp_;
    case Type::decimal: {
      Candidate out = decimal_;
      for (std::uint8_t i = scale_; i < kScaleLooked; i++) {
        out.low /= 10;
        out.high /= 10;
      }
      return out;
    }
    case Type::boolean:
    case Type::text: break;
  }
  return {};
}

std::int64_t ColumnProfile::low() const { return range().low; }
std::int64_t ColumnProfile::high() const { return range().high; }

bool ColumnProfile::nearly_unique() const {
  return counted_ >= 3 && hashes_.size() * 10 >= counted_ * 9;
}

bool ColumnProfile::mostly(Pii kind) const {
  return present_ > 0 && count(kind) * 10 >= present_ * 7;
}

}  // namespace gbx::prepare
