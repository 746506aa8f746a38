#include "client/keys/atomic_file.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <memory>
#include <thread>

namespace gbx::client {
namespace {

TEST(AtomicFile, ReplacesWholeOrNotAtAll) {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("gbx_atomic_" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  const auto path = folder / "a";
  ASSERT_TRUE(write_file(path, "one", 0600));
  ASSERT_TRUE(write_file(path, "two", 0600));
  EXPECT_EQ(read_file(path, 10).value(), "two");
  EXPECT_EQ(std::filesystem::status(path).permissions(), std::filesystem::perms(0600));
  EXPECT_EQ(read_file(path, 2).error().reason.view(), "file_too_large");
  EXPECT_EQ(read_file(folder / "b", 2).error().reason.view(), "file_missing");
  EXPECT_EQ(write_file(folder / "none" / "a", "x", 0600).error().reason.view(), "file_unwritable");
  std::size_t files = 0;
  for ([[maybe_unused]] const auto& file : std::filesystem::directory_iterator(folder)) files++;
  EXPECT_EQ(files, 1U);
  std::filesystem::remove_all(folder);
}

class AtomicFolder : public testing::Test {
 protected:
  AtomicFolder() { std::filesystem::create_directories(folder_); }
  ~AtomicFolder() override { std::filesystem::remove_all(folder_); }
  [[nodiscard]] std::ptrdiff_t files() const {
    const std::filesystem::directory_iterator entries(folder_);
    return std::distance(begin(entries), end(entries));
  }
  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("gbx_folder_" + std::to_string(getpid()));
};

// A disk that takes 100 bytes: the old file stays, the draft goes.
TEST_F(AtomicFolder, AFullDiskKeepsTheOldFile) {
  const auto path = folder_ / "a";
  ASSERT_TRUE(write_file(path, "one", 0600));
  const pid_t child = fork();
  if (child == 0) {
    const rlimit limit{100, 100};
    std::signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    _exit(write_file(path, std::string(1000, 'x'), 0600) ? 0 : 7);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 7);
  EXPECT_EQ(read_file(path, 10).value(), "one");
  EXPECT_EQ(files(), 1);
}

TEST_F(AtomicFolder, ALockWaitsForTheOneBefore) {
  int order[2];
  ASSERT_EQ(pipe(order), 0);
  auto lock = std::make_unique<FolderLock>(FolderLock::take(folder_).value());
  const pid_t child = fork();
  if (child == 0) {
    lock.reset();  // the copy that came with the fork; the parent's still holds
    const auto mine = FolderLock::take(folder_);
    _exit(mine && write(order[1], "c", 1) == 1 ? 0 : 1);
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_EQ(write(order[1], "p", 1), 1);
  lock.reset();
  int status = 1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  char got[2] = {};
  EXPECT_EQ(read(order[0], got, 2), 2);
  EXPECT_EQ(std::string(got, 2), "pc");
  close(order[0]);
  close(order[1]);
  EXPECT_FALSE(FolderLock::take(folder_ / "none"));
}

}  // namespace
}  // namespace gbx::client
