#include "trusted/sql/regular.h"

namespace gbx::sql {
namespace {

constexpr std::size_t kChoicesMax = 64;
constexpr std::size_t kNowhere = std::string_view::npos;
constexpr std::string_view kRepeats = "*+?{";
constexpr std::string_view kSpecial = "\\^$.|?*+()[]{}";

bool is_among(char c, std::string_view all) { return all.find(c) != kNowhere; }

// Where a character that is not escaped is first, or kNowhere.
std::size_t find_plain(std::string_view pattern, char what) {
  for (std::size_t i = 0; i < pattern.size(); i++) {
    if (pattern[i] == what) return i;
    if (pattern[i] == '\\') i++;
  }
  return kNowhere;
}

// The parts of `pattern` between the `|` outside of groups; nothing where groups are in groups.
std::optional<std::vector<std::string_view>> choices(std::string_view pattern) {
  std::vector<std::string_view> out;
  std::size_t begin = 0;
  int depth = 0;
  for (std::size_t i = 0; i < pattern.size(); i++) {
    if (pattern[i] == '\\') {
      i++;
    } else if (is_among(pattern[i], "()")) {
      depth += pattern[i] == '(' ? 1 : -1;
      if (depth < 0 || depth > 1) return std::nullopt;
    } else if (pattern[i] == '|' && depth == 0) {
      out.push_back(pattern.substr(begin, i - begin));
      begin = i + 1;
    }
  }
  if (depth != 0 || out.size() >= kChoicesMax) return std::nullopt;
  out.push_back(pattern.substr(begin));
  return out;
}

// Without groups, choices and anchors.
std::optional<std::string> sequence(std::string_view pattern) {
  std::string out;
  for (std::size_t i = 0; i < pattern.size(); i++) {
    const char after = i + 1 < pattern.size() ? pattern[i + 1] : 'x';
    if (pattern[i] == '.') {
      const bool many = is_among(after, "*+");
      out += !many ? "_" : after == '*' ? "%" : "_%";
      i += many ? 1 : 0;
      continue;
    }
    if (pattern[i] == '\\') {
      if (!is_among(after, kSpecial) && !is_among(after, "-/")) return std::nullopt;
      i++;
    } else if (is_among(pattern[i], kSpecial)) {
      return std::nullopt;
    }
    if (is_among(pattern[i], "%_\\")) out.push_back('\\');
    out.push_back(pattern[i]);
  }
  return out;
}

struct Anchored {
  std::string_view body;
  bool at_start = false;
  bool at_end = false;
};

Anchored anchored(std::string_view choice) {
  Anchored out{choice};
  if (out.body.starts_with('^')) {
    out.at_start = true;
    out.body.remove_prefix(1);
  }
  const std::size_t dollar = find_plain(out.body, '$');
  if (dollar != kNowhere && dollar + 1 == out.body.size()) {
    out.at_end = true;
    out.body.remove_suffix(1);
  }
  return out;
}

// before(a|b)after: each of the choices between the two. choices() has paired the parentheses.
std::optional<std::vector<std::string>> spread(std::string_view body) {
  const std::size_t open = find_plain(body, '(');
  if (open == kNowhere) return std::vector<std::string>{std::string(body)};
  const std::size_t close = open + 1 + find_plain(body.substr(open + 1), ')');
  const std::string_view after = body.substr(close + 1);
  const bool repeats = !after.empty() && is_among(after[0], kRepeats);
  if (repeats || find_plain(after, '(') != kNowhere) return std::nullopt;
  const auto inside = choices(body.substr(open + 1, close - open - 1));
  if (!inside) return std::nullopt;
  std::vector<std::string> out;
  for (const std::string_view one : *inside) {
    if (!one.empty() && is_among(one[0], kRepeats)) return std::nullopt;
    out.push_back(std::string(body.substr(0, open)) + std::string(one) + std::string(after));
  }
  return out;
}

}  // namespace

std::optional<std::vector<std::string>> like_patterns(std::string_view pattern, bool whole) {
  const auto all = choices(pattern);
  if (!all) return std::nullopt;
  std::vector<std::string> out;
  for (const std::string_view choice : *all) {
    const Anchored one = anchored(choice);
    if (whole && (one.at_start || one.at_end)) return std::nullopt;
    const auto bodies = spread(one.body);
    if (!bodies || out.size() + bodies->size() > kChoicesMax) return std::nullopt;
    for (const std::string& body : *bodies) {
      const std::optional<std::string> like = sequence(body);
      if (!like) return std::nullopt;
      out.push_back((whole || one.at_start ? "" : "%") + *like + (whole || one.at_end ? "" : "%"));
    }
  }
  return out;
}

}  // namespace gbx::sql
