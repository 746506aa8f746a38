#include "host/server.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <pthread.h>
#include <sys/resource.h>
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
        if (::poll(&wait, 1, 10) <= 0) continue;
        server_->accept_client();
        accepts++;
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
  std::atomic<int> accepts = 0;

 private:
  ScratchFolder folder_;
  std::optional<Courier> courier_;
  std::optional<Server> server_;
  std::atomic<bool> stop_ = false;
  std::thread room_;
  std::thread acceptor_;
};

enclave::Descriptor make_socket() {
  return enclave::Descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

void connect(const enclave::Descriptor& socket, const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string name = path.string();
  std::copy(name.begin(), name.end(), address.sun_path);
  ASSERT_EQ(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)),
            0);
}

// Waits for it a while.
bool hung_up(const enclave::Descriptor& socket) {
  pollfd wait{socket.get(), POLLIN, 0};
  char byte = 0;
  return ::poll(&wait, 1, 5000) == 1 && ::recv(socket.get(), &byte, 1, 0) == 0;
}

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
  const enclave::Descriptor raw = make_socket();
  connect(raw, echo.socket());
  ASSERT_EQ(::send(raw.get(), "\x21\0\0", 3, 0), 3);
  EXPECT_TRUE(hung_up(raw));
  EXPECT_TRUE(echoes(echo.socket()));
}

TEST(Server, SilentClientsKeepNobodyOut) {
  const Echo echo({.clients = 4});
  client::RoomConnection caller(echo.socket());
  const Bytes nonce(enclave::kNonceBytes, 5);
  ASSERT_NO_THROW(caller.call(Call::hello, nonce));
  std::vector<enclave::Descriptor> silent;
  for (int i = 0; i < 3; i++) {
    silent.push_back(make_socket());
    connect(silent.back(), echo.socket());
  }
  EXPECT_TRUE(echoes(echo.socket()));
  EXPECT_TRUE(hung_up(silent.front()));  // the one that was there first and never called
  EXPECT_NO_THROW(caller.call(Call::hello, nonce));  // not the one that is between two calls
}

TEST(Server, ClientsThatCalledAndFellSilentKeepNobodyOut) {
  const Echo echo({.clients = 2});
  client::RoomConnection first(echo.socket());
  client::RoomConnection second(echo.socket());
  const Bytes nonce(enclave::kNonceBytes, 5);
  ASSERT_NO_THROW(first.call(Call::hello, nonce));
  // The answer is here a moment before the server waits for the next call.
  std::this_thread::sleep_for(milliseconds(50));
  ASSERT_NO_THROW(second.call(Call::hello, nonce));
  std::this_thread::sleep_for(milliseconds(50));
  EXPECT_TRUE(echoes(echo.socket()));
  EXPECT_THROW(first.call(Call::hello, nonce), client::ConnectionError);
  EXPECT_NO_THROW(second.call(Call::hello, nonce));
}

TEST(Server, WithoutDescriptorsItNeitherSpinsNorEnds) {
  const Echo echo({});
  const enclave::Descriptor raw = make_socket();
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{.rlim_cur = 1, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  connect(raw, echo.socket());
  std::this_thread::sleep_for(milliseconds(300));
  const int accepts = echo.accepts;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_LT(accepts, 20);
  EXPECT_TRUE(echoes(echo.socket()));
}

TEST(Server, WithoutAThreadForAClientItServesTheOthers) {
  const Echo echo({});
  client::RoomConnection there(echo.socket());
  const Bytes nonce(enclave::kNonceBytes, 5);
  ASSERT_NO_THROW(there.call(Call::hello, nonce));
  pthread_attr_t usual;
  ASSERT_EQ(::pthread_getattr_default_np(&usual), 0);
  pthread_attr_t huge;
  ASSERT_EQ(::pthread_attr_init(&huge), 0);
  ASSERT_EQ(::pthread_attr_setstacksize(&huge, std::size_t{1} << 46), 0);
  ASSERT_EQ(::pthread_setattr_default_np(&huge), 0);
  const enclave::Descriptor raw = make_socket();
  connect(raw, echo.socket());
  EXPECT_TRUE(hung_up(raw));
  ASSERT_EQ(::pthread_setattr_default_np(&usual), 0);
  EXPECT_NO_THROW(there.call(Call::hello, nonce));
  EXPECT_TRUE(echoes(echo.socket()));
}

TEST(Server, NobodyListensAfterItsEnd) {
  const ScratchFolder folder;
  EXPECT_THROW(client::RoomConnection(folder.path() / "socket"), client::ConnectionError);
}

}  // namespace
}  // namespace gbx::host
