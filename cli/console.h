#pragma once

// How glovebox talks to people and to programs: tables, JSON, progress, and failures that say what,
// where, why and what to do next. Results go to stdout, everything else to stderr. Not thread-safe
// but for Progress::advance().

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "trusted/base/json.h"

namespace gbx::cli {

// Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 128 + N ended by signal N (130: Ctrl-C).
constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;

// Ends a verb. Caught once, in main.
class Failure : public std::runtime_error {
 public:
  // what   what did not happen ("cannot read the manifest")
  // where  a file, line or name; may be empty
  // why    the reason, in words
  // next   what the person can do; may be empty
  Failure(const std::string& what, std::string where, std::string why, std::string next);
  // A failure that carries a stable code and reason word, for --json.
  Failure& with(const Error& error);
  // The same for a word that came over a wire.
  Failure& with(ErrorCode code, std::string reason);

  // What the program ends with, instead of kExitFailed.
  Failure& exits_with(int code) {
    exit_code_ = code;
    return *this;
  }
  [[nodiscard]] int exit_code() const { return exit_code_; }

  [[nodiscard]] std::string text() const;
  [[nodiscard]] Json json() const;

 private:
  int exit_code_ = kExitFailed;
  std::string where_;
  std::string why_;
  std::string next_;
  std::string code_ = "failed";
  std::string reason_;
};

struct Console {
  bool json = false;            // --json: one JSON value on stdout, errors as JSON on stderr
  std::filesystem::path home;   // --home: this party's keys and records
  std::string passphrase_file;  // --passphrase-file

  // Prints `text` for people; nothing under --json.
  void say(const std::string& text) const;
  // Prints `value` under --json; nothing otherwise.
  void print(const Json& value) const;
  void report(const Failure& failure) const;
};

// Columns aligned by their widest cell; numbers (right[i]) to the right.
struct TextTable {
  std::vector<std::string> header;
  std::vector<bool> right;
  std::vector<std::vector<std::string>> rows;
  [[nodiscard]] std::string text() const;
};

// 1234567 -> "1,234,567"; keeps a sign and a fraction.
std::string with_thousands(const std::string& number);
// 1536 -> "1.5 KiB".
std::string human_bytes(std::uint64_t bytes);

// A bar on stderr, drawn only on a terminal and only when the work lasts longer than half a second.
class Progress {
 public:
  Progress(std::string label, std::uint64_t total);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  Progress(Progress&&) = delete;
  Progress& operator=(Progress&&) = delete;
  // Thread-safe.
  void advance(std::uint64_t by);

 private:
  void draw(std::uint64_t done);

  std::string label_;
  std::uint64_t total_;
  std::atomic<std::uint64_t> done_{0};
  std::atomic<std::int64_t> next_draw_ms_{500};
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  bool terminal_;
  std::atomic<bool> drawn_{false};
};

}  // namespace gbx::cli
