#pragma once

// What room and worker say to each other (docs/spec/worker.md). Both ways a message is a u64 length
// and that many bytes. Requests come from the room; answers are hostile.

#include <chrono>
#include <span>
#include <string>
#include <vector>

#include "enclave/channel.h"
#include "engine/choice.h"
#include "trusted/crypto/aead.h"
#include "trusted/snapshot/manifest.h"
#include "trusted/sql/task.h"

namespace gbx::enclave {

// What a worker makes ready before it is caged and sees the job.
enum class JobKind : std::uint8_t { parse = 1, merge = 2, duckdb = 3 };

constexpr std::size_t kTablesMax = 16;
constexpr std::size_t kRequestBytesMax = std::size_t{256} << 20;
constexpr std::size_t kGroupTextBytesMax = std::size_t{64} << 10;

// One relation as the worker gets it; its sealed stream is the descriptor at the same place.
struct TableRequest {
  snapshot::SnapshotManifest manifest;
  crypto::AeadKey key;
  snapshot::Marks marks;
};

struct RunRequest {
  sql::Task task;
  std::vector<TableRequest> tables;
};

// Of the sealed stream, and of the marks of its chunks.
struct TableKeys {
  const crypto::AeadKey& stream;
  const crypto::AeadKey& marks;
};
// Writes one table of a request: manifest as canonical JSON, keys, marks.
void encode_table(const snapshot::SnapshotManifest& manifest, const TableKeys& keys,
                  std::span<const crypto::AeadTag> marks, Writer& out);
// Fails with invalid_argument ("job_malformed").
Result<RunRequest> decode_run(ByteView bytes);

// An answer: a byte, 1 = done and 0 = failed, then the tree's text or the rows.
Bytes encode_rows(const std::vector<sql::GroupRow>& rows);
// Takes nothing but rows of the task's shape: keys of groups.size() cells, sums of measures.size(),
// histograms of histograms_of(), at most groups_max rows. Fails with unavailable ("worker_failed").
Result<std::vector<sql::GroupRow>> decode_rows(ByteView bytes, const sql::Task& task);

// Messages as the room sends and receives them. Fail with unavailable ("worker_failed"): the worker
// has closed, is late, or announced more than `size_max`. Memory is taken as bytes come.
using WorkerDeadline = std::chrono::steady_clock::time_point;
Status send_message(int socket, ByteView bytes, WorkerDeadline deadline);
Result<Bytes> receive_message(int socket, std::size_t size_max, WorkerDeadline deadline);

// The same in a caged worker, which may only read and write, and waits as long as it takes.
Status write_message(int socket, ByteView bytes);
Result<Bytes> read_message(int socket, std::size_t size_max);

}  // namespace gbx::enclave
