// A host without manners: honest frames of one room, sent again, out of order, cut and with bits
// turned over, under a clock that jumps. Whatever it does, the books stay right and nobody is
// answered for nothing.

#include <gtest/gtest.h>

#include <random>

#include "tests/sim/world.h"
#include "trusted/privacy/plan.h"

namespace gbx::sim {
namespace {

using enclave::Call;
using enclave::Frame;

std::string query(std::uint64_t spent) {
  return "SELECT campaign_id, COUNT(DISTINCT hashed_email) AS users FROM exposures JOIN purchases "
         "USING (hashed_email) WHERE total_spent > " +
         std::to_string(spent) + " GROUP BY campaign_id";
}

struct Walk {
  explicit Walk(std::uint64_t seed) : world(seed), random(seed) {}

  void spoil(Bytes& bytes) {
    if (bytes.empty()) return;
    if (random() % 2 == 0) {
      bytes.resize(random() % bytes.size());
    } else {
      bytes[random() % bytes.size()] ^= static_cast<std::uint8_t>(1U << (random() % 8));
    }
  }

  // Makes one more honest frame for the state that the host believes in.
  Frame honest() {
    const Sealed& sealed = random() % 2 == 0 ? world.exposures : world.purchases;
    switch (random() % 4) {
      case 0: return {Call::attach, to_bytes(sealed.envelope)};
      case 1: world.hello(); return {Call::release, to_bytes(world.make_release(sealed))};
      case 2:
        return {Call::query, to_bytes(world.make_request(query(random() % 4), random() % 4 == 0))};
      default: return {Call::status, {}};
    }
  }

  void step() {
    if (random() % 8 == 0) {  // the host's clock: up to a hundred days on, or back to the start
      constexpr std::int64_t kDay = 86'400;
      world.clock.now =
          random() % 2 == 0 ? kStart : kStart + kDay * static_cast<std::int64_t>(random() % 100);
    }
    if (frames.empty() || random() % 2 == 0) frames.push_back(honest());
    Frame frame = random() % 4 != 0 ? frames.back() : frames[random() % frames.size()];
    if (random() % 6 == 0) spoil(frame.payload);
    const Frame answer = world.call(frame.call, frame.payload);
    if (frame.call == Call::query && answer.call == Call::answer) answers++;
  }

  static constexpr std::int64_t kStart = 1'790'000'000;
  World world;
  std::mt19937_64 random;
  std::vector<Frame> frames;
  std::size_t answers = 0;
};

std::uint64_t charged(const World& world) {
  std::uint64_t sum = 0;
  for (const Bytes& entry : world.store.entries) {
    const Json json = Json::parse_canonical(as_text(entry)).value();
    const Json* body = json.find("body");
    if (*body->find("kind")->string() != "charge") continue;
    sum += privacy::parse_epsilon(*body->find("epsilon")->string()).value();
  }
  return sum;
}

TEST(Walk, NoOrderOfFramesBreaksTheBooks) {
  constexpr int kWalks = 25;
  constexpr int kSteps = 60;
  std::size_t charges = 0;
  for (std::uint64_t seed = 0; seed < kWalks; seed++) {
    Walk walk(seed);
    walk.world.boot();
    walk.world.hello();
    for (int i = 0; i < kSteps; i++) walk.step();
    EXPECT_LE(charged(walk.world), 3'000'000U) << seed;
    EXPECT_LE(walk.world.engine.runs, charged(walk.world) / 1'000'000U) << seed;
    charges += charged(walk.world) / 1'000'000U;
  }
  EXPECT_GT(charges, 10U);  // the walks do reach the engine
}

}  // namespace
}  // namespace gbx::sim
