#include "enclave/worker_pool.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "enclave/zygote.h"
#include "trusted/base/secret.h"
#include "trusted/sql/task_codec.h"

namespace gbx::enclave {
namespace {

constexpr Error kFailed{ErrorCode::unavailable, "worker_failed"};
constexpr Error kGone{ErrorCode::unavailable, "workers_gone"};
constexpr int kControl = 3;  // where the zygote expects it
// A zygote forks at once; one that says nothing for so long is stopped or broken.
constexpr ::timeval kZygotePatience{.tv_sec = 10, .tv_usec = 0};

struct SocketPair {
  Descriptor mine;
  Descriptor theirs;
};

Result<SocketPair> make_sockets(int type) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends.data()) != 0) return kFailed;
  return SocketPair{.mine = Descriptor(ends[0]), .theirs = Descriptor(ends[1])};
}

// Starts `program` with `control` as descriptor 3 and nothing else of ours but what it asks for.
Result<pid_t> start_program(const WorkerProgram& program, int control, const WorkerLimits& limits) {
  std::vector<std::string> words{program.path};
  words.insert(words.end(), program.words.begin(), program.words.end());
  words.push_back(std::to_string(limits.threads));
  words.push_back(std::to_string(limits.memory_bytes));
  words.push_back(std::to_string((std::uint64_t{limits.seconds} + 1) * limits.threads));
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  std::array<char*, 1> environment{};
  ::posix_spawn_file_actions_t actions;
  if (::posix_spawn_file_actions_init(&actions) != 0) return kFailed;
  // dup2 onto itself would keep the close-on-exec flag: move it out of the way first.
  const Descriptor moved(::fcntl(control, F_DUPFD_CLOEXEC, kControl + 1));
  const bool ready =
      moved.valid() &&
      ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDWR, 0) == 0 &&
      ::posix_spawn_file_actions_adddup2(&actions, 0, 1) == 0 &&
      ::posix_spawn_file_actions_adddup2(&actions, 0, 2) == 0 &&
      ::posix_spawn_file_actions_adddup2(&actions, moved.get(), kControl) == 0 &&
      ::posix_spawn_file_actions_addclosefrom_np(&actions, program.descriptors_end) == 0;
  pid_t child = 0;
  const bool started = ready && ::posix_spawn(&child, program.path.c_str(), &actions, nullptr,
                                              argv.data(), environment.data()) == 0;
  ::posix_spawn_file_actions_destroy(&actions);
  if (!started) return kFailed;
  return child;
}

// With `key` in place of the tables' own when it is not null.
void write_request(std::string_view task, std::span<const SealedTable> tables,
                   const crypto::AeadKey* key, Writer& out) {
  out.block(task);
  out.u32(static_cast<std::uint32_t>(tables.size()));
  for (const SealedTable& table : tables) {
    const TableKeys keys{.stream = key != nullptr ? *key : *table.key,
                         .marks = key != nullptr ? *key : table.marks->key};
    encode_table(*table.manifest, keys, table.marks->chunks, out);
  }
}

// Written twice, first without the keys, to know the size: a buffer that grows leaves copies of
// them behind that nobody wipes.
SecretBytes encode_request(const sql::Task& task, std::span<const SealedTable> tables) {
  const std::string text = sql::encode_task(task);
  const crypto::AeadKey no_key;
  Writer sized;
  write_request(text, tables, &no_key, sized);
  Writer out;
  out.reserve(sized.bytes().size());
  write_request(text, tables, nullptr, out);
  return SecretBytes(out.take());
}

JobKind kind_of(engine::Choice choice) {
  return choice == engine::Choice::duckdb ? JobKind::duckdb : JobKind::merge;
}

}  // namespace

WorkerPool::Worker::~Worker() {
  if (!process_.valid()) return;
  ::syscall(SYS_pidfd_send_signal, process_.get(), SIGKILL, nullptr, 0);
  // Until it is gone: then so is all that it knew.
  ::pollfd entry{.fd = process_.get(), .events = POLLIN, .revents = 0};
  while (::poll(&entry, 1, 5000) < 0 && errno == EINTR) {
  }
}

Result<Bytes> WorkerPool::Worker::answer(ByteView request, std::size_t answer_max,
                                         std::uint32_t seconds) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  GBX_TRY(send_message(socket_.get(), request, deadline));
  return receive_message(socket_.get(), answer_max + 1, deadline);
}

Result<std::unique_ptr<WorkerPool>> WorkerPool::start(WorkerProgram program,
                                                      const WorkerLimits& limits) {
  if (limits.threads == 0 || limits.threads > 64 || limits.seconds == 0) return kFailed;
  std::unique_ptr<WorkerPool> out(new WorkerPool(std::move(program), limits));
  const std::lock_guard lock(out->mutex_);
  GBX_TRY(out->start_zygote());
  GBX_TRY_ASSIGN(Worker parser, out->spawn(JobKind::parse, {}));
  out->parser_.emplace(std::move(parser));
  return out;
}

WorkerPool::~WorkerPool() { end_zygote(); }

// Its workers die with it. It has nothing to put in order, and may be stopped: it is not asked.
void WorkerPool::end_zygote() {
  zygote_ = Descriptor();
  if (zygote_handle_.valid()) {
    ::syscall(SYS_pidfd_send_signal, zygote_handle_.get(), SIGKILL, nullptr, 0);
  }
  while (zygote_process_ > 0 && ::waitpid(zygote_process_, nullptr, 0) < 0 && errno == EINTR) {
  }
  zygote_process_ = -1;
  zygote_handle_ = Descriptor();
}

Status WorkerPool::start_zygote() {
  end_zygote();
  GBX_TRY_ASSIGN(SocketPair sockets, make_sockets(SOCK_SEQPACKET));
  GBX_TRY_ASSIGN(zygote_process_, start_program(program_, sockets.theirs.get(), limits_));
  zygote_handle_ = Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, zygote_process_, 0)));
  zygote_ = std::move(sockets.mine);
  for (const int option : {SO_RCVTIMEO, SO_SNDTIMEO}) {
    if (::setsockopt(zygote_.get(), SOL_SOCKET, option, &kZygotePatience, sizeof kZygotePatience) !=
        0) {
      return kFailed;
    }
  }
  return zygote_handle_.valid() ? Status{} : kFailed;
}

// A new worker; a zygote that has died is replaced once.
Result<WorkerPool::Worker> WorkerPool::spawn(JobKind kind, std::span<const int> streams) {
  if (streams.size() > kTablesMax) return kFailed;
  for (int attempt = 0;; attempt++) {
    GBX_TRY_ASSIGN(SocketPair sockets, make_sockets(SOCK_STREAM));
    std::vector<int> descriptors = {sockets.theirs.get()};
    descriptors.insert(descriptors.end(), streams.begin(), streams.end());
    auto process = request_worker(zygote_.get(), kind, descriptors);
    if (process) return Worker(std::move(sockets.mine), std::move(*process));
    if (attempt > 0) return kFailed;
    if (!start_zygote()) return kGone;
  }
}

Result<WorkerPool::Worker> WorkerPool::take_parser() {
  const std::lock_guard lock(mutex_);
  if (!parser_) return spawn(JobKind::parse, {});
  Worker taken = std::move(*parser_);
  parser_.reset();
  return taken;
}

void WorkerPool::prepare_parser() noexcept {
  const std::lock_guard lock(mutex_);
  if (parser_) return;
  auto next = spawn(JobKind::parse, {});
  if (next) parser_.emplace(std::move(*next));
}

Result<std::string> WorkerPool::parse(std::string_view sql) noexcept {
  if (sql.size() > kSqlBytesMax) return Error{ErrorCode::invalid_argument, "sql_too_long"};
  Result<Bytes> answer = kFailed;
  {
    auto worker = take_parser();
    if (!worker) return worker.error();
    answer = worker->answer(as_bytes(sql), kTreeBytesMax, kParseSeconds);
  }
  prepare_parser();
  if (!answer || answer->empty() || answer->front() != 1) return kFailed;
  return std::string(as_text(ByteView(*answer).subspan(1)));
}

Result<std::vector<sql::GroupRow>> WorkerPool::run(const sql::Task& task,
                                                   std::span<const SealedTable> tables,
                                                   engine::Choice choice) noexcept {
  if (tables.size() > kTablesMax) return kFailed;
  std::vector<int> streams;
  for (const SealedTable& table : tables) streams.push_back(table.descriptor);
  const SecretBytes request = encode_request(task, tables);
  const auto spawned = [&] {
    const std::lock_guard lock(mutex_);
    return spawn(kind_of(choice), streams);
  };
  Result<Worker> worker = spawned();
  if (!worker) return kFailed;
  GBX_TRY_ASSIGN(const Bytes answer,
                 worker->answer(request.view(), kRowsBytesMax, limits_.seconds));
  return decode_rows(answer, task);
}

}  // namespace gbx::enclave
