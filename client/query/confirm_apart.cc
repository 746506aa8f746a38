#include "client/query/confirm_apart.h"

#include <malloc.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <limits>

#include "enclave/cage.h"
#include "enclave/channel.h"

namespace gbx::client {
namespace {

constexpr Error kFailed{ErrorCode::unavailable, "engine_failed"};
constexpr enclave::CageLimits kLimits{
    .memory_bytes = std::uint64_t{4} << 30, .cpu_seconds = 60, .descriptors = 8};

// More than its seconds of work: who waits for nothing takes none.
constexpr std::chrono::minutes kPatience{2};

// What the process can say, by its exit code; every other code is a failure.
constexpr std::array<Literal, 2> kDifferences = {"statement_query_differs",
                                                 "result_columns_differ"};
constexpr int kSame = 0;
constexpr int kFirstDifference = 1;
constexpr int kNotSaid = 100;

// Nothing of this process but its memory, and no way out of it.
bool enclosed(pid_t parent) {
  // malloc looks into /proc before it gives a heap back.
  ::mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
  return ::close_range(0, ~0U, 0) == 0 && enclave::give_up_privileges() &&
         enclave::limit_resources(kLimits, parent) && enclave::enter_cage();
}

int code_of(const Status& known) {
  if (known) return kSame;
  for (std::size_t i = 0; i < kDifferences.size(); i++) {
    if (known.error().reason.view() == kDifferences[i].view()) {
      return kFirstDifference + static_cast<int>(i);
    }
  }
  return kNotSaid;
}

}  // namespace

Status confirm_apart(const policy::VerifiedPolicy& policy, const packet::AnswerTable& table,
                     const packet::AnswerPredicate& predicate, const packet::Request& request) {
  GBX_TRY_ASSIGN(const StaticCheck checker, StaticCheck::make(policy));
  // What is loaded when it is used first is loaded here, by a text of ours.
  static_cast<void>(checker.check("SELECT 1", ""));
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) return kFailed;
  if (child == 0) {
    ::_exit(enclosed(parent) ? code_of(checker.confirm(table, predicate, request)) : kNotSaid);
  }
  const int code = exit_code_of(child, kPatience).value_or(kNotSaid);
  if (code == kSame) return {};
  if (code < kFirstDifference || code > static_cast<int>(kDifferences.size())) return kFailed;
  return Error{ErrorCode::unverified, kDifferences[static_cast<std::size_t>(code) - 1]};
}

std::optional<int> exit_code_of(pid_t child, std::chrono::milliseconds patience) {
  const enclave::Descriptor life(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
  const auto deadline = std::chrono::steady_clock::now() + patience;
  pollfd ends{.fd = life.get(), .events = POLLIN, .revents = 0};
  int ended = 0;
  do {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    if (life.valid()) ended = ::poll(&ends, 1, static_cast<int>(std::max(left.count(), 0L)));
  } while (ended < 0 && errno == EINTR);
  if (ended <= 0) ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return std::nullopt;
  }
  if (!WIFEXITED(status)) return std::nullopt;
  return WEXITSTATUS(status);
}

}  // namespace gbx::client
