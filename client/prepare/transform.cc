#include "client/prepare/transform.h"

#include <algorithm>
#include <limits>

#include "client/prepare/failure.h"

namespace gbx::prepare {
namespace {

constexpr std::int64_t kMicrosPerDay = 86'400LL * 1'000'000;
constexpr std::string_view kForms =
    "drop, prefix N, bin WIDTH, round WIDTH, truncate year|quarter|month|week, map {from: to}, "
    "cap [LOW, HIGH]";

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool is_number(Type type) { return type == Type::integer || type == Type::decimal; }
bool is_time(Type type) { return type == Type::date || type == Type::timestamp; }

std::int64_t amount_of(std::string_view text, ValueType type, std::string_view what) {
  const Result<std::int64_t> value = parse_value(trim(text), type);
  if (!value || *value <= 0) {
    throw Failure(std::string(what) + " needs a positive number of the column's type");
  }
  return *value;
}

std::int64_t floor_to(std::int64_t value, std::int64_t step) {
  const std::int64_t rest = value % step;
  return rest < 0 ? value - rest - step : value - rest;
}

std::int64_t truncate_day(std::int64_t day, DateUnit unit) {
  CivilDay civil = civil_from_days(day);
  civil.day = 1;
  switch (unit) {
    case DateUnit::week: return floor_to(day + 3, 7) - 3;  // 1970-01-01 was a Thursday
    case DateUnit::month: break;
    case DateUnit::quarter: civil.month = (civil.month - 1) / 3 * 3 + 1; break;
    case DateUnit::year: civil.month = 1; break;
  }
  return days_from_civil(civil);
}

Transform parse_prefix(std::string_view rest, ValueType type) {
  if (type.type != Type::text) throw Failure("prefix is for text columns");
  return {.kind = TransformKind::prefix, .amount = amount_of(rest, {Type::integer, 0}, "prefix")};
}

Transform parse_width(std::string_view word, std::string_view rest, ValueType type) {
  if (!is_number(type.type))
    throw Failure(std::string(word) + " is for integer and decimal columns");
  return {.kind = word == "bin" ? TransformKind::bin : TransformKind::round,
          .amount = amount_of(rest, type, word)};
}

Transform parse_truncate(std::string_view rest, ValueType type) {
  if (!is_time(type.type)) throw Failure("truncate is for date and timestamp columns");
  Transform out{.kind = TransformKind::truncate};
  if (rest == "year") {
    out.unit = DateUnit::year;
  } else if (rest == "quarter") {
    out.unit = DateUnit::quarter;
  } else if (rest == "month") {
    out.unit = DateUnit::month;
  } else if (rest == "week") {
    out.unit = DateUnit::week;
  } else {
    throw Failure("truncate needs year, quarter, month or week");
  }
  return out;
}

Transform parse_cap(std::string_view rest, ValueType type) {
  if (type.type == Type::text || type.type == Type::boolean) {
    throw Failure("cap is for columns of numbers, dates and timestamps");
  }
  const std::size_t comma = rest.find(',');
  if (rest.size() < 2 || rest.front() != '[' || rest.back() != ']' ||
      comma == std::string_view::npos) {
    throw Failure("cap needs [LOW, HIGH]");
  }
  const Result<std::int64_t> low = parse_value(trim(rest.substr(1, comma - 1)), type);
  const Result<std::int64_t> high =
      parse_value(trim(rest.substr(comma + 1, rest.size() - comma - 2)), type);
  if (!low || !high || *low > *high) {
    throw Failure("cap needs [LOW, HIGH], both of the column's type, LOW <= HIGH");
  }
  return {.kind = TransformKind::cap, .low = *low, .high = *high};
}

// Up to 18 digits with the scale's fraction, the common case; nullopt for all else.
std::optional<std::int64_t> parse_short_number(std::string_view text, std::uint8_t scale) {
  const bool negative = !text.empty() && text.front() == '-';
  if (negative) text.remove_prefix(1);
  if (text.empty() || text.size() > 17 - std::min<std::size_t>(scale, 16)) return std::nullopt;
  std::int64_t value = 0;
  std::size_t fraction = 0;
  bool point = false;
  for (const char& c : text) {
    if (c >= '0' && c <= '9') {
      value = value * 10 + (c - '0');
      if (point) fraction++;
    } else if (c == '.' && !point && &c != text.data()) {
      point = true;
    } else {
      return std::nullopt;
    }
  }
  if (fraction > scale || (point && fraction == 0)) return std::nullopt;
  for (; fraction < scale; fraction++) value *= 10;
  return negative ? -value : value;
}

}  // namespace

Transform parse_transform(std::string_view text, ValueType type) {
  text = trim(text);
  const std::size_t space = std::min(text.find(' '), text.size());
  const std::string_view word = text.substr(0, space);
  const std::string_view rest = trim(text.substr(space));
  if (word == "drop" && rest.empty()) return {.kind = TransformKind::drop};
  if (word == "prefix") return parse_prefix(rest, type);
  if (word == "bin" || word == "round") return parse_width(word, rest, type);
  if (word == "truncate") return parse_truncate(rest, type);
  if (word == "cap") return parse_cap(rest, type);
  throw Failure("unknown transform; there are: " + std::string(kForms));
}

std::string describe(const Transform& transform, ValueType type) {
  switch (transform.kind) {
    case TransformKind::none: return "none";
    case TransformKind::drop: return "drop";
    case TransformKind::prefix: return "prefix " + std::to_string(transform.amount);
    case TransformKind::bin: return "bin " + format_value(transform.amount, type);
    case TransformKind::round: return "round " + format_value(transform.amount, type);
    case TransformKind::map: return "map (" + std::to_string(transform.words.size()) + " words)";
    case TransformKind::cap:
      return "cap [" + format_value(transform.low, type) + ", " +
             format_value(transform.high, type) + "]";
    case TransformKind::truncate: break;
  }
  switch (transform.unit) {
    case DateUnit::year: return "truncate year";
    case DateUnit::quarter: return "truncate quarter";
    case DateUnit::month: return "truncate month";
    case DateUnit::week: return "truncate week";
  }
  return {};
}

std::optional<std::int64_t> apply_number(const Transform& transform, std::int64_t value,
                                         Type type) {
  constexpr std::int64_t kFar = std::numeric_limits<std::int64_t>::max() / 4;
  switch (transform.kind) {
    case TransformKind::bin:
    case TransformKind::round: {
      // Room for one step in both directions.
      if (value > kFar || value < -kFar || transform.amount > kFar) return std::nullopt;
      if (transform.kind == TransformKind::bin) return floor_to(value, transform.amount);
      const std::int64_t size = value < 0 ? -value : value;
      const std::int64_t up = floor_to(size + transform.amount / 2, transform.amount);
      return value < 0 ? -up : up;
    }
    case TransformKind::truncate: {
      if (type == Type::date) return truncate_day(value, transform.unit);
      const std::int64_t day = floor_to(value, kMicrosPerDay) / kMicrosPerDay;
      return truncate_day(day, transform.unit) * kMicrosPerDay;
    }
    case TransformKind::cap: return std::clamp(value, transform.low, transform.high);
    case TransformKind::none:
    case TransformKind::drop:
    case TransformKind::prefix:
    case TransformKind::map: break;
  }
  return value;
}

std::optional<std::string_view> apply_text(const Transform& transform, std::string_view text) {
  if (transform.kind == TransformKind::map) {
    const auto found = transform.words.find(text);
    if (found != transform.words.end()) return found->second;
    if (transform.other) return *transform.other;
    return std::nullopt;
  }
  if (transform.kind != TransformKind::prefix) return text;
  std::int64_t characters = 0;
  for (std::size_t i = 0; i < text.size(); i++) {
    const bool begins = (static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80U;
    if (begins && characters++ == transform.amount) return text.substr(0, i);
  }
  return text;
}

std::optional<std::int64_t> parse_cell(std::string_view text, ValueType type) {
  text = trim(text);
  if (is_number(type.type)) {
    if (const auto value = parse_short_number(text, type.scale)) return value;
  }
  if (type.type == Type::boolean) {
    if (text == "t" || text == "T" || text == "TRUE" || text == "True") return 1;
    if (text == "f" || text == "F" || text == "FALSE" || text == "False") return 0;
  }
  const Result<std::int64_t> value = parse_value(text, type);
  if (!value) return std::nullopt;
  return *value;
}

}  // namespace gbx::prepare
