#include "client/prepare/row_store.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

namespace gbx::prepare {
namespace {

constexpr std::int64_t kDayFirst = -719'162;  // 0001-01-01

std::uint64_t load(const std::uint8_t* from, std::size_t width) {
  std::uint64_t out = 0;
  std::memcpy(&out, from, width);
  return out;
}

std::uint64_t first_eight(const std::uint8_t* token) {
  std::uint64_t out = 0;
  std::memcpy(&out, token, 8);
  return __builtin_bswap64(out);
}

std::uint64_t hash_text(std::string_view text) {
  constexpr std::uint64_t kMultiplier = 0x9E3779B97F4A7C15U;
  std::uint64_t hash = text.size() * kMultiplier;
  while (text.size() >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data(), 8);
    hash = std::rotl((hash ^ word) * kMultiplier, 29);
    text.remove_prefix(8);
  }
  std::uint64_t tail = 0;
  std::memcpy(&tail, text.data(), text.size());
  hash = (hash ^ tail) * kMultiplier;
  return hash ^ (hash >> 32);
}

struct SortKey {
  std::uint64_t first;
  std::uint32_t record;
};

}  // namespace

RecordLayout::RecordLayout(const std::vector<const snapshot::ManifestColumn*>& columns) {
  std::size_t at = sizeof(Token);
  std::size_t bits = 0;
  for (const snapshot::ManifestColumn* column : columns) {
    Slot slot;
    slot.offset = at;
    slot.text = column->type.type == Type::text;
    if (slot.text) {
      slot.width = 4;
    } else if (column->type.type == Type::boolean) {
      slot.width = 1;
    } else if (column->bounded) {
      slot.width = snapshot::ColumnFrame{.low = column->low, .high = column->high}.width();
      slot.low = column->low;
    } else if (column->type.type == Type::date) {
      slot.width = 4;
      slot.low = kDayFirst;
    }
    if (column->nullable) slot.absent_bit = bits++;
    at += slot.width;
    slots_.push_back(slot);
  }
  absent_ = at;
  size_ = at + (bits + 7) / 8;
}

void RecordLayout::put(std::uint8_t* record, std::size_t column, std::int64_t value) const {
  const Slot& slot = slots_[column];
  const std::uint64_t kept =
      static_cast<std::uint64_t>(value) - static_cast<std::uint64_t>(slot.low);
  std::memcpy(record + slot.offset, &kept, slot.width);
}

void RecordLayout::put_absent(std::uint8_t* record, std::size_t column) const {
  const std::size_t bit = slots_[column].absent_bit;
  record[absent_ + bit / 8] |= static_cast<std::uint8_t>(1U << (bit % 8));
}

std::int64_t RecordLayout::get(const std::uint8_t* record, std::size_t column) const {
  const Slot& slot = slots_[column];
  return static_cast<std::int64_t>(load(record + slot.offset, slot.width) +
                                   static_cast<std::uint64_t>(slot.low));
}

bool RecordLayout::absent(const std::uint8_t* record, std::size_t column) const {
  const std::size_t bit = slots_[column].absent_bit;
  return bit != SIZE_MAX && ((std::uint32_t{record[absent_ + bit / 8]} >> (bit % 8)) & 1U) != 0;
}

Dictionary::Dictionary() : slots_(64) {}

std::uint32_t Dictionary::find(std::string_view text) const {
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = hash_text(text) & mask;; at = (at + 1) & mask) {
    if (slots_[at] == 0) return kNone;
    if (texts_[slots_[at] - 1] == text) return slots_[at] - 1;
  }
}

std::uint32_t Dictionary::add(std::string_view text) {
  if (texts_.size() * 2 >= slots_.size()) grow();
  if (pages_.empty() || page_used_ + text.size() > page_size_) {
    page_size_ = std::max<std::size_t>(std::size_t{64} << 10, text.size());
    pages_.push_back(std::make_unique<char[]>(page_size_));
    page_used_ = 0;
  }
  char* kept = pages_.back().get() + page_used_;
  std::memcpy(kept, text.data(), text.size());
  page_used_ += text.size();
  bytes_ += text.size() + 4;
  texts_.emplace_back(kept, text.size());
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = hash_text(text) & mask;
  while (slots_[at] != 0) at = (at + 1) & mask;
  slots_[at] = static_cast<std::uint32_t>(texts_.size());
  return static_cast<std::uint32_t>(texts_.size() - 1);
}

void Dictionary::grow() {
  slots_.assign(slots_.size() * 2, 0);
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t code = 0; code < texts_.size(); code++) {
    std::size_t at = hash_text(texts_[code]) & mask;
    while (slots_[at] != 0) at = (at + 1) & mask;
    slots_[at] = static_cast<std::uint32_t>(code + 1);
  }
}

StoreShard::StoreShard(const RecordLayout& layout)
    : layout_(&layout),
      per_slab_(std::max<std::size_t>(1, kSlabBytes / layout.size())),
      dictionaries_(layout.columns()),
      ranges_(layout.columns(), {std::numeric_limits<std::int64_t>::max(),
                                 std::numeric_limits<std::int64_t>::min()}) {}

std::uint8_t* StoreShard::add(const Token& token) {
  Bucket& bucket = buckets_[token[0]];
  if (bucket.slabs.empty() || bucket.used == per_slab_) {
    bucket.slabs.push_back(
        std::make_unique_for_overwrite<std::uint8_t[]>(per_slab_ * layout_->size()));
    bucket.used = 0;
    slabs_++;
  }
  std::uint8_t* record = bucket.slabs.back().get() + bucket.used * layout_->size();
  bucket.used++;
  rows_++;
  std::memcpy(record, token.data(), token.size());
  std::memset(record + token.size(), 0, layout_->size() - token.size());
  return record;
}

void StoreShard::note_range(std::size_t column, std::int64_t value) {
  auto& [low, high] = ranges_[column];
  low = std::min(low, value);
  high = std::max(high, value);
}

RowStore::RowStore(const RecordLayout& layout, std::vector<std::unique_ptr<StoreShard>> shards,
                   std::uint32_t rows_per_person, const Secret<32>& choice_key)
    : layout_(layout),
      shards_(std::move(shards)),
      rows_per_person_(rows_per_person),
      choice_(choice_key) {}

void RowStore::join_dictionaries() {
  dictionaries_.resize(layout_.columns());
  used_.resize(layout_.columns());
  shard_codes_.assign(shards_.size(), std::vector<std::vector<std::uint32_t>>(layout_.columns()));
  for (std::size_t column = 0; column < layout_.columns(); column++) {
    if (!layout_.slot(column).text) continue;
    std::vector<std::string_view> all;
    for (const auto& shard : shards_) {
      const Dictionary& dictionary = shard->dictionary(column);
      for (std::uint32_t i = 0; i < dictionary.size(); i++) all.push_back(dictionary.text(i));
    }
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    dictionaries_[column].assign(all.begin(), all.end());
    used_[column].assign(all.size(), 0);
    for (std::size_t s = 0; s < shards_.size(); s++) {
      const Dictionary& dictionary = shards_[s]->dictionary(column);
      std::vector<std::uint32_t>& codes = shard_codes_[s][column];
      codes.resize(dictionary.size());
      for (std::uint32_t i = 0; i < dictionary.size(); i++) {
        const auto found = std::lower_bound(all.begin(), all.end(), dictionary.text(i));
        codes[i] = static_cast<std::uint32_t>(found - all.begin());
      }
    }
  }
}

// The bucket's records of all shards in one place, with joined codes; the shards give theirs up.
RowStore::Sorted RowStore::gather(std::size_t bucket) {
  const std::size_t size = layout_.size();
  Sorted out;
  for (const auto& shard : shards_) {
    const StoreShard::Bucket& part = shard->buckets_[bucket];
    if (!part.slabs.empty()) {
      out.count += (part.slabs.size() - 1) * shard->per_slab_ + part.used;
    }
  }
  out.records = std::make_unique_for_overwrite<std::uint8_t[]>(out.count * size);
  std::uint8_t* at = out.records.get();
  for (std::size_t s = 0; s < shards_.size(); s++) {
    StoreShard::Bucket& part = shards_[s]->buckets_[bucket];
    std::uint8_t* const begin = at;
    for (std::size_t i = 0; i < part.slabs.size(); i++) {
      const std::size_t count = i + 1 < part.slabs.size() ? shards_[s]->per_slab_ : part.used;
      std::memcpy(at, part.slabs[i].get(), count * size);
      at += count * size;
    }
    part = {};
    for (std::size_t column = 0; column < layout_.columns(); column++) {
      if (!layout_.slot(column).text) continue;
      const std::vector<std::uint32_t>& codes = shard_codes_[s][column];
      for (std::uint8_t* record = begin; record < at; record += size) {
        if (layout_.absent(record, column)) continue;
        const auto code = static_cast<std::size_t>(layout_.get(record, column));
        layout_.put(record, column, codes[code]);
      }
    }
  }
  return out;
}

// Of one person's rows, those that the key chooses; ordered by content again.
void RowStore::keep_few(std::vector<const std::uint8_t*>& run) const {
  const std::size_t size = layout_.size();
  std::vector<std::pair<Token, const std::uint8_t*>> chosen;
  for (const std::uint8_t* record : run) {
    chosen.emplace_back(choice_.token({record, size}), record);
  }
  // Equal tokens are equal rows: any of them will do.
  std::sort(chosen.begin(), chosen.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  run.clear();
  for (std::size_t i = 0; i < rows_per_person_; i++) run.push_back(chosen[i].second);
  std::sort(run.begin(), run.end(), [&](const std::uint8_t* a, const std::uint8_t* b) {
    return std::memcmp(a, b, size) < 0;
  });
}

void RowStore::sort(std::size_t bucket) {
  const std::size_t size = layout_.size();
  const Sorted all = gather(bucket);
  std::vector<SortKey> keys(all.count);
  for (std::size_t i = 0; i < all.count; i++) {
    keys[i] = {first_eight(all.records.get() + i * size), static_cast<std::uint32_t>(i)};
  }
  const auto record = [&](const SortKey& key) { return all.records.get() + key.record * size; };
  std::sort(keys.begin(), keys.end(), [&](const SortKey& a, const SortKey& b) {
    if (a.first != b.first) return a.first < b.first;
    return std::memcmp(record(a), record(b), size) < 0;
  });
  Sorted& out = sorted_[bucket];
  out.records = std::make_unique_for_overwrite<std::uint8_t[]>(all.count * size);
  std::vector<const std::uint8_t*> run;
  for (std::size_t begin = 0; begin < keys.size();) {
    std::size_t end = begin;
    run.clear();
    while (end < keys.size() &&
           std::memcmp(record(keys[end]), record(keys[begin]), sizeof(Token)) == 0) {
      run.push_back(record(keys[end++]));
    }
    if (run.size() > rows_per_person_) {
      dropped_ += run.size() - rows_per_person_;
      keep_few(run);
    }
    for (const std::uint8_t* kept : run) {
      std::memcpy(out.records.get() + out.count++ * size, kept, size);
    }
    begin = end;
  }
  for (std::size_t column = 0; column < layout_.columns(); column++) {
    if (!layout_.slot(column).text) continue;
    for (std::size_t i = 0; i < out.count; i++) {
      const std::uint8_t* kept = out.records.get() + i * size;
      if (layout_.absent(kept, column)) continue;
      std::uint8_t& used = used_[column][static_cast<std::size_t>(layout_.get(kept, column))];
      std::atomic_ref<std::uint8_t>(used).store(1, std::memory_order_relaxed);
    }
  }
}

// Texts of rows that did not stay do not enter either.
void RowStore::drop_unused(snapshot::WriterPlan& plan) {
  final_codes_.resize(layout_.columns());
  for (std::size_t column = 0; column < layout_.columns(); column++) {
    plan.dictionaries.emplace_back();
    if (!layout_.slot(column).text) continue;
    std::vector<std::uint32_t>& codes = final_codes_[column];
    for (std::size_t i = 0; i < used_[column].size(); i++) {
      codes.push_back(static_cast<std::uint32_t>(plan.dictionaries.back().size()));
      if (used_[column][i] == 0) continue;
      plan.dictionaries.back().push_back(std::move(dictionaries_[column][i]));
    }
    dictionaries_[column].clear();
  }
}

snapshot::WriterPlan RowStore::plan(std::uint32_t rows_per_block) {
  const std::size_t size = layout_.size();
  snapshot::WriterPlan plan;
  plan.rows_per_block = rows_per_block;
  const std::uint8_t* before = nullptr;
  std::uint32_t in_block = 0;
  for (const Sorted& bucket : sorted_) {
    for (std::size_t i = 0; i < bucket.count; i++) {
      const std::uint8_t* record = bucket.records.get() + i * size;
      const bool other = before == nullptr || std::memcmp(before, record, sizeof(Token)) != 0;
      const bool begins = plan.rows % rows_per_block == 0;
      if (other) plan.persons++;
      if (begins) in_block = 0;
      if (other || begins) in_block++;
      plan.block_persons_max = std::max(plan.block_persons_max, in_block);
      plan.rows++;
      before = record;
    }
  }
  for (std::size_t column = 0; column < layout_.columns(); column++) {
    std::pair<std::int64_t, std::int64_t> range = shards_[0]->range(column);
    for (const auto& shard : shards_) {
      range.first = std::min(range.first, shard->range(column).first);
      range.second = std::max(range.second, shard->range(column).second);
    }
    plan.ranges.push_back(range.first > range.second ? std::pair<std::int64_t, std::int64_t>(0, 0)
                                                     : range);
  }
  drop_unused(plan);
  return plan;
}

void RowStore::fill(snapshot::Block& block, const std::vector<const std::uint8_t*>& rows) const {
  block.columns.resize(layout_.columns());
  for (std::size_t i = 0; i < rows.size(); i++) {
    if (i == 0 || std::memcmp(rows[i - 1], rows[i], sizeof(Token)) != 0) {
      std::memcpy(block.persons.emplace_back().data(), rows[i], sizeof(Token));
      block.row_begin.push_back(static_cast<std::uint32_t>(i));
    }
  }
  block.row_begin.push_back(static_cast<std::uint32_t>(rows.size()));
  for (std::size_t column = 0; column < layout_.columns(); column++) {
    const RecordLayout::Slot& slot = layout_.slot(column);
    snapshot::ColumnData& data = block.columns[column];
    data.values.resize(rows.size());
    const bool nullable = slot.absent_bit != SIZE_MAX;
    data.valid.assign(nullable ? rows.size() : 0, 1);
    for (std::size_t i = 0; i < rows.size(); i++) {
      if (nullable && layout_.absent(rows[i], column)) {
        data.valid[i] = 0;
        data.values[i] = 0;
        continue;
      }
      const std::int64_t value = layout_.get(rows[i], column);
      data.values[i] = slot.text ? final_codes_[column][static_cast<std::size_t>(value)] : value;
    }
  }
}

Status RowStore::blocks(std::uint32_t rows_per_block,
                        const std::function<Status(snapshot::Block&&)>& take) {
  const std::size_t size = layout_.size();
  std::vector<const std::uint8_t*> rows;
  std::size_t done = 0;  // buckets whose rows are all in blocks
  const auto flush = [&](std::size_t until) {
    snapshot::Block block;
    fill(block, rows);
    rows.clear();
    for (; done < until; done++) sorted_[done] = {};
    return take(std::move(block));
  };
  for (std::size_t bucket = 0; bucket < kBuckets; bucket++) {
    for (std::size_t i = 0; i < sorted_[bucket].count; i++) {
      rows.push_back(sorted_[bucket].records.get() + i * size);
      if (rows.size() == rows_per_block) GBX_TRY(flush(bucket));
    }
  }
  return rows.empty() ? Status() : flush(kBuckets);
}

}  // namespace gbx::prepare
