#include <unistd.h>

#include <algorithm>

#include "bench/tpch.h"
#include "trusted/base/json.h"
#include "trusted/snapshot/writer.h"

namespace gbx::bench::tpch {
namespace {

std::uint64_t scatter(std::uint64_t x) {
  x = (x ^ (x >> 31)) * 0x7fb5d329728ea185U;
  x = (x ^ (x >> 27)) * 0x81dadef4bc2dd44dU;
  return x ^ (x >> 33);
}

Token token_of(std::uint64_t customer) {
  Token out{};
  for (std::size_t i = 0; i < 8; i++) {
    out[i] = static_cast<std::uint8_t>(scatter(customer + 1) >> (56 - 8 * i));
    out[8 + i] = static_cast<std::uint8_t>(scatter(~customer) >> (56 - 8 * i));
  }
  return out;
}

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

snapshot::SnapshotManifest manifest_of(const Table& table) {
  snapshot::SnapshotManifest out;
  out.table = table.text;
  out.owner = "owner";
  out.collaboration = "00112233445566778899aabbccddeeff";
  out.person = "custkey";
  out.identifier = "email";
  out.rows_per_person = 256;
  out.lineage.tool = "bench";
  out.created = 1;
  out.expires = 2;
  snapshot::ManifestColumn person;
  person.name = "custkey";
  person.type = {Type::text, 0};
  person.label = Label::person;
  out.columns.push_back(person);
  for (const Column& column : table.columns) {
    snapshot::ManifestColumn made;
    made.name = column.name;
    made.type = column.type;
    made.bounded = column.type.type != Type::text;
    made.low = made.bounded ? column.low : 0;
    made.high = made.bounded ? column.high : 0;
    out.columns.push_back(made);
  }
  return out;
}

// Gathers rows into blocks, a person's as one run in each.
class Blocks {
 public:
  Blocks(std::size_t columns, std::uint32_t rows_per_block,
         std::function<void(const snapshot::Block&)> take)
      : rows_per_block_(rows_per_block), take_(std::move(take)) {
    block_.columns.resize(columns);
  }
  void add(const Token& person, std::span<const std::int64_t> row) {
    if (count_ == rows_per_block_) flush();
    if (block_.persons.empty() || block_.persons.back() != person) {
      block_.persons.push_back(person);
      block_.row_begin.push_back(count_);
    }
    for (std::size_t i = 0; i < row.size(); i++) block_.columns[i].values.push_back(row[i]);
    count_++;
  }
  void flush() {
    if (count_ == 0) return;
    block_.row_begin.push_back(count_);
    take_(block_);
    count_ = 0;
    block_.persons.clear();
    block_.row_begin.clear();
    for (snapshot::ColumnData& column : block_.columns) column.values.clear();
  }

 private:
  std::uint32_t rows_per_block_;
  std::function<void(const snapshot::Block&)> take_;
  snapshot::Block block_;
  std::uint32_t count_ = 0;
};

}  // namespace

void seal(const Table& table, std::uint64_t customers, const Sealed& to) {
  std::vector<std::pair<Token, std::uint64_t>> persons;
  for (std::uint64_t i = 0; i < customers; i++) persons.emplace_back(token_of(i), i);
  std::sort(persons.begin(), persons.end());
  snapshot::SnapshotManifest manifest = manifest_of(table);
  snapshot::WriterPlan plan;
  plan.ranges.resize(table.columns.size());
  for (const Column& column : table.columns) plan.dictionaries.push_back(column.texts);
  const auto write_all = [&](const std::function<void(const snapshot::Block&)>& take) {
    Blocks blocks(table.columns.size(), plan.rows_per_block, take);
    for (const auto& [token, customer] : persons) {
      each_row(
          table.name, customer, customers,
          [&, &person = token](std::span<const std::int64_t> row) { blocks.add(person, row); });
    }
    blocks.flush();
  };
  Token last{};
  write_all([&](const snapshot::Block& block) {
    plan.rows += block.rows();
    plan.persons += block.persons.size() - (block.persons.front() == last ? 1 : 0);
    last = block.persons.back();
    plan.block_persons_max =
        std::max(plan.block_persons_max, static_cast<std::uint32_t>(block.persons.size()));
  });
  FileSink sink(to.stream);
  auto writer = snapshot::SnapshotWriter::create(manifest, plan, crypto::AeadKey({1}), sink);
  GBX_CHECK(writer.has_value());
  write_all([&](const snapshot::Block& block) { GBX_CHECK(writer->add_block(block).has_value()); });
  auto summary = writer->finish();
  GBX_CHECK(summary.has_value());
  manifest.stream = *summary;
  FileSink manifests(to.manifest);
  GBX_CHECK(manifests.write(as_bytes(snapshot::encode(manifest).canonical())).has_value());
}

}  // namespace gbx::bench::tpch
