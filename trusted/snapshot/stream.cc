#include "trusted/snapshot/stream.h"

#include "trusted/crypto/hash.h"

namespace gbx::snapshot {
namespace {

Hash node(const Hash& left, const Hash& right) {
  crypto::Sha256 hash;
  const std::uint8_t prefix = 1;
  hash.update({&prefix, 1});
  hash.update(left);
  hash.update(right);
  return hash.finish();
}

}  // namespace

crypto::AeadNonce chunk_nonce(std::uint64_t number, bool last) {
  crypto::AeadNonce nonce{};
  for (std::size_t i = 0; i < 8; i++) nonce[i] = static_cast<std::uint8_t>(number >> (8 * i));
  nonce[11] = last ? 1 : 0;
  return nonce;
}

Hash chunk_leaf(ByteView sealed) {
  crypto::Sha256 hash;
  const std::uint8_t prefix = 0;
  hash.update({&prefix, 1});
  hash.update(sealed);
  return hash.finish();
}

Hash merkle_root(std::span<const Hash> leaves) {
  GBX_CHECK(!leaves.empty());
  // Pairing level by level and carrying an odd last node up is the tree of RFC 6962.
  std::vector<Hash> level(leaves.begin(), leaves.end());
  while (level.size() > 1) {
    std::size_t out = 0;
    for (std::size_t i = 0; i < level.size(); i += 2) {
      level[out++] = i + 1 < level.size() ? node(level[i], level[i + 1]) : level[i];
    }
    level.resize(out);
  }
  return level[0];
}

}  // namespace gbx::snapshot
