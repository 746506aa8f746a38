// A host that says no in the room's name: whoever has met the room is told so.

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <deque>
#include <filesystem>
#include <thread>

#include "client/room/meet.h"
#include "tests/sim/world.h"
#include "tests/spec/examples.h"
#include "trusted/packet/refusal.h"

namespace gbx::sim {
namespace {

using enclave::Call;
using enclave::Frame;

constexpr std::string_view kRows = "SELECT * FROM purchases";

packet::RefusedCall refused_call(Call call, std::string_view payload) {
  return {static_cast<std::uint8_t>(call), as_bytes(payload)};
}

// Answers each call of one client with the next of `answers`, whatever was asked.
class CannedHost {
 public:
  explicit CannedHost(std::deque<Frame> answers)
      : path_(std::filesystem::temp_directory_path() /
              ("gbx-canned-" + std::to_string(::getpid()))) {
    std::filesystem::remove(path_);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::ranges::copy(path_.string(), address.sun_path);
    enclave::Descriptor listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    GBX_CHECK(
        ::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
    GBX_CHECK(::listen(listener.get(), 1) == 0);
    thread_ = std::thread([listener = std::move(listener), answers = std::move(answers)]() mutable {
      enclave::Channel line{enclave::Descriptor(::accept(listener.get(), nullptr, nullptr))};
      for (; !answers.empty() && line.receive(); answers.pop_front()) {
        if (!line.send(answers.front().call, answers.front().payload)) return;
      }
    });
  }
  ~CannedHost() {
    thread_.join();
    std::filesystem::remove(path_);
  }
  CannedHost(const CannedHost&) = delete;
  CannedHost& operator=(const CannedHost&) = delete;
  CannedHost(CannedHost&&) = delete;
  CannedHost& operator=(CannedHost&&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  std::thread thread_;
};

// What a client that has met the room makes of `answer` to `call`.
std::string outcome(const World& world, Call call, std::string_view payload, const Frame& answer) {
  const CannedHost host({answer});
  client::RoomConnection line(host.path());
  try {
    client::call_room(line, world.binding, {call, as_bytes(payload)});
    return "answered";
  } catch (const client::RoomRefused& refused) {
    return "room: " + refused.refusal().reason;
  } catch (const client::HostRefused& refused) {
    EXPECT_EQ(refused.error().code, ErrorCode::unverified);
    EXPECT_STREQ(refused.what(), "refusal_not_of_room");
    return "host: " + refused.claimed().reason;
  }
}

TEST(Refusals, OfTheRoomAreTheRooms) {
  World world(300);
  ASSERT_TRUE(world.open());
  const std::string request = world.make_request(kRows);
  const Frame answer = world.call(Call::query, request);
  EXPECT_EQ(outcome(world, Call::query, request, answer), "room: star_not_released");
  const Frame again = world.call(Call::query, request);
  EXPECT_EQ(outcome(world, Call::query, request, again), "room: request_replayed");
  const std::string release = world.make_release(world.exposures);
  const Frame released = world.call(Call::release, release);
  EXPECT_EQ(outcome(world, Call::release, release, released).substr(0, 6), "room: ");
}

TEST(Refusals, InventedOnesAreTheHosts) {
  World world(301);
  ASSERT_TRUE(world.open());
  const std::string request = world.make_request(kRows);
  const Error error{ErrorCode::budget_exhausted, "loss_exhausted"};
  const Frame unsigned_one{Call::refusal, enclave::encode_refusal(error, enclave::kUnsigned)};
  EXPECT_EQ(outcome(world, Call::query, request, unsigned_one), "host: loss_exhausted");
  const auto own_key = spec::example_signing_key("host");
  const Frame signed_one{
      Call::refusal,
      enclave::encode_refusal(error,
                              packet::sign_refusal(refused_call(Call::query, request),
                                                   enclave::encode_refusal_body(error), own_key))};
  EXPECT_EQ(outcome(world, Call::query, request, signed_one), "host: loss_exhausted");
}

TEST(Refusals, ThatWereChangedAreTheHosts) {
  World world(302);
  ASSERT_TRUE(world.open());
  const std::string request = world.make_request(kRows);
  Frame answer = world.call(Call::query, request);
  answer.payload[1] ^= 1;  // the place in the text
  EXPECT_EQ(outcome(world, Call::query, request, answer), "host: star_not_released");
}

TEST(Refusals, OfAnotherCallAreTheHosts) {
  World world(303);
  ASSERT_TRUE(world.open());
  const Frame earlier = world.ask(kRows);
  const std::string request = world.make_request(kRows);  // the same question anew
  EXPECT_EQ(outcome(world, Call::query, request, earlier), "host: star_not_released");
  const Frame elsewhere = world.call(Call::release, request);  // the same bytes in another call
  ASSERT_EQ(elsewhere.call, Call::refusal);
  EXPECT_EQ(outcome(world, Call::query, request, elsewhere).substr(0, 6), "host: ");
}

TEST(Refusals, OfAnotherBootAreTheHosts) {
  World before(304);
  ASSERT_TRUE(before.open());
  World world(305);
  ASSERT_TRUE(world.open());
  const std::string request = world.make_request(kRows);
  const Frame answer = before.call(Call::query, request);
  EXPECT_EQ(outcome(world, Call::query, request, answer), "host: binding_unknown");
}

TEST(Refusals, BeforeBootHaveNoSignature) {
  World world(306);
  const Frame answer = world.call(Call::status, "");
  EXPECT_EQ(answer.payload,
            enclave::encode_refusal({ErrorCode::unavailable, "not_booted"}, enclave::kUnsigned));
}

TEST(Refusals, AreSignedAfterTheCloseToo) {
  World world(307);
  ASSERT_TRUE(world.open());
  ASSERT_EQ(world.close().call, Call::answer);
  const std::string request = world.make_request(kRows);
  const Frame answer = world.call(Call::query, request);
  EXPECT_EQ(outcome(world, Call::query, request, answer), "room: room_closed");
}

TEST(Refusals, OfACloseAreTheRooms) {
  World world(308);
  ASSERT_TRUE(world.open());
  world.binding.signing_key[0] ^= 1;
  const std::string close = world.make_close();
  world.binding.signing_key[0] ^= 1;
  const Frame answer = world.call(Call::close, close);
  EXPECT_EQ(outcome(world, Call::close, close, answer), "room: binding_unknown");
  EXPECT_EQ(outcome(world, Call::close, world.make_close(), answer), "host: binding_unknown");
}

TEST(Refusals, ThePageShowsOne) {
  const Error error{ErrorCode::policy_denied, "column_not_listed", {3, 9}};
  const enclave::RefusalBody body = enclave::encode_refusal_body(error);
  const std::string signature = to_hex(packet::sign_refusal(
      refused_call(Call::query, "example"), body, spec::example_signing_key("room")));
  EXPECT_TRUE(spec::mentions("frames.md", to_hex(ByteView(body).first(27))));
  EXPECT_TRUE(spec::mentions("frames.md", signature)) << signature;
}

}  // namespace
}  // namespace gbx::sim
