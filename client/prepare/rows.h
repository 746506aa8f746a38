#pragma once

// Rows on their way in: what a source of any format hands over, in batches that threads take apart.
// The file is the owner's own, but may hold anything: sizes have limits, and what does not fit is
// a row with a reason, never a guess.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "trusted/base/bytes.h"

namespace gbx::prepare {

// Why a row does not enter; the enumerator is the word in reject files, summaries and docs.
enum class Reject : std::uint8_t {
  field_count_wrong,
  quote_malformed,
  row_too_long,
  not_utf8,
  nul_byte,
  person_missing,
  person_malformed,
  value_missing,
  value_malformed,
  value_out_of_bounds,
  value_not_in_domain,
  value_not_in_map,
  value_too_long,
};
constexpr std::size_t kRejects = 13;
std::string_view reject_name(Reject reject);
// What to do about it, in words; "" where the name says it.
std::string_view reject_hint(Reject reject);

struct Field {
  std::string_view text;
  bool quoted = false;
  bool null = false;  // the source says so itself (Parquet)
};

struct Row {
  std::uint64_t line = 0;
  std::vector<Field> fields;
  bool rejected = false;
  Reject reject = Reject::field_count_wrong;
};

constexpr std::size_t kRowBytesMax = std::size_t{16} << 20;
constexpr std::size_t kSourceColumnsMax = 10'000;

// A piece of a source: CSV text of whole records, or cells that are apart already.
struct Batch {
  Bytes bytes;
  std::size_t size = 0;          // of `bytes` that counts
  std::uint64_t first_line = 1;  // of the source; for formats without lines, the first row's number
  // Lines of records that were skipped as too long; they come before the rows of this batch.
  std::vector<std::uint64_t> too_long;
  std::vector<Field> cells;  // row by row, into `bytes`; used when `apart`
  bool apart = false;
};

class RowSource {
 public:
  virtual ~RowSource() = default;
  // Names of the columns, as the source has them.
  [[nodiscard]] virtual const std::vector<std::string>& header() const = 0;
  // Fills `batch`, reusing its memory; false at the end. Throws Failure.
  virtual bool next(Batch& batch) = 0;
  // For progress: how far, of how much.
  [[nodiscard]] virtual std::uint64_t done() const = 0;
  [[nodiscard]] virtual std::uint64_t total() const = 0;
  // SHA-256 of the file's bytes, once next() has come to the end.
  virtual Hash content() = 0;
  // What a row's number is called.
  [[nodiscard]] virtual std::string_view line_word() const = 0;
};

// Takes the rows of a batch apart. One per thread.
class RowReader {
 public:
  virtual ~RowReader() = default;
  virtual void start(Batch& batch) = 0;
  // The next row, with as many fields as the header unless it is rejected; false at the end.
  virtual bool next(Row& row) = 0;
};

}  // namespace gbx::prepare
