#include "host/durable_file.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "host/scratch_folder.h"
#include "host/sync_witness.h"

namespace gbx::host {
namespace {

std::string content(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(DurableFile, FileAndNameAreSynced) {
  const ScratchFolder folder;
  const auto path = folder.path() / "statement";
  EXPECT_TRUE(write_durably(path, as_bytes("spent")));
  EXPECT_EQ(content(path), "spent");
  EXPECT_TRUE(was_synced(path.string() + ".part"));
  EXPECT_TRUE(was_synced(folder.path()));
  EXPECT_TRUE(write_durably(path, as_bytes("less")));
  EXPECT_EQ(content(path), "less");
}

TEST(DurableFile, WhatCannotBeWrittenLeavesWhatWasThere) {
  const ScratchFolder folder;
  const auto path = folder.path() / "statement";
  ASSERT_TRUE(write_durably(path, as_bytes("spent")));
  std::filesystem::create_directory(path.string() + ".part");  // in the way
  EXPECT_FALSE(write_durably(path, as_bytes("less")));
  EXPECT_EQ(content(path), "spent");
  EXPECT_FALSE(write_durably(folder.path() / "missing" / "statement", as_bytes("x")));
}

}  // namespace
}  // namespace gbx::host
