#include "client/prepare/parquet.h"

#include <duckdb.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "client/prepare/failure.h"
#include "trusted/crypto/hash.h"
#include "trusted/snapshot/utf8.h"

namespace gbx::prepare {
namespace {

constexpr std::size_t kChunksPerBatch = 8;

std::string quoted(std::string_view text, char quote) {
  std::string out(1, quote);
  for (const char c : text) {
    if (c == quote) out += quote;
    out += c;
  }
  return out + quote;
}

// DuckDB takes a path for a pattern: of this one it is to read the one file that is called so.
std::string without_patterns(std::string_view path) {
  std::string out;
  for (const char c : path) {
    const bool special = c == '*' || c == '?' || c == '[';
    out += special ? std::string("[") + c + "]" : std::string(1, c);
  }
  return out;
}

class ParquetSource final : public RowSource {
 public:
  ParquetSource(const std::string& path, const std::vector<std::string>& wanted) : path_(path) {
    if (::access(path.c_str(), R_OK) != 0)
      throw Failure("cannot open " + path + ": " + std::strerror(errno));
    try {
      open(wanted);
    } catch (...) {
      close();
      throw;
    }
  }
  ~ParquetSource() override { close(); }
  ParquetSource(const ParquetSource&) = delete;
  ParquetSource& operator=(const ParquetSource&) = delete;
  ParquetSource(ParquetSource&&) = delete;
  ParquetSource& operator=(ParquetSource&&) = delete;

  [[nodiscard]] const std::vector<std::string>& header() const override { return header_; }
  [[nodiscard]] std::uint64_t done() const override { return row_ - 1; }
  [[nodiscard]] std::uint64_t total() const override { return rows_; }
  // DuckDB reads as it likes: the bytes are read once more, in order.
  Hash content() override {
    std::ifstream file(path_, std::ios::binary);
    crypto::Sha256 hash;
    Bytes piece(std::size_t{1} << 20);
    while (file) {
      file.read(reinterpret_cast<char*>(piece.data()), static_cast<std::streamsize>(piece.size()));
      hash.update({piece.data(), static_cast<std::size_t>(file.gcount())});
    }
    if (!file.eof()) throw Failure("cannot read " + path_ + " to its end");
    return hash.finish();
  }
  [[nodiscard]] std::string_view line_word() const override { return "row"; }

  bool next(Batch& batch) override {
    batch.apart = true;
    batch.first_line = row_;
    batch.cells.clear();
    batch.size = 0;
    batch.too_long.clear();
    std::vector<std::size_t> sizes;
    for (std::size_t i = 0; i < kChunksPerBatch && !ended_; i++) {
      duckdb_data_chunk chunk = duckdb_fetch_chunk(result_);
      ended_ = chunk == nullptr;
      if (ended_) break;
      take_chunk(chunk, batch, sizes);
      duckdb_destroy_data_chunk(&chunk);
    }
    // The bytes may have moved while they came: the views are made at the end.
    const char* at = reinterpret_cast<const char*>(batch.bytes.data());
    for (std::size_t i = 0; i < sizes.size(); i++) {
      batch.cells[i].text = {at, sizes[i]};
      at += sizes[i];
    }
    row_ += batch.cells.size() / header_.size();
    // A stream that breaks off ends like one that is done.
    if (ended_ && row_ - 1 != rows_) {
      throw Failure("cannot read " + path_ + ": it is not a whole Parquet file");
    }
    return !batch.cells.empty();
  }

 private:
  void open(const std::vector<std::string>& wanted) {
    const std::string from = " FROM read_parquet(" + quoted(without_patterns(path_), '\'') +
                             ", hive_partitioning=false)";
    if (duckdb_open(nullptr, &database_) != DuckDBSuccess ||
        duckdb_connect(database_, &connection_) != DuckDBSuccess) {
      throw Failure("cannot start the Parquet reader");
    }
    // Rows are in memory or nowhere, and what reads them is in this program.
    run("SET temp_directory=''");
    run("SET autoinstall_known_extensions=false");
    run("SET autoload_known_extensions=false");
    run("SET threads=1");
    run("SET preserve_insertion_order=true");
    run("SELECT *" + from + " LIMIT 0");
    std::vector<std::string> all;
    for (idx_t i = 0; i < duckdb_column_count(&result_); i++) {
      all.emplace_back(duckdb_column_name(&result_, i));
    }
    header_ = wanted.empty() ? all : wanted;
    if (header_.size() > kSourceColumnsMax) throw Failure(path_ + " has too many columns");
    std::string select;
    for (const std::string& name : header_) {
      if (std::find(all.begin(), all.end(), name) == all.end()) {
        throw Failure(path_ + " has no column \"" + name + "\"");
      }
      select += (select.empty() ? "SELECT " : ", ");
      select += "CAST(" + quoted(name, '"') + " AS VARCHAR)";
    }
    run("SELECT count(*)" + from);
    duckdb_data_chunk count = duckdb_fetch_chunk(result_);
    if (count != nullptr) {
      rows_ = static_cast<std::uint64_t>(*static_cast<std::int64_t*>(
          duckdb_vector_get_data(duckdb_data_chunk_get_vector(count, 0))));
      duckdb_destroy_data_chunk(&count);
    }
    stream(select + from);
  }

  void run(const std::string& sql) {
    if (has_result_) duckdb_destroy_result(&result_);
    has_result_ = true;
    if (duckdb_query(connection_, sql.c_str(), &result_) != DuckDBSuccess) {
      throw Failure("cannot read " + path_ + ": it is not a Parquet file that can be read");
    }
  }

  // Chunk by chunk, so that memory does not grow with the file.
  void stream(const std::string& sql) {
    if (has_result_) duckdb_destroy_result(&result_);
    has_result_ = false;
    duckdb_prepared_statement statement = nullptr;
    duckdb_pending_result pending = nullptr;
    bool good = duckdb_prepare(connection_, sql.c_str(), &statement) == DuckDBSuccess &&
                duckdb_pending_prepared_streaming(statement, &pending) == DuckDBSuccess;
    if (good) {
      good = duckdb_execute_pending(pending, &result_) == DuckDBSuccess;
      has_result_ = true;
    }
    duckdb_destroy_pending(&pending);
    duckdb_destroy_prepare(&statement);
    if (!good)
      throw Failure("cannot read " + path_ + ": it is not a Parquet file that can be read");
  }

  void take_chunk(duckdb_data_chunk chunk, Batch& batch, std::vector<std::size_t>& sizes) {
    const idx_t rows = duckdb_data_chunk_get_size(chunk);
    const std::size_t columns = header_.size();
    std::vector<duckdb_string_t*> texts(columns);
    std::vector<std::uint64_t*> valid(columns);
    for (std::size_t c = 0; c < columns; c++) {
      duckdb_vector vector = duckdb_data_chunk_get_vector(chunk, c);
      texts[c] = static_cast<duckdb_string_t*>(duckdb_vector_get_data(vector));
      valid[c] = duckdb_vector_get_validity(vector);
    }
    for (idx_t row = 0; row < rows; row++) {
      for (std::size_t c = 0; c < columns; c++) {
        Field field{.text = {}, .quoted = true};
        field.null = valid[c] != nullptr && !duckdb_validity_row_is_valid(valid[c], row);
        std::size_t size = 0;
        if (!field.null) {
          size = duckdb_string_t_length(texts[c][row]);
          const char* data = duckdb_string_t_data(&texts[c][row]);
          if (batch.bytes.size() < batch.size + size) {
            batch.bytes.resize((batch.size + size) * 2);
          }
          std::copy_n(data, size, batch.bytes.begin() + static_cast<std::ptrdiff_t>(batch.size));
          batch.size += size;
        }
        batch.cells.push_back(field);
        sizes.push_back(size);
      }
    }
  }

  void close() {
    if (has_result_) duckdb_destroy_result(&result_);
    if (connection_ != nullptr) duckdb_disconnect(&connection_);
    if (database_ != nullptr) duckdb_close(&database_);
  }

  std::string path_;
  std::vector<std::string> header_;
  duckdb_database database_ = nullptr;
  duckdb_connection connection_ = nullptr;
  duckdb_result result_{};
  bool has_result_ = false;
  bool ended_ = false;
  std::uint64_t row_ = 1;
  std::uint64_t rows_ = 0;
};

}  // namespace

std::unique_ptr<RowSource> open_parquet(const std::string& path,
                                        const std::vector<std::string>& wanted) {
  return std::make_unique<ParquetSource>(path, wanted);
}

void CellReader::start(Batch& batch) {
  batch_ = &batch;
  at_ = 0;
  line_ = batch.first_line;
}

bool CellReader::next(Row& row) {
  if (at_ >= batch_->cells.size()) return false;
  row.line = line_++;
  row.rejected = false;
  row.fields.assign(batch_->cells.begin() + static_cast<std::ptrdiff_t>(at_),
                    batch_->cells.begin() + static_cast<std::ptrdiff_t>(at_ + columns_));
  at_ += columns_;
  const bool nul = std::any_of(row.fields.begin(), row.fields.end(), [](const Field& field) {
    return field.text.find('\0') != std::string_view::npos;
  });
  if (nul) {
    row.rejected = true;
    row.reject = Reject::nul_byte;
  }
  return true;
}

}  // namespace gbx::prepare
