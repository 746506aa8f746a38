#pragma once

// Meeting a room: ask for evidence with a nonce of our own, and believe nothing before it holds.
//
// The host answers and may be anybody. What comes back is the binding that this party itself can
// recompute, proven by the platform's evidence to be of a room that runs an image and a policy that
// all members have signed.

#include "attest/evidence_bundle.h"
#include "client/room/connection.h"
#include "trusted/base/seams.h"
#include "trusted/log/log.h"
#include "trusted/packet/binding.h"
#include "trusted/policy/policy.h"

namespace gbx::client {

// What came over the line does not hold. what() is the stable word; error() has it as such.
class RoomUnverified : public std::runtime_error {
 public:
  explicit RoomUnverified(const Error& error)
      : std::runtime_error(std::string(error.reason.view())), error_(error) {}
  [[nodiscard]] const Error& error() const { return error_; }

 private:
  Error error_;
};

// The room said no; before it was met, or without a signature to hold it against, by the host's
// word. what() is the stable word.
class RoomRefused : public std::runtime_error {
 public:
  explicit RoomRefused(enclave::Refusal refusal)
      : std::runtime_error(refusal.reason), refusal_(std::move(refusal)) {}
  [[nodiscard]] const enclave::Refusal& refusal() const { return refusal_; }

 private:
  enclave::Refusal refusal_;
};

// The host said no, and the room has not signed it: what became of the call is unknown. error() is
// unverified (refusal_not_of_room).
class HostRefused : public RoomUnverified {
 public:
  HostRefused(const Error& error, enclave::Refusal claimed)
      : RoomUnverified(error), claimed_(std::move(claimed)) {}
  // What the host would have the room say: worth nothing.
  [[nodiscard]] const enclave::Refusal& claimed() const { return claimed_; }

 private:
  enclave::Refusal claimed_;
};

struct RoomIdentity {
  packet::Binding binding;
  packet::BindingDigest digest{};  // of the binding
  Json evidence;                   // the platform's packet, with all that verifies it
  attest::ProvenRoom proven;       // what it proves
  log::Head log_head;              // by the room's word; the host may have held an older one back
};

// What only this party can know: what to believe, and its own clock. A room is never believed as of
// another time than now.
struct Verifier {
  const policy::VerifiedPolicy* policy = nullptr;
  std::int64_t now = 0;  // seconds since 1970, > 0
};

// Throws ConnectionError, RoomRefused or RoomUnverified (hello_malformed, nonce_wrong,
// policy_hash_wrong, or as attest::verify_room() says); std::runtime_error when entropy fails.
RoomIdentity meet_room(RoomConnection& connection, const Verifier& verifier, Entropy& entropy);

// The same check of what hello answered to `nonce`, without a line. Pure.
Result<RoomIdentity> check_hello(std::string_view hello, ByteView nonce, const Verifier& verifier);

// call() for who wants bytes or a RoomRefused, which nobody has verified.
Bytes call_or_throw(RoomConnection& connection, enclave::Call call, ByteView payload);

// A call to a room that was met.
struct RoomCall {
  enclave::Call call = enclave::Call::status;
  ByteView payload;
  int descriptor = -1;  // sent along when >= 0; stays the caller's
};
// Throws RoomRefused when the room has signed a refusal of this very call, HostRefused when what
// came says no and is not that, ConnectionError.
Bytes call_room(RoomConnection& connection, const packet::Binding& room, const RoomCall& call);

}  // namespace gbx::client
