#include "host/server.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <atomic>

#include "client/room/connection.h"
#include "host/scratch_folder.h"

namespace gbx::host {
namespace {

using enclave::Call;
using enclave::Channel;
using std::chrono::milliseconds;

// A server whose room answers every call with its own payload.
class Echo {
 public:
  explicit Echo(ServerLimits limits) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    room_ = std::thread([end = ends[1]] {
      Channel channel{enclave::Descriptor(end)};
      while (auto received = channel.receive()) {
        if (!channel.send(Call::answer, received->frame.payload)) return;
      }
    });
    courier_.emplace(Channel(enclave::Descriptor(ends[0])),
                     Courier::Keeping{Ledger(folder_.path() / "ledger"),
                                      SnapshotFolder(folder_.path() / "snapshots", 1000),
                                      folder_.path() / "closing.json"},
                     milliseconds(2000));
    server_.emplace(socket(), *courier_, limits);
    acceptor_ = std::thread([this] {
      while (!stop_) {
        pollfd wait{server_->descriptor(), POLLIN, 0};
        if (::poll(&wait, 1, 10) > 0) server_->accept_client();
      }
    });
  }
  ~Echo() {
    stop_ = true;
    acceptor_.join();
    server_.reset();
    courier_.reset();
    room_.join();
  }
  Echo(const Echo&) = delete;
  Echo& operator=(const Echo&) = delete;
  Echo(Echo&&) = delete;
  Echo& operator=(Echo&&) = delete;

  [[nodiscard]] std::filesystem::path socket() const { return folder_.path() / "socket"; }

 private:
  ScratchFolder folder_;
  std::optional<Courier> courier_;
  std::optional<Server> server_;
  std::atomic<bool> stop_ = false;
  std::thread room_;
  std::thread acceptor_;
};

bool echoes(const std::filesystem::path& socket) {
  client::RoomConnection connection(socket);
  const Bytes nonce(enclave::kNonceBytes, 5);
  const auto answer = connection.call(Call::hello, nonce);
  const auto* bytes = std::get_if<Bytes>(&answer);
  return bytes != nullptr && *bytes == nonce;
}

TEST(Server, ServesManyClientsAtOnce) {
  const Echo echo({});
  std::atomic<int> right = 0;
  std::vector<std::thread> clients;
  for (int i = 0; i < 8; i++) {
    clients.emplace_back([&] { right += echoes(echo.socket()) ? 1 : 0; });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(right, 8);
}

TEST(Server, AClientThatSaysBootIsDisconnected) {
  const Echo echo({});
  client::RoomConnection connection(echo.socket());
  EXPECT_THROW(connection.call(Call::boot, {}), client::ConnectionError);
  EXPECT_TRUE(echoes(echo.socket()));
}

TEST(Server, AClientThatStopsInAFrameIsDisconnected) {
  const Echo echo({.clients = 64, .idle = milliseconds(5000), .frame = milliseconds(30)});
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string name = echo.socket().string();
  std::copy(name.begin(), name.end(), address.sun_path);
  const enclave::Descriptor raw(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::connect(raw.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  ASSERT_EQ(::send(raw.get(), "\x21\0\0", 3, 0), 3);
  char byte = 0;
  EXPECT_EQ(::recv(raw.get(), &byte, 1, 0), 0);
  EXPECT_TRUE(echoes(echo.socket()));
}

TEST(Server, NobodyListensAfterItsEnd) {
  const ScratchFolder folder;
  EXPECT_THROW(client::RoomConnection(folder.path() / "socket"), client::ConnectionError);
}

}  // namespace
}  // namespace gbx::host
