#pragma once

// Disposable processes for what the room does not trust itself to run: DuckDB as a parser, and the
// engines over plaintext columns. One process per job, forked from a zygote that has loaded
// everything and seen nothing; it works in a cage (cage.h) and is killed when it has answered, so
// no byte of one job can reach another.
//
// A worker is inside the attested boundary but may have been taken over by the rows or the SQL text
// that it was given: whatever it answers is hostile. Answers are length-checked and capped, late
// ones are cut off, and nothing of a failure tells why.

#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "enclave/worker_job.h"
#include "trusted/room/seams.h"

namespace gbx::enclave {

// What starts the zygote.
struct WorkerProgram {
  std::string path;
  std::vector<std::string> words{};  // before the worker's own arguments
  int descriptors_end = 4;  // those from 4 on below it are inherited, as far as they may be
};

struct WorkerLimits {
  std::uint32_t threads = 2;
  std::uint64_t memory_bytes = std::uint64_t{1} << 30;
  std::uint32_t seconds = 60;  // of one run, by the clock; a parse has kParseSeconds
};
constexpr std::uint32_t kParseSeconds = 2;
constexpr std::size_t kSqlBytesMax = std::size_t{64} << 10;
constexpr std::size_t kTreeBytesMax = std::size_t{8} << 20;  // JSON of a parse
constexpr std::size_t kRowsBytesMax = std::size_t{512} << 20;

// One relation's sealed snapshot. It was opened and validated whole before
// (snapshot::Snapshot::open); the worker opens it anew from `marks`, which must be those of that
// object.
struct SealedTable {
  const snapshot::SnapshotManifest* manifest = nullptr;
  const crypto::AeadKey* key = nullptr;
  const snapshot::Marks* marks = nullptr;
  int descriptor = -1;  // the sealed stream, readable by pread
};

class WorkerPool final : public room::Parser {
 public:
  // Starts the zygote from `program`, which is glovebox-worker or its loader. Fails with
  // unavailable
  // ("worker_failed"). The zygote ends with this object, or when this process dies; while this
  // process may still start programs, a zygote that was killed, or does not answer for ten seconds,
  // is replaced. Afterwards there are no more workers, and every job is refused.
  static Result<std::unique_ptr<WorkerPool>> start(WorkerProgram program,
                                                   const WorkerLimits& limits);
  ~WorkerPool() override;

  // DuckDB's syntax tree of `sql`, as JSON text; for what is no SELECT the object in which DuckDB
  // says so, which trusted/sql refuses. Fails with invalid_argument ("sql_too_long") or unavailable
  // ("worker_failed", "workers_gone": for good). Thread-safe.
  Result<std::string> parse(std::string_view sql) noexcept override;

  // Runs a task over `tables`, by relation. Fails with unavailable ("worker_failed"), whatever went
  // wrong. The rows are well-formed (arity of keys and sums) and nothing more is promised about
  // them. Thread-safe.
  Result<std::vector<sql::GroupRow>> run(
      const sql::Task& task, std::span<const SealedTable> tables,
      engine::Choice choice = engine::Choice::automatic) noexcept;

 private:
  // A running worker; killed when this goes.
  class Worker {
   public:
    Worker(Descriptor socket, Descriptor process)
        : socket_(std::move(socket)), process_(std::move(process)) {}
    ~Worker();
    Worker(Worker&&) noexcept = default;
    Worker& operator=(Worker&&) = delete;
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;
    // Gives it the job and takes the answer. Fails with unavailable ("worker_failed").
    Result<Bytes> answer(ByteView request, std::size_t answer_max, std::uint32_t seconds);

   private:
    Descriptor socket_;
    Descriptor process_;  // a pidfd
  };
  WorkerPool(WorkerProgram program, const WorkerLimits& limits)
      : program_(std::move(program)), limits_(limits) {}
  Status start_zygote();
  void end_zygote();
  Result<Worker> spawn(JobKind kind, std::span<const int> streams);
  Result<Worker> take_parser();
  void prepare_parser() noexcept;

  WorkerProgram program_;
  WorkerLimits limits_;
  std::mutex mutex_;  // of all below
  Descriptor zygote_;
  int zygote_process_ = -1;
  Descriptor zygote_handle_;      // its pidfd
  std::optional<Worker> parser_;  // started ahead, has seen nothing, for the next parse
};

}  // namespace gbx::enclave
