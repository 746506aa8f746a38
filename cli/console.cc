#include "cli/console.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

namespace gbx::cli {
namespace {

constexpr std::int64_t kDrawEveryMs = 100;
constexpr std::uint64_t kBarWidth = 30;

// Terminal columns of UTF-8 text: its code points (no wide characters appear in our tables'
// frames).
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

// Further lines stand under the first, behind "  next:  ".
std::string indented(const std::string& text) {
  std::string out;
  for (const char c : text) {
    out += c;
    if (c == '\n') out += "         ";
  }
  return out;
}

}  // namespace

Failure::Failure(const std::string& what, std::string where, std::string why, std::string next)
    : std::runtime_error(what),
      where_(std::move(where)),
      why_(std::move(why)),
      next_(std::move(next)) {}

Failure& Failure::with(const Error& error) {
  code_ = error_code_name(error.code);
  reason_ = error.reason.view();
  return *this;
}

Failure& Failure::with(ErrorCode code, std::string reason) {
  code_ = error_code_name(code);
  reason_ = std::move(reason);
  return *this;
}

std::string Failure::text() const {
  std::string out = std::string("glovebox: ") + what();
  if (!where_.empty()) out += "\n  where: " + where_;
  if (!why_.empty()) out += "\n  why:   " + indented(why_);
  if (!next_.empty()) out += "\n  next:  " + indented(next_);
  return out;
}

Json Failure::json() const {
  Json error = Json::object({{"code", code_}, {"what", what()}});
  if (!reason_.empty()) error.set("reason", reason_);
  if (!where_.empty()) error.set("where", where_);
  if (!why_.empty()) error.set("why", why_);
  if (!next_.empty()) error.set("next", next_);
  return Json::object({{"error", std::move(error)}});
}

void Console::say(const std::string& text) const {
  if (!json) std::printf("%s\n", text.c_str());
}

void Console::print(const Json& value) const {
  if (json) std::printf("%s\n", value.pretty().c_str());
}

void Console::report(const Failure& failure) const {
  std::fflush(stdout);
  std::fprintf(stderr, "%s\n", json ? failure.json().pretty().c_str() : failure.text().c_str());
}

std::string TextTable::text() const {
  std::vector<std::size_t> widths;
  widths.reserve(header.size());
  for (const std::string& name : header) widths.push_back(width(name));
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size() && i < widths.size(); i++)
      widths[i] = std::max(widths[i], width(row[i]));
  }
  std::string out;
  const auto line = [&](const std::vector<std::string>& cells) {
    std::string text;
    for (std::size_t i = 0; i < widths.size(); i++) {
      const std::string cell = i < cells.size() ? cells[i] : "";
      const std::string space(widths[i] - width(cell), ' ');
      const bool to_right = i < right.size() && right[i];
      text += (i > 0 ? "  " : "") + (to_right ? space + cell : cell + space);
    }
    text.erase(text.find_last_not_of(' ') + 1);
    out += text + "\n";
  };
  line(header);
  std::vector<std::string> rule;
  rule.reserve(widths.size());
  for (const std::size_t columns : widths) rule.emplace_back(columns, '-');
  line(rule);
  for (const auto& row : rows) line(row);
  return out;
}

std::string with_thousands(const std::string& number) {
  const std::size_t first = number.find_first_of("0123456789");
  if (first == std::string::npos) return number;
  std::size_t end = number.find_first_not_of("0123456789", first);
  if (end == std::string::npos) end = number.size();
  std::string out = number;
  for (std::size_t i = end; i > first + 3;) {
    i -= 3;
    out.insert(i, ",");
  }
  return out;
}

std::string human_bytes(std::uint64_t bytes) {
  constexpr std::array kUnits = {"B", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    unit++;
  }
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), unit == 0 ? "%.0f %s" : "%.1f %s", value, kUnits[unit]);
  return text.data();
}

Progress::Progress(std::string label, std::uint64_t total)
    : label_(std::move(label)), total_(total), terminal_(isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
  if (drawn_) std::fprintf(stderr, "\r\033[K");
}

void Progress::advance(std::uint64_t by) {
  const std::uint64_t done = done_.fetch_add(by) + by;
  if (!terminal_) return;
  const auto elapsed = std::chrono::steady_clock::now() - start_;
  const std::int64_t now = std::chrono::duration_cast<std::chrono::milliseconds>(elapsed).count();
  std::int64_t due = next_draw_ms_;
  if (now >= due && next_draw_ms_.compare_exchange_strong(due, now + kDrawEveryMs)) draw(done);
}

void Progress::draw(std::uint64_t done) {
  drawn_ = true;
  const std::uint64_t share = total_ == 0 ? 0 : std::min<std::uint64_t>(100, done * 100 / total_);
  const std::uint64_t filled = share * kBarWidth / 100;
  std::string bar(filled, '#');
  bar.resize(kBarWidth, '.');
  std::fprintf(stderr, "\r%s [%s] %3u%%", label_.c_str(), bar.c_str(),
               static_cast<unsigned>(share));
}

}  // namespace gbx::cli
