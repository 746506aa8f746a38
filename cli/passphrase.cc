#include "cli/passphrase.h"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>

namespace gbx::cli {
namespace {

constexpr std::size_t kPassphraseBytesMax = 1024;
const char* const kNext = "use a terminal, --passphrase-file FILE, or set GLOVEBOX_PASSPHRASE";

// The terminal with echo off, and back again whatever happens.
class QuietTerminal {
 public:
  QuietTerminal() : fd_(open("/dev/tty", O_RDWR | O_CLOEXEC)) {
    if (fd_ < 0 || tcgetattr(fd_, &before_) != 0) {
      throw Failure("cannot ask for the passphrase", "", "there is no terminal", kNext);
    }
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    tcsetattr(fd_, TCSAFLUSH, &quiet);
  }
  ~QuietTerminal() {
    tcsetattr(fd_, TCSAFLUSH, &before_);
    close(fd_);
  }
  QuietTerminal(const QuietTerminal&) = delete;
  QuietTerminal& operator=(const QuietTerminal&) = delete;
  QuietTerminal(QuietTerminal&&) = delete;
  QuietTerminal& operator=(QuietTerminal&&) = delete;

  SecretBytes ask(const std::string& prompt) const {
    SecretBytes out;
    out.mutable_bytes().reserve(kPassphraseBytesMax);
    show(prompt + ": ");
    for (char c = 0; read(fd_, &c, 1) == 1 && c != '\n';) {
      if (out.view().size() < kPassphraseBytesMax)
        out.mutable_bytes().push_back(static_cast<std::uint8_t>(c));
    }
    show("\n");
    return out;
  }

 private:
  void show(const std::string& text) const {
    if (write(fd_, text.data(), text.size()) < 0) return;
  }

  int fd_;
  termios before_{};
};

SecretBytes from_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw Failure("cannot read the passphrase", path, std::strerror(errno), kNext);
  SecretBytes out;
  out.mutable_bytes().reserve(kPassphraseBytesMax);
  for (char c = 0; in.get(c) && c != '\n' && out.view().size() < kPassphraseBytesMax;) {
    if (c != '\r') out.mutable_bytes().push_back(static_cast<std::uint8_t>(c));
  }
  return out;
}

SecretBytes ask(const std::string& prompt, bool confirm) {
  const QuietTerminal terminal;
  SecretBytes first = terminal.ask(prompt);
  if (confirm && !equal_constant_time(first.view(), terminal.ask("Again").view())) {
    throw Failure("nothing was made", "", "the two passphrases differ", "run it again");
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
  if (out.view().empty()) throw Failure("no passphrase", "", "it is empty", kNext);
  return out;
}

}  // namespace gbx::cli
