#pragma once

// Carries calls to the room, one at a time, and does what the room asks meanwhile: append to the
// ledger. It looks at the kind of a frame, never into a payload.

#include <functional>
#include <mutex>

#include "host/ledger.h"
#include "host/snapshot_folder.h"

namespace gbx::host {

class Courier {
 public:
  using Progress = std::function<void(const enclave::Frame&)>;

  // `room` is the room's end; `call_limit` is how long it may work before it counts as lost.
  Courier(enclave::Channel room, Ledger ledger, SnapshotFolder snapshots,
          enclave::Channel::Milliseconds call_limit)
      : room_(std::move(room)),
        ledger_(std::move(ledger)),
        snapshots_(std::move(snapshots)),
        call_limit_(call_limit) {}

  // The room's final answer to `request`, or a refusal of our own (unavailable, room_ended, or a
  // snapshot that cannot be kept). Thread-safe; calls wait for each other.
  enclave::Frame call(const enclave::Frame& request, const enclave::Descriptor& descriptor,
                      const Progress& progress);

  // False once the room has broken the protocol, timed out or gone: it will not be called again.
  [[nodiscard]] bool room_alive();
  // True once the room has answered a close.
  [[nodiscard]] bool closed();

 private:
  Result<enclave::Frame> converse(const enclave::Frame& request, int descriptor,
                                  const Progress& progress);

  std::mutex one_call_;
  enclave::Channel room_;
  Ledger ledger_;
  SnapshotFolder snapshots_;
  enclave::Channel::Milliseconds call_limit_;
  bool alive_ = true;
  bool closed_ = false;
};

}  // namespace gbx::host
