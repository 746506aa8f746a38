#pragma once

// Sealed streams: chunks of AES-256-GCM under a key of their own, pinned by a Merkle root
// (docs/spec/sealed-stream.md). Who stores the stream may change, cut or swap it; who wrote it
// holds the key. Both must be unable to show bytes that the signed root does not cover.

#include <vector>

#include "trusted/base/bytes.h"
#include "trusted/crypto/aead.h"

namespace gbx::snapshot {

constexpr std::string_view kStreamMagic = "GBXSEAL1";  // opens the stream; also the AAD of chunks
constexpr std::size_t kChunkBytesMax = std::size_t{16} << 20;
constexpr std::size_t kChunksMax = std::size_t{1} << 20;

// Where the bytes of a stream come from; hostile, and free to answer differently each time.
class BlockSource {
 public:
  virtual ~BlockSource() = default;
  // Fills `out` from `offset`, or fails with unavailable. Thread-safe.
  virtual Status read(std::uint64_t offset, std::span<std::uint8_t> out) const noexcept = 0;
};

// Where a writer's bytes go, in order.
class ChunkSink {
 public:
  virtual ~ChunkSink() = default;
  // Takes all of `bytes`, or fails with unavailable.
  virtual Status write(ByteView bytes) noexcept = 0;
};

// What the signed manifest says about a stream.
struct StreamSummary {
  std::uint64_t bytes = 0;
  std::uint64_t chunks = 0;
  std::uint64_t index_bytes = 0;  // the last chunk, sealed
  Hash root = {};
  friend bool operator==(const StreamSummary&, const StreamSummary&) = default;
};

// What a room keeps of a stream that it has read whole and found to be the signed one: a GMAC of
// each sealed chunk, under a key that it drew itself and shows nobody outside. Then the chunk's
// bytes are recognised at a fifth of the leaf's cost; by the owner, too, nothing else can be made
// that has the mark (docs/spec/sealed-stream.md).
struct Marks {
  crypto::AeadKey key;
  std::vector<crypto::AeadTag> chunks;
  [[nodiscard]] Marks copy() const { return {key.copy(), chunks}; }
};

crypto::AeadNonce chunk_nonce(std::uint64_t number, bool last);
// SHA-256(00 || sealed).
Hash chunk_leaf(ByteView sealed);
// RFC 6962, section 2.1. `leaves` must not be empty.
Hash merkle_root(std::span<const Hash> leaves);

}  // namespace gbx::snapshot
