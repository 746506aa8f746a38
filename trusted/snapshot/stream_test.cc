#include "trusted/snapshot/stream.h"

#include <gtest/gtest.h>

#include "trusted/crypto/hash.h"

namespace gbx::snapshot {
namespace {

Hash node(const Hash& left, const Hash& right) {
  Bytes bytes{1};
  bytes.insert(bytes.end(), left.begin(), left.end());
  bytes.insert(bytes.end(), right.begin(), right.end());
  return crypto::sha256(bytes);
}

std::vector<Hash> leaves(std::size_t count) {
  std::vector<Hash> out(count);
  for (std::size_t i = 0; i < count; i++) out[i].fill(static_cast<std::uint8_t>(i + 1));
  return out;
}

TEST(Stream, NonceCountsAndMarksTheLastChunk) {
  EXPECT_EQ(to_hex(chunk_nonce(0, false)), "000000000000000000000000");
  EXPECT_EQ(to_hex(chunk_nonce(0, true)), "000000000000000000000001");
  EXPECT_EQ(to_hex(chunk_nonce(0x0102, false)), "020100000000000000000000");
}

TEST(Stream, LeafIsPrefixed) {
  EXPECT_EQ(chunk_leaf(to_bytes("abc")), crypto::sha256(to_bytes(std::string("\0abc", 4))));
}

TEST(Stream, RootOfOneLeafIsTheLeaf) { EXPECT_EQ(merkle_root(leaves(1)), leaves(1)[0]); }

// The tree of RFC 6962, section 2.1.3, for seven leaves.
TEST(Stream, RootOfSevenLeaves) {
  const std::vector<Hash> l = leaves(7);
  const Hash left = node(node(l[0], l[1]), node(l[2], l[3]));
  const Hash right = node(node(l[4], l[5]), l[6]);
  EXPECT_EQ(merkle_root(l), node(left, right));
}

TEST(Stream, RootDependsOnTheOrder) {
  std::vector<Hash> swapped = leaves(4);
  std::swap(swapped[0], swapped[1]);
  EXPECT_NE(merkle_root(swapped), merkle_root(leaves(4)));
}

}  // namespace
}  // namespace gbx::snapshot
