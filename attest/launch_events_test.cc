#include "attest/launch_events.h"

#include <gtest/gtest.h>

#include "trusted/crypto/hash.h"

namespace gbx::attest {
namespace {

const std::string kRoom = std::string(64, 'a');
const std::string kEngine = std::string(64, 'b');

std::string file(const std::string& name, const std::string& sha256) {
  return R"({"name":")" + name + R"(","sha256":")" + sha256 + "\"}";
}
std::string manifest(const std::string& files, const std::string& more = "") {
  return R"({"files":[)" + files + R"(],"format":1)" + more + "}";
}
std::string verdict(const std::string& text) {
  const auto json = Json::parse(text);
  if (!json) return "no json";
  const auto events = launch_events(*json);
  return events ? "" : std::string(events.error().reason.view());
}

TEST(LaunchEvents, AreTheFilesInOrderAndThenTheManifest) {
  const std::string text = manifest(file("room", kRoom) + "," + file("engine", kEngine));
  const auto events = launch_events(Json::parse(text).value());
  ASSERT_TRUE(events);
  ASSERT_EQ(events->size(), 3U);
  for (const Measured& event : *events) EXPECT_EQ(event.pcr, 14U);
  EXPECT_EQ(to_hex((*events)[0].digest), kRoom);
  EXPECT_EQ((*events)[0].what, "room");
  EXPECT_EQ(to_hex((*events)[1].digest), kEngine);
  EXPECT_EQ((*events)[2].digest, crypto::sha256(as_bytes(text)));
  EXPECT_EQ((*events)[2].what, text);
}

TEST(LaunchEvents, ManifestsAreStrict) {
  const std::string malformed = "image_manifest_malformed";
  const std::string good = file("room", kRoom);
  EXPECT_EQ(verdict(manifest(good)), "");
  EXPECT_EQ(verdict(manifest("")), malformed);
  EXPECT_EQ(verdict(manifest(good, R"(,"more":1)")), malformed);
  EXPECT_EQ(verdict(R"({"files":[)" + good + R"(],"format":2})"), malformed);
  EXPECT_EQ(verdict(R"({"files":[)" + good + "]}"), malformed);
  EXPECT_EQ(verdict(manifest(good + "," + file("room", kEngine))), malformed);
  EXPECT_EQ(verdict(manifest(file("", kRoom))), malformed);
  EXPECT_EQ(verdict(manifest(file(std::string(65, 'n'), kRoom))), malformed);
  EXPECT_EQ(verdict(manifest(file(R"(\u001b[2J)", kRoom))), malformed);  // a terminal obeys
  EXPECT_EQ(verdict(manifest(file("room\xE2\x80\xAE", kRoom))), malformed);
  EXPECT_EQ(verdict(manifest(file("r\xC3\xB6\xC3\xB6m", kRoom))), "");
  EXPECT_EQ(verdict(manifest(file("room", kRoom.substr(2)))), malformed);
  EXPECT_EQ(verdict(manifest(R"({"name":"room"})")), malformed);
  EXPECT_EQ(verdict(manifest("7")), malformed);
  std::string many = good;
  for (int i = 1; i <= 15; i++) many += "," + file(std::to_string(i), kRoom);
  EXPECT_EQ(verdict(manifest(many)), "");
  EXPECT_EQ(verdict(manifest(many + "," + file("one more", kRoom))), malformed);
}

}  // namespace
}  // namespace gbx::attest
