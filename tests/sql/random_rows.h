#pragma once

// Tests only: rendered SQL on a DuckDB in memory, and seeded randomness.

#include <duckdb.h>
#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "trusted/base/value.h"

namespace gbx::sql {

class Duckdb {
 public:
  Duckdb() {
    GBX_CHECK(duckdb_open(nullptr, &database_) == DuckDBSuccess);
    GBX_CHECK(duckdb_connect(database_, &connection_) == DuckDBSuccess);
  }
  ~Duckdb() {
    duckdb_disconnect(&connection_);
    duckdb_close(&database_);
  }
  Duckdb(const Duckdb&) = delete;
  Duckdb& operator=(const Duckdb&) = delete;

  // All cells as text; empty optional for NULL.
  std::vector<std::vector<std::optional<std::string>>> rows(const std::string& sql) {
    duckdb_result result;
    const bool done = duckdb_query(connection_, sql.c_str(), &result) == DuckDBSuccess;
    if (!done) ADD_FAILURE() << duckdb_result_error(&result) << "\n" << sql;
    std::vector<std::vector<std::optional<std::string>>> out(done ? duckdb_row_count(&result) : 0);
    for (idx_t r = 0; r < out.size(); r++) {
      for (idx_t c = 0; c < duckdb_column_count(&result); c++) {
        char* text = duckdb_value_varchar(&result, c, r);
        out[r].push_back(text == nullptr ? std::nullopt : std::optional<std::string>(text));
        duckdb_free(text);
      }
    }
    duckdb_destroy_result(&result);
    return out;
  }
  void run(const std::string& sql) { rows(sql); }

 private:
  duckdb_database database_ = nullptr;
  duckdb_connection connection_ = nullptr;
};

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  std::int64_t below(std::int64_t n) { return between(0, n - 1); }
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(engine_);
  }
  bool chance(int percent) { return below(100) < percent; }

 private:
  std::mt19937_64 engine_;
};

inline std::string random_text(Random& random) {
  constexpr std::array<const char*, 8> kPieces = {"a", "B", "z", "%", "_", "'", "\\", "\xC3\xA4"};
  std::string out;
  for (std::int64_t i = random.below(5); i > 0; i--) {
    out += kPieces[static_cast<std::size_t>(random.below(kPieces.size()))];
  }
  return out;
}

inline std::string literal_of(const Cell& cell) {
  if (const auto* number = std::get_if<std::int64_t>(&cell)) return std::to_string(*number);
  const auto* text = std::get_if<std::string>(&cell);
  if (text == nullptr) return "NULL";
  std::string out = "'";
  for (const char c : *text) out += c == '\'' ? std::string("''") : std::string(1, c);
  return out + "'";
}

}  // namespace gbx::sql
