#include "enclave/worker.h"

#include <malloc.h>
#include <unistd.h>

#include <limits>
#include <optional>

#include "enclave/file_source.h"
#include "engine/duckdb/parse.h"
#include "engine/engine.h"
#include "trusted/crypto/hash.h"
#include "trusted/snapshot/snapshot.h"

namespace gbx::enclave {
namespace {

using engine::Database;

constexpr std::size_t kSqlRequestBytesMax = std::size_t{64} << 10;

Bytes failure() { return {0}; }

Bytes parse(Database& database, ByteView request) {
  const auto tree = engine::parse_sql(database, as_text(request));
  if (!tree) return failure();
  Bytes out = {1};
  out.insert(out.end(), tree->begin(), tree->end());
  return out;
}

Bytes run(ByteView request, std::vector<Descriptor> streams, const engine::Resources& resources) {
  auto job = decode_run(request);
  if (!job || job->tables.size() != streams.size()) return failure();
  std::vector<std::unique_ptr<snapshot::Snapshot>> opened;
  std::vector<const snapshot::Table*> tables;
  for (std::size_t i = 0; i < streams.size(); i++) {
    TableRequest& table = job->tables[i];
    auto snapshot = snapshot::Snapshot::reopen(table.manifest, std::move(table.key),
                                               std::make_shared<FileSource>(std::move(streams[i])),
                                               std::move(table.marks));
    if (!snapshot) return failure();
    opened.push_back(std::move(*snapshot));
    tables.push_back(opened.back().get());
  }
  const auto choice =
      resources.database != nullptr ? engine::Choice::duckdb : engine::Choice::merge;
  const auto rows = engine::run(choice, job->task, tables, resources);
  return rows ? encode_rows(*rows) : failure();
}

Result<std::unique_ptr<Database>> open_database(const WorkerSettings& settings, bool parses) {
  return Database::open({.threads = parses ? 1 : settings.threads,
                         .memory_bytes = settings.limits.memory_bytes * 3 / 4,
                         .expression_depth = parses ? 100U : 1000U});
}

void serve(WorkerFiles files, const WorkerSettings& settings) {
  std::unique_ptr<Database> database;
  std::optional<engine::Crew> crew;
  if (files.kind == JobKind::merge) crew.emplace(settings.threads);
  if (files.kind == JobKind::duckdb) {
    auto opened = open_database(settings, false);
    if (!opened) return;
    database = std::move(*opened);
  }
  if (!enter_cage()) return;
  const bool parses = files.kind == JobKind::parse;
  auto request = read_message(files.socket.get(), parses ? kSqlRequestBytesMax : kRequestBytesMax);
  if (!request) return;
  const Bytes answer = parses ? parse(*settings.parser, *request)
                              : run(*request, std::move(files.streams),
                                    {.crew = crew ? &*crew : nullptr, .database = database.get()});
  static_cast<void>(write_message(files.socket.get(), answer));
  ::_exit(0);  // nothing is put in order: the memory goes as a whole
}

}  // namespace

std::unique_ptr<Database> warm_up(const WorkerSettings& settings) {
  // libcrypto reads its configuration and looks for providers.
  const crypto::AeadKey key;
  const Bytes sealed = crypto::aead_seal(key, {}, {}, {});
  static_cast<void>(crypto::aead_open(key, {}, {}, sealed));
  static_cast<void>(crypto::sha256(sealed));
  // malloc looks into /proc before it gives a thread's heap back: a worker never gives back.
  ::mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
  auto parser = open_database(settings, true);
  if (!parser || !engine::parse_sql(**parser, "SELECT 1")) return nullptr;
  return std::move(*parser);
}

void work(WorkerFiles files, const WorkerSettings& settings) {
  try {
    serve(std::move(files), settings);
  } catch (...) {
    ::_exit(2);  // out of memory; the room hears nothing and says nothing finer
  }
  ::_exit(1);
}

}  // namespace gbx::enclave
