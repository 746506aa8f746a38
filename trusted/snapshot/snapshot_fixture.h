#pragma once

// For tests: a small sealed table in memory, and the means to break it as the host or the owner
// could.

#include <functional>

#include "trusted/crypto/entropy.h"
#include "trusted/snapshot/snapshot.h"
#include "trusted/snapshot/writer.h"

namespace gbx::snapshot {

class MemorySink final : public ChunkSink {
 public:
  Status write(ByteView bytes) noexcept override {
    if (bytes_.size() + bytes.size() > room) return Error{ErrorCode::unavailable, "sink_full"};
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return {};
  }
  Bytes bytes_;
  std::size_t room = SIZE_MAX;
};

class MemorySource final : public BlockSource {
 public:
  explicit MemorySource(Bytes bytes) : bytes_(std::move(bytes)) {}
  Status read(std::uint64_t offset, std::span<std::uint8_t> out) const noexcept override {
    if (offset > bytes_.size() || out.size() > bytes_.size() - offset) {
      return Error{ErrorCode::unavailable, "source_short"};
    }
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(offset), out.size(), out.begin());
    return {};
  }
  Bytes bytes_;
};

inline crypto::AeadKey test_key() {
  std::array<std::uint8_t, 32> bytes{};
  bytes.fill(7);
  return crypto::AeadKey(bytes);
}

inline Token test_token(std::uint64_t number) {
  Token token{};
  for (std::size_t i = 0; i < 8; i++) {
    token[i] = static_cast<std::uint8_t>(number >> (8 * (7 - i)));
  }
  return token;
}

// Columns: hashed_email (person), total_spent decimal(2) bounded 0..500, note text nullable with
// free values, city text with a domain, day date unbounded, member boolean.
inline SnapshotManifest test_manifest() {
  SnapshotManifest manifest;
  manifest.table = "purchases";
  manifest.owner = "shopgood";
  manifest.collaboration = "00112233445566778899aabbccddeeff";
  manifest.token_epoch = 3;
  manifest.person = "hashed_email";
  manifest.identifier = "email";
  manifest.rows_per_person = 20;
  manifest.columns = {
      {.name = "hashed_email", .type = {Type::text, 0}, .label = Label::person},
      {.name = "total_spent",
       .type = {Type::decimal, 2},
       .label = Label::sensitive,
       .bounded = true,
       .low = 0,
       .high = 50000},
      {.name = "note", .type = {Type::text, 0}, .nullable = true},
      {.name = "city", .type = {Type::text, 0}, .domain = {"Bonn", "Kiel", "Ulm"}},
      {.name = "day", .type = {Type::date, 0}, .nullable = true},
      {.name = "member", .type = {Type::boolean, 0}},
  };
  manifest.stream = {.bytes = 4218, .chunks = 3, .index_bytes = 4112, .root = {}};
  manifest.lineage = {.source = {}, .tool = "glovebox 0.1.0", .transforms = {"zip: prefix 3"}};
  manifest.created = 1'700'000'000;
  manifest.expires = 1'800'000'000;
  return manifest;
}

// Person p has 1 + p % 3 rows; the values follow from the row's number.
inline SortedRows test_rows(std::size_t rows) {
  SortedRows out;
  out.columns.resize(5);
  out.dictionaries = {{}, {"", "hello", "w\xC3\xB6rld"}, {"Bonn", "Ulm"}, {}, {}};
  std::uint64_t person = 1;
  std::uint64_t left = 1;
  for (std::size_t row = 0; row < rows; row++) {
    if (left == 0) {
      person++;
      left = 1 + person % 3;
    }
    left--;
    const auto number = static_cast<std::int64_t>(row);
    out.persons.push_back(test_token(person));
    out.columns[0].values.push_back(number * 37 % 50001);
    out.columns[1].values.push_back(row % 4 == 0 ? 0 : number % 3);
    out.columns[1].valid.push_back(row % 4 == 0 ? 0 : 1);
    out.columns[2].values.push_back(number % 2);
    out.columns[3].values.push_back(row % 5 == 0 ? 0 : 19000 + number % 400);
    out.columns[3].valid.push_back(row % 5 == 0 ? 0 : 1);
    out.columns[4].values.push_back(number % 7 == 0 ? 1 : 0);
  }
  return out;
}

struct SealedTable {
  SnapshotManifest manifest;
  Bytes stream;

  [[nodiscard]] Result<std::unique_ptr<Snapshot>> open() const {
    crypto::SystemEntropy entropy;
    return Snapshot::open(manifest, test_key(), std::make_shared<MemorySource>(stream), entropy);
  }
  [[nodiscard]] Result<std::unique_ptr<Snapshot>> reopen(Marks marks) const {
    return Snapshot::reopen(manifest, test_key(), std::make_shared<MemorySource>(stream),
                            std::move(marks));
  }
  // The place of chunk `number` in the stream.
  [[nodiscard]] Layout::Place place(std::size_t number) const {
    if (number + 1 == manifest.stream.chunks) {
      return {manifest.stream.bytes - manifest.stream.index_bytes,
              static_cast<std::uint32_t>(manifest.stream.index_bytes)};
    }
    return Layout::plan(index(), manifest).value().place(number);
  }
  [[nodiscard]] Bytes plain(std::size_t number) const {
    const bool last = number + 1 == manifest.stream.chunks;
    const std::uint64_t at =
        last ? manifest.stream.bytes - manifest.stream.index_bytes : place(number).offset;
    const std::size_t size = last ? manifest.stream.index_bytes : place(number).sealed;
    return crypto::aead_open(test_key(), chunk_nonce(number, last), as_bytes(kStreamMagic),
                             ByteView(stream).subspan(at, size))
        .value();
  }
  [[nodiscard]] Index index() const {
    return decode_index(plain(manifest.stream.chunks - 1), manifest).value();
  }
  // What an owner can do: changes the plaintext of a chunk and seals and signs anew.
  void reseal(std::size_t number, const std::function<void(Bytes&)>& change) {
    Bytes content = plain(number);
    const bool last = number + 1 == manifest.stream.chunks;
    std::vector<Layout::Place> places;
    for (std::size_t i = 0; i < manifest.stream.chunks; i++) places.push_back(place(i));
    change(content);
    const Bytes sealed =
        crypto::aead_seal(test_key(), chunk_nonce(number, last), as_bytes(kStreamMagic), content);
    GBX_CHECK(sealed.size() == places[number].sealed);
    std::copy(sealed.begin(), sealed.end(),
              stream.begin() + static_cast<std::ptrdiff_t>(places[number].offset));
    std::vector<Hash> leaves;
    for (const Layout::Place& at : places) {
      leaves.push_back(chunk_leaf(ByteView(stream).subspan(at.offset, at.sealed)));
    }
    manifest.stream.root = merkle_root(leaves);
  }
};

inline SealedTable seal(const SortedRows& rows, std::uint32_t rows_per_block = 16,
                        SnapshotManifest manifest = test_manifest()) {
  MemorySink sink;
  GBX_CHECK(write_snapshot(manifest, rows, rows_per_block, test_key(), sink).has_value());
  return {std::move(manifest), std::move(sink.bytes_)};
}

}  // namespace gbx::snapshot
