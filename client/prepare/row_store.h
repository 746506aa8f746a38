#pragma once

// Accepted rows on their way into a snapshot, in memory: packed records, spread over 256 buckets by
// the token's first byte as they come, so that sorting touches one small bucket at a time. Each
// thread fills a store of its own (StoreShard); RowStore then sorts, bounds rows per person and
// hands out blocks. Which rows stay, and in what order, depends on their content and the key of
// this snapshot alone, not on the file's order or the threads.

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "trusted/crypto/hash.h"
#include "trusted/snapshot/manifest.h"
#include "trusted/snapshot/table.h"
#include "trusted/snapshot/writer.h"

namespace gbx::prepare {

// Where each column lies in a record: token, numbers of 1, 2, 4 or 8 bytes, bits of absence.
class RecordLayout {
 public:
  struct Slot {
    std::size_t offset = 0;
    std::size_t width = 8;
    std::int64_t low = 0;  // a number n is kept as n - low
    bool text = false;
    std::size_t absent_bit = SIZE_MAX;  // of nullable columns
  };
  // For the columns of a manifest without the person column.
  explicit RecordLayout(const std::vector<const snapshot::ManifestColumn*>& columns);

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t columns() const { return slots_.size(); }
  [[nodiscard]] const Slot& slot(std::size_t column) const { return slots_[column]; }
  void put(std::uint8_t* record, std::size_t column, std::int64_t value) const;
  void put_absent(std::uint8_t* record, std::size_t column) const;
  [[nodiscard]] std::int64_t get(const std::uint8_t* record, std::size_t column) const;
  [[nodiscard]] bool absent(const std::uint8_t* record, std::size_t column) const;

 private:
  std::vector<Slot> slots_;
  std::size_t absent_ = 0;
  std::size_t size_ = 0;
};

// Distinct texts, in the order in which they came.
class Dictionary {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;
  Dictionary();
  // The code of `text`, or kNone.
  [[nodiscard]] std::uint32_t find(std::string_view text) const;
  // `text` must not be in it yet.
  std::uint32_t add(std::string_view text);
  [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(texts_.size()); }
  [[nodiscard]] std::string_view text(std::uint32_t code) const { return texts_[code]; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  void grow();
  std::vector<std::string_view> texts_;  // into pages_
  std::vector<std::uint32_t> slots_;     // open addressing, code + 1; a power of two
  std::vector<std::unique_ptr<char[]>> pages_;
  std::size_t page_used_ = 0;
  std::size_t page_size_ = 0;
  std::uint64_t bytes_ = 0;
};

constexpr std::size_t kBuckets = 256;

// What one thread has accepted.
class StoreShard {
 public:
  explicit StoreShard(const RecordLayout& layout);
  // Room for one more record, with `token` in place and zeros behind it.
  std::uint8_t* add(const Token& token);
  Dictionary& dictionary(std::size_t column) { return dictionaries_[column]; }
  [[nodiscard]] const Dictionary& dictionary(std::size_t column) const {
    return dictionaries_[column];
  }
  void note_range(std::size_t column, std::int64_t value);
  [[nodiscard]] const std::pair<std::int64_t, std::int64_t>& range(std::size_t column) const {
    return ranges_[column];
  }
  [[nodiscard]] std::uint64_t rows() const { return rows_; }
  [[nodiscard]] std::uint64_t memory() const { return slabs_ * kSlabBytes; }

 private:
  friend class RowStore;
  static constexpr std::size_t kSlabBytes = std::size_t{64} << 10;
  struct Bucket {
    std::vector<std::unique_ptr<std::uint8_t[]>> slabs;
    std::size_t used = 0;  // records in the last slab
  };
  const RecordLayout* layout_;
  std::size_t per_slab_;
  std::array<Bucket, kBuckets> buckets_;
  std::vector<Dictionary> dictionaries_;
  std::vector<std::pair<std::int64_t, std::int64_t>> ranges_;  // first > second: no value yet
  std::uint64_t rows_ = 0;
  std::uint64_t slabs_ = 0;
};

class RowStore {
 public:
  // `choice_key` decides which rows of a person over `rows_per_person` stay.
  RowStore(const RecordLayout& layout, std::vector<std::unique_ptr<StoreShard>> shards,
           std::uint32_t rows_per_person, const Secret<32>& choice_key);

  // Joins the shards' dictionaries. Before any sort().
  void join_dictionaries();
  // Sorts one bucket and bounds its persons. Different buckets may be sorted at the same time.
  void sort(std::size_t bucket);
  // After all buckets are sorted: what the snapshot's writer must know first.
  snapshot::WriterPlan plan(std::uint32_t rows_per_block);
  // All blocks in order; a bucket's memory is given back when it has been read. Stops at the first
  // error of `take`.
  Status blocks(std::uint32_t rows_per_block, const std::function<Status(snapshot::Block&&)>& take);

  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }  // rows over the cap

 private:
  struct Sorted {
    std::unique_ptr<std::uint8_t[]> records;
    std::size_t count = 0;
  };
  Sorted gather(std::size_t bucket);
  void keep_few(std::vector<const std::uint8_t*>& run) const;
  void drop_unused(snapshot::WriterPlan& plan);
  void fill(snapshot::Block& block, const std::vector<const std::uint8_t*>& rows) const;

  RecordLayout layout_;
  std::vector<std::unique_ptr<StoreShard>> shards_;
  std::uint32_t rows_per_person_;
  crypto::Tokeniser choice_;
  std::vector<std::vector<std::string>> dictionaries_;                // joined, ascending
  std::vector<std::vector<std::vector<std::uint32_t>>> shard_codes_;  // [shard][column][code]
  std::vector<std::vector<std::uint8_t>> used_;                       // [column][code]
  std::vector<std::vector<std::uint32_t>> final_codes_;               // [column][code]
  std::array<Sorted, kBuckets> sorted_;
  std::atomic<std::uint64_t> dropped_{0};
};

}  // namespace gbx::prepare
