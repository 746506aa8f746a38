#pragma once

// A Merkle tree over the leaf hashes of a whole log: its root at each size, and what proves to
// somebody who has only roots that an entry is in it, or that it has only grown (RFC 9162 section
// 2.1). Who verifies a proof of inclusion needs attest/log_proof.h alone. Pure and thread-safe.

#include <span>
#include <vector>

#include "attest/log_proof.h"

namespace gbx::client {

using Leaves = std::span<const Hash>;

// Section 2.1.1; of no leaves SHA-256 of nothing.
Hash merkle_root(Leaves leaves);

// Section 2.1.3.1: from the sibling of leaf `index` up. `index` must be below their number.
std::vector<Hash> inclusion_path(Leaves leaves, std::size_t index);

// Section 2.1.4.1: that the tree of the first `older` leaves is a part of this one. `older` must be
// 1 to their number; empty when it is their number.
std::vector<Hash> consistency_path(Leaves leaves, std::size_t older);

struct TreeHead {
  std::uint64_t size = 0;
  Hash root{};
};

// Section 2.1.4.2: whether `path` proves that the tree of `newer` begins with that of `older`. A
// tree begins with an empty one and with itself; then the path is empty.
bool is_consistent(const TreeHead& older, const TreeHead& newer, std::span<const Hash> path);

}  // namespace gbx::client
