#pragma once

// The choice of what a person keeps, as trusted/sql/task.h defines it: from the person's own token
// and the key or value itself, so that nobody else's rows can change it.

#include <cstdint>
#include <vector>

#include "trusted/sql/task.h"

namespace gbx::engine {

// h(g) of a group's key; of a value: the key with that one cell.
std::uint32_t key_hash(const std::vector<Cell>& key);
// The same of a key that is encoded already.
std::uint32_t encoded_key_hash(const Bytes& encoded);
// rank(p, g) from h(p) and h(g).
std::uint32_t rank(const sql::SamplingKey& sampling, std::uint32_t person, std::uint32_t key);

}  // namespace gbx::engine
