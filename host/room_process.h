#pragma once

// Starts a program on one line and ends it: glovebox-room, or the attester of its machine. It
// inherits one end of a socket pair as descriptor 3, a room its line to the attester as descriptor
// 4, and nothing else: no environment, no other descriptor but standard error.

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "enclave/channel.h"

namespace gbx::host {

class RoomProcess {
 public:
  // Throws std::system_error. That the program exists and works shows at the first call.
  //   command   the program's path, then its arguments
  //   attester  becomes the program's descriptor 4 when valid
  explicit RoomProcess(std::vector<std::string> command, enclave::Descriptor attester = {});
  ~RoomProcess() { end(); }
  RoomProcess(const RoomProcess&) = delete;
  RoomProcess& operator=(const RoomProcess&) = delete;
  RoomProcess(RoomProcess&&) = delete;
  RoomProcess& operator=(RoomProcess&&) = delete;

  // Our end; once.
  enclave::Channel take_channel() { return enclave::Channel(std::move(socket_)); }
  enclave::Descriptor take_socket() { return std::move(socket_); }
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
