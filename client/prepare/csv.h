#pragma once

// CSV, as RFC 4180 has it and as it is found: delimiter , ; tab or |, quotes doubled or none,
// LF or CRLF, UTF-8 with or without BOM, newlines inside quotes. A quote opens a quoted field only
// where a field begins; elsewhere it is a character. One thread cuts the file at ends of records
// (CsvSource), any number take the pieces apart (CsvReader); both follow the same grammar.

#include <optional>

#include "client/prepare/rows.h"
#include "trusted/crypto/hash.h"

namespace gbx::prepare {

struct Dialect {
  char delimiter = ',';
  char quote = '"';
  friend bool operator==(const Dialect&, const Dialect&) = default;
};

// The dialect that the first lines suggest: the delimiter that splits them into the most fields of
// one count. `text` is the beginning of a file.
Dialect sniff_dialect(std::string_view text);

class CsvSource final : public RowSource {
 public:
  // Opens `path` and reads its header. Without a dialect, sniffs one. Throws Failure for a file
  // that cannot be read, is empty, is not UTF-8 in its header, names a column twice or not at all,
  // or has over kSourceColumnsMax columns.
  explicit CsvSource(const std::string& path, std::optional<Dialect> dialect = {},
                     std::size_t batch_bytes = std::size_t{1} << 20);
  ~CsvSource() override;
  CsvSource(const CsvSource&) = delete;
  CsvSource& operator=(const CsvSource&) = delete;
  CsvSource(CsvSource&&) = delete;
  CsvSource& operator=(CsvSource&&) = delete;

  [[nodiscard]] const Dialect& dialect() const { return dialect_; }
  [[nodiscard]] const std::vector<std::string>& header() const override { return header_; }
  bool next(Batch& batch) override;
  [[nodiscard]] std::uint64_t done() const override { return done_; }
  [[nodiscard]] std::uint64_t total() const override { return total_; }
  Hash content() override { return content_.finish(); }
  [[nodiscard]] std::string_view line_word() const override { return "line"; }

 private:
  void read_header();
  // Reads until `batch` has `size` bytes or the file ends.
  void fill(Bytes& bytes, std::size_t& have, std::size_t size);
  std::size_t skip_long_record(Batch& batch, std::size_t have);
  [[noreturn]] void throw_unclosed(std::uint64_t line) const;

  std::string path_;
  int file_ = -1;
  Dialect dialect_;
  std::size_t batch_bytes_;
  std::vector<std::string> header_;
  Bytes rest_;  // read, not yet handed over
  bool ended_ = false;
  crypto::Sha256 content_;
  std::uint64_t line_ = 1;
  std::uint64_t done_ = 0;
  std::uint64_t total_ = 0;
};

class CsvReader final : public RowReader {
 public:
  CsvReader(Dialect dialect, std::size_t columns) : dialect_(dialect), columns_(columns) {}
  void start(Batch& batch) override;
  bool next(Row& row) override;

 private:
  bool read_fields(Row& row);
  bool read_quoted(Row& row, std::size_t begin);
  void close_row(Row& row, std::size_t begin);
  void find_marks();

  Dialect dialect_;
  std::size_t columns_;
  std::uint8_t* bytes_ = nullptr;
  std::size_t size_ = 0;
  bool ascii_ = true;                 // no byte over 0x7F in the batch
  bool nul_ = false;                  // a zero byte somewhere in the batch
  std::vector<std::uint32_t> marks_;  // places of delimiters, quotes and newlines
  std::size_t mark_ = 0;
  std::size_t at_ = 0;  // where the next record begins
  std::uint64_t line_ = 1;
  std::vector<std::uint64_t> too_long_;
  std::size_t too_long_at_ = 0;
};

// The grammar, byte by byte: slow, for the header, for what is skipped, and as the cut's oracle.
class RecordScanner {
 public:
  explicit RecordScanner(Dialect dialect) : dialect_(dialect) {}
  // Goes on to the end of the record: how many bytes of `text` belong to it (its newline too), all
  // of them when it does not end there.
  std::size_t scan(std::string_view text);
  [[nodiscard]] bool at_end() const { return state_ == State::end; }
  [[nodiscard]] bool in_quotes() const { return state_ == State::quoted; }

 private:
  enum class State : std::uint8_t { field_start, plain, quoted, quote, end };
  Dialect dialect_;
  State state_ = State::field_start;
};

// The cut: how many bytes of `text` are whole records, and whether the text ends inside quotes.
struct RecordCut {
  std::size_t whole = 0;
  bool in_quotes = false;
};
RecordCut cut_records(std::string_view text, Dialect dialect);

}  // namespace gbx::prepare
