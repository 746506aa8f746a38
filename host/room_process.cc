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
constexpr auto kPatience = std::chrono::seconds(2);

// In the child, between fork and exec: async-signal-safe calls only.
[[noreturn]] void become_room(const char* program, int socket, pid_t parent) {
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(126);
  const int null = ::open("/dev/null", O_RDWR);
  if (socket == kRoomDescriptor) {
    ::fcntl(socket, F_SETFD, 0);
  } else {
    ::dup2(socket, kRoomDescriptor);
  }
  ::dup2(null, 0);
  ::dup2(null, 1);
  ::close_range(kRoomDescriptor + 1, ~0U, 0);
  const std::array<char*, 2> arguments{const_cast<char*>(program), nullptr};
  const std::array<char*, 1> environment{nullptr};
  ::execve(program, arguments.data(), environment.data());
  ::_exit(127);
}

}  // namespace

RoomProcess::RoomProcess(const std::filesystem::path& program) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    throw std::system_error(errno, std::generic_category(), "socketpair");
  }
  socket_ = enclave::Descriptor(ends[0]);
  const enclave::Descriptor room_end(ends[1]);
  const std::string path = program.string();
  const pid_t self = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid_ == 0) become_room(path.c_str(), room_end.get(), self);
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
