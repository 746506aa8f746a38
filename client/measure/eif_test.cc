// What the values are, second_test.py computes another time; here is that nothing else is taken.

#include "client/measure/eif.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace gbx::client {
namespace {

Bytes seed(const std::string& name) {
  std::ifstream in(std::filesystem::path(GBX_SOURCE_DIR) / "tests/fuzz/eif" / name,
                   std::ios::binary);
  return Bytes{std::istreambuf_iterator<char>(in), {}};
}

std::string_view verdict(ByteView image) {
  const auto pcrs = pcrs_of_eif(image);
  return pcrs ? "taken" : pcrs.error().reason.view();
}

TEST(Eif, TheRegistersAreThoseOfKernelAndDisks) {
  const auto pcrs = pcrs_of_eif(seed("image"));
  ASSERT_TRUE(pcrs);
  ASSERT_EQ(pcrs->size(), 3U);
  for (std::uint8_t i = 0; i < 3; i++) EXPECT_EQ((*pcrs)[i].index, i);
  // As AWS's tools print it when there is no second RAM disk.
  EXPECT_EQ(to_hex((*pcrs)[2].value),
            "21b9efbc184807662e966d34f390821309eeac6802309798826296bf3e8bec7c"
            "10edb30948c90ba67310f7b964fc500a");
  EXPECT_NE((*pcrs)[0].value, pcrs_of_eif(seed("signed")).value()[0].value);
}

TEST(Eif, EveryTruncationIsRefused) {
  const Bytes image = seed("signed");
  EXPECT_EQ(verdict(image), "taken");
  for (std::size_t size = 0; size < image.size(); size++) {
    EXPECT_EQ(verdict(ByteView(image).first(size)), "eif_malformed") << size;
  }
}

TEST(Eif, EveryFlippedBitIsRefused) {
  const Bytes image = seed("signed");
  for (std::size_t bit = 0; bit < 8 * image.size(); bit++) {
    Bytes changed = image;
    changed[bit / 8] = static_cast<std::uint8_t>(changed[bit / 8] ^ 1U << bit % 8);
    EXPECT_EQ(verdict(changed), "eif_malformed") << bit;
  }
}

}  // namespace
}  // namespace gbx::client
