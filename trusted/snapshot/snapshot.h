#pragma once

// A sealed snapshot, opened: the Table that engines read inside a room.
//
// The owner wrote the bytes and signed their root; the host stores them and hands them over, again
// on every read. open() reads the whole stream once, and takes it only when the root is the signed
// one, every chunk opens under the key and everything in it is as the manifest says: order of
// persons, rows per person (across blocks, too), codes, bounds, domains, nulls, padding. Later
// reads hold each chunk against the mark kept from then, so they yield the same values or fail.
// The keys stay in this object and are wiped with it.

#include <array>
#include <atomic>
#include <memory>

#include "trusted/base/seams.h"
#include "trusted/snapshot/chunk.h"
#include "trusted/snapshot/layout.h"
#include "trusted/snapshot/manifest.h"
#include "trusted/snapshot/table.h"

namespace gbx::snapshot {

class Snapshot final : public Table {
 public:
  // Fails with unverified (stream_changed, seal_broken, root_wrong), invalid_argument (what is
  // inside breaks the format or the manifest), policy_denied (too_many_rows, more than `rows_max`:
  // before anything but the index is read) or unavailable (the source or the entropy failed).
  // `entropy` is for the key of the marks.
  static Result<std::unique_ptr<Snapshot>> open(const SnapshotManifest& manifest,
                                                crypto::AeadKey key,
                                                std::shared_ptr<const BlockSource> source,
                                                Entropy& entropy,
                                                std::uint64_t rows_max = UINT64_MAX);
  static Result<std::unique_ptr<Snapshot>> open(const VerifiedManifest& verified,
                                                crypto::AeadKey key,
                                                std::shared_ptr<const BlockSource> source,
                                                Entropy& entropy,
                                                std::uint64_t rows_max = UINT64_MAX) {
    return open(verified.manifest(), std::move(key), std::move(source), entropy, rows_max);
  }
  // The same snapshot in another process, without reading it whole again: `marks` are those of the
  // object that open() gave, and vouch for what it has seen. Fails with unverified (stream_changed)
  // or as open() does. Blocks are checked when they are read, but for what only shows across
  // blocks: that open() has seen.
  static Result<std::unique_ptr<Snapshot>> reopen(const SnapshotManifest& manifest,
                                                  crypto::AeadKey key,
                                                  std::shared_ptr<const BlockSource> source,
                                                  Marks marks);
  ~Snapshot() override;
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;
  Snapshot(Snapshot&&) = delete;
  Snapshot& operator=(Snapshot&&) = delete;

  [[nodiscard]] const SnapshotManifest& manifest() const { return manifest_; }
  // Of all chunks, the index last. Whoever has them and their key can show this object others.
  [[nodiscard]] const Marks& marks() const { return marks_; }
  [[nodiscard]] std::uint64_t rows() const { return index_.rows; }
  [[nodiscard]] std::uint64_t persons() const { return index_.persons; }

  [[nodiscard]] const std::vector<ColumnInfo>& columns() const override { return columns_; }
  [[nodiscard]] std::size_t block_count() const override { return index_.blocks.size(); }
  [[nodiscard]] Token first_person(std::size_t block) const override {
    return index_.blocks[block].first;
  }
  [[nodiscard]] Token last_person(std::size_t block) const override {
    return index_.blocks[block].last;
  }
  [[nodiscard]] const std::vector<std::string>& dictionary(std::size_t column) const override {
    return dictionaries_[column];
  }
  Status read_block(std::size_t block, const std::vector<std::size_t>& wanted,
                    Block& out) const noexcept override;

 private:
  struct Scratch;
  struct Learned;

  Snapshot(SnapshotManifest manifest, crypto::AeadKey key,
           std::shared_ptr<const BlockSource> source);

  Status load_index(Learned* learned);
  Status load_dictionaries(Scratch& scratch);
  Status check_blocks(Scratch& scratch);
  // Takes a chunk for what it was when all was read, or, with `learned`, notes what it is.
  [[nodiscard]] Status recognise(std::size_t chunk, const crypto::AeadNonce& nonce, ByteView sealed,
                                 crypto::Gmac& gmac, Learned* learned) const;
  // The plaintext of a chunk, in `scratch` until its next use.
  Result<ByteView> open_chunk(std::size_t chunk, Scratch& scratch) const;
  Status read_block_with(std::size_t block, const std::vector<std::size_t>& wanted, Block& out,
                         Scratch& scratch) const;
  [[nodiscard]] std::unique_ptr<Scratch> take_scratch() const;
  void give_scratch(std::unique_ptr<Scratch> scratch) const;

  SnapshotManifest manifest_;
  crypto::AeadKey key_;
  std::shared_ptr<const BlockSource> source_;
  Index index_;
  Layout layout_;
  Marks marks_;
  std::vector<ColumnInfo> columns_;
  std::vector<std::vector<std::string>> dictionaries_;  // by column; empty unless text
  // Buffers and ciphers of reads that are not going on now: one is taken for each read.
  mutable std::array<std::atomic<Scratch*>, 16> idle_{};
};

}  // namespace gbx::snapshot
