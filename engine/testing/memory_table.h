#pragma once

// A table from plain rows, for tests and benchmarks: no file, no key, no seal.

#include <memory>
#include <vector>

#include "trusted/snapshot/table.h"

namespace gbx::engine {

struct MemoryRow {
  Token person{};
  std::vector<Cell> cells;  // by column
};

class MemoryTable final : public snapshot::Table {
 public:
  // Sorts the rows by person. Blocks of `block_rows` rows; a person may go on in the next.
  // Columns of every second block are packed.
  MemoryTable(std::vector<snapshot::ColumnInfo> columns, std::vector<MemoryRow> rows,
              std::size_t block_rows);

  [[nodiscard]] const std::vector<snapshot::ColumnInfo>& columns() const override {
    return columns_;
  }
  [[nodiscard]] std::size_t block_count() const override { return blocks_.size(); }
  [[nodiscard]] Token first_person(std::size_t block) const override {
    return blocks_[block].persons.front();
  }
  [[nodiscard]] Token last_person(std::size_t block) const override {
    return blocks_[block].persons.back();
  }
  [[nodiscard]] const std::vector<std::string>& dictionary(std::size_t column) const override {
    return dictionaries_[column];
  }
  Status read_block(std::size_t block, const std::vector<std::size_t>& wanted,
                    snapshot::Block& out) const noexcept override;

  [[nodiscard]] const std::vector<MemoryRow>& rows() const { return rows_; }

 private:
  void add_block(std::size_t first, std::size_t end);

  std::vector<snapshot::ColumnInfo> columns_;
  std::vector<MemoryRow> rows_;
  std::vector<std::vector<std::string>> dictionaries_;
  std::vector<snapshot::Block> blocks_;
};

}  // namespace gbx::engine
