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
  const auto kept = snapshots.keep(as_bytes("manifest"), open_file(original));
  ASSERT_TRUE(kept);
  std::ofstream(original) << "other!";
  std::array<char, 7> read{};
  EXPECT_EQ(::pread(kept->get(), read.data(), 6, 0), 6);
  EXPECT_STREQ(read.data(), "sealed");
  EXPECT_TRUE(snapshots.keep(as_bytes("manifest"), open_file(original)));
}

TEST(SnapshotFolder, RefusesWhatIsNoFileOrTooLarge) {
  const ScratchFolder folder;
  SnapshotFolder snapshots(folder.path() / "snapshots", 3);
  EXPECT_EQ(snapshots.keep({}, enclave::Descriptor()).error().reason, Literal("snapshot_no_file"));
  EXPECT_EQ(snapshots.keep({}, open_file("/dev/zero")).error().reason, Literal("snapshot_no_file"));
  const auto original = folder.path() / "purchases.gbx";
  std::ofstream(original) << "sealed";
  EXPECT_EQ(snapshots.keep({}, open_file(original)).error().reason, Literal("snapshot_too_large"));
  EXPECT_TRUE(std::filesystem::is_empty(folder.path() / "snapshots"));
}

}  // namespace
}  // namespace gbx::host
