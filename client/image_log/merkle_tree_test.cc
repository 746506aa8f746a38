#include "client/image_log/merkle_tree.h"

#include <gtest/gtest.h>

#include "trusted/crypto/hash.h"

namespace gbx::client {
namespace {

Hash hash_of(const std::string& hex) {
  Hash out{};
  const Bytes bytes = from_hex(hex).value();
  std::copy(bytes.begin(), bytes.end(), out.begin());
  return out;
}

std::vector<Hash> hashes_of(const std::vector<std::string>& list) {
  std::vector<Hash> out;
  for (const std::string& hex : list) out.push_back(hash_of(hex));
  return out;
}

// The tests of github.com/google/certificate-transparency (cpp/merkletree/merkle_tree_test.cc), now
// in github.com/transparency-dev/merkle (testonly/reference.go and constants.go).
std::vector<Hash> known_leaves() {
  std::vector<Hash> out;
  for (const char* hex : {"", "00", "10", "2021", "3031", "40414243", "5051525354555657",
                          "606162636465666768696a6b6c6d6e6f"}) {
    out.push_back(attest::leaf_hash(from_hex(hex).value()));
  }
  return out;
}
const char* const kRoots[] = {"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                              "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                              "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                              "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                              "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                              "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                              "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
                              "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
                              "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

TEST(MerkleTree, TheTreesOfCertificateTransparency) {
  const std::vector<Hash> leaves = known_leaves();
  for (std::size_t size = 0; size <= leaves.size(); size++) {
    EXPECT_EQ(to_hex(merkle_root(Leaves(leaves).first(size))), kRoots[size]);
  }
  EXPECT_EQ(inclusion_path(Leaves(leaves).first(1), 0), std::vector<Hash>{});
  EXPECT_EQ(inclusion_path(leaves, 0),
            hashes_of({"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                       "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                       "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"}));
  EXPECT_EQ(inclusion_path(leaves, 5),
            hashes_of({"bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                       "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                       "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}));
  EXPECT_EQ(inclusion_path(Leaves(leaves).first(3), 2),
            hashes_of({"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"}));
  EXPECT_EQ(inclusion_path(Leaves(leaves).first(5), 1),
            hashes_of({"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                       "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                       "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"}));
  EXPECT_EQ(consistency_path(Leaves(leaves).first(1), 1), std::vector<Hash>{});
  EXPECT_EQ(consistency_path(leaves, 1),
            hashes_of({"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                       "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                       "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"}));
  EXPECT_EQ(consistency_path(leaves, 6),
            hashes_of({"0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                       "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                       "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}));
  EXPECT_EQ(consistency_path(Leaves(leaves).first(5), 2),
            hashes_of({"5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                       "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"}));
  EXPECT_EQ(consistency_path(Leaves(leaves).first(7), 6),
            hashes_of({"0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                       "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
                       "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}));
}

std::vector<Hash> some_leaves(std::size_t count, const std::string& what) {
  std::vector<Hash> out;
  for (std::size_t i = 0; i < count; i++) {
    out.push_back(attest::leaf_hash(as_bytes(what + std::to_string(i))));
  }
  return out;
}

TreeHead head_of(Leaves leaves, std::size_t size) {
  return {size, merkle_root(leaves.first(size))};
}

TEST(Consistency, OfEveryTwoSizes) {
  constexpr std::size_t kMost = 40;
  const std::vector<Hash> all = some_leaves(kMost, "entry ");
  const Leaves leaves(all);
  for (std::size_t newer = 0; newer <= kMost; newer++) {
    const TreeHead now = head_of(leaves, newer);
    for (std::size_t older = 0; older <= newer; older++) {
      const TreeHead then = head_of(leaves, older);
      std::vector<Hash> path;
      if (older > 0) path = consistency_path(leaves.first(newer), older);
      EXPECT_TRUE(is_consistent(then, now, path)) << older << " to " << newer;
      EXPECT_FALSE(is_consistent({older, attest::leaf_hash({})}, now, path)) << older;
      if (older > 0) {  // an empty tree says nothing of what it begins
        EXPECT_FALSE(is_consistent(then, {newer, attest::leaf_hash({})}, path)) << newer;
      }
      path.push_back(now.root);
      EXPECT_FALSE(is_consistent(then, now, path)) << older << " to " << newer;
      path.pop_back();
      if (path.empty()) continue;
      for (std::size_t i = 0; i < path.size(); i++) {
        std::vector<Hash> changed = path;
        changed[i][i % 32] ^= 1U;
        EXPECT_FALSE(is_consistent(then, now, changed)) << older << " to " << newer;
      }
      path.pop_back();
      EXPECT_FALSE(is_consistent(then, now, path)) << older << " to " << newer;
    }
  }
  EXPECT_FALSE(is_consistent(head_of(leaves, 5), head_of(leaves, 4), {}));
}

// No path takes a tree to one that begins otherwise: neither the one made for it nor that of the
// right tree.
TEST(Consistency, NotOfAFork) {
  const std::vector<Hash> right = some_leaves(24, "entry ");
  for (std::size_t forked = 0; forked < 24; forked++) {
    std::vector<Hash> wrong = right;
    wrong[forked] = attest::leaf_hash(as_bytes("another"));
    for (std::size_t older = 1; older < 24; older++) {
      const TreeHead then = head_of(right, older);
      const TreeHead now = head_of(wrong, 24);
      EXPECT_EQ(is_consistent(then, now, consistency_path(wrong, older)), forked >= older);
      EXPECT_FALSE(is_consistent(then, now, consistency_path(right, older)));
    }
  }
}

TEST(Inclusion, OfEveryEntryAtEverySize) {
  const auto key = crypto::SigningKey::from_seed(Secret<32>(Hash{1}));
  for (std::size_t size = 1; size <= 40; size++) {
    const std::vector<Hash> leaves = some_leaves(size, "entry ");
    const std::string note =
        attest::sign_checkpoint({"example.com/images", size, merkle_root(leaves)}, key);
    for (std::size_t index = 0; index < size; index++) {
      const std::string proof =
          attest::print_inclusion_proof({index, inclusion_path(leaves, index), note});
      const auto entry = "entry " + std::to_string(index);
      EXPECT_TRUE(attest::verify_inclusion(proof, {"example.com/images", key.public_key()},
                                           as_bytes(entry)))
          << index << " of " << size;
    }
  }
}

}  // namespace
}  // namespace gbx::client
