// The keeper's program ends at each system call that makes a log durable, before and after it. A
// reader always finds the old log or the new one, and the keeper goes on.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "client/image_log/image_log_fixture.h"
#include "client/keys/atomic_file.h"

namespace {

// Which call ends the program: 0 none. Set in a child only.
int ends_at = 0;
bool after = false;
int calls = 0;
std::vector<std::string> trace;

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
  return stepped("fsync", [&] { return static_cast<int>(syscall(SYS_fsync, fd)); });
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

int ends_while_adding(const ImageLogFixture& files, int step, bool after_it) {
  const Home home = files.open();
  const pid_t child = fork();
  if (child == 0) {
    calls = 0;
    ends_at = step;
    after = after_it;
    _exit(log_image(home, files.log(), signed_image("b")) ? 0 : 1);
  }
  int status = 0;
  GBX_CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status));
  return WEXITSTATUS(status);
}

class Crash : public testing::TestWithParam<bool> {};

TEST_P(Crash, AtEveryDurableStep) {
  int steps = 0;
  int grown = 0;
  for (int step = 1; step < 100; step++) {
    const ImageLogFixture files;
    const Home home = files.open();
    const attest::LogKey key{kImageLogOrigin, home.signing_key().public_key()};
    ASSERT_TRUE(begin_image_log(home, files.log(), kImageLogOrigin));
    ASSERT_TRUE(log_image(home, files.log(), signed_image("a")));
    const int status = ends_while_adding(files, step, GetParam());
    const auto left = read_image_log(files.log(), key);
    ASSERT_TRUE(left) << step << left.error().reason.view();
    EXPECT_TRUE(left->checkpoint.size == 1 || left->checkpoint.size == 2) << step;
    EXPECT_EQ(left->entries[0], entry_of("a"));
    if (left->checkpoint.size == 2) {
      EXPECT_EQ(left->entries[1], entry_of("b"));
    }
    // The keeper adds something else next: what was signed stays, what was not may be replaced.
    const auto record =
        attest::read_checkpoint(read_file(image_log_record(home, kImageLogOrigin), 4096).value());
    ASSERT_TRUE(log_image(home, files.log(), signed_image("c"))) << step;
    const auto later = read_image_log(files.log(), key);
    ASSERT_TRUE(later) << step;
    EXPECT_TRUE(check_grown(*later, left->checkpoint)) << step;
    EXPECT_TRUE(check_grown(*later, *record)) << step;
    grown += left->checkpoint.size == 2 ? 1 : 0;
    if (status == 0) break;
    ASSERT_EQ(status, 9) << step;
    steps++;
  }
  EXPECT_GE(steps, 12);  // three files: write, fsync, rename, fsync of the folder
  EXPECT_GT(grown, 0);
  EXPECT_LT(grown, steps);
}

INSTANTIATE_TEST_SUITE_P(BeforeAndAfter, Crash, testing::Bool());

TEST(Durable, TheEntryBeforeTheHomeAndTheHomeBeforeTheLog) {
  const ImageLogFixture files;
  const Home home = files.open();
  ASSERT_TRUE(begin_image_log(home, files.log(), kImageLogOrigin));
  trace.clear();
  ASSERT_TRUE(log_image(home, files.log(), signed_image("a")));
  const std::string record = image_log_record(home, kImageLogOrigin).filename();
  EXPECT_EQ(trace, (std::vector<std::string>{"write", "fsync", "rename 0", "fsync",          //
                                             "write", "fsync", "rename " + record, "fsync",  //
                                             "write", "fsync", "rename checkpoint", "fsync"}));
}

}  // namespace
}  // namespace gbx::client
