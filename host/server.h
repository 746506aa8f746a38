#pragma once

// The host's door: a Unix socket where parties' programs call the room. One thread a client.
//
// A client may be slow, silent or wrong, and may open as many connections as it likes: it loses its
// own. When all places are taken, whoever comes gets the place of the one that has been waited for
// longest, first of those who have never sent a whole frame; only if each has a call under way is
// the newcomer turned away. Without descriptors or threads to spare newcomers wait or are turned
// away, and who is connected is served.

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
  // Takes one waiting client, if there is one. Waits a little when this process has no descriptor
  // to spare, since the client stays there to be polled. Does not throw.
  void accept_client() noexcept;

 private:
  struct Client {
    int socket = -1;  // owned by the thread's channel; -1 once that is closed
    bool done = false;
    bool calling = false;  // a whole frame came, and its answer is not out yet
    bool has_called = false;
    bool evicted = false;
    std::chrono::steady_clock::time_point waiting_since = std::chrono::steady_clock::now();
    std::thread thread;
  };

  void serve(Client& client, enclave::Channel channel);
  void answer_calls(Client& client, enclave::Channel& channel);
  bool begin_call(Client& client);
  void end_call(Client& client);
  bool make_place();
  bool evict_idlest();
  void start(enclave::Descriptor socket);
  void join_finished();

  std::filesystem::path path_;
  enclave::Descriptor listener_;
  Courier& courier_;
  ServerLimits limits_;
  std::mutex clients_mutex_;
  std::list<Client> clients_;
};

}  // namespace gbx::host
