#include "enclave/harden.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace gbx::enclave {
namespace {

// 0 when `call` was refused with EPERM in a hardened process, else 1; 2 when that could not be
// made.
template <typename F>
int refused(F call) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (!forbid_opening()) ::_exit(2);
    errno = 0;
    const auto outcome = call();
    ::_exit(outcome == -1 && errno == EPERM ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 3;
}

TEST(Harden, TheHardenedDoWhatARoomDoes) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (!forbid_opening()) ::_exit(2);
    std::array<int, 2> ends{};
    char byte = 'x';
    const bool talked = ::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == 0 &&
                        ::send(ends[0], &byte, 1, 0) == 1 && ::recv(ends[1], &byte, 1, 0) == 1;
    void* page = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ::_exit(talked && page != MAP_FAILED ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST(Harden, NothingIsOpened) {
  EXPECT_EQ(refused([] { return ::open("/dev/null", O_RDONLY); }), 0);
  EXPECT_EQ(refused([] { return ::memfd_create("x", 0); }), 0);
  EXPECT_EQ(refused([] { return ::socket(AF_INET, SOCK_STREAM, 0); }), 0);
  EXPECT_EQ(refused([] { return ::shmget(IPC_PRIVATE, 4096, 0600); }), 0);
  EXPECT_EQ(refused([] { return ::syscall(SYS_io_uring_enter, 0, 0, 0, 0, nullptr, 0); }), 0);
}

TEST(Harden, NothingIsStarted) {
  EXPECT_EQ(refused([] { return ::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, 0); }), 0);
  EXPECT_EQ(refused([] { return ::execl("/bin/true", "true", nullptr); }), 0);
  EXPECT_EQ(refused([] { return ::kill(::getppid(), 0); }), 0);
}

TEST(Harden, NoMemoryIsMadeExecutable) {
  EXPECT_EQ(refused([] {
              return reinterpret_cast<std::intptr_t>(
                  ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
            }),
            0);
}

}  // namespace
}  // namespace gbx::enclave
