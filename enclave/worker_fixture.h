#pragma once

// For tests: MemoryTables as sealed snapshots in memfds, and a pool that runs a task over them.

#include <sys/mman.h>
#include <unistd.h>

#include <memory>
#include <vector>

#include "enclave/file_source.h"
#include "enclave/worker_pool.h"
#include "engine/testing/memory_table.h"
#include "trusted/crypto/entropy.h"
#include "trusted/snapshot/snapshot.h"
#include "trusted/snapshot/writer.h"

namespace gbx::enclave {

class FileSink final : public snapshot::ChunkSink {
 public:
  explicit FileSink(int file) : file_(file) {}
  Status write(ByteView bytes) noexcept override {
    while (!bytes.empty()) {
      const ssize_t done = ::write(file_, bytes.data(), bytes.size());
      if (done <= 0) return Error{ErrorCode::unavailable, "sink_full"};
      bytes = bytes.subspan(static_cast<std::size_t>(done));
    }
    return {};
  }

 private:
  int file_;
};

// A sealed table as a room holds it after its key was released.
struct HeldTable {
  snapshot::SnapshotManifest manifest;
  crypto::AeadKey key;
  std::shared_ptr<FileSource> source;
  std::unique_ptr<snapshot::Snapshot> opened;

  [[nodiscard]] SealedTable sealed() const {
    return {.manifest = &manifest,
            .key = &key,
            .marks = &opened->marks(),
            .descriptor = source->descriptor()};
  }
};

inline snapshot::SnapshotManifest manifest_of(const engine::MemoryTable& table) {
  snapshot::SnapshotManifest manifest;
  manifest.table = "t";
  manifest.owner = "owner";
  manifest.collaboration = "00112233445566778899aabbccddeeff";
  manifest.person = "person";
  manifest.identifier = "email";
  manifest.rows_per_person = 100'000;
  manifest.lineage.tool = "test";
  manifest.created = 1;
  manifest.expires = 2;
  manifest.columns.push_back(
      {.name = "person", .type = {Type::text, 0}, .label = Label::person, .domain = {}});
  for (const snapshot::ColumnInfo& column : table.columns()) {
    manifest.columns.push_back(
        {.name = column.name, .type = column.type, .nullable = column.nullable, .domain = {}});
  }
  return manifest;
}

inline HeldTable hold(const engine::MemoryTable& table, std::uint32_t rows_per_block = 16) {
  HeldTable out;
  out.manifest = manifest_of(table);
  out.key = crypto::AeadKey({1, 2, 3});
  snapshot::SortedRows rows;
  rows.columns.resize(table.columns().size());
  for (const engine::MemoryRow& row : table.rows()) rows.persons.push_back(row.person);
  std::vector<std::size_t> all;
  for (std::size_t c = 0; c < rows.columns.size(); c++) {
    all.push_back(c);
    rows.dictionaries.push_back(table.dictionary(c));
  }
  snapshot::Block block;
  for (std::size_t b = 0; b < table.block_count(); b++) {
    GBX_CHECK(table.read_block(b, all, block).has_value());
    for (const std::size_t c : all) {
      snapshot::ColumnData& to = rows.columns[c];
      snapshot::ColumnData& from = block.columns[c];
      unpack(from);
      to.values.insert(to.values.end(), from.values.begin(), from.values.end());
      if (!table.columns()[c].nullable) continue;
      for (std::size_t r = 0; r < from.values.size(); r++) {
        to.valid.push_back(from.valid.empty() ? std::uint8_t{1} : from.valid[r]);
      }
    }
  }
  Descriptor file(::memfd_create("sealed", MFD_CLOEXEC));
  FileSink sink(file.get());
  GBX_CHECK(snapshot::write_snapshot(out.manifest, rows, rows_per_block, out.key.copy(), sink)
                .has_value());
  out.source = std::make_shared<FileSource>(std::move(file));
  crypto::SystemEntropy entropy;
  auto opened = snapshot::Snapshot::open(out.manifest, out.key.copy(), out.source, entropy);
  GBX_CHECK(opened.has_value());
  out.opened = std::move(*opened);
  return out;
}

}  // namespace gbx::enclave
