#include "enclave/cage.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <functional>
#include <thread>

namespace gbx::enclave {
namespace {

// How a child ends that enters the cage and then does `act`.
int status_of(const std::function<void()>& act) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (!give_up_privileges() || !enter_cage()) ::_exit(9);
    act();
    ::_exit(0);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return status;
}

void expect_killed(const std::function<void()>& act) {
  const int status = status_of(act);
  EXPECT_TRUE(WIFSIGNALED(status)) << status;
  EXPECT_EQ(WTERMSIG(status), SIGSYS);
}

TEST(Cage, LetsWorkGoOn) {
  const int status = status_of([] {
    std::vector<char> memory(std::size_t{64} << 20, 'x');
    if (memory[12345] != 'x') ::_exit(1);
  });
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(Cage, KillsWhoOpensAFile) {
  expect_killed([] { static_cast<void>(::open("/etc/passwd", O_RDONLY)); });
}

TEST(Cage, KillsWhoLooksForAFile) {
  expect_killed([] { static_cast<void>(::access("/etc/passwd", R_OK)); });
}

TEST(Cage, KillsWhoMakesASocket) {
  expect_killed([] { static_cast<void>(::socket(AF_INET, SOCK_STREAM, 0)); });
}

TEST(Cage, KillsWhoStartsAProgram) {
  expect_killed([] { ::execl("/bin/true", "true", nullptr); });
}

TEST(Cage, KillsWhoForks) {
  expect_killed([] { static_cast<void>(::fork()); });
}

TEST(Cage, KillsWhoStartsAThread) {
  expect_killed([] { std::thread([] {}).join(); });
}

TEST(Cage, KillsWhoSignals) {
  expect_killed([] { ::kill(::getppid(), 0); });
}

TEST(Cage, KillsWhoTraces) {
  expect_killed([] { ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr); });
}

TEST(Cage, KillsWhoMakesMemoryExecutable) {
  expect_killed(
      [] { ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); });
  expect_killed([] {
    void* page = ::mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ::mprotect(page, 4096, PROT_READ | PROT_EXEC);
  });
}

TEST(Cage, KillsWhoPassesDescriptors) {
  expect_killed([] {
    ::msghdr message{};
    ::sendmsg(1, &message, 0);
  });
}

TEST(Cage, HoldsThreadsThatWereThereBefore) {
  const pid_t child = ::fork();
  if (child == 0) {
    std::atomic<bool> caged{false};
    std::thread other([&] {
      while (!caged) std::this_thread::yield();
      static_cast<void>(::open("/etc/passwd", O_RDONLY));
    });
    if (!give_up_privileges() || !enter_cage()) ::_exit(9);
    caged = true;
    other.join();
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGSYS);
}

TEST(Cage, MemoryBeyondTheLimitIsRefused) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the sanitizer needs terabytes of address space";
#endif
  const pid_t child = ::fork();
  if (child == 0) {
    if (!limit_resources({.memory_bytes = std::uint64_t{256} << 20}, ::getppid())) ::_exit(9);
    void* volatile memory = std::malloc(std::size_t{1} << 30);
    ::_exit(memory == nullptr ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace gbx::enclave
