#include "client/image_log/merkle_tree.h"

#include <bit>

#include "trusted/crypto/hash.h"

namespace gbx::client {
namespace {

// The largest power of two below `size`, which is at least 2.
std::size_t split_of(std::size_t size) { return std::bit_floor(size - 1); }

// SUBPROOF of section 2.1.4.1; `is_known` when who verifies has the root of the older tree here.
std::vector<Hash> part_path(Leaves leaves, std::size_t older, bool is_known) {
  if (older == leaves.size()) {
    return is_known ? std::vector<Hash>{} : std::vector<Hash>{merkle_root(leaves)};
  }
  const std::size_t split = split_of(leaves.size());
  const Leaves left = leaves.first(split);
  const Leaves right = leaves.subspan(split);
  const bool in_left = older <= split;
  std::vector<Hash> out =
      in_left ? part_path(left, older, is_known) : part_path(right, older - split, false);
  out.push_back(merkle_root(in_left ? right : left));
  return out;
}

}  // namespace

Hash merkle_root(Leaves leaves) {
  if (leaves.empty()) return crypto::sha256({});
  if (leaves.size() == 1) return leaves.front();
  const std::size_t split = split_of(leaves.size());
  return attest::node_hash(merkle_root(leaves.first(split)), merkle_root(leaves.subspan(split)));
}

std::vector<Hash> inclusion_path(Leaves leaves, std::size_t index) {
  GBX_CHECK(index < leaves.size());
  if (leaves.size() == 1) return {};
  const std::size_t split = split_of(leaves.size());
  const Leaves left = leaves.first(split);
  const Leaves right = leaves.subspan(split);
  const bool in_left = index < split;
  std::vector<Hash> out =
      in_left ? inclusion_path(left, index) : inclusion_path(right, index - split);
  out.push_back(merkle_root(in_left ? right : left));
  return out;
}

std::vector<Hash> consistency_path(Leaves leaves, std::size_t older) {
  GBX_CHECK(older >= 1 && older <= leaves.size());
  return part_path(leaves, older, true);
}

bool is_consistent(const TreeHead& older, const TreeHead& newer, std::span<const Hash> path) {
  if (older.size > newer.size) return false;
  if (older.size == newer.size) return path.empty() && older.root == newer.root;
  if (older.size == 0) return path.empty() && older.root == crypto::sha256({});
  const bool is_whole = std::has_single_bit(older.size);  // then its root is a node of the newer
  if (!is_whole && path.empty()) return false;
  std::uint64_t node = older.size - 1;
  std::uint64_t last = newer.size - 1;
  while (node % 2 == 1) {
    node /= 2;
    last /= 2;
  }
  Hash old_root = is_whole ? older.root : path.front();
  Hash new_root = old_root;
  for (const Hash& sibling : is_whole ? path : path.subspan(1)) {
    if (last == 0) return false;
    if (node % 2 == 1 || node == last) {
      old_root = attest::node_hash(sibling, old_root);
      new_root = attest::node_hash(sibling, new_root);
      while (node % 2 == 0 && node != 0) {
        node /= 2;
        last /= 2;
      }
    } else {
      new_root = attest::node_hash(new_root, sibling);
    }
    node /= 2;
    last /= 2;
  }
  return last == 0 && old_root == older.root && new_root == newer.root;
}

}  // namespace gbx::client
