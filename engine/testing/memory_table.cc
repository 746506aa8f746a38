#include "engine/testing/memory_table.h"

#include <algorithm>
#include <cstring>

namespace gbx::engine {
namespace {

// As blocks of a snapshot come.
void pack(snapshot::ColumnData& data) {
  const auto [least, most] = std::minmax_element(data.values.begin(), data.values.end());
  const auto low = static_cast<std::uint64_t>(*least);
  const std::uint64_t span = static_cast<std::uint64_t>(*most) - low;
  data.low = *least;
  data.width = span > 0xffffffff ? 8 : span > 0xffff ? 4 : span > 0xff ? 2 : 1;
  data.packed.resize(data.values.size() * data.width);
  for (std::size_t i = 0; i < data.values.size(); i++) {
    const bool valid = data.valid.empty() || data.valid[i] != 0;
    const std::uint64_t number = valid ? static_cast<std::uint64_t>(data.values[i]) - low : 0;
    std::memcpy(data.packed.data() + i * data.width, &number, data.width);
  }
  data.values.clear();
}

}  // namespace

MemoryTable::MemoryTable(std::vector<snapshot::ColumnInfo> columns, std::vector<MemoryRow> rows,
                         std::size_t block_rows)
    : columns_(std::move(columns)), rows_(std::move(rows)), dictionaries_(columns_.size()) {
  std::sort(rows_.begin(), rows_.end(),
            [](const MemoryRow& a, const MemoryRow& b) { return a.person < b.person; });
  for (const MemoryRow& row : rows_) {
    for (std::size_t c = 0; c < columns_.size(); c++) {
      const auto* text = std::get_if<std::string>(&row.cells[c]);
      if (text != nullptr) dictionaries_[c].push_back(*text);
    }
  }
  for (std::vector<std::string>& dictionary : dictionaries_) {
    std::sort(dictionary.begin(), dictionary.end());
    dictionary.erase(std::unique(dictionary.begin(), dictionary.end()), dictionary.end());
  }
  for (std::size_t first = 0; first < rows_.size(); first += block_rows) {
    add_block(first, std::min(first + block_rows, rows_.size()));
  }
}

void MemoryTable::add_block(std::size_t first, std::size_t end) {
  snapshot::Block block;
  block.columns.resize(columns_.size());
  for (std::size_t r = first; r < end; r++) {
    const MemoryRow& row = rows_[r];
    if (block.persons.empty() || block.persons.back() != row.person) {
      block.persons.push_back(row.person);
      block.row_begin.push_back(static_cast<std::uint32_t>(r - first));
    }
    for (std::size_t c = 0; c < columns_.size(); c++) {
      snapshot::ColumnData& data = block.columns[c];
      const Cell& cell = row.cells[c];
      std::int64_t value = 0;
      if (const auto* number = std::get_if<std::int64_t>(&cell)) value = *number;
      if (const auto* text = std::get_if<std::string>(&cell)) {
        const auto& dictionary = dictionaries_[c];
        value = std::lower_bound(dictionary.begin(), dictionary.end(), *text) - dictionary.begin();
      }
      data.values.push_back(value);
      data.valid.push_back(cell.index() == 0 ? 0 : 1);
    }
  }
  block.row_begin.push_back(static_cast<std::uint32_t>(end - first));
  for (snapshot::ColumnData& data : block.columns) {
    if (std::find(data.valid.begin(), data.valid.end(), 0) == data.valid.end()) data.valid.clear();
    if (blocks_.size() % 2 == 1) pack(data);
  }
  blocks_.push_back(std::move(block));
}

Status MemoryTable::read_block(std::size_t block, const std::vector<std::size_t>& wanted,
                               snapshot::Block& out) const noexcept {
  const snapshot::Block& from = blocks_[block];
  out.persons = from.persons;
  out.row_begin = from.row_begin;
  out.columns.assign(columns_.size(), {});
  for (std::size_t column : wanted) out.columns[column] = from.columns[column];
  return {};
}

}  // namespace gbx::engine
