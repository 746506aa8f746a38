// The owner's program ends at each system call that makes a ledger durable, before and after it.
// What a room could have heard of counts afterwards; the home always opens; nothing counts twice.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <string>
#include <vector>

#include "client/ledger/home_testing.h"

namespace {

// Which call ends the program: 0 none. Set in a child only.
int ends_at = 0;
bool after = false;
int calls = 0;
std::vector<std::string> trace;

std::string path_of(int fd) {
  std::error_code none;
  return std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd), none)
      .filename()
      .string();
}

template <typename Call>
auto stepped(const std::string& what, Call call) {
  calls++;
  if (calls == ends_at && !after) _exit(9);
  const auto result = call();
  trace.push_back(what);
  if (calls == ends_at) _exit(9);
  return result;
}

}  // namespace

extern "C" int fsync(int fd) {
  return stepped("fsync " + path_of(fd), [&] { return static_cast<int>(syscall(SYS_fsync, fd)); });
}
extern "C" int rename(const char* from, const char* to) {
  return stepped("rename " + std::filesystem::path(to).filename().string(), [&] {
    return static_cast<int>(syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
  });
}
extern "C" ssize_t write(int fd, const void* bytes, size_t size) {
  return stepped("write",
                 [&] { return static_cast<ssize_t>(syscall(SYS_write, fd, bytes, size)); });
}

namespace gbx::client {
namespace {

// What the owner's program does before the key leaves; a byte through `told` stands for the key.
void give(const HomeFixture& fixture, int told) {
  Home home = fixture.open();
  calls = 0;
  trace.clear();
  HomeLedger ledger = HomeLedger::open(home).value();
  if (!ledger.allot(order_of("a", 1'000'000))) _exit(1);
  if (syscall(SYS_write, told, "k", 1) != 1) _exit(1);
}

// Runs give() in a process that ends at `step`. True when the key left.
bool key_left(const HomeFixture& fixture, int step, bool after_it, int* status) {
  int told[2];
  GBX_CHECK(pipe(told) == 0);
  const pid_t child = fork();
  if (child == 0) {
    ends_at = step;
    after = after_it;
    give(fixture, told[1]);
    _exit(0);
  }
  close(told[1]);
  GBX_CHECK(waitpid(child, status, 0) == child);
  char byte = 0;
  const bool left = read(told[0], &byte, 1) == 1;
  close(told[0]);
  return left;
}

class Crash : public testing::TestWithParam<bool> {};

TEST_P(Crash, AtEveryDurableStep) {
  int steps = 0;
  int granted = 0;
  for (int step = 1; step < 100; step++) {
    const HomeFixture fixture;
    Home home = fixture.open();
    ASSERT_TRUE(
        HomeLedger::open(home)->set_total("everyone", total_of(4'000'000), HomeLedger::Raise::no));
    int status = 0;
    const bool left = key_left(fixture, step, GetParam(), &status);
    Home later = fixture.open();
    auto ledger = HomeLedger::open(later);
    ASSERT_TRUE(ledger) << step << ledger.error().reason.view();
    const std::uint64_t counted = ledger->find("everyone")->in_rooms().loss;
    EXPECT_TRUE(counted == 0 || counted == 1'000'000) << step;
    EXPECT_TRUE(!left || counted == 1'000'000) << step;
    granted += counted != 0 ? 1 : 0;
    // Again, whole: it counts once.
    ASSERT_TRUE(ledger->allot(order_of("a", 1'000'000))) << step;
    EXPECT_EQ(ledger->find("everyone")->in_rooms().loss, 1'000'000U) << step;
    if (WEXITSTATUS(status) == 0) break;
    ASSERT_EQ(WEXITSTATUS(status), 9) << step;
    EXPECT_FALSE(left) << step;
    steps++;
  }
  EXPECT_GE(steps, 8);    // two files: write, fsync, rename, fsync of the folder
  EXPECT_GT(granted, 2);  // some ended between the ledger and the key file
  EXPECT_LT(granted, steps);
}

INSTANTIATE_TEST_SUITE_P(BeforeAndAfter, Crash, testing::Bool());

TEST(Durable, TheLedgerIsOnTheDiskBeforeTheKeyFileAndBothBeforeTheKey) {
  const HomeFixture fixture;
  Home home = fixture.open();
  ASSERT_TRUE(
      HomeLedger::open(home)->set_total("everyone", total_of(4'000'000), HomeLedger::Raise::no));
  int told[2];
  ASSERT_EQ(pipe(told), 0);
  give(fixture, told[1]);
  std::vector<std::string> seen;
  for (const std::string& step : trace) {
    // A file without a name yet is shown by its number.
    const bool unnamed = step.starts_with("fsync #") || step.find(".part-") != std::string::npos;
    seen.push_back(unnamed ? "fsync file" : step);
  }
  const std::string folder = fixture.folder.filename().string();
  EXPECT_EQ(seen, (std::vector<std::string>{
                      "write", "fsync file", "rename everyone.jsonl", "fsync ledger",  //
                      "write", "fsync file", "rename keys.json", "fsync " + folder}));
  close(told[0]);
  close(told[1]);
}

}  // namespace
}  // namespace gbx::client
