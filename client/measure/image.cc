#include "client/measure/image.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "enclave/channel.h"

namespace gbx::client {
namespace {

constexpr std::size_t kManifestBytesMax = 65536;

[[noreturn]] void become_program(const char* program, int out) {
  ::dup2(out, STDOUT_FILENO);
  const std::array<char*, 3> arguments{const_cast<char*>(program), const_cast<char*>("--measure"),
                                       nullptr};
  const std::array<char*, 1> environment{nullptr};
  ::execve(program, arguments.data(), environment.data());
  ::_exit(127);
}

std::string read_all(int from) {
  std::string out;
  std::array<char, 4096> piece{};
  while (out.size() <= kManifestBytesMax) {
    const ssize_t got = ::read(from, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    out.append(piece.data(), static_cast<std::size_t>(got));
  }
  return out;
}

}  // namespace

Result<Json> measure_image(const std::filesystem::path& program) {
  const Error failed{ErrorCode::unavailable, "room_program_failed"};
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return failed;
  enclave::Descriptor read_end(pipe[0]);
  enclave::Descriptor write_end(pipe[1]);
  const std::string path = program.string();
  const pid_t child = ::fork();
  if (child < 0) return failed;
  if (child == 0) become_program(path.c_str(), write_end.get());
  write_end = enclave::Descriptor();
  std::string text = read_all(read_end.get());
  read_end = enclave::Descriptor();
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || text.empty()) return failed;
  if (text.back() == '\n') text.pop_back();
  return Json::parse_canonical(text);
}

}  // namespace gbx::client
