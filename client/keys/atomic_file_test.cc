#include "client/keys/atomic_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

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

}  // namespace
}  // namespace gbx::client
