// How long a room takes: from nothing to verified evidence, and from a signed request to a verified
// answer. Real processes: gloveboxd, glovebox-room and a fresh worker for every parse and run.
//
//   room_compare [--json FILE] [--rounds N]

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <thread>

#include "client/measure/image.h"
#include "client/room/meet.h"
#include "tests/sim/world.h"
#include "trusted/crypto/entropy.h"
#include "trusted/crypto/hash.h"

namespace gbx::bench {
namespace {

namespace fs = std::filesystem;
using enclave::Call;
using Clock = std::chrono::steady_clock;

// Another question for each round: a repeat would cost no work.
std::string query(int round) {
  return "SELECT campaign_id, COUNT(DISTINCT hashed_email) AS users, SUM(total_spent) AS revenue "
         "FROM exposures JOIN purchases USING (hashed_email) WHERE total_spent <> " +
         std::to_string(round) + " GROUP BY campaign_id";
}

double ms_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

void must(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "room_compare: %s failed\n", what);
  std::exit(1);
}

// A host with its room, ended with this object.
class Host {
 public:
  Host(const fs::path& bin, const fs::path& folder, const fs::path& policy) {
    const std::string program = (bin / "gloveboxd").string();
    pid_ = ::fork();
    must(pid_ >= 0, "fork");
    if (pid_ > 0) return;
    must(std::freopen("/dev/null", "w", stderr) != nullptr, "redirect");
    ::execl(program.c_str(), program.c_str(), "--dir", folder.c_str(), "--policy", policy.c_str(),
            static_cast<char*>(nullptr));
    ::_exit(127);
  }
  ~Host() {
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
  }
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;
  Host(Host&&) = delete;
  Host& operator=(Host&&) = delete;

 private:
  pid_t pid_;
};

struct Setting {
  fs::path bin = fs::read_symlink("/proc/self/exe").parent_path();
  fs::path folder;
  sim::World world{1};
  std::optional<policy::VerifiedPolicy> policy;
};

void agree(Setting& setting) {
  const auto manifest = client::measure_image(setting.bin / "glovebox-room");
  must(manifest.has_value(), "measure");
  setting.world.policy.trust.sim->images = {crypto::sha256(as_bytes(manifest->canonical()))};
  setting.world.policy.privacy.epsilon = 1000 * privacy::kEpsilonUnit;
  setting.world.terms.allotment.loss = setting.world.policy.privacy.epsilon;
  setting.world.policy.privacy.epsilon_per_query = privacy::kEpsilonUnit;
  setting.world.policy.privacy.delta = std::uint64_t{1} << 52;
  setting.world.policy.privacy.delta_per_query = std::uint64_t{1} << 40;
  setting.world.terms.allotment.delta = setting.world.policy.privacy.delta;
  const std::string text = setting.world.policy_packet();
  std::ofstream(setting.folder / "policy.json") << text;
  auto envelope = packet::parse_envelope(text);
  must(envelope.has_value(), "policy");
  auto verified = policy::VerifiedPolicy::verify(*envelope);
  must(verified.has_value(), "policy");
  setting.policy.emplace(std::move(*verified));
}

client::RoomConnection connect(const fs::path& socket) {
  constexpr auto kPatience = std::chrono::seconds(20);
  const Clock::time_point begin = Clock::now();
  while (true) {
    try {
      return client::RoomConnection(socket);
    } catch (const client::ConnectionError&) {
      must(Clock::now() - begin < kPatience, "the start of gloveboxd");
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
}

void meet(Setting& setting, client::RoomConnection& connection) {
  crypto::SystemEntropy entropy;
  const client::RoomIdentity room =
      client::meet_room(connection, {&*setting.policy, std::time(nullptr)}, entropy);
  setting.world.binding = room.binding;
  setting.world.log_head = room.log_head.hash;
}

double cold_start(Setting& setting, int round) {
  const fs::path folder = setting.folder / ("cold" + std::to_string(round));
  fs::create_directories(folder);
  const Clock::time_point begin = Clock::now();
  const Host host(setting.bin, folder, setting.folder / "policy.json");
  client::RoomConnection connection = connect(folder / "socket");
  meet(setting, connection);
  return ms_since(begin);
}

void provide(Setting& setting, client::RoomConnection& connection) {
  for (const sim::Sealed* sealed : {&setting.world.exposures, &setting.world.purchases}) {
    const fs::path file = setting.folder / sealed->manifest.table;
    std::ofstream(file, std::ios::binary) << as_text(sealed->bytes);
    const enclave::Descriptor descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    client::call_room(connection, setting.world.binding,
                      {Call::attach, as_bytes(sealed->envelope), descriptor.get()});
    meet(setting, connection);
    client::call_or_throw(connection, Call::release, as_bytes(setting.world.make_release(*sealed)));
  }
}

double ask(Setting& setting, client::RoomConnection& connection, int round) {
  const Clock::time_point begin = Clock::now();
  const std::string request = setting.world.make_request(query(round));
  const Bytes answer = client::call_or_throw(connection, Call::query, as_bytes(request));
  must(setting.world.read({Call::answer, answer}).has_value(), "answer");
  return ms_since(begin);
}

Json numbers(const std::vector<double>& values) {
  Json out{Json::Array{}};
  for (const double value : values) out.push(value);
  return out;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void run(const char* json_file, int rounds) {
  Setting setting;
  std::string name = (fs::temp_directory_path() / "glovebox-bench-XXXXXX").string();
  must(::mkdtemp(name.data()) != nullptr, "a temporary folder");
  setting.folder = name;
  agree(setting);
  std::vector<double> cold;
  for (int i = 0; i < std::max(3, rounds / 20); i++) cold.push_back(cold_start(setting, i));
  std::vector<double> asked;
  {
    const fs::path folder = setting.folder / "room";
    fs::create_directories(folder);
    const Host host(setting.bin, folder, setting.folder / "policy.json");
    client::RoomConnection connection = connect(folder / "socket");
    meet(setting, connection);
    provide(setting, connection);
    for (int i = 0; i < rounds; i++) asked.push_back(ask(setting, connection, i));
  }
  fs::remove_all(setting.folder);
  std::printf("cold start, to verified evidence   median %7.1f ms  max %7.1f ms  (%zu)\n",
              median(cold), *std::max_element(cold.begin(), cold.end()), cold.size());
  std::printf("small query, to verified answer    median %7.1f ms  max %7.1f ms  (%zu)\n",
              median(asked), *std::max_element(asked.begin(), asked.end()), asked.size());
  if (json_file == nullptr) return;
  Json rows{Json::Array{}};
  rows.push(Json::object({{"what", "cold start of a room, to verified evidence"},
                          {"unit", "ms"},
                          {"ours", numbers(cold)},
                          {"note", "target: under 1000"}}));
  rows.push(Json::object({{"what", "small query, request to verified answer"},
                          {"unit", "ms"},
                          {"ours", numbers(asked)},
                          {"note", "target: under 50"}}));
  std::ofstream(json_file) << Json::object({{"rows", std::move(rows)}}).pretty();
}

}  // namespace
}  // namespace gbx::bench

int main(int argc, char** argv) {
  const char* json_file = nullptr;
  int rounds = 100;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--json") == 0) json_file = argv[i + 1];
    if (std::strcmp(argv[i], "--rounds") == 0)
      rounds = static_cast<int>(std::strtol(argv[i + 1], nullptr, 10));
  }
  gbx::bench::run(json_file, std::clamp(rounds, 1, 900));
  return 0;
}
