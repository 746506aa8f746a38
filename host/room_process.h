#pragma once

// Starts glovebox-room and ends it. The room inherits one end of a socket pair as descriptor 3 and
// nothing else: no environment, no other descriptor but standard error.

#include <sys/types.h>

#include <filesystem>

#include "enclave/channel.h"

namespace gbx::host {

class RoomProcess {
 public:
  // Throws std::system_error. That the program exists and works shows at the first call.
  explicit RoomProcess(const std::filesystem::path& program);
  ~RoomProcess() { end(); }
  RoomProcess(const RoomProcess&) = delete;
  RoomProcess& operator=(const RoomProcess&) = delete;
  RoomProcess(RoomProcess&&) = delete;
  RoomProcess& operator=(RoomProcess&&) = delete;

  // Our end; once.
  enclave::Channel take_channel() { return enclave::Channel(std::move(socket_)); }
  // Ends the room: SIGTERM, then SIGKILL after two seconds. Whoever waits for its answer then sees
  // the line closed.
  void end();
  // True once the process has ended; then it has been waited for.
  bool ended();

 private:
  enclave::Descriptor socket_;
  pid_t pid_ = -1;
};

}  // namespace gbx::host
