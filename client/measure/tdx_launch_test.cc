// What the digest is, second_test.py computes another time; here is that nothing else is taken.

#include "client/measure/tdx_launch.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace gbx::client {
namespace {

Bytes firmware() {
  std::ifstream in(std::filesystem::path(GBX_SOURCE_DIR) / "tests/fuzz/firmware/tdx",
                   std::ios::binary);
  return Bytes{std::istreambuf_iterator<char>(in), {}};
}

TEST(TdxLaunch, TheOrderOfPagesCounts) {
  const auto page = tdx_launch_digest(firmware(), PageOrder::page);
  const auto section = tdx_launch_digest(firmware(), PageOrder::section);
  ASSERT_TRUE(page && section);
  EXPECT_NE(*page, *section);
}

TEST(TdxLaunch, EveryTruncationFromTheFrontIsRefusedOrAnotherDigest) {
  const Bytes whole = firmware();
  const auto digest = tdx_launch_digest(whole, PageOrder::page).value();
  for (std::size_t cut = 1; cut < whole.size(); cut += 61) {
    const auto less = tdx_launch_digest(ByteView(whole).subspan(cut), PageOrder::page);
    EXPECT_TRUE(!less || *less != digest) << cut;
  }
}

TEST(TdxLaunch, EveryFlippedBitOfTheTableIsRefusedOrAnotherDigest) {
  const Bytes whole = firmware();
  const auto digest = tdx_launch_digest(whole, PageOrder::page).value();
  constexpr std::size_t kTableBytes = 16 + 2 * 32;
  const std::size_t from = whole.size() - 0x800;
  for (std::size_t bit = 0; bit < 8 * kTableBytes; bit++) {
    Bytes changed = whole;
    std::uint8_t& byte = changed[from + bit / 8];
    byte = static_cast<std::uint8_t>(byte ^ 1U << bit % 8);
    const auto other = tdx_launch_digest(changed, PageOrder::page);
    // The place of what is not measured, and its kind, are nowhere in the digest.
    const std::size_t field = bit / 8 >= 48 ? (bit / 8 - 48) : 32;
    const bool unmeasured =
        field < 8 || (field >= 24 && field < 28) || (bit / 8 >= 40 && bit / 8 < 44);
    EXPECT_TRUE(unmeasured || !other || *other != digest) << bit;
  }
}

}  // namespace
}  // namespace gbx::client
