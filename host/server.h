#pragma once

// The host's door: a Unix socket where parties' programs call the room. One thread a client; a
// client that is slow, silent or wrong loses its connection and nobody else's.

#include <chrono>
#include <filesystem>
#include <list>
#include <mutex>
#include <thread>

#include "host/courier.h"

namespace gbx::host {

struct ServerLimits {
  std::size_t clients = 64;
  std::chrono::milliseconds idle{600'000};  // between the calls of one client
  std::chrono::milliseconds frame{30'000};  // from a frame's first byte to its last
};

class Server {
 public:
  // Listens at `socket`, replacing what a dead host left there. Throws std::system_error.
  // `courier` must outlive the server.
  Server(const std::filesystem::path& socket, Courier& courier, ServerLimits limits);
  // Disconnects every client and waits for its thread.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  Server(Server&&) = delete;
  Server& operator=(Server&&) = delete;

  // What to poll for reading; then accept_client().
  [[nodiscard]] int descriptor() const { return listener_.get(); }
  // Takes one waiting client, if there is one and fewer than the limit are connected.
  void accept_client();

 private:
  struct Client {
    int socket = -1;  // owned by the thread's channel; -1 once that is closed
    bool done = false;
    std::thread thread;
  };

  void serve(Client& client, enclave::Channel channel);
  void answer_calls(enclave::Channel& channel);
  void join_finished();

  std::filesystem::path path_;
  enclave::Descriptor listener_;
  Courier& courier_;
  ServerLimits limits_;
  std::mutex clients_mutex_;
  std::list<Client> clients_;
};

}  // namespace gbx::host
