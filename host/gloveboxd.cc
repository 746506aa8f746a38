// gloveboxd: the courier beside a room. It starts the room, hands it the policy, keeps sealed
// snapshots and the ledger, and carries frames. It holds no key and decides nothing.

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <optional>
#include <system_error>

#include "host/room_process.h"
#include "host/server.h"

namespace gbx::host {
namespace {

struct Options {
  std::filesystem::path folder;
  std::filesystem::path policy;
  std::filesystem::path room_program;
  std::filesystem::path room_socket;  // of a virtual machine; then no room is started here
  std::vector<std::string> attester;  // program and arguments; none on a machine without
  std::string launch_tpm;             // of a measured start; none without
  bool system_libraries = false;
  bool no_namespaces = false;
  std::uint64_t snapshot_mib_max = 65536;
  unsigned call_seconds = 600;
};

constexpr int kExitOk = 0;
constexpr int kExitUsage = 2;
constexpr int kExitRoomEnded = 3;
constexpr int kExitRefused = 4;

Bytes read_policy(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::system_error(errno, std::generic_category(), path.string());
  Bytes bytes{std::istreambuf_iterator<char>(file), {}};
  if (bytes.size() > enclave::payload_bytes_max(enclave::Call::boot)) {
    throw std::runtime_error(path.string() + " is larger than a policy can be");
  }
  return bytes;
}

// One host a folder.
enclave::Descriptor lock_folder(const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  enclave::Descriptor lock(::open((folder / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock.valid() || ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    throw std::system_error(errno, std::generic_category(),
                            folder.string() + " is in use by another gloveboxd");
  }
  return lock;
}

// SIGTERM and SIGINT as something to poll; threads made later have them blocked, too.
enclave::Descriptor stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return enclave::Descriptor(::signalfd(-1, &signals, SFD_CLOEXEC));
}

bool boot(Courier& courier, const Bytes& policy) {
  const enclave::Frame answer = courier.call({enclave::Call::boot, policy}, enclave::Descriptor());
  if (answer.call == enclave::Call::answer) return true;
  const auto refusal = enclave::decode_refusal(answer.payload);
  std::fprintf(stderr, "gloveboxd: the room does not take this policy: %s\n",
               refusal ? refusal->reason.c_str() : "no reason given");
  return false;
}

std::string program_beside(const std::string& name) {
  return (std::filesystem::read_symlink("/proc/self/exe").parent_path() / name).string();
}

std::string launch_log(const Options& options) {
  return std::filesystem::absolute(options.folder / "launch.log").string();
}

// A name without a folder is a program beside this one. After a measured start the attester of its
// TPM is the one, unless another is named.
std::optional<RoomProcess> start_attester(const Options& options) {
  std::vector<std::string> command = options.attester;
  if (command.empty() && !options.launch_tpm.empty()) {
    command = {"glovebox-attester", "tpm",          "--tpm",
               options.launch_tpm,  "--launch-log", launch_log(options)};
  }
  if (command.empty()) return std::nullopt;
  if (command.front().find('/') == std::string::npos) {
    command.front() = program_beside(command.front());
  }
  return std::make_optional<RoomProcess>(std::move(command));
}

std::vector<std::string> room_command(const Options& options) {
  if (options.launch_tpm.empty()) return {options.room_program.string()};
  std::vector<std::string> out{program_beside("glovebox-launch"), "--tpm", options.launch_tpm,
                               "--log", launch_log(options)};
  if (options.system_libraries) out.emplace_back("--system-libraries");
  if (options.no_namespaces) out.emplace_back("--no-namespaces");
  out.push_back(options.room_program.string());
  return out;
}

// Where the room is: in a process of ours, or in a virtual machine behind a socket.
class RoomEnd {
 public:
  RoomEnd(const Options& options, std::optional<RoomProcess>& attester) {
    if (!options.room_socket.empty()) {
      socket_ = connect_to_machine(options.room_socket);
    } else {
      process_.emplace(room_command(options),
                       attester ? attester->take_socket() : enclave::Descriptor());
      socket_ = process_->take_socket();
    }
    watched_ = enclave::Descriptor(::fcntl(socket_.get(), F_DUPFD_CLOEXEC, 0));
  }
  enclave::Channel take_channel() { return enclave::Channel(std::move(socket_)); }
  [[nodiscard]] Courier::Line line() const {
    return process_ ? Courier::Line::descriptors : Courier::Line::bytes;
  }
  bool ended() {
    if (process_) return process_->ended();
    pollfd entry{watched_.get(), 0, 0};
    return ::poll(&entry, 1, 0) > 0 && (entry.revents & (POLLHUP | POLLERR)) != 0;
  }
  // Whoever waits for its answer then sees the line closed. A machine switches itself off.
  void end() {
    if (process_) process_->end();
    ::shutdown(watched_.get(), SHUT_RDWR);
  }

 private:
  static enclave::Descriptor connect_to_machine(const std::filesystem::path& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string text = path.string();
    enclave::Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const bool fits = text.size() < sizeof(address.sun_path);
    if (fits) std::copy(text.begin(), text.end(), std::begin(address.sun_path));
    if (!fits || ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address),
                           sizeof(address)) != 0) {
      throw std::system_error(fits ? errno : ENAMETOOLONG, std::generic_category(), text);
    }
    return socket;
  }

  std::optional<RoomProcess> process_;
  enclave::Descriptor socket_;
  enclave::Descriptor watched_;
};

int serve(const enclave::Descriptor& stop, Server& server, Courier& courier, RoomEnd& room) {
  std::array<pollfd, 2> waits{pollfd{stop.get(), POLLIN, 0},
                              pollfd{server.descriptor(), POLLIN, 0}};
  while (true) {
    constexpr int kLookAtRoomMs = 500;
    ::poll(waits.data(), waits.size(), kLookAtRoomMs);
    if ((waits[0].revents & POLLIN) != 0) return kExitOk;
    if ((waits[1].revents & POLLIN) != 0) server.accept_client();
    if (room.ended()) {
      std::fprintf(stderr, "gloveboxd: the room has ended\n");
      return courier.closed() ? kExitOk : kExitRoomEnded;
    }
  }
}

int run(const Options& options) {
  const enclave::Descriptor lock = lock_folder(options.folder);
  const Bytes policy = read_policy(options.policy);
  const enclave::Descriptor stop = stop_signals();
  std::optional<RoomProcess> attester = start_attester(options);
  RoomEnd room(options, attester);
  Courier courier(room.take_channel(),
                  {Ledger(options.folder / "ledger"),
                   SnapshotFolder(options.folder / "snapshots", options.snapshot_mib_max << 20),
                   options.folder / "closing.json"},
                  std::chrono::seconds(options.call_seconds), room.line());
  if (!boot(courier, policy)) return kExitRefused;
  Server server(options.folder / "socket", courier, {});
  std::fprintf(stderr, "gloveboxd: ready at %s\n", (options.folder / "socket").c_str());
  const int code = serve(stop, server, courier, room);
  room.end();  // before the server waits for its clients, who may wait for the room
  return code;
}

}  // namespace
}  // namespace gbx::host

int main(int argc, char** argv) {
  CLI::App app("Carries calls between parties and one room; holds no key and decides nothing.");
  app.footer("Example:\n  gloveboxd --dir /var/lib/glovebox/spring --policy policy.json");
  gbx::host::Options options;
  options.room_program =
      std::filesystem::read_symlink("/proc/self/exe").parent_path() / "glovebox-room";
  app.add_option("--dir", options.folder, "The room's folder: socket, ledger, snapshots")
      ->required();
  app.add_option("--policy", options.policy, "The signed policy")->required();
  auto* program = app.add_option("--room-program", options.room_program, "The room to start");
  auto* machine = app.add_option("--room-socket", options.room_socket,
                                 "The virtual machine whose room to use, in place of starting one");
  program->excludes(machine);
  app.add_option("--snapshot-mib-max", options.snapshot_mib_max,
                 "The largest snapshot to keep, MiB");
  app.add_option("--call-seconds", options.call_seconds, "How long the room may take for one call");
  app.add_option(
         "--launch", options.launch_tpm,
         "Start the room measured, by glovebox-launch, with this TPM: device:/dev/tpmrm0, or "
         "swtpm:HOST:PORT")
      ->excludes(machine);
  app.add_flag("--system-libraries", options.system_libraries,
               "With --launch: the room program is no image and uses this system's libraries");
  app.add_flag("--no-namespaces", options.no_namespaces,
               "With --launch: go on where the system refuses namespaces");
  app.add_option("attester", options.attester,
                 "After --: the program that makes evidence of this machine, and its arguments")
      ->excludes(machine);
  try {
    app.parse(argc, argv);
    return gbx::host::run(options);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : gbx::host::kExitUsage;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "gloveboxd: %s\n", error.what());
    return 1;
  }
}
