#include "client/keys/atomic_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
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

// A pipe among unpacked files would otherwise hold whoever reads it for ever.
TEST(ReadFile, PipesNeedAWriter) {
  const std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("gbx_pipe_" + std::to_string(getpid()));
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(read_file(path, 10).error().reason.view(), "file_without_writer");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
  // One that takes its time between two pieces is waited for.
  std::thread writer([&] {
    const int fd = open(path.c_str(), O_WRONLY);
    for (const std::string_view piece : {"one", "two"}) {
      EXPECT_EQ(write(fd, piece.data(), piece.size()), 3);
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    close(fd);
  });
  EXPECT_EQ(read_file(path, 10).value(), "onetwo");
  writer.join();
  std::filesystem::remove(path);
}

// A shell's <(...), also when its writer has ended before.
TEST(ReadFile, NamelessPipes) {
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  ASSERT_EQ(write(ends[1], "piped", 5), 5);
  close(ends[1]);
  EXPECT_EQ(read_file("/dev/fd/" + std::to_string(ends[0]), 10).value(), "piped");
  close(ends[0]);
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

TEST_F(AtomicFolder, HasNoNameBeforeItIsPublished) {
  const auto path = folder_ / "a";
  ASSERT_TRUE(write_file(path, "old", 0600));
  {
    AtomicFile file(path, 0600);
    ASSERT_TRUE(file.write(as_bytes("new")));
    ASSERT_TRUE(file.sync());
    EXPECT_EQ(read_file(path, 10).value(), "old");
    ASSERT_TRUE(file.publish());
    EXPECT_EQ(read_file(path, 10).value(), "new");
  }
  {
    AtomicFile dropped(path, 0600);
    ASSERT_TRUE(dropped.write(as_bytes("dropped")));
  }
  EXPECT_EQ(read_file(path, 10).value(), "new");
  EXPECT_EQ(files(), 1);
}

TEST_F(AtomicFolder, TheFirstFailureStays) {
  AtomicFile file(folder_ / "none" / "a", 0600);
  EXPECT_FALSE(file.status());
  EXPECT_FALSE(file.write(as_bytes("x")));
  EXPECT_FALSE(file.sync());
  EXPECT_FALSE(file.publish());
  EXPECT_EQ(file.why(), "No such file or directory");
}

// As root, "-o /dev/null" must not put a file in its place.
TEST_F(AtomicFolder, OnlyARegularFileIsReplaced) {
  ASSERT_TRUE(std::filesystem::create_directory(folder_ / "folder"));
  ASSERT_EQ(mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(AtomicFile(folder_ / "folder", 0600).why(), "it is a folder");
  EXPECT_EQ(AtomicFile(folder_ / "pipe", 0600).why(), "it is no regular file");
  EXPECT_FALSE(write_file(folder_ / "pipe", "x", 0600));
  EXPECT_TRUE(std::filesystem::is_fifo(folder_ / "pipe"));
}

TEST_F(AtomicFolder, WhatAKilledRunLeftGoesAndWhatALivingOneHasStays) {
  const auto dead = folder_ / "a.part-1-0";
  const auto living = folder_ / "a.part-2-0";
  const auto other = folder_ / "b.part-1-0";
  for (const auto& path : {dead, living, other}) ASSERT_TRUE(write_file(path, "x", 0600));
  const int held = open(living.c_str(), O_RDONLY);
  ASSERT_EQ(flock(held, LOCK_EX), 0);
  ASSERT_TRUE(write_file(folder_ / "a", "new", 0600));
  EXPECT_FALSE(std::filesystem::exists(dead));
  EXPECT_TRUE(std::filesystem::exists(living));
  EXPECT_TRUE(std::filesystem::exists(other));
  close(held);
}

TEST_F(AtomicFolder, RemovingTwiceIsFine) {
  ASSERT_TRUE(write_file(folder_ / "a", "x", 0600));
  EXPECT_TRUE(remove_file(folder_ / "a"));
  EXPECT_TRUE(remove_file(folder_ / "a"));
  ASSERT_TRUE(std::filesystem::create_directory(folder_ / "folder"));
  EXPECT_FALSE(remove_file(folder_ / "folder"));
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
