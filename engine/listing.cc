#include "engine/listing.h"

#include <algorithm>

namespace gbx::engine {
namespace {

constexpr ValueType kWord{Type::integer, 0};

// A table with the words of its persons behind its columns.
class WithWords final : public snapshot::Table {
 public:
  explicit WithWords(const snapshot::Table& table) : table_(&table), columns_(table.columns()) {
    for (std::size_t i = 0; i < sql::kPersonWords; i++) columns_.push_back({"", kWord, false});
  }

  [[nodiscard]] const std::vector<snapshot::ColumnInfo>& columns() const override {
    return columns_;
  }
  [[nodiscard]] std::size_t block_count() const override { return table_->block_count(); }
  [[nodiscard]] Token first_person(std::size_t block) const override {
    return table_->first_person(block);
  }
  [[nodiscard]] Token last_person(std::size_t block) const override {
    return table_->last_person(block);
  }
  [[nodiscard]] const std::vector<std::string>& dictionary(std::size_t column) const override {
    return table_->dictionary(column);  // words have none, and nobody asks
  }

  Status read_block(std::size_t block, const std::vector<std::size_t>& wanted,
                    snapshot::Block& out) const noexcept override {
    const std::size_t width = table_->columns().size();
    const auto first_word = std::lower_bound(wanted.begin(), wanted.end(), width);
    GBX_TRY(table_->read_block(block, {wanted.begin(), first_word}, out));
    out.columns.resize(columns_.size());
    for (auto word = first_word; word != wanted.end(); ++word) {
      fill(*word - width, out, out.columns[*word]);
    }
    return {};
  }

 private:
  static void fill(std::size_t word, const snapshot::Block& block, snapshot::ColumnData& out) {
    out.valid.clear();
    out.values.resize(block.rows());
    for (std::size_t i = 0; i < block.persons.size(); i++) {
      std::fill(out.values.begin() + block.row_begin[i],
                out.values.begin() + block.row_begin[i + 1], sql::words_of(block.persons[i])[word]);
    }
  }

  const snapshot::Table* table_;
  std::vector<snapshot::ColumnInfo> columns_;
};

std::vector<sql::Expression> words(std::size_t width) {
  std::vector<sql::Expression> out(sql::kPersonWords);
  for (std::size_t i = 0; i < out.size(); i++) {
    out[i].op = sql::Op::column;
    out[i].type = kWord;
    out[i].column = static_cast<std::uint32_t>(width + i);
    out[i].high = sql::kPersonWordMax;
  }
  return out;
}

}  // namespace

Listing::Listing(const sql::Task& task, const std::vector<const snapshot::Table*>& tables)
    : task_(task), tables_(tables) {
  if (!task.lists || tables.empty()) return;
  first_ = std::make_unique<const WithWords>(*tables.front());
  tables_.front() = first_.get();
  task_.lists = false;
  task_.groups = words(tables.front()->columns().size());
  task_.groups.insert(task_.groups.end(), task.groups.begin(), task.groups.end());
}

}  // namespace gbx::engine
