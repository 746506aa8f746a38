// glovebox-launch: the measured start of a room. Reads the image into sealed memory, extends
// register 14 with what it has read, writes the log of that, and executes the room from that memory
// in a cage. Descriptor 3 (the host) and 4 (the attester, where there is one) go on to the room.

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <csignal>
#include <cstdio>
#include <fstream>

#include "attester/event_log_file.h"
#include "attester/tpm.h"
#include "enclave/sealed_image.h"
#include "launch/cage.h"

namespace gbx::launch {
namespace {

constexpr int kHostDescriptor = 3;
constexpr int kAttesterDescriptor = 4;
constexpr int kFreeDescriptor = 64;  // above all that the room is given

struct Options {
  std::string tpm;
  std::string log;
  std::string room_program;
  bool system_libraries = false;
  bool namespaces = true;
};

// Of a Result; a failure ends the program with the word.
template <typename T>
T demand(Result<T> result) {
  if (result) return std::move(result).value();
  throw std::runtime_error(std::string(result.error().reason.view()));
}
void demand(const Status& status) {
  if (!status) throw std::runtime_error(std::string(status.error().reason.view()));
}
void demand(bool done, const char* what) {
  if (!done) throw std::runtime_error(what);
}

void measure(const Json& manifest, const Options& options) {
  auto tpm = demand(attester::Tpm::open(options.tpm, attester::TpmKey::none));
  const auto events = demand(attest::launch_events(manifest));
  for (const attest::Measured& event : events) demand(tpm.extend(event.pcr, event.digest));
  const Bytes log = attester::print_event_log(events);
  std::ofstream file(options.log, std::ios::binary | std::ios::trunc);
  file.write(reinterpret_cast<const char*>(log.data()), static_cast<std::streamsize>(log.size()));
  file.close();
  if (!file) throw std::runtime_error(options.log + " cannot be written");
}

// The image as the room inherits it, from kManifestDescriptor on; the room's own program comes
// first after the manifest. Returns a descriptor of that program which ends with the execution.
int place(const enclave::SealedImage& image) {
  std::vector<int> high{::fcntl(image.manifest_file.get(), F_DUPFD_CLOEXEC, kFreeDescriptor)};
  for (const enclave::Descriptor& file : image.files) {
    high.push_back(::fcntl(file.get(), F_DUPFD_CLOEXEC, kFreeDescriptor));
  }
  int next = enclave::kManifestDescriptor;
  for (const int descriptor : high) demand(::dup2(descriptor, next++) >= 0, "descriptors");
  demand(::close_range(static_cast<unsigned>(next), ~0U, CLOSE_RANGE_CLOEXEC) == 0, "descriptors");
  return high[1];
}

// In the child. `parent_lives` reads as closed once the parent is gone.
void become_room(const enclave::SealedImage& image, int parent_lives, const Options& options) {
  if (options.namespaces) demand(enter_root(options.system_libraries));
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  demand(::dup2(null, 0) == 0 && ::dup2(null, 1) == 1, "descriptors");
  demand(give_up_privileges());
  // After the last change of who this is, which would clear it.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  pollfd lives{parent_lives, POLLIN, 0};
  demand(::poll(&lives, 1, 0) == 0, "launcher_gone");
  const int program = place(image);
  demand(enter_filter());
  std::string name = enclave::kRoomName;
  std::string word = "--launched";
  const std::array<char*, 3> arguments{name.data(), word.data(), nullptr};
  const std::array<char*, 1> environment{nullptr};
  ::execveat(program, "", arguments.data(), environment.data(), AT_EMPTY_PATH);
  throw std::runtime_error("room_not_executed");
}

// Until the room ends; a signal to end ends it. Yields what the room has yielded.
int wait_for(pid_t room, int signals) {
  while (true) {
    signalfd_siginfo told{};
    if (::read(signals, &told, sizeof told) != sizeof told) continue;
    if (told.ssi_signo != SIGCHLD) ::kill(room, SIGKILL);
    int status = 0;
    if (::waitpid(room, &status, WNOHANG) != room) continue;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
}

int run(const Options& options) {
  // Before anything is opened, which could get their numbers.
  for (const int inherited : {kHostDescriptor, kAttesterDescriptor}) {
    demand(::fcntl(inherited, F_GETFD) >= 0, "gloveboxd starts it, with an attester");
  }
  const enclave::SealedImage image =
      demand(enclave::seal_image(demand(enclave::image_files_of(options.room_program))));
  measure(image.manifest, options);
  demand(become_room_user());
  if (options.namespaces) demand(enter_namespaces());
  sigset_t ends;
  sigemptyset(&ends);
  for (const int signal : {SIGCHLD, SIGTERM, SIGINT, SIGHUP}) sigaddset(&ends, signal);
  sigset_t before;
  ::sigprocmask(SIG_BLOCK, &ends, &before);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // being another user has cleared it
  std::array<int, 2> alive{};
  demand(::pipe2(alive.data(), O_CLOEXEC) == 0, "descriptors");
  const pid_t room = ::fork();
  demand(room >= 0, "room_not_started");
  if (room == 0) {
    ::close(alive[1]);
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    become_room(image, alive[0], options);
  }
  demand(give_up_privileges());
  const int signals = ::signalfd(-1, &ends, SFD_CLOEXEC);
  // The room alone has the lines, so that whoever is at their ends sees it go.
  for (const int line : {kHostDescriptor, kAttesterDescriptor, alive[0]}) ::close(line);
  return wait_for(room, signals);
}

}  // namespace
}  // namespace gbx::launch

int main(int argc, char** argv) {
  CLI::App app("Starts a room measured: what it hashes into a TPM is what runs, in a cage.");
  app.footer(
      "gloveboxd starts it. Example: gloveboxd --dir room --policy policy.json "
      "--launch device:/dev/tpmrm0");
  gbx::launch::Options options;
  app.add_option("--tpm", options.tpm, "device:/dev/tpmrm0, or swtpm:HOST:PORT")->required();
  app.add_option("--log", options.log, "Where to write the log of what was measured")->required();
  app.add_flag("--system-libraries", options.system_libraries,
               "Let the room use this system's libraries, which nobody measures: for a build that "
               "is not an image");
  app.add_flag("!--no-namespaces", options.namespaces,
               "Start the room without namespaces where the system refuses them");
  app.add_option("room", options.room_program, "The room program, with its image beside it")
      ->required();
  try {
    app.parse(argc, argv);
    ::setenv("TSS2_LOG", "all+none", 1);  // what fails is said by us, once
    return gbx::launch::run(options);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "glovebox-launch: %s\n", error.what());
    return 1;
  }
}
