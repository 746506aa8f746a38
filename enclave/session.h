#pragma once

// One room behind one line: which call may come when, and what it is turned into. The peer is the
// host, and hostile; whatever it sends gets one answer or one refusal, and a room is made once.

#include <memory>

#include "enclave/channel.h"
#include "trusted/room/room.h"

namespace gbx::enclave {

// What a session needs that depends on the machine.
class RoomMaker {
 public:
  virtual ~RoomMaker() = default;
  // Called once, when the policy has been verified.
  virtual Result<std::unique_ptr<room::Room>> make(policy::VerifiedPolicy policy) noexcept = 0;
  // The sealed bytes behind what the host sent along; nullptr when that is nothing usable.
  virtual std::shared_ptr<const snapshot::BlockSource> source(Descriptor descriptor) noexcept = 0;
};

class Session {
 public:
  // `maker` must outlive the session.
  explicit Session(RoomMaker& maker) : maker_(&maker) {}

  // The final answer or refusal to one frame.
  Frame handle(ReceivedFrame received);
  // True once the room has given its closing statement: nothing is left to do.
  [[nodiscard]] bool over() const { return over_; }

 private:
  Result<std::string> dispatch(ReceivedFrame& received);
  [[nodiscard]] Frame refuse(const Frame& request, const Error& error) const;
  Result<std::string> boot(std::string_view envelope);

  RoomMaker* maker_;
  std::unique_ptr<room::Room> room_;
  bool over_ = false;
};

}  // namespace gbx::enclave
