#include "host/snapshot_folder.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <fstream>
#include <thread>

#include "host/scratch_folder.h"

namespace gbx::host {
namespace {

enclave::Descriptor open_file(const std::filesystem::path& path) {
  return enclave::Descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
}

TEST(SnapshotFolder, KeepsACopyThatOutlivesTheOriginal) {
  const ScratchFolder folder;
  const auto original = folder.path() / "purchases.gbx";
  std::ofstream(original) << "sealed";
  SnapshotFolder snapshots(folder.path() / "snapshots", 1000);
  const auto kept = snapshots.receive(open_file(original));
  ASSERT_TRUE(kept);
  snapshots.keep(as_bytes("manifest"), *kept);
  std::ofstream(original) << "other!";
  std::array<char, 7> read{};
  EXPECT_EQ(::pread(kept->file.get(), read.data(), 6, 0), 6);
  EXPECT_STREQ(read.data(), "sealed");
  const auto again = snapshots.receive(open_file(original));
  ASSERT_TRUE(again);
  snapshots.keep(as_bytes("manifest"), *again);
  const std::filesystem::directory_iterator files(folder.path() / "snapshots");
  EXPECT_EQ(std::distance(begin(files), end(files)), 2);  // the snapshot, its manifest
}

TEST(SnapshotFolder, NothingIsLeftOfWhatIsDiscarded) {
  const ScratchFolder folder;
  const auto original = folder.path() / "purchases.gbx";
  std::ofstream(original) << "sealed";
  SnapshotFolder snapshots(folder.path() / "snapshots", 1000);
  const auto incoming = snapshots.receive(open_file(original));
  ASSERT_TRUE(incoming);
  snapshots.discard(*incoming);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path() / "snapshots"));
}

TEST(SnapshotFolder, ASparseFileCannotFillTheDisk) {
  const ScratchFolder folder;
  const auto original = folder.path() / "purchases.gbx";
  std::ofstream(original) << "sealed";
  const auto space = std::filesystem::space(folder.path());
  std::filesystem::resize_file(original, space.available - SnapshotFolder::kSpareBytes / 2);
  SnapshotFolder snapshots(folder.path() / "snapshots", UINT64_MAX);
  EXPECT_EQ(snapshots.receive(open_file(original)).error().reason, Literal("disk_failed"));
  EXPECT_TRUE(std::filesystem::is_empty(folder.path() / "snapshots"));
}

constexpr int kUsual = 0;
constexpr int kTooMuch = 1;
constexpr int kNoDisk = 2;

// On a disk of 200 MiB, two files of 100 MiB at once, of which one leaves enough.
int receive_two() {
  const ScratchFolder folder;
  if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, "") != 0 ||
      ::mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=200m") != 0) {
    return kNoDisk;
  }
  const auto original = folder.path() / "purchases.gbx";
  std::ofstream(original) << "sealed";
  std::filesystem::resize_file(original, std::uint64_t{100} << 20);
  SnapshotFolder snapshots(folder.path() / "snapshots", UINT64_MAX);
  std::atomic<int> taken = 0;
  const auto receive = [&] { taken += snapshots.receive(open_file(original)) ? 1 : 0; };
  std::thread first(receive);
  std::thread second(receive);
  bool enough = true;
  for (int i = 0; i < 200; i++) {
    const auto left = std::filesystem::space(folder.path()).available;
    enough = enough && left >= SnapshotFolder::kSpareBytes;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  first.join();
  second.join();
  ::umount(folder.path().c_str());
  return enough && taken == 1 ? kUsual : kTooMuch;
}

TEST(SnapshotFolder, SeveralAtOnceCannotFillTheDisk) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(receive_two());
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == kNoDisk) GTEST_SKIP() << "may not mount a small disk";
  EXPECT_EQ(WEXITSTATUS(status), kUsual);
}

TEST(SnapshotFolder, RefusesWhatIsNoFileOrTooLarge) {
  const ScratchFolder folder;
  SnapshotFolder snapshots(folder.path() / "snapshots", 3);
  EXPECT_EQ(snapshots.receive(enclave::Descriptor()).error().reason, Literal("snapshot_no_file"));
  EXPECT_EQ(snapshots.receive(open_file("/dev/zero")).error().reason, Literal("snapshot_no_file"));
  const auto original = folder.path() / "purchases.gbx";
  std::ofstream(original) << "sealed";
  EXPECT_EQ(snapshots.receive(open_file(original)).error().reason, Literal("snapshot_too_large"));
  EXPECT_TRUE(std::filesystem::is_empty(folder.path() / "snapshots"));
}

}  // namespace
}  // namespace gbx::host
