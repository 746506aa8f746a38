#include "host/courier.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <fstream>
#include <functional>
#include <thread>

#include "host/scratch_folder.h"
#include "host/sync_witness.h"

namespace gbx::host {
namespace {

using enclave::Call;
using enclave::Channel;
using enclave::Frame;
using std::chrono::milliseconds;

// A courier, and a thread that plays its room.
class Stage {
 public:
  explicit Stage(std::function<void(Channel&)> room, const char* ledger = nullptr,
                 Courier::Line line = Courier::Line::descriptors) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    courier.emplace(
        Channel(enclave::Descriptor(ends[0])),
        Courier::Keeping{
            Ledger(ledger != nullptr ? std::filesystem::path(ledger) : folder.path() / "ledger"),
            SnapshotFolder(folder.path() / "snapshots", 2 * enclave::kSealedPieceBytesMax),
            folder.path() / "closing.json"},
        milliseconds(2000), line);
    thread_ = std::thread([room = std::move(room), end = ends[1]] {
      Channel channel{enclave::Descriptor(end)};
      room(channel);
    });
  }
  ~Stage() { thread_.join(); }
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;
  Stage(Stage&&) = delete;
  Stage& operator=(Stage&&) = delete;

  Frame call(Call kind) { return courier->call({kind, {}}, enclave::Descriptor()); }

  ScratchFolder folder;
  std::optional<Courier> courier;

 private:
  std::thread thread_;
};

std::string reason(const Frame& frame) {
  const auto refusal = enclave::decode_refusal(frame.payload);
  return refusal ? refusal->reason : "";
}

void append_then_answer(Channel& room) {
  ASSERT_TRUE(room.receive());
  ASSERT_TRUE(room.send(Call::append, as_bytes("entry")));
  const auto appended = room.receive();
  ASSERT_TRUE(appended);
  EXPECT_EQ(appended->frame.call, Call::appended);
  ASSERT_TRUE(room.send(Call::answer, appended->frame.payload));
}

TEST(Courier, AcknowledgesAnEntryThatIsOnDisk) {
  Stage stage(append_then_answer);
  EXPECT_EQ(stage.call(Call::query).payload, Bytes{1});
  EXPECT_EQ(std::filesystem::file_size(stage.folder.path() / "ledger"), 6U);
}

TEST(Courier, SaysSoWhenTheDiskIsFull) {
  Stage stage(append_then_answer, "/dev/full");
  EXPECT_EQ(stage.call(Call::query).payload, Bytes{0});
}

TEST(Courier, ARoomThatHangsUpIsNotCalledAgain) {
  Stage stage([](Channel& room) { ASSERT_TRUE(room.receive()); });
  EXPECT_EQ(reason(stage.call(Call::query)), "room_ended");
  EXPECT_FALSE(stage.courier->room_alive());
  EXPECT_EQ(reason(stage.call(Call::status)), "room_ended");
}

TEST(Courier, ARoomThatBreaksTheProtocolIsNotCalledAgain) {
  Stage stage([](Channel& room) {
    ASSERT_TRUE(room.receive());
    ASSERT_TRUE(room.send(Call::hello, Bytes(32, 1)));
  });
  EXPECT_EQ(reason(stage.call(Call::query)), "room_ended");
  EXPECT_FALSE(stage.courier->room_alive());
}

TEST(Courier, ARoomThatAppendsWithoutEndIsNotCalledAgain) {
  std::size_t appended = 0;
  Stage stage([&](Channel& room) {
    ASSERT_TRUE(room.receive());
    while (room.send(Call::append, as_bytes("entry")) && room.receive(milliseconds(5000))) {
      if (++appended > 100) return;
    }
  });
  EXPECT_EQ(reason(stage.call(Call::query)), "room_ended");
  EXPECT_FALSE(stage.courier->room_alive());
  stage.courier.reset();
  EXPECT_LT(std::filesystem::file_size(stage.folder.path() / "ledger"), 100U);
}

TEST(Courier, AClosedRoomIsNotCalledAgainButARefusedCloseIsNoEnd) {
  Stage stage([](Channel& room) {
    ASSERT_TRUE(room.receive());
    ASSERT_TRUE(room.send(Call::refusal, enclave::encode_refusal({ErrorCode::policy_denied, "no"},
                                                                 enclave::kUnsigned)));
    ASSERT_TRUE(room.receive());
    ASSERT_TRUE(room.send(Call::answer, as_bytes("spent")));
  });
  EXPECT_EQ(reason(stage.call(Call::close)), "no");
  EXPECT_FALSE(stage.courier->closed());
  EXPECT_EQ(stage.call(Call::close).call, Call::answer);
  EXPECT_TRUE(stage.courier->closed());
  EXPECT_EQ(std::filesystem::file_size(stage.folder.path() / "closing.json"), 5U);
  EXPECT_TRUE(was_synced(stage.folder.path() / "closing.json.part"));
  EXPECT_TRUE(was_synced(stage.folder.path()));
  EXPECT_EQ(reason(stage.call(Call::status)), "room_ended");
}

TEST(Courier, AnAttachWithoutAFileNeverReachesTheRoom) {
  Stage stage([](Channel& room) { EXPECT_FALSE(room.receive(milliseconds(20))); });
  EXPECT_EQ(reason(stage.call(Call::attach)), "snapshot_no_file");
}

TEST(Courier, WhatTheRoomRefusesIsNotKept) {
  Stage stage([](Channel& room) {
    const auto received = room.receive();
    ASSERT_TRUE(received && received->descriptor.valid());
    ASSERT_TRUE(room.send(
        Call::refusal, enclave::encode_refusal({ErrorCode::unverified, "no"}, enclave::kUnsigned)));
    ASSERT_TRUE(room.receive());
    ASSERT_TRUE(room.send(Call::answer, as_bytes("taken")));
  });
  const auto attach = [&] {
    const auto original = stage.folder.path() / "purchases.gbx";
    std::ofstream(original) << "sealed";
    const enclave::Descriptor file(::open(original.c_str(), O_RDONLY | O_CLOEXEC));
    return stage.courier->call({Call::attach, {}}, file);
  };
  EXPECT_EQ(reason(attach()), "no");
  EXPECT_TRUE(std::filesystem::is_empty(stage.folder.path() / "snapshots"));
  EXPECT_EQ(attach().call, Call::answer);
  EXPECT_FALSE(std::filesystem::is_empty(stage.folder.path() / "snapshots"));
}

TEST(Courier, ARoomInAMachineGetsTheFileAsPieces) {
  const std::string sealed(enclave::kSealedPieceBytesMax + 5, 's');
  Stage stage(
      [&](Channel& room) {
        std::string got;
        for (auto received = room.receive(); received; received = room.receive()) {
          EXPECT_FALSE(received->descriptor.valid());
          if (received->frame.call == Call::sealed) {
            got += as_text(received->frame.payload);
            continue;
          }
          EXPECT_EQ(received->frame.call, Call::attach);
          EXPECT_EQ(as_text(received->frame.payload), "manifest");
          EXPECT_TRUE(got == sealed);
          EXPECT_TRUE(room.send(Call::answer, as_bytes("taken")));
          return;
        }
        ADD_FAILURE() << "no attach";
      },
      nullptr, Courier::Line::bytes);
  const auto original = stage.folder.path() / "purchases.gbx";
  std::ofstream(original) << sealed;
  const enclave::Descriptor file(::open(original.c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(stage.courier->call({Call::attach, to_bytes("manifest")}, file).call, Call::answer);
}

}  // namespace
}  // namespace gbx::host
