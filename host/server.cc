#include "host/server.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <system_error>
#include <tuple>

namespace gbx::host {
namespace {

using enclave::Frame;

constexpr std::chrono::milliseconds kPause{50};

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

enclave::Descriptor listen_at(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string name = path.string();
  if (name.size() >= sizeof(address.sun_path)) {
    errno = ENAMETOOLONG;
    fail(name);
  }
  std::memcpy(address.sun_path, name.data(), name.size());
  ::unlink(name.c_str());
  enclave::Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.valid() ||
      ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      ::chmod(name.c_str(), 0660) != 0 || ::listen(socket.get(), SOMAXCONN) != 0) {
    fail(name);
  }
  return socket;
}

// One line a call: its kind, sizes and time. The host knows no more, and must not.
void log_call(const Frame& request, const Frame& answer, std::chrono::milliseconds took) {
  std::fprintf(stderr, "gloveboxd: %s, %zu bytes in, %s, %zu bytes out, %lld ms\n",
               std::string(enclave::call_name(request.call)).c_str(), request.payload.size(),
               std::string(enclave::call_name(answer.call)).c_str(), answer.payload.size(),
               static_cast<long long>(took.count()));
}

}  // namespace

Server::Server(const std::filesystem::path& socket, Courier& courier, ServerLimits limits)
    : path_(socket), listener_(listen_at(socket)), courier_(courier), limits_(limits) {}

Server::~Server() {
  ::unlink(path_.c_str());
  {
    const std::lock_guard lock(clients_mutex_);
    for (const Client& client : clients_) {
      if (client.socket >= 0) ::shutdown(client.socket, SHUT_RDWR);
    }
  }
  for (Client& client : clients_) client.thread.join();
}

void Server::accept_client() noexcept {
  join_finished();
  enclave::Descriptor socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  const bool exhausted = !socket.valid() && (errno == EMFILE || errno == ENFILE ||
                                             errno == ENOBUFS || errno == ENOMEM);
  {
    const std::lock_guard lock(clients_mutex_);
    if (exhausted) evict_idlest();
    if (socket.valid() && make_place()) start(std::move(socket));
  }
  if (exhausted) std::this_thread::sleep_for(kPause);
}

bool Server::make_place() {
  const auto served = static_cast<std::size_t>(
      std::ranges::count_if(clients_, [](const Client& client) { return !client.evicted; }));
  // Evicted ones are gone at once, but their threads may not have run yet.
  if (clients_.size() >= 2 * limits_.clients) return false;
  return served < limits_.clients || evict_idlest();
}

bool Server::evict_idlest() {
  Client* idlest = nullptr;
  for (Client& client : clients_) {
    if (client.calling || client.evicted || client.socket < 0) continue;
    const auto rank = [](const Client& c) { return std::tuple(c.has_called, c.waiting_since); };
    if (idlest == nullptr || rank(client) < rank(*idlest)) idlest = &client;
  }
  if (idlest == nullptr) return false;
  idlest->evicted = true;
  ::shutdown(idlest->socket, SHUT_RDWR);
  return true;
}

void Server::start(enclave::Descriptor socket) {
  Client& client = clients_.emplace_back();
  client.socket = socket.get();
  try {
    client.thread =
        std::thread([this, &client, channel = enclave::Channel(std::move(socket))]() mutable {
          serve(client, std::move(channel));
        });
  } catch (const std::system_error&) {
    clients_.pop_back();  // no thread, no client: the socket is closed with the closure
  }
}

void Server::serve(Client& client, enclave::Channel channel) {
  answer_calls(client, channel);
  const std::lock_guard lock(clients_mutex_);
  client.socket = -1;
  channel = enclave::Channel(enclave::Descriptor());
  client.done = true;
}

bool Server::begin_call(Client& client) {
  const std::lock_guard lock(clients_mutex_);
  client.calling = client.has_called = !client.evicted;
  return client.calling;
}

void Server::end_call(Client& client) {
  const std::lock_guard lock(clients_mutex_);
  client.calling = false;
  client.waiting_since = std::chrono::steady_clock::now();
}

void Server::answer_calls(Client& client, enclave::Channel& channel) {
  while (true) {
    auto received = channel.receive(limits_.idle, limits_.frame);
    if (!received || !enclave::is_client_request(received->frame.call)) return;
    if (!begin_call(client)) return;
    const auto begin = std::chrono::steady_clock::now();
    const Frame answer = courier_.call(received->frame, received->descriptor);
    log_call(received->frame, answer,
             std::chrono::duration_cast<std::chrono::milliseconds>(
                 std::chrono::steady_clock::now() - begin));
    if (!channel.send(answer.call, answer.payload, -1, limits_.frame)) return;
    end_call(client);
  }
}

void Server::join_finished() {
  const std::lock_guard lock(clients_mutex_);
  for (auto client = clients_.begin(); client != clients_.end();) {
    if (!client->done) {
      ++client;
      continue;
    }
    client->thread.join();
    client = clients_.erase(client);
  }
}

}  // namespace gbx::host
