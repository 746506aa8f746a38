#pragma once

// For tests: a folder that goes away, and a whole preparation in one call.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "client/prepare/failure.h"
#include "client/prepare/prepare.h"
#include "trusted/crypto/entropy.h"
#include "trusted/snapshot/snapshot.h"
#include "trusted/snapshot/snapshot_fixture.h"

namespace gbx::prepare {

class TestFolder {
 public:
  TestFolder() {
    std::string name = testing::TempDir() + "prepare-XXXXXX";
    GBX_CHECK(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  TestFolder(TestFolder&&) = delete;
  TestFolder& operator=(TestFolder&&) = delete;

  [[nodiscard]] std::string path(const std::string& name) const { return path_ + "/" + name; }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path(name), std::ios::binary) << text;
    return path(name);
  }
  [[nodiscard]] std::string read(const std::string& name) const {
    std::ifstream file(path(name), std::ios::binary);
    std::ostringstream out;
    out << file.rdbuf();
    return out.str();
  }
  // Names of what is there, in order.
  [[nodiscard]] std::vector<std::string> files() const {
    std::vector<std::string> out;
    for (const auto& entry : std::filesystem::directory_iterator(path_)) {
      out.push_back(entry.path().filename().string());
    }
    std::sort(out.begin(), out.end());
    return out;
  }

 private:
  std::string path_;
};

inline Token token_of(std::string_view identifier) {
  const Hash hash = crypto::sha256(as_bytes(identifier));
  Token token{};
  std::copy_n(hash.begin(), token.size(), token.begin());
  return token;
}

// A table, a manifest and everything else that a preparation needs.
class Workshop {
 public:
  explicit Workshop(const std::string& csv, const std::string& manifest = kManifest) {
    folder.write("rows.csv", csv);
    folder.write("manifest.yaml", manifest);
  }

  static constexpr const char* kManifest = R"(table: purchases
source: {file: rows.csv}
columns:
  email: {as: hashed_email, label: person, identifier: email}
  day: {type: date, label: plain, nullable: true}
  spent: {type: decimal, scale: 2, label: sensitive, bounds: [0, 500]}
  city: {type: text, label: plain}
rows_per_person: 3
)";

  [[nodiscard]] PrepareJob job() {
    PrepareJob job;
    job.manifest = read_manifest(folder.path("manifest.yaml"));
    job.out = folder.path("out.gbx");
    job.rejects_file = folder.path("out.rejects.csv");
    job.threads = 2;
    job.owner = "shopgood";
    job.collaboration = "00112233445566778899aabbccddeeff";
    job.token_epoch = 2;
    job.token = [](std::string_view identifier) { return token_of(identifier); };
    job.signing_key = &key;
    job.entropy = &entropy;
    job.now = 1'700'000'000;
    job.tool = "test";
    job.keep_key = [this](const Hash& hash, const crypto::AeadKey& kept) {
      keys.emplace(hash, kept.copy());
    };
    return job;
  }

  PrepareReport run() { return prepare(job()); }
  // What run() fails with; "" when it does not.
  std::string failure() {
    try {
      run();
    } catch (const Failure& failed) {
      return failed.what();
    }
    return "";
  }

  // The snapshot as a room opens it.
  [[nodiscard]] std::unique_ptr<snapshot::Snapshot> open(const PrepareReport& report) const {
    const std::string text = folder.read("out.gbx.json");
    const auto envelope = packet::parse_envelope(text);
    GBX_CHECK(envelope.has_value());
    const auto manifest = snapshot::VerifiedManifest::verify(*envelope, key.public_key());
    GBX_CHECK(manifest.has_value() && manifest->hash() == report.manifest_hash);
    crypto::SystemEntropy marks;
    auto table = snapshot::Snapshot::open(
        *manifest, keys.at(report.manifest_hash).copy(),
        std::make_shared<snapshot::MemorySource>(to_bytes(folder.read("out.gbx"))), marks);
    GBX_CHECK(table.has_value());
    return std::move(table).value();
  }

  // Every row as "person-token-prefix day spent city", sorted.
  [[nodiscard]] std::vector<std::string> rows(const PrepareReport& report) const {
    const auto table = open(report);
    std::vector<std::string> out;
    std::vector<std::size_t> all(table->columns().size());
    for (std::size_t i = 0; i < all.size(); i++) all[i] = i;
    snapshot::Block block;
    for (std::size_t b = 0; b < table->block_count(); b++) {
      GBX_CHECK(table->read_block(b, all, block).has_value());
      for (snapshot::ColumnData& column : block.columns) unpack(column);
      for (std::size_t p = 0; p < block.persons.size(); p++) {
        for (std::size_t r = block.row_begin[p]; r < block.row_begin[p + 1]; r++) {
          std::string line = to_hex(block.persons[p]).substr(0, 8);
          for (const std::size_t c : all) line += " " + cell(*table, block, c, r);
          out.push_back(line);
        }
      }
    }
    std::sort(out.begin(), out.end());
    return out;
  }

  static std::string who(std::string_view identifier) {
    return to_hex(token_of(identifier)).substr(0, 8);
  }

  TestFolder folder;
  crypto::SystemEntropy entropy;
  crypto::SigningKey key = crypto::SigningKey::make(entropy).value();
  std::map<Hash, crypto::AeadKey> keys;

 private:
  static std::string cell(const snapshot::Table& table, const snapshot::Block& block,
                          std::size_t column, std::size_t row) {
    const snapshot::ColumnData& data = block.columns[column];
    if (!data.valid.empty() && data.valid[row] == 0) return "-";
    const ValueType type = table.columns()[column].type;
    if (type.type != Type::text) return format_value(data.values[row], type);
    return table.dictionary(column)[static_cast<std::size_t>(data.values[row])];
  }
};

}  // namespace gbx::prepare
