#include "client/prepare/date_format.h"

#include <algorithm>
#include <array>

#include "client/prepare/failure.h"

namespace gbx::prepare {
namespace {

constexpr std::int64_t kMicrosPerSecond = 1'000'000;
constexpr std::size_t kFormatBytesMax = 40;
constexpr std::string_view kParts = "YmbdHMS";
constexpr std::array<std::string_view, 12> kMonths = {"jan", "feb", "mar", "apr", "may", "jun",
                                                      "jul", "aug", "sep", "oct", "nov", "dec"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_blank(char c) { return c == ' ' || c == '\t'; }

// What was read so far; a part that the format lacks keeps its value here.
struct Parts {
  std::int64_t year = 0;
  unsigned month = 0;
  unsigned day = 0;
  unsigned hour = 0;
  unsigned minute = 0;
  unsigned second = 0;
};

// Takes `least` to `most` digits from the front.
std::optional<unsigned> take_digits(std::string_view& text, std::size_t least, std::size_t most) {
  std::size_t size = 0;
  unsigned value = 0;
  for (; size < most && size < text.size() && is_digit(text[size]); size++) {
    value = value * 10 + static_cast<unsigned>(text[size] - '0');
  }
  if (size < least) return std::nullopt;
  text.remove_prefix(size);
  return value;
}

std::optional<unsigned> take_month_name(std::string_view& text) {
  std::string word(text.substr(0, 3));
  for (char& c : word) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  const auto* const found = std::find(kMonths.begin(), kMonths.end(), word);
  if (found == kMonths.end()) return std::nullopt;
  text.remove_prefix(word.size());
  return static_cast<unsigned>(found - kMonths.begin()) + 1;
}

bool take_part(char part, bool touches, std::string_view& text, Parts& out) {
  const std::size_t least = touches ? 2 : 1;
  const auto take = [](std::optional<unsigned> value, auto& into) {
    if (value) into = *value;
    return value.has_value();
  };
  switch (part) {
    case 'Y': return take(take_digits(text, 4, 4), out.year);
    case 'm': return take(take_digits(text, least, 2), out.month);
    case 'b': return take(take_month_name(text), out.month);
    case 'd': return take(take_digits(text, least, 2), out.day);
    case 'H': return take(take_digits(text, least, 2), out.hour);
    case 'M': return take(take_digits(text, 2, 2), out.minute);
    case 'S': return take(take_digits(text, 2, 2), out.second);
    default: return false;
  }
}

std::optional<std::int64_t> value_of(const Parts& parts, Type type) {
  if (parts.month < 1 || parts.month > 12 || parts.day < 1 || parts.day > 31 || parts.hour > 23 ||
      parts.minute > 59 || parts.second > 59) {
    return std::nullopt;
  }
  const std::int64_t days = days_from_civil({parts.year, parts.month, parts.day});
  const CivilDay back = civil_from_days(days);
  if (back.month != parts.month || back.day != parts.day) return std::nullopt;
  if (type == Type::date) return days;
  const std::int64_t seconds =
      ((days * 24 + parts.hour) * 60 + parts.minute) * 60 + std::int64_t{parts.second};
  return seconds * kMicrosPerSecond;
}

[[noreturn]] void fail(const std::string& what) {
  throw Failure("format " + what + "; for example \"%d/%m/%Y\", \"%m/%d/%Y %H:%M\", \"%d %b %Y\"");
}

std::size_t count_of(std::string_view parts, char part) {
  return static_cast<std::size_t>(std::count(parts.begin(), parts.end(), part));
}

void check_parts(std::string_view parts, Type type) {
  for (const char part : kParts) {
    if (count_of(parts, part) > 1) fail("names %" + std::string(1, part) + " twice");
  }
  if (count_of(parts, 'Y') != 1 || count_of(parts, 'd') != 1 ||
      count_of(parts, 'm') + count_of(parts, 'b') != 1) {
    fail("must name the year (%Y), the day (%d) and the month (%m, or %b for its first letters)");
  }
  const std::size_t hour = count_of(parts, 'H');
  const std::size_t minute = count_of(parts, 'M');
  const std::size_t second = count_of(parts, 'S');
  if (type == Type::date && hour + minute + second > 0) {
    fail("of a date has no time of day: give the column type: timestamp");
  }
  if (minute > hour || second > minute) fail("has a minute without %H, or a second without %M");
}

}  // namespace

DateFormat DateFormat::parse(std::string_view text, Type type) {
  if (text.size() > kFormatBytesMax) fail("is over 40 characters");
  std::string parts;
  for (std::size_t i = 0; i < text.size(); i++) {
    const char c = text[i];
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (c != '%') {
      const bool stands = c >= ' ' && c <= '~' && !is_digit(c) && (!letter || c == 'T');
      if (!stands) fail("has a letter or digit that is no part: parts begin with %");
      continue;
    }
    const char part = i + 1 < text.size() ? text[++i] : '%';
    if (kParts.find(part) == std::string_view::npos) {
      fail("knows %Y %m %b %d %H %M %S and nothing else after %");
    }
    parts += part;
  }
  check_parts(parts, type);
  return {text, type};
}

std::optional<std::int64_t> DateFormat::read(std::string_view text) const {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  Parts parts;
  for (std::size_t i = 0; i < text_.size(); i++) {
    if (text_[i] == '%') {
      const bool touches =
          (i + 2 < text_.size() && text_[i + 2] == '%') || (i >= 2 && text_[i - 2] == '%');
      if (!take_part(text_[++i], touches, text, parts)) return std::nullopt;
    } else {
      if (text.empty() || text.front() != text_[i]) return std::nullopt;
      text.remove_prefix(1);
    }
  }
  if (!text.empty()) return std::nullopt;
  return value_of(parts, type_);
}

const std::vector<DateFormat>& common_date_formats() {
  static const std::vector<DateFormat> formats = [] {
    std::vector<DateFormat> out;
    for (const char* day : {"%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d",
                            "%d %b %Y", "%d-%b-%Y", "%b %d, %Y"}) {
      out.push_back(DateFormat::parse(day, Type::date));
      for (const char* time : {" %H:%M:%S", " %H:%M"}) {
        out.push_back(DateFormat::parse(std::string(day) + time, Type::timestamp));
      }
    }
    return out;
  }();
  return formats;
}

}  // namespace gbx::prepare
