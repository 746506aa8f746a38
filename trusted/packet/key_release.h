#pragma once

// An owner hands the key of one snapshot, and a part of that table's privacy budget, to one room.
//
// An attacker carries the packet and may replay it to another room, for another snapshot or after a
// rollback: the packet is signed by the owner and sealed to the room's key for exactly one {policy,
// binding, snapshot, log head}, so it opens nowhere else.

#include <string>

#include "trusted/base/bytes.h"
#include "trusted/base/seams.h"
#include "trusted/base/secret.h"
#include "trusted/packet/binding.h"
#include "trusted/packet/dsse.h"
#include "trusted/privacy/amount.h"

namespace gbx::packet {

constexpr std::string_view kKeyReleaseType = "application/vnd.glovebox.key-release+json";

// What the key is released for. Public.
struct ReleaseTerms {
  std::string table;
  Hash policy_hash{};
  BindingDigest binding{};
  std::array<std::uint8_t, 32> nonce{};  // of the binding
  Hash manifest_digest{};  // SHA-256 of the snapshot manifest's payload, which carries the Merkle
                           // root
  Hash log_head{};         // the room's log when the owner looked
  privacy::Accounting accounting = privacy::Accounting::pure;  // of the allotment's loss
  privacy::Price allotment;
  friend bool operator==(const ReleaseTerms&, const ReleaseTerms&) = default;
};

// Fails with unavailable (entropy) or invalid_argument (the room's key).
Result<Envelope> make_key_release(const ReleaseTerms& terms, const Secret<32>& snapshot_key,
                                  const Binding& room, const crypto::SigningKey& owner,
                                  Entropy& entropy);

struct OpenedRelease {
  ReleaseTerms terms;
  Secret<32> snapshot_key;
};

// Fails with unverified (signature, seal, other terms' ciphertext) or invalid_argument (malformed).
// Whether the terms are the room's own is the caller's to compare.
Result<OpenedRelease> open_key_release(const Envelope& envelope, const crypto::PublicKey& owner,
                                       const crypto::SealingKey& room);

// The table that an envelope is for, before anything is verified: only good for finding the owner's
// key.
Result<std::string> peek_release_table(const Envelope& envelope);

}  // namespace gbx::packet
