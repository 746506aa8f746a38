#include "trusted/sql/text_functions.h"

#include <algorithm>
#include <array>

#include "trusted/sql/catalog.h"

namespace gbx::sql {
namespace {

constexpr std::size_t kFormatBytesMax = 64;
constexpr std::int64_t kMicrosPerSecond = 1'000'000;
constexpr std::int64_t kSecondsPerDay = 86'400;

// Where the UTF-8 character that begins at `at` ends.
std::size_t next(std::string_view text, std::size_t at) {
  at++;
  while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U) at++;
  return at;
}

// Bytes move together with `offset` from 'a' to 'A' or back; others stay.
std::string change_case(std::string_view text, char first, char last, int offset) {
  std::string out(text);
  for (char& c : out) {
    if (c >= first && c <= last) c = static_cast<char>(c + offset);
  }
  return out;
}

// Whether the character at the start of `rest` is one of `characters`.
bool is_one_of(std::string_view rest, std::string_view characters) {
  const std::string_view one = rest.substr(0, next(rest, 0));
  for (std::size_t at = 0; at < characters.size(); at = next(characters, at)) {
    if (characters.substr(at, next(characters, at) - at) == one) return true;
  }
  return false;
}

std::string trimmed(std::string_view text, std::int64_t sides, std::string_view characters) {
  while ((sides & 1) != 0 && !text.empty() && is_one_of(text, characters)) {
    text.remove_prefix(next(text, 0));
  }
  while ((sides & 2) != 0 && !text.empty()) {
    std::size_t last = text.size() - 1;
    while (last > 0 && (static_cast<unsigned char>(text[last]) & 0xC0U) == 0x80U) last--;
    if (!is_one_of(text.substr(last), characters)) break;
    text = text.substr(0, last);
  }
  return std::string(text);
}

std::string replaced(std::string_view text, std::string_view from, std::string_view to) {
  std::string out;
  for (;;) {
    const std::size_t at = text.find(from);
    out += text.substr(0, at);
    if (at == std::string_view::npos) return out;
    out += to;
    text.remove_prefix(at + from.size());
  }
}

std::string split_part(std::string_view text, std::string_view between, std::int64_t number) {
  for (; number > 1; number--) {
    const std::size_t at = text.find(between);
    if (at == std::string_view::npos) return "";
    text.remove_prefix(at + between.size());
  }
  return std::string(text.substr(0, text.find(between)));
}

std::string padded(std::string_view text, std::int64_t length, std::string_view with, bool left) {
  const std::int64_t missing = length - text_length(text);
  if (missing <= 0) return std::string(text_prefix(text, length));
  std::string fill;
  const std::int64_t each = text_length(with);
  for (std::int64_t left_over = missing; left_over > 0; left_over -= each) {
    fill += text_prefix(with, left_over);
  }
  return left ? fill + std::string(text) : std::string(text) + fill;
}

std::string reversed(std::string_view text) {
  std::string out(text);
  std::size_t end = out.size();
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t after = next(text, at);
    end -= after - at;
    out.replace(end, after - at, text.substr(at, after - at));
    at = after;
  }
  return out;
}

bool is_between(char c, char first, char last) { return c >= first && c <= last; }

std::string capitals(std::string_view text) {
  std::string out(text);
  bool begins = true;
  for (char& c : out) {
    if (is_between(c, 'a', 'z') && begins) {
      c = static_cast<char>(c - ('a' - 'A'));
    } else if (is_between(c, 'A', 'Z') && !begins) {
      c = static_cast<char>(c + ('a' - 'A'));
    }
    const bool letter = is_between(c, 'a', 'z') || is_between(c, 'A', 'Z');
    const bool inside = letter || is_between(c, '0', '9') || static_cast<unsigned char>(c) >= 0x80U;
    begins = !inside;
  }
  return out;
}

}  // namespace

bool like_matches(std::string_view text, std::string_view pattern, bool escapes) {
  std::size_t t = 0;
  std::size_t p = 0;
  std::size_t resume_text = 0;
  std::size_t resume_pattern = std::string_view::npos;
  while (t < text.size()) {
    const bool escaped = escapes && p + 1 < pattern.size() && pattern[p] == '\\';
    const std::size_t literal = escaped ? p + 1 : p;
    if (!escaped && p < pattern.size() && pattern[p] == '%') {
      resume_pattern = ++p;
      resume_text = t;
    } else if (!escaped && p < pattern.size() && pattern[p] == '_') {
      p++;
      t = next(text, t);
    } else if (literal < pattern.size() && pattern[literal] == text[t]) {
      p = literal + 1;
      t++;
    } else if (resume_pattern != std::string_view::npos) {
      resume_text = next(text, resume_text);
      t = resume_text;
      p = resume_pattern;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '%') p++;
  return p == pattern.size();
}

bool like_matches(const Expression& like, std::string_view text) {
  return like_matches(text, like.text, like.value == 1);
}

std::string lowered(std::string_view text) { return change_case(text, 'A', 'Z', 'a' - 'A'); }

std::int64_t text_length(std::string_view text) {
  return std::count_if(text.begin(), text.end(),
                       [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; });
}

std::string_view text_prefix(std::string_view text, std::int64_t count) {
  std::size_t at = 0;
  while (at < text.size()) {
    const bool starts = (static_cast<unsigned char>(text[at]) & 0xC0U) != 0x80U;
    if (starts && count-- <= 0) break;
    at++;
  }
  return text.substr(0, at);
}

std::int64_t text_position(std::string_view text, std::string_view part) {
  const std::size_t at = text.find(part);
  return at == std::string_view::npos ? 0 : text_length(text.substr(0, at)) + 1;
}

std::string text_function(const Expression& e, std::string_view text) {
  const auto argument = [&](std::size_t i) -> const Expression& { return e.children[i]; };
  if (e.op == Op::lower) return lowered(text);
  if (e.op == Op::upper) return change_case(text, 'a', 'z', 'A' - 'a');
  if (e.op == Op::trim) {
    return trimmed(text, e.value,
                   e.children.size() == 2 ? std::string_view(argument(1).text) : " ");
  }
  if (e.op == Op::prefix) return std::string(text_prefix(text, e.value));
  if (e.op == Op::suffix || e.op == Op::rest) {
    const std::int64_t skipped =
        e.op == Op::rest ? e.value : std::max(std::int64_t{0}, text_length(text) - e.value);
    return std::string(text.substr(text_prefix(text, skipped).size()));
  }
  if (e.op == Op::replace) return replaced(text, argument(1).text, argument(2).text);
  if (e.op == Op::split_part) return split_part(text, argument(1).text, argument(2).value);
  if (e.op == Op::reverse) return reversed(text);
  if (e.op == Op::capitals) return capitals(text);
  GBX_CHECK(e.op == Op::pad_left || e.op == Op::pad_right);
  return padded(text, argument(1).value, argument(2).text, e.op == Op::pad_left);
}

namespace {

constexpr std::array<std::string_view, 12> kMonths = {
    "January", "February", "March",     "April",   "May",      "June",
    "July",    "August",   "September", "October", "November", "December"};
constexpr std::array<std::string_view, 7> kDays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                   "Thursday", "Friday", "Saturday"};

struct Field {
  char letter;
  TimeUnit unit;
};
constexpr std::array<Field, 15> kFields = {{{'Y', TimeUnit::year},
                                            {'y', TimeUnit::year},
                                            {'m', TimeUnit::month},
                                            {'B', TimeUnit::month},
                                            {'b', TimeUnit::month},
                                            {'d', TimeUnit::day},
                                            {'j', TimeUnit::day},
                                            {'A', TimeUnit::day},
                                            {'a', TimeUnit::day},
                                            {'w', TimeUnit::day},
                                            {'H', TimeUnit::hour},
                                            {'I', TimeUnit::hour},
                                            {'p', TimeUnit::hour},
                                            {'M', TimeUnit::minute},
                                            {'S', TimeUnit::second}}};

std::string digits(std::int64_t value, std::size_t count) {
  std::string out = std::to_string(value);
  return std::string(count - std::min(count, out.size()), '0') + out;
}

// A second of a day.
struct Moment {
  std::int64_t days = 0;
  std::int64_t seconds = 0;
};

std::int64_t floor_divide(std::int64_t a, std::int64_t b) {
  return a / b - (a % b < 0 ? 1 : 0);  // b > 0
}

std::string field_text(char letter, Moment moment) {
  const CivilDay civil = civil_from_days(moment.days);
  const auto weekday = static_cast<std::size_t>(((moment.days + 4) % 7 + 7) % 7);  // 1970: Thursday
  const std::string_view month = kMonths[civil.month - 1];
  const std::int64_t hour = moment.seconds / 3600;
  switch (letter) {
    case 'Y': return digits(civil.year, 4);
    case 'y': return digits(civil.year % 100, 2);
    case 'm': return digits(civil.month, 2);
    case 'B': return std::string(month);
    case 'b': return std::string(month.substr(0, 3));
    case 'd': return digits(civil.day, 2);
    case 'j': return digits(moment.days - days_from_civil({civil.year, 1, 1}) + 1, 3);
    case 'A': return std::string(kDays[weekday]);
    case 'a': return std::string(kDays[weekday].substr(0, 3));
    case 'w': return std::to_string(weekday);
    case 'H': return digits(hour, 2);
    case 'I': return digits((hour + 11) % 12 + 1, 2);
    case 'p': return hour < 12 ? "AM" : "PM";
    case 'M': return digits(moment.seconds / 60 % 60, 2);
    case 'S': return digits(moment.seconds % 60, 2);
    default: return "%";
  }
}

std::int64_t seconds_of(TimeUnit unit) {
  return unit == TimeUnit::second ? 1 : unit == TimeUnit::minute ? 60 : 3600;
}

Moment moment_of(TimeUnit unit, std::int64_t value) {
  if (unit == TimeUnit::day) return {value, 0};
  if (unit == TimeUnit::month || unit == TimeUnit::year) {
    const std::int64_t months =
        std::int64_t{1970} * 12 + (unit == TimeUnit::year ? value * 12 : value);
    return {days_from_civil({floor_divide(months, 12), static_cast<unsigned>(months % 12) + 1, 1}),
            0};
  }
  const std::int64_t seconds = value * seconds_of(unit);
  const std::int64_t days = floor_divide(seconds, kSecondsPerDay);
  return {days, seconds - days * kSecondsPerDay};
}

}  // namespace

std::string number_text(const Expression& to_text, std::int64_t value) {
  const auto unit = static_cast<TimeUnit>(to_text.value);
  if (unit == TimeUnit::none) return format_value(value, to_text.children[0].type);
  const Moment moment = moment_of(unit, value);
  const std::string_view format = to_text.text;
  std::string out;
  for (std::size_t i = 0; i < format.size(); i++) {
    if (format[i] == '%') {
      out += field_text(format[++i], moment);
    } else {
      out.push_back(format[i]);
    }
  }
  return out;
}

std::optional<TimeUnit> format_unit(std::string_view format) {
  if (format.empty() || format.size() > kFormatBytesMax) return std::nullopt;
  std::optional<TimeUnit> out;
  for (std::size_t i = 0; i < format.size(); i++) {
    if (format[i] != '%') continue;
    if (++i == format.size()) return std::nullopt;
    if (format[i] == '%') continue;
    const auto field = std::find_if(kFields.begin(), kFields.end(),
                                    [&](const Field& f) { return f.letter == format[i]; });
    if (field == kFields.end()) return std::nullopt;
    out = std::min(out.value_or(field->unit), field->unit);
  }
  return out;
}

Units units_in_calendar(TimeUnit unit) {
  if (unit == TimeUnit::year) return {1 - 1970, 9999 - 1970};
  if (unit == TimeUnit::month)
    return {std::int64_t{1 - 1970} * 12, std::int64_t{9999 - 1970} * 12 + 11};
  const Range days = storage_range({Type::date, 0});
  if (unit == TimeUnit::day) return {days.low, days.high};
  const Range stamps = storage_range({Type::timestamp, 0});
  const std::int64_t micros = seconds_of(unit) * kMicrosPerSecond;
  return {floor_divide(stamps.low, micros), floor_divide(stamps.high, micros)};
}

}  // namespace gbx::sql
