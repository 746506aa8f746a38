#include "trusted/base/value.h"

#include <array>
#include <charconv>
#include <limits>

namespace gbx {
namespace {

constexpr std::array<std::string_view, 6> kTypes = {"boolean", "integer",   "decimal",
                                                    "date",    "timestamp", "text"};
constexpr std::array<std::string_view, 4> kLabels = {"person", "pii", "sensitive", "plain"};
constexpr std::int64_t kMicrosPerSecond = 1'000'000;
constexpr std::int64_t kMicrosPerDay = 86'400 * kMicrosPerSecond;
constexpr Error kBadNumber{ErrorCode::invalid_argument, "number_malformed"};
constexpr Error kBadDate{ErrorCode::invalid_argument, "date_malformed"};
constexpr Error kBadTimestamp{ErrorCode::invalid_argument, "timestamp_malformed"};

// The whole of `text` as an unsigned number; false when any byte is not a digit.
bool digits(std::string_view text, std::int64_t& out) {
  if (text.empty() || text.front() < '0' || text.front() > '9') return false;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), out);
  return end.ec == std::errc() && end.ptr == text.data() + text.size();
}

std::string padded(std::int64_t value, std::size_t width) {
  std::string out = std::to_string(value);
  if (out.size() < width) out.insert(0, width - out.size(), '0');
  return out;
}

bool is_leap(std::int64_t year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

std::int64_t month_length(std::int64_t year, std::int64_t month) {
  constexpr std::array<std::int64_t, 12> kLengths = {31, 28, 31, 30, 31, 30,
                                                     31, 31, 30, 31, 30, 31};
  return month == 2 && is_leap(year) ? 29 : kLengths[static_cast<std::size_t>(month - 1)];
}

}  // namespace

std::string_view type_name(Type type) { return kTypes[static_cast<std::size_t>(type)]; }

std::optional<Type> type_from(std::string_view name) {
  for (std::size_t i = 0; i < kTypes.size(); i++) {
    if (kTypes[i] == name) return static_cast<Type>(i);
  }
  return std::nullopt;
}

std::string_view label_name(Label label) { return kLabels[static_cast<std::size_t>(label)]; }

std::optional<Label> label_from(std::string_view name) {
  for (std::size_t i = 0; i < kLabels.size(); i++) {
    if (kLabels[i] == name) return static_cast<Label>(i);
  }
  return std::nullopt;
}

Result<std::int64_t> parse_decimal(std::string_view text, std::uint8_t scale) {
  const bool negative = !text.empty() && text.front() == '-';
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  const std::size_t point = text.find('.');
  std::string all(text.substr(0, point));
  std::string_view fraction;
  if (point != std::string_view::npos) {
    fraction = text.substr(point + 1);
    if (fraction.empty()) return kBadNumber;
  }
  while (fraction.size() > scale) {
    if (fraction.back() != '0') return kBadNumber;
    fraction.remove_suffix(1);
  }
  if (all.empty()) return kBadNumber;
  all += fraction;
  all.append(scale - fraction.size(), '0');
  std::int64_t value = 0;
  if (!digits(all, value)) return kBadNumber;
  return negative ? -value : value;
}

std::string format_decimal(std::int64_t value, std::uint8_t scale) {
  if (scale == 0) return std::to_string(value);
  const bool negative = value < 0;
  const auto magnitude = negative ? std::uint64_t{0} - static_cast<std::uint64_t>(value)
                                  : static_cast<std::uint64_t>(value);
  std::string out = std::to_string(magnitude);
  if (out.size() <= scale) out.insert(0, scale + std::size_t{1} - out.size(), '0');
  out.insert(out.size() - scale, ".");
  return negative ? "-" + out : out;
}

Result<std::int64_t> parse_date(std::string_view text) {
  std::int64_t year = 0;
  std::int64_t month = 0;
  std::int64_t day = 0;
  if (text.size() != 10 || text[4] != '-' || text[7] != '-' || !digits(text.substr(0, 4), year) ||
      !digits(text.substr(5, 2), month) || !digits(text.substr(8, 2), day)) {
    return kBadDate;
  }
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > month_length(year, month)) {
    return kBadDate;
  }
  return days_from_civil({year, static_cast<unsigned>(month), static_cast<unsigned>(day)});
}

std::string format_date(std::int64_t days) {
  const CivilDay civil = civil_from_days(days);
  return padded(civil.year, 4) + "-" + padded(civil.month, 2) + "-" + padded(civil.day, 2);
}

Result<std::int64_t> parse_timestamp(std::string_view text) {
  if (!text.empty() && text.back() == 'Z') text.remove_suffix(1);
  if (text.size() == 10) {
    GBX_TRY_ASSIGN(const std::int64_t midnight, parse_date(text));
    return midnight * kMicrosPerDay;
  }
  if (text.size() < 19 || (text[10] != ' ' && text[10] != 'T') || text[13] != ':' ||
      text[16] != ':') {
    return kBadTimestamp;
  }
  GBX_TRY_ASSIGN(const std::int64_t days, parse_date(text.substr(0, 10)));
  std::int64_t hour = 0;
  std::int64_t minute = 0;
  std::int64_t second = 0;
  std::int64_t micros = 0;
  if (!digits(text.substr(11, 2), hour) || !digits(text.substr(14, 2), minute) ||
      !digits(text.substr(17, 2), second) || hour > 23 || minute > 59 || second > 59) {
    return kBadTimestamp;
  }
  if (text.size() > 19) {
    std::string fraction(text.substr(20));
    if (text[19] != '.' || fraction.empty() || fraction.size() > 6) return kBadTimestamp;
    fraction.append(6 - fraction.size(), '0');
    if (!digits(fraction, micros)) return kBadTimestamp;
  }
  return days * kMicrosPerDay + ((hour * 60 + minute) * 60 + second) * kMicrosPerSecond + micros;
}

std::string format_timestamp(std::int64_t micros) {
  std::int64_t days = micros / kMicrosPerDay;
  std::int64_t rest = micros % kMicrosPerDay;
  if (rest < 0) {
    rest += kMicrosPerDay;
    days--;
  }
  const std::int64_t seconds = rest / kMicrosPerSecond;
  std::string out = format_date(days) + " " + padded(seconds / 3600, 2) + ":" +
                    padded(seconds / 60 % 60, 2) + ":" + padded(seconds % 60, 2);
  if (rest % kMicrosPerSecond != 0) out += "." + padded(rest % kMicrosPerSecond, 6);
  return out;
}

Result<std::int64_t> parse_value(std::string_view text, ValueType type) {
  switch (type.type) {
    case Type::boolean:
      if (text == "true" || text == "1") return std::int64_t{1};
      if (text == "false" || text == "0") return std::int64_t{0};
      return Error{ErrorCode::invalid_argument, "boolean_malformed"};
    case Type::integer: return parse_decimal(text, 0);
    case Type::decimal: return parse_decimal(text, type.scale);
    case Type::date: return parse_date(text);
    case Type::timestamp: return parse_timestamp(text);
    case Type::text: break;
  }
  return Error{ErrorCode::invalid_argument, "type_not_numeric"};
}

std::string format_value(std::int64_t value, ValueType type) {
  switch (type.type) {
    case Type::boolean: return value != 0 ? "true" : "false";
    case Type::integer:
    case Type::decimal: return format_decimal(value, type.scale);
    case Type::date: return format_date(value);
    case Type::timestamp: return format_timestamp(value);
    case Type::text: break;
  }
  GBX_CHECK(false);
}

CivilDay civil_from_days(std::int64_t days) {
  days += 719'468;
  const std::int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  const std::int64_t doe = days - era * 146'097;
  const std::int64_t yoe = (doe - doe / 1460 + doe / 36'524 - doe / 146'096) / 365;
  const std::int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  const std::int64_t mp = (5 * doy + 2) / 153;
  const std::int64_t day = doy - (153 * mp + 2) / 5 + 1;
  const std::int64_t month = mp < 10 ? mp + 3 : mp - 9;
  const std::int64_t year = yoe + era * 400 + (month <= 2 ? 1 : 0);
  return {year, static_cast<unsigned>(month), static_cast<unsigned>(day)};
}

std::int64_t days_from_civil(CivilDay civil) {
  const std::int64_t month = civil.month;
  const std::int64_t year = civil.year - (month <= 2 ? 1 : 0);
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const std::int64_t yoe = year - era * 400;
  const std::int64_t doy = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + civil.day - 1;
  const std::int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
  return era * 146'097 + doe - 719'468;
}

}  // namespace gbx
