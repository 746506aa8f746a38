#include "host/ledger.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "host/scratch_folder.h"

namespace gbx::host {
namespace {

std::string content(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

TEST(Ledger, KeepsEntriesOverARestart) {
  const ScratchFolder folder;
  const auto file = folder.path() / "ledger";
  EXPECT_TRUE(Ledger(file).append(as_bytes("one")));
  EXPECT_TRUE(Ledger(file).append(as_bytes("two")));
  EXPECT_EQ(content(file), "one\ntwo\n");
}

TEST(Ledger, CutsOffALineThatWasNeverAcknowledged) {
  const ScratchFolder folder;
  const auto file = folder.path() / "ledger";
  std::ofstream(file) << "one\n" << std::string(10000, 'x');
  EXPECT_TRUE(Ledger(file).append(as_bytes("two")));
  EXPECT_EQ(content(file), "one\ntwo\n");
}

TEST(Ledger, RefusesAnEntryThatWouldBeTwoLines) {
  const ScratchFolder folder;
  EXPECT_FALSE(Ledger(folder.path() / "ledger").append(as_bytes("a\nb")));
}

TEST(Ledger, SaysNoWhenTheDiskIsFullAndEverAfter) {
  Ledger ledger("/dev/full");
  EXPECT_FALSE(ledger.append(as_bytes("one")));
  EXPECT_FALSE(ledger.append(as_bytes("one")));
}

}  // namespace
}  // namespace gbx::host
