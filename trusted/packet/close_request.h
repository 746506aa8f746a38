#pragma once

// A member ends one boot of one room.
//
// The host carries it and reads it: that a room was closed, and by whom, is no secret to who runs
// it. Whoever replays it ends nothing else, since it names the binding of one boot, and a room that
// is closed stays so. The id makes each such packet, and so the refusal of it, different from all
// others.

#include <string>

#include "trusted/base/bytes.h"
#include "trusted/packet/binding.h"
#include "trusted/packet/dsse.h"

namespace gbx::packet {

constexpr std::string_view kCloseType = "application/vnd.glovebox.close+json";

struct CloseRequest {
  std::string member;
  Hash policy_hash{};
  BindingDigest binding{};
  std::array<std::uint8_t, 32> nonce{};  // of the binding
  std::array<std::uint8_t, 16> id{};     // random
  friend bool operator==(const CloseRequest&, const CloseRequest&) = default;
};

Envelope make_close_request(const CloseRequest& request, const crypto::SigningKey& member);
// Fails with unverified (signature) or invalid_argument ("close_malformed").
Result<CloseRequest> open_close_request(const Envelope& envelope, const crypto::PublicKey& member);
// Who claims to close, before anything is verified: only good for finding the member's key.
Result<std::string> peek_close_member(const Envelope& envelope);

}  // namespace gbx::packet
