// Honest frames with bytes turned over: what no member has signed is refused, and neither the
// ledger nor the engine notices.
//
// Input: one byte that chooses the frame, then triples (place low, place high, bits to turn over);
// with an odd choice, what follows the first byte is the payload itself. The last frame is turned
// over before it is sealed: anybody can seal to a room.

#include "tests/sim/world.h"
#include "trusted/packet/padding.h"

namespace {

using gbx::Bytes;
using gbx::enclave::Call;
using gbx::enclave::Frame;

// Everything ready, and one honest packet of each kind that is never sent as it is.
struct Target {
  Target() {
    world.boot();
    world.attach(world.exposures);
    world.hello();
    GBX_CHECK(world.release(world.exposures).call == Call::answer);
    GBX_CHECK(world.attach(world.purchases).call == Call::answer);
    world.hello();
    frames = {{Call::release, gbx::to_bytes(world.make_release(world.purchases))},
              {Call::query, gbx::to_bytes(world.make_request(
                                "SELECT campaign_id, COUNT(DISTINCT hashed_email) AS n FROM "
                                "exposures GROUP BY campaign_id"))},
              {Call::attach, gbx::to_bytes(world.purchases.envelope)},
              {Call::close, gbx::to_bytes(world.make_close())},
              {Call::query, gbx::to_bytes(gbx::packet::print_envelope(world.last_request))}};
    entries = world.store.entries.size();
  }
  gbx::sim::World world{1};
  std::vector<Frame> frames;
  std::size_t entries = 0;
};

Frame spoiled(const std::vector<Frame>& frames, gbx::ByteView input) {
  const std::uint8_t choice = input[0];
  Frame frame = frames[(choice / 2) % frames.size()];
  input = input.subspan(1);
  if (choice % 2 == 1) {
    frame.payload.assign(input.begin(), input.end());
    return frame;
  }
  constexpr std::size_t kTriple = 3;
  for (; input.size() >= kTriple; input = input.subspan(kTriple)) {
    const std::size_t place = input[0] + 256U * input[1];
    frame.payload[place % frame.payload.size()] ^= input[2];
  }
  return frame;
}

// `request` as anybody can seal it to this room, in the form that seal_request() gives it.
Bytes sealed(gbx::sim::World& world, gbx::ByteView request) {
  const gbx::packet::PaddingRule rule{.floor = 1024, .text_bytes_max = request.size()};
  const auto binding = gbx::packet::digest(world.binding);
  const Bytes inside = gbx::packet::pad(gbx::as_text(request), rule);
  const Bytes packet =
      gbx::crypto::hpke_seal(world.binding.sealing_key, gbx::as_bytes("glovebox/request/v1"),
                             binding, inside, world.party_entropy)
          .value();
  return gbx::to_bytes(gbx::Json::object({{"binding", gbx::to_hex(binding)},
                                          {"nonce", gbx::to_hex(world.binding.nonce)},
                                          {"sealed", gbx::to_base64(packet)}})
                           .canonical());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Target target;
  if (size == 0) return 0;
  Frame frame = spoiled(target.frames, {data, size});
  for (const Frame& honest : target.frames) {
    if (honest.call == frame.call && honest.payload == frame.payload) return 0;
  }
  const bool inside = (data[0] / 2) % target.frames.size() == target.frames.size() - 1;
  if (inside) frame.payload = sealed(target.world, frame.payload);
  const Frame answer = target.world.call(frame.call, frame.payload);
  GBX_CHECK(answer.call == Call::refusal);
  GBX_CHECK(target.world.store.entries.size() == target.entries);
  GBX_CHECK(target.world.engine.runs == 0);
  target.world.transcript.clear();
  return 0;
}
