#pragma once

// The token key: what makes the same person the same 128 bits at every owner, and nothing to the
// host.
//
// One owner makes it and seals it to the other owners; it never passes through a room. The HMAC key
// is derived from it for one collaboration and one epoch, so tokens of two epochs, or of two
// collaborations, never match by accident.

#include <memory>
#include <string>
#include <vector>

#include "client/keys/home.h"
#include "trusted/crypto/hash.h"

namespace gbx::client {

constexpr std::string_view kTokenKeyType = "application/vnd.glovebox.token-key+json";

struct TokenEpoch {
  std::string collaboration;  // the policy's id
  std::uint32_t epoch = 1;
};

// 32 digits of lower-case hex.
bool is_collaboration_id(std::string_view text);

// 16 hex digits that owners compare: equal for equal keys of equal epochs, and telling nothing of
// the key.
std::string check_value(const Secret<32>& token_key, const TokenEpoch& epoch);

// Keyed with HKDF-SHA-256(token key, info = "glovebox/token-key/v1" 0 collaboration 0 epoch).
std::unique_ptr<crypto::Tokeniser> make_tokeniser(const Secret<32>& token_key,
                                                  const TokenEpoch& epoch);

// What is hashed for one identifier: "glovebox/token/v1" 0 kind 0 identifier. `kind` is "email" or
// "phone"; the identifier is normalised already (docs/spec/normalisation.md).
void token_message(std::string_view kind, std::string_view identifier, Bytes& out);

// The token key sealed to each of `others`, signed by `home`. Fails with unavailable (entropy) or
// invalid_argument (nobody or somebody twice in `others`: receivers_wrong; a sealing key).
Result<packet::Envelope> make_token_key_packet(const Home& home, const TokenEpoch& epoch,
                                               const Secret<32>& key,
                                               const std::vector<PublicIdentity>& others);

struct OpenedTokenKey {
  TokenEpoch epoch;
  Secret<32> key;
};
// Fails with unverified (sender's signature, seal_broken, not_a_receiver, check_value_wrong: the
// sender gave out different keys) or invalid_argument (token_key_malformed).
Result<OpenedTokenKey> open_token_key_packet(const packet::Envelope& envelope,
                                             const crypto::PublicKey& sender, const Home& home);

}  // namespace gbx::client
