#include "engine/rank.h"

#include "trusted/crypto/hash.h"

namespace gbx::engine {
namespace {

constexpr std::uint32_t kModulus = (std::uint32_t{1} << 31) - 1;

}  // namespace

std::uint32_t encoded_key_hash(const Bytes& encoded) {
  const Hash digest = crypto::sha256(encoded);
  const std::uint32_t word = Reader(digest).u32() & 0x7fffffff;
  return word == kModulus ? 0 : word;
}

std::uint32_t key_hash(const std::vector<Cell>& key) {
  return encoded_key_hash(sql::encode_group_key(key));
}

std::uint32_t rank(const sql::SamplingKey& sampling, std::uint32_t person, std::uint32_t key) {
  const std::uint64_t mixed =
      std::uint64_t{person} * sampling.a + std::uint64_t{key} * sampling.b + sampling.d;
  return static_cast<std::uint32_t>(mixed % kModulus);
}

}  // namespace gbx::engine
