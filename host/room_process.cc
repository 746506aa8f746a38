#include "host/room_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <thread>

namespace gbx::host {
namespace {

constexpr int kRoomDescriptor = 3;
constexpr int kAttesterDescriptor = 4;
constexpr int kFreeDescriptor = 10;
constexpr auto kPatience = std::chrono::seconds(2);

// In the child, between fork and exec: async-signal-safe calls only.
[[noreturn]] void become_program(char* const* arguments, int socket, int attester, pid_t parent) {
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(126);
  const int null = ::open("/dev/null", O_RDWR);
  // Out of the way first: either may have the other's number.
  const int own = ::fcntl(socket, F_DUPFD, kFreeDescriptor);
  const int line = attester < 0 ? -1 : ::fcntl(attester, F_DUPFD, kFreeDescriptor);
  ::dup2(own, kRoomDescriptor);
  if (line >= 0) ::dup2(line, kAttesterDescriptor);
  ::dup2(null, 0);
  ::dup2(null, 1);
  const unsigned last = line >= 0 ? kAttesterDescriptor : kRoomDescriptor;
  ::close_range(last + 1, ~0U, 0);
  const std::array<char*, 1> environment{nullptr};
  ::execve(arguments[0], arguments, environment.data());
  ::_exit(127);
}

}  // namespace

RoomProcess::RoomProcess(std::vector<std::string> command, enclave::Descriptor attester) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    throw std::system_error(errno, std::generic_category(), "socketpair");
  }
  socket_ = enclave::Descriptor(ends[0]);
  const enclave::Descriptor program_end(ends[1]);
  std::vector<char*> arguments;
  for (std::string& word : command) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const pid_t self = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid_ == 0) become_program(arguments.data(), program_end.get(), attester.get(), self);
}

void RoomProcess::end() {
  if (ended()) return;
  ::kill(pid_, SIGTERM);
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < end) {
    if (ended()) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

bool RoomProcess::ended() {
  if (pid_ > 0 && ::waitpid(pid_, nullptr, WNOHANG) == pid_) pid_ = -1;
  return pid_ < 0;
}

}  // namespace gbx::host
