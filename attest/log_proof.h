#pragma once

// The proof that an entry stands in a public, append-only log: a Merkle tree as in RFC 9162 section
// 2.1, its signed checkpoint (c2sp.org/tlog-checkpoint, c2sp.org/signed-note) and an inclusion
// proof (c2sp.org/tlog-proof). An attacker writes all of it; what must stay true is that nothing is
// said to be in the log unless the log's own key has signed the root over it, and that each text
// has one spelling. docs/spec/image-log.md. Pure and thread-safe.

#include <string>
#include <vector>

#include "trusted/crypto/sign.h"

namespace gbx::attest {

constexpr std::size_t kLogOriginBytesMax = 128;
constexpr std::size_t kCheckpointBytesMax = 512;
constexpr std::size_t kLogProofBytesMax = 4096;
constexpr std::uint64_t kLogSizeMax = (std::uint64_t{1} << 53U) - 1;
constexpr std::size_t kLogPathMax = 53;

// Whose log it is: its name, and the one key that signs its checkpoints.
struct LogKey {
  std::string origin;
  crypto::PublicKey key{};
  friend bool operator==(const LogKey&, const LogKey&) = default;
};

// 1 to kLogOriginBytesMax printable ASCII characters without space and plus.
bool is_log_origin(std::string_view text);

// "origin+hex of the key id+base64 of 0x01 and the key", the verifier key of a signed note. Fails
// with invalid_argument (image_log_key_malformed).
Result<LogKey> parse_log_key(std::string_view text);
std::string print_log_key(const LogKey& key);

// The tree at one size.
struct Checkpoint {
  std::string origin;
  std::uint64_t size = 0;
  Hash root{};
  friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
};

// The signed note. `checkpoint` must be in range.
std::string sign_checkpoint(const Checkpoint& checkpoint, const crypto::SigningKey& key);
// What a note says, whoever has signed it: to be shown, not believed. Fails with invalid_argument
// (image_log_checkpoint_malformed).
Result<Checkpoint> read_checkpoint(std::string_view note);
// The same once `key` has signed it. Fails as that does, or with unverified
// (image_log_origin_wrong, image_log_signature_wrong).
Result<Checkpoint> verify_checkpoint(std::string_view note, const LogKey& key);

Hash leaf_hash(ByteView entry);
Hash node_hash(const Hash& left, const Hash& right);

struct InclusionProof {
  std::uint64_t index = 0;
  std::vector<Hash> path;  // from the leaf's sibling up
  std::string checkpoint;  // the signed note
};

// The text of c2sp.org/tlog-proof@v1, without extra data. Fails with invalid_argument
// (image_log_proof_malformed, image_log_checkpoint_malformed).
Result<InclusionProof> parse_inclusion_proof(std::string_view text);
std::string print_inclusion_proof(const InclusionProof& proof);

// The checkpoint that `key` has signed, once `entry` is proven to stand at the proof's index under
// its root (RFC 9162 section 2.1.3.2). Fails as parse_inclusion_proof() and verify_checkpoint() do,
// or with unverified (image_log_proof_wrong).
Result<Checkpoint> verify_inclusion(std::string_view proof, const LogKey& key, ByteView entry);

}  // namespace gbx::attest
