#include "enclave/worker_job.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "trusted/sql/task_codec.h"

namespace gbx::enclave {
namespace {

constexpr Error kFailed{ErrorCode::unavailable, "worker_failed"};
constexpr Error kMalformed{ErrorCode::invalid_argument, "job_malformed"};
constexpr std::size_t kManifestBytesMax = std::size_t{32} << 20;
constexpr std::size_t kPieceBytes = std::size_t{1} << 20;

enum CellTag : std::uint8_t { kNull = 0, kNumber = 1, kText = 2 };

void encode_cell(const Cell& cell, Writer& out) {
  if (const auto* number = std::get_if<std::int64_t>(&cell)) {
    out.u8(kNumber);
    out.i64(*number);
  } else if (const auto* text = std::get_if<std::string>(&cell)) {
    out.u8(kText);
    out.block(*text);
  } else {
    out.u8(kNull);
  }
}

Result<Cell> decode_cell(Reader& in) {
  const std::uint8_t tag = in.u8();
  if (tag == kNull) return Cell();
  if (tag == kNumber) return Cell(in.i64());
  if (tag == kText) return Cell(std::string(as_text(in.block(kGroupTextBytesMax))));
  return kFailed;
}

Result<Histogram> decode_histogram(Reader& in) {
  constexpr std::size_t kBinBytes = 4 + 8;
  const std::uint32_t count = in.u32();
  if (in.failed() || count > sql::kBinsMax || count > in.left() / kBinBytes) return kFailed;
  Histogram out(count);
  for (Bin& bin : out) {
    bin.bin = in.u32();
    bin.count = in.i64();
  }
  return out;
}

Result<TableRequest> decode_table(Reader& in) {
  const std::string_view text = as_text(in.block(kManifestBytesMax));
  const auto key = in.array<32>();
  const auto marks_key = in.array<32>();
  const std::uint32_t count = in.u32();
  if (in.failed() || count > in.left() / crypto::kAeadTagSize) return kMalformed;
  GBX_TRY_ASSIGN(const Json json, Json::parse_canonical(text));
  TableRequest out;
  GBX_TRY_ASSIGN(out.manifest, snapshot::decode(json));
  out.key = crypto::AeadKey(key);
  out.marks.key = crypto::AeadKey(marks_key);
  out.marks.chunks.reserve(count);
  for (std::uint32_t i = 0; i < count; i++) {
    out.marks.chunks.push_back(in.array<crypto::kAeadTagSize>());
  }
  return out;
}

// Until `socket` is ready; false when the deadline has passed.
bool wait_for(int socket, short events, WorkerDeadline deadline) {
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    ::pollfd entry{.fd = socket, .events = events, .revents = 0};
    const int ready =
        ::poll(&entry, 1, static_cast<int>(std::min<std::int64_t>(left.count(), 1000)));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

Status send_all(int socket, ByteView bytes, WorkerDeadline deadline) {
  while (!bytes.empty()) {
    if (!wait_for(socket, POLLOUT, deadline)) return kFailed;
    const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (sent <= 0) return kFailed;
    bytes = bytes.subspan(static_cast<std::size_t>(sent));
  }
  return {};
}

Status receive_all(int socket, std::span<std::uint8_t> out, WorkerDeadline deadline) {
  while (!out.empty()) {
    if (!wait_for(socket, POLLIN, deadline)) return kFailed;
    const ssize_t got = ::recv(socket, out.data(), out.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got <= 0) return kFailed;
    out = out.subspan(static_cast<std::size_t>(got));
  }
  return {};
}

// Reads the length, then the bytes, with `read_all`; takes memory as they come.
template <typename F>
Result<Bytes> read_whole(std::size_t size_max, F read_all) {
  std::array<std::uint8_t, 8> length{};
  GBX_TRY(read_all(std::span<std::uint8_t>(length)));
  const std::uint64_t size = Reader(length).u64();
  if (size > size_max) return kFailed;
  Bytes out;
  while (out.size() < size) {
    const std::size_t begin = out.size();
    const std::size_t step = std::max(kPieceBytes, begin);
    out.resize(std::min<std::size_t>(size, begin + step));
    GBX_TRY(read_all(std::span(out).subspan(begin)));
  }
  return out;
}

Bytes length_of(ByteView bytes) {
  Writer out;
  out.u64(bytes.size());
  return out.take();
}

}  // namespace

void encode_table(const snapshot::SnapshotManifest& manifest, const TableKeys& keys,
                  std::span<const crypto::AeadTag> marks, Writer& out) {
  out.block(snapshot::encode(manifest).canonical());
  out.raw(keys.stream.view());
  out.raw(keys.marks.view());
  out.u32(static_cast<std::uint32_t>(marks.size()));
  for (const crypto::AeadTag& mark : marks) out.raw(mark);
}

Result<RunRequest> decode_run(ByteView bytes) {
  Reader in(bytes);
  RunRequest out;
  const std::string_view text = as_text(in.block(sql::kTaskBytesMax));
  const std::uint32_t count = in.u32();
  if (in.failed() || count > kTablesMax) return kMalformed;
  GBX_TRY_ASSIGN(out.task, sql::decode_task(text));
  for (std::uint32_t i = 0; i < count; i++) {
    GBX_TRY_ASSIGN(TableRequest table, decode_table(in));
    out.tables.push_back(std::move(table));
  }
  if (!in.done()) return kMalformed;
  return out;
}

Bytes encode_rows(const std::vector<sql::GroupRow>& rows) {
  Writer out;
  out.u8(1);
  out.u32(static_cast<std::uint32_t>(rows.size()));
  for (const sql::GroupRow& row : rows) {
    for (const Cell& cell : row.key) encode_cell(cell, out);
    out.i64(row.persons);
    for (const Int128 sum : row.sums) {
      out.u64(static_cast<std::uint64_t>(sum));
      out.i64(static_cast<std::int64_t>(sum >> 64));
    }
    for (const Histogram& histogram : row.histograms) {
      out.u32(static_cast<std::uint32_t>(histogram.size()));
      for (const Bin& bin : histogram) {
        out.u32(bin.bin);
        out.i64(bin.count);
      }
    }
  }
  return out.take();
}

Result<std::vector<sql::GroupRow>> decode_rows(ByteView bytes, const sql::Task& task) {
  Reader in(bytes);
  if (in.u8() != 1) return kFailed;
  const std::uint32_t count = in.u32();
  const std::size_t row_bytes_min =
      sql::key_width(task) + 8 + 16 * task.measures.size() + 4 * sql::histograms_of(task);
  const bool one = sql::key_width(task) == 0;
  if (count > (one ? 1 : task.groups_max) || count > in.left() / row_bytes_min) {
    return kFailed;
  }
  std::vector<sql::GroupRow> out;
  out.reserve(count);
  for (std::uint32_t i = 0; i < count; i++) {
    sql::GroupRow row;
    for (std::size_t g = 0; g < sql::key_width(task); g++) {
      GBX_TRY_ASSIGN(Cell cell, decode_cell(in));
      row.key.push_back(std::move(cell));
    }
    row.persons = in.i64();
    for (std::size_t m = 0; m < task.measures.size(); m++) {
      const std::uint64_t low = in.u64();
      row.sums.push_back((Int128{in.i64()} << 64) | Int128{low});
    }
    for (std::size_t h = 0; h < sql::histograms_of(task); h++) {
      GBX_TRY_ASSIGN(Histogram histogram, decode_histogram(in));
      row.histograms.push_back(std::move(histogram));
    }
    out.push_back(std::move(row));
  }
  if (!in.done()) return kFailed;
  return out;
}

Status send_message(int socket, ByteView bytes, WorkerDeadline deadline) {
  GBX_TRY(send_all(socket, length_of(bytes), deadline));
  return send_all(socket, bytes, deadline);
}

Result<Bytes> receive_message(int socket, std::size_t size_max, WorkerDeadline deadline) {
  return read_whole(
      size_max, [&](std::span<std::uint8_t> out) { return receive_all(socket, out, deadline); });
}

Status write_message(int socket, ByteView bytes) {
  return write_all(socket, length_of(bytes)) && write_all(socket, bytes) ? Status() : kFailed;
}

Result<Bytes> read_message(int socket, std::size_t size_max) {
  return read_whole(size_max, [&](std::span<std::uint8_t> out) -> Status {
    while (!out.empty()) {
      const ssize_t got = ::read(socket, out.data(), out.size());
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return kFailed;
      out = out.subspan(static_cast<std::size_t>(got));
    }
    return {};
  });
}

}  // namespace gbx::enclave
