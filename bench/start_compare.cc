// What a measured start costs: from the start of a room to its first answer, by glovebox-launch
// with a software TPM, beside the room alone; and what a quote of such a TPM costs.
//
//   start_compare [--json FILE]

#include <filesystem>
#include <string>
#include <string_view>

#include "attester/testing/software_tpm.h"
#include "attester/tpm.h"
#include "bench/report.h"
#include "enclave/frames.h"
#include "host/room_process.h"

namespace gbx::bench {
namespace {

constexpr int kRounds = 15;
constexpr unsigned kImagePcr = 14;

std::string beside(const char* name) {
  return (std::filesystem::read_symlink("/proc/self/exe").parent_path() / name).string();
}

// A room that has no policy yet refuses to say hello: then it has hashed or taken over its image.
double seconds_to_answer(const std::vector<std::string>& command, enclave::Descriptor attester) {
  std::optional<host::RoomProcess> room;
  return seconds_of([&] {
    room.emplace(command, std::move(attester));
    enclave::Channel line = room->take_channel();
    GBX_CHECK(line.send(enclave::Call::hello, Bytes(32, 1)).has_value());
    GBX_CHECK(line.receive().has_value());
  });
}

// Any line will do: a room that has no policy asks for no evidence.
enclave::Descriptor some_line() {
  std::array<int, 2> ends{};
  GBX_CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
  ::close(ends[0]);
  return enclave::Descriptor(ends[1]);
}

std::vector<Line> measured() {
  attester::SoftwareTpm machine;
  const std::string log = std::filesystem::temp_directory_path() / "glovebox-start-bench.log";
  const std::string room = beside("glovebox-room");
  const std::vector<std::string> launch{
      beside("glovebox-launch"), "--tpm", machine.where(), "--log", log,
      "--system-libraries",      room};
  Line start{"start of a room to its first answer",
             "measured into a software TPM and caged; baseline the same room alone",
             {},
             {}};
  Line quote{"quote of a software TPM", "", {}, {}, "ms"};
  auto tpm = attester::Tpm::open(machine.where());
  GBX_CHECK(tpm.has_value());
  for (int round = 0; round < kRounds; round++) {
    start.baseline.push_back(seconds_to_answer({room}, some_line()));
    start.ours.push_back(seconds_to_answer(launch, some_line()));
    quote.ours.push_back(1000 * seconds_of([&] {
                           GBX_CHECK(tpm->quote({Bytes(32, 1), 1U << kImagePcr}).has_value());
                         }));
  }
  std::filesystem::remove(log);
  return {start, quote};
}

}  // namespace
}  // namespace gbx::bench

int main(int argc, char** argv) {
  const bool json = argc == 3 && std::string_view(argv[1]) == "--json";
  gbx::bench::report(gbx::bench::measured(), json ? argv[2] : "");
  return 0;
}
