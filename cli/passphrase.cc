#include "cli/passphrase.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace gbx::cli {
namespace {

constexpr std::size_t kPassphraseBytesMax = 1024;
const char* const kNext = "use a terminal, --passphrase-file FILE, or set GLOVEBOX_PASSPHRASE";

constexpr std::array kEnding = {SIGINT, SIGTERM, SIGQUIT, SIGHUP, SIGTSTP};
constexpr mode_t kOthers = 0077;

volatile std::sig_atomic_t caught = 0;

[[noreturn]] void fail(const std::string& where, const std::string& why,
                       const std::string& next = kNext) {
  throw Failure("no passphrase", where, why, next);
}

// False when the passphrase is full: half of one would open nothing, or two.
bool add(SecretBytes& passphrase, char c) {
  if (passphrase.view().size() == kPassphraseBytesMax) return false;
  passphrase.mutable_bytes().push_back(static_cast<std::uint8_t>(c));
  return true;
}

const std::string kTooLong = "it is over " + std::to_string(kPassphraseBytesMax) + " bytes";

// The terminal with echo off, and back again whatever happens: a signal that would end or stop the
// program waits until the terminal is as it was.
class QuietTerminal {
 public:
  explicit QuietTerminal(int fd) : fd_(fd) {
    caught = 0;
    struct sigaction note{};  // no SA_RESTART: read() ends
    note.sa_handler = [](int signal) { caught = signal; };
    for (std::size_t i = 0; i < kEnding.size(); i++) sigaction(kEnding[i], &note, &actions_[i]);
    good_ = tcgetattr(fd_, &before_) == 0;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    good_ = good_ && tcsetattr(fd_, TCSAFLUSH, &quiet) == 0;
  }
  ~QuietTerminal() {
    if (good_) tcsetattr(fd_, TCSAFLUSH, &before_);
    for (std::size_t i = 0; i < kEnding.size(); i++) sigaction(kEnding[i], &actions_[i], nullptr);
  }
  QuietTerminal(const QuietTerminal&) = delete;
  QuietTerminal& operator=(const QuietTerminal&) = delete;
  QuietTerminal(QuietTerminal&&) = delete;
  QuietTerminal& operator=(QuietTerminal&&) = delete;

  [[nodiscard]] bool good() const { return good_; }
  // One line; false when a signal came first.
  [[nodiscard]] bool read_line(SecretBytes& out) const {
    bool fits = true;
    for (char c = 0; caught == 0;) {
      const ssize_t got = read(fd_, &c, 1);
      if (got < 0 && errno == EINTR) continue;
      if (got != 1 || c == '\n') break;
      fits = add(out, c) && fits;
    }
    if (!fits) fail("", kTooLong);
    return caught == 0;
  }

 private:
  int fd_;
  bool good_ = false;
  termios before_{};
  std::array<struct sigaction, kEnding.size()> actions_{};
};

class Terminal {
 public:
  Terminal() : fd_(open("/dev/tty", O_RDWR | O_CLOEXEC)) {
    if (fd_ < 0) fail("", "there is no terminal to ask for it");
  }
  ~Terminal() { close(fd_); }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  Terminal(Terminal&&) = delete;
  Terminal& operator=(Terminal&&) = delete;

  [[nodiscard]] SecretBytes ask(const std::string& prompt) const {
    for (;;) {
      SecretBytes out;
      out.mutable_bytes().reserve(kPassphraseBytesMax);
      bool whole = false;
      {
        const QuietTerminal quiet(fd_);
        if (!quiet.good()) fail("", "the terminal cannot be set to hide it");
        show(prompt + ": ");
        whole = quiet.read_line(out);
        show("\n");
      }
      if (whole) return out;
      // Ends or stops the program as if nothing had been in between; a stopped one asks again.
      raise(caught);
    }
  }

 private:
  void show(const std::string& text) const {
    if (write(fd_, text.data(), text.size()) < 0) return;
  }

  int fd_;
};

// The first line of an open file, without its end of line (LF or CRLF).
SecretBytes first_line(int fd, const std::string& path) {
  SecretBytes out;
  out.mutable_bytes().reserve(kPassphraseBytesMax);
  for (char c = 0;;) {
    const ssize_t got = read(fd, &c, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(path, std::string("it cannot be read: ") + std::strerror(errno));
    if (got == 0 || c == '\n') break;
    if (!add(out, c)) fail(path, kTooLong);
  }
  Bytes& bytes = out.mutable_bytes();
  if (!bytes.empty() && bytes.back() == '\r') bytes.pop_back();
  return out;
}

SecretBytes from_file(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    fail(path, std::strerror(errno), "name the file that has it, or leave the option out");
  const std::unique_ptr<const int, void (*)(const int*)> closes(&fd,
                                                                [](const int* it) { close(*it); });
  struct stat info{};
  if (fstat(fd, &info) != 0 || S_ISDIR(info.st_mode)) fail(path, "it is not a file");
  if (S_ISREG(info.st_mode) && (info.st_mode & kOthers) != 0) {
    fail(path, "others on this machine may read or change it", "chmod 600 " + path);
  }
  return first_line(fd, path);
}

SecretBytes ask(const std::string& prompt, bool confirm) {
  const Terminal terminal;
  SecretBytes first = terminal.ask(prompt);
  if (first.view().empty()) fail("", "it is empty");
  if (confirm && !equal_constant_time(first.view(), terminal.ask("Again").view())) {
    fail("", "the two differ", "run it again");
  }
  return first;
}

}  // namespace

SecretBytes read_passphrase(const Console& console, const std::string& prompt, bool confirm) {
  SecretBytes out;
  if (!console.passphrase_file.empty()) {
    out = from_file(console.passphrase_file);
  } else if (const char* text = std::getenv("GLOVEBOX_PASSPHRASE"); text != nullptr) {
    out = SecretBytes(to_bytes(text));
  } else {
    out = ask(prompt, confirm);
  }
  if (out.view().empty()) fail(console.passphrase_file, "it is empty");
  return out;
}

}  // namespace gbx::cli
