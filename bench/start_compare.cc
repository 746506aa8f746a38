// What a measured start costs: from the start of a room to its first answer, by glovebox-launch
// with a software TPM, beside the room alone; and what a quote of such a TPM costs.
//
//   start_compare [--json FILE]

#include <sys/resource.h>

#include <filesystem>
#include <optional>
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

// Processor time of programs that have ended.
double processor_seconds() {
  rusage used{};
  GBX_CHECK(::getrusage(RUSAGE_CHILDREN, &used) == 0);
  return static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
         static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

struct Cost {
  double seconds = 0;
  double processor = 0;  // of the start, and of the end
};

// A room that has no policy yet refuses to say hello: then it has hashed or taken over its image.
Cost cost_to_answer(const std::vector<std::string>& command) {
  std::array<int, 2> ends{};
  GBX_CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
  // Nobody answers for the attester: a room without a policy asks for no evidence.
  const enclave::Descriptor silent(ends[0]);
  const double before = processor_seconds();
  std::optional<host::RoomProcess> room;
  Cost out;
  out.seconds = seconds_of([&] {
    room.emplace(command, enclave::Descriptor(ends[1]));
    enclave::Channel line = room->take_channel();
    GBX_CHECK(line.send(enclave::Call::hello, Bytes(32, 1)).has_value());
    GBX_CHECK(line.receive().has_value());
  });
  room->end();
  out.processor = processor_seconds() - before;
  return out;
}

void add(std::vector<Line>& lines, const Cost& ours, const Cost& baseline) {
  lines[0].ours.push_back(ours.seconds);
  lines[0].baseline.push_back(baseline.seconds);
  lines[1].ours.push_back(ours.processor);
  lines[1].baseline.push_back(baseline.processor);
}

std::vector<Line> measured() {
  attester::SoftwareTpm machine;
  const std::string log = std::filesystem::temp_directory_path() / "glovebox-start-bench.log";
  const std::string room = beside("glovebox-room");
  const std::vector<std::string> launch{
      beside("glovebox-launch"), "--tpm", machine.where(), "--log", log,
      "--system-libraries",      room};
  const std::string note = "measured into a software TPM and caged; baseline the same room alone";
  std::vector<Line> out{{"start of a room to its first answer, wall time", note, {}, {}},
                        {"start and end of a room, processor time", note, {}, {}},
                        {"quote of a software TPM, wall time", "", {}, {}, "ms"}};
  auto tpm = attester::Tpm::open(machine.where());
  GBX_CHECK(tpm.has_value());
  for (int round = 0; round < kRounds; round++) {
    const Cost alone = cost_to_answer({room});
    add(out, cost_to_answer(launch), alone);
    out[2].ours.push_back(1000 * seconds_of([&] {
                            GBX_CHECK(tpm->quote({Bytes(32, 1), 1U << kImagePcr}).has_value());
                          }));
  }
  std::filesystem::remove(log);
  return out;
}

}  // namespace
}  // namespace gbx::bench

int main(int argc, char** argv) {
  const bool json = argc == 3 && std::string_view(argv[1]) == "--json";
  gbx::bench::report(gbx::bench::measured(), json ? argv[2] : "");
  return 0;
}
