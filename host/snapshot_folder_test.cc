#include "host/snapshot_folder.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <fstream>

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
