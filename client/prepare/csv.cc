#include "client/prepare/csv.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <set>

#include "client/prepare/failure.h"
#include "trusted/snapshot/utf8.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace gbx::prepare {
namespace {

constexpr std::string_view kBom = "\xEF\xBB\xBF";
constexpr std::size_t kHeaderBytesMax = std::size_t{1} << 20;

std::string_view text_of(const Bytes& bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes.data()), size};
}

std::uint64_t count_newlines(std::string_view text) {
  return static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

// Fields of one line, quotes respected; for sniffing.
std::size_t count_fields(std::string_view line, char delimiter) {
  std::size_t fields = 1;
  bool quoted = false;
  for (const char c : line) {
    if (c == '"') quoted = !quoted;
    if (c == delimiter && !quoted) fields++;
  }
  return fields;
}

// What is often taken for a table; its first bytes tell.
void refuse_other_formats(const std::string& path, std::string_view text) {
  struct Known {
    std::string_view begins;
    const char* is;
  };
  constexpr std::array<Known, 7> kKnown = {
      {{"\x1F\x8B", "compressed (gzip): unpack it first, with gunzip"},
       {"PK\x03\x04", "a zip archive or a spreadsheet: unpack it, or save it as CSV"},
       {"BZh", "compressed (bzip2): unpack it first, with bunzip2"},
       {"\x28\xB5\x2F\xFD", "compressed (zstd): unpack it first, with unzstd"},
       {"PAR1", "Parquet, not CSV: write format: parquet under source, or name it .parquet"},
       {"\xFF\xFE", "UTF-16, not UTF-8: convert it first, with iconv -f UTF-16 -t UTF-8"},
       {"\xFE\xFF", "UTF-16, not UTF-8: convert it first, with iconv -f UTF-16 -t UTF-8"}}};
  for (const Known& known : kKnown) {
    if (text.starts_with(known.begins)) throw Failure(path + " is " + known.is);
  }
}

}  // namespace

Dialect sniff_dialect(std::string_view text) {
  Dialect best;
  std::size_t best_score = 0;
  for (const char delimiter : {',', ';', '\t', '|'}) {
    std::size_t fields = 0;
    std::size_t agree = 0;
    std::size_t at = 0;
    for (int line = 0; line < 20 && at < text.size(); line++) {
      const std::size_t end = std::min(text.find('\n', at), text.size());
      const std::size_t count = count_fields(text.substr(at, end - at), delimiter);
      if (line == 0) fields = count;
      if (count == fields) agree++;
      at = end + 1;
    }
    const std::size_t score = fields > 1 ? agree * 1000 + std::min<std::size_t>(fields, 999) : 0;
    if (score <= best_score) continue;
    best_score = score;
    best.delimiter = delimiter;
  }
  return best;
}

std::size_t RecordScanner::scan(std::string_view text) {
  if (state_ == State::end) state_ = State::field_start;
  for (std::size_t i = 0; i < text.size(); i++) {
    const char c = text[i];
    if (state_ == State::quoted) {
      if (c == dialect_.quote) state_ = State::quote;
    } else if (c == '\n') {
      state_ = State::end;
      return i + 1;
    } else if (c == dialect_.delimiter) {
      state_ = State::field_start;
    } else if (c == dialect_.quote && state_ != State::plain) {
      state_ = State::quoted;  // opens a field, or is the second of a doubled one
    } else {
      state_ = State::plain;
    }
  }
  return text.size();
}

RecordCut cut_records(std::string_view text, Dialect dialect) {
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  const auto find = [&](const char* from, char what) {
    return from >= end ? nullptr
                       : static_cast<const char*>(
                             std::memchr(from, what, static_cast<std::size_t>(end - from)));
  };
  const char* outside = begin;  // first byte after the last quoted part
  const char* whole = begin;    // after the last newline outside quotes
  const auto look_back = [&](const char* to) {
    const void* found =
        to <= outside ? nullptr : memrchr(outside, '\n', static_cast<std::size_t>(to - outside));
    if (found != nullptr) whole = static_cast<const char*>(found) + 1;
  };
  const char* at = find(begin, dialect.quote);
  while (at != nullptr) {
    const bool opens = at == begin || at[-1] == '\n' || at[-1] == dialect.delimiter;
    if (!opens) {
      at = find(at + 1, dialect.quote);
      continue;
    }
    look_back(at);
    const char* close = find(at + 1, dialect.quote);
    while (close != nullptr && close + 1 < end && close[1] == dialect.quote) {
      close = find(close + 2, dialect.quote);
    }
    // A quote as the last byte may be half of a doubled one: only more text can tell.
    if (close == nullptr) return {static_cast<std::size_t>(whole - begin), true};
    outside = close + 1;
    at = find(close + 1, dialect.quote);
  }
  look_back(end);
  return {static_cast<std::size_t>(whole - begin), false};
}

CsvSource::CsvSource(const std::string& path, std::optional<Dialect> dialect,
                     std::size_t batch_bytes)
    : path_(path), batch_bytes_(batch_bytes) {
  file_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file_ < 0) throw Failure("cannot open " + path + ": " + std::strerror(errno));
  struct stat info{};
  if (::fstat(file_, &info) == 0) total_ = static_cast<std::uint64_t>(info.st_size);
  try {
    std::size_t have = 0;
    fill(rest_, have, kHeaderBytesMax);
    rest_.resize(have);
    if (text_of(rest_, have).starts_with(kBom)) rest_.erase(rest_.begin(), rest_.begin() + 3);
    dialect_ = dialect ? *dialect : sniff_dialect(text_of(rest_, rest_.size()));
    read_header();
  } catch (...) {
    ::close(file_);
    throw;
  }
}

CsvSource::~CsvSource() { ::close(file_); }

void CsvSource::fill(Bytes& bytes, std::size_t& have, std::size_t size) {
  if (bytes.size() < size) bytes.resize(size);
  while (have < size && !ended_) {
    const ssize_t got = ::read(file_, bytes.data() + have, size - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw Failure("cannot read " + path_ + ": " + std::strerror(errno));
    if (got == 0) ended_ = true;
    content_.update({bytes.data() + have, static_cast<std::size_t>(got)});
    have += static_cast<std::size_t>(got);
    done_ += static_cast<std::uint64_t>(got);
  }
}

void CsvSource::read_header() {
  const std::string_view text = text_of(rest_, rest_.size());
  if (text.empty()) throw Failure(path_ + " is empty: a table has a header line, and rows");
  refuse_other_formats(path_, text);
  RecordScanner scanner(dialect_);
  std::size_t end = scanner.scan(text);
  if (!scanner.at_end() && (!ended_ || scanner.in_quotes())) {
    throw Failure(path_ + ": the header does not end within 1 MiB");
  }
  if (!scanner.at_end()) end = 0;
  if (end == 0 && text.find('\r') != std::string_view::npos) {
    throw Failure(path_ + " ends its lines with CR alone: convert it to LF or CRLF");
  }
  Batch batch;
  batch.bytes.assign(rest_.begin(),
                     end == 0 ? rest_.end() : rest_.begin() + static_cast<std::ptrdiff_t>(end));
  batch.size = batch.bytes.size();
  line_ += count_newlines(text_of(batch.bytes, batch.size));
  CsvReader reader(dialect_, 0);
  reader.start(batch);
  Row row;
  if (!reader.next(row) || (row.rejected && row.reject != Reject::field_count_wrong)) {
    throw Failure(path_ +
                  ": the header (line 1) is not UTF-8 text; if it is Latin-1, convert it first, " +
                  "with iconv -f ISO-8859-1 -t UTF-8");
  }
  if (row.fields.size() > kSourceColumnsMax) {
    throw Failure(path_ + " has " + std::to_string(row.fields.size()) + " columns; the limit is " +
                  std::to_string(kSourceColumnsMax));
  }
  std::set<std::string_view> names;
  for (const Field& field : row.fields) {
    if (field.text.empty()) throw Failure(path_ + ": a column has no name (line 1)");
    header_.emplace_back(field.text);
    if (!names.insert(field.text).second) {
      throw Failure(path_ + ": two columns are named \"" + header_.back() + "\" (line 1)");
    }
  }
  rest_.erase(rest_.begin(), rest_.begin() + static_cast<std::ptrdiff_t>(batch.size));
}

bool CsvSource::next(Batch& batch) {
  batch.too_long.clear();
  batch.apart = false;
  std::size_t have = rest_.size();
  if (batch.bytes.size() < std::max(batch_bytes_, have)) {
    batch.bytes.resize(std::max(batch_bytes_, have));
  }
  std::copy(rest_.begin(), rest_.end(), batch.bytes.begin());
  rest_.clear();
  std::size_t size = std::max(batch_bytes_, have);
  RecordCut cut;
  while (true) {
    fill(batch.bytes, have, size);
    cut = cut_records(text_of(batch.bytes, have), dialect_);
    if (ended_ || cut.whole > 0) break;
    if (have >= kRowBytesMax) {
      have = skip_long_record(batch, have);
      continue;
    }
    size = std::min(std::max(size, have) * 2, kRowBytesMax);
  }
  if (ended_ && cut.in_quotes) {
    throw_unclosed(line_ + count_newlines(text_of(batch.bytes, cut.whole)));
  }
  batch.size = ended_ ? have : cut.whole;
  batch.first_line = line_;
  line_ += count_newlines(text_of(batch.bytes, batch.size));
  rest_.assign(batch.bytes.begin() + static_cast<std::ptrdiff_t>(batch.size),
               batch.bytes.begin() + static_cast<std::ptrdiff_t>(have));
  return batch.size > 0 || !batch.too_long.empty();
}

// Drops the record that fills the whole buffer, up to its end, in memory of one buffer. Returns how
// many bytes after it are in the buffer.
std::size_t CsvSource::skip_long_record(Batch& batch, std::size_t have) {
  batch.too_long.push_back(line_);
  RecordScanner scanner(dialect_);
  while (true) {
    const std::size_t end = scanner.scan(text_of(batch.bytes, have));
    line_ += count_newlines(text_of(batch.bytes, end));
    if (scanner.at_end()) {
      std::copy(batch.bytes.begin() + static_cast<std::ptrdiff_t>(end),
                batch.bytes.begin() + static_cast<std::ptrdiff_t>(have), batch.bytes.begin());
      return have - end;
    }
    if (ended_ && scanner.in_quotes()) throw_unclosed(batch.too_long.back());
    if (ended_) return 0;
    have = 0;
    fill(batch.bytes, have, kRowBytesMax);
  }
}

void CsvSource::throw_unclosed(std::uint64_t line) const {
  throw Failure(path_ + ": a quote in the record that begins on line " + std::to_string(line) +
                " is never closed");
}

void CsvReader::find_marks() {
  marks_.clear();
  mark_ = 0;
  std::uint8_t high = 0;
  bool nul = false;
  std::size_t i = 0;
  const auto delimiter = static_cast<std::uint8_t>(dialect_.delimiter);
  const auto quote = static_cast<std::uint8_t>(dialect_.quote);
#ifdef __SSE2__
  const __m128i delimiters = _mm_set1_epi8(dialect_.delimiter);
  const __m128i quotes = _mm_set1_epi8(dialect_.quote);
  const __m128i newlines = _mm_set1_epi8('\n');
  const __m128i zeros = _mm_setzero_si128();
  __m128i any = zeros;
  __m128i any_nul = zeros;
  for (; i + 16 <= size_; i += 16) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes_ + i));
    any = _mm_or_si128(any, block);
    any_nul = _mm_or_si128(any_nul, _mm_cmpeq_epi8(block, zeros));
    const __m128i hit =
        _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(block, delimiters), _mm_cmpeq_epi8(block, quotes)),
                     _mm_cmpeq_epi8(block, newlines));
    auto bits = static_cast<unsigned>(_mm_movemask_epi8(hit));
    for (; bits != 0; bits &= bits - 1) {
      marks_.push_back(static_cast<std::uint32_t>(i + static_cast<unsigned>(__builtin_ctz(bits))));
    }
  }
  high = _mm_movemask_epi8(any) != 0 ? 0x80 : 0;
  nul = _mm_movemask_epi8(any_nul) != 0;
#endif
  for (; i < size_; i++) {
    high |= bytes_[i];
    nul |= bytes_[i] == 0;
    if (bytes_[i] == delimiter || bytes_[i] == quote || bytes_[i] == '\n') {
      marks_.push_back(static_cast<std::uint32_t>(i));
    }
  }
  ascii_ = (high & 0x80) == 0;
  nul_ = nul;
}

void CsvReader::start(Batch& batch) {
  bytes_ = batch.bytes.data();
  size_ = batch.size;
  at_ = 0;
  line_ = batch.first_line;
  too_long_ = batch.too_long;
  too_long_at_ = 0;
  find_marks();
}

bool CsvReader::next(Row& row) {
  row.fields.clear();
  row.rejected = false;
  if (too_long_at_ < too_long_.size()) {
    row.line = too_long_[too_long_at_++];
    row.rejected = true;
    row.reject = Reject::row_too_long;
    return true;
  }
  while (at_ < size_) {
    row.line = line_;
    const std::size_t begin = at_;
    if (!read_fields(row)) continue;
    close_row(row, begin);
    return true;
  }
  return false;
}

// Reads one record; false when it is an empty line.
bool CsvReader::read_fields(Row& row) {
  const auto delimiter = static_cast<std::uint8_t>(dialect_.delimiter);
  const auto quote = static_cast<std::uint8_t>(dialect_.quote);
  while (true) {
    const std::size_t begin = at_;
    if (begin < size_ && bytes_[begin] == quote) {
      if (read_quoted(row, begin)) continue;
      return true;
    }
    // A quote inside an unquoted field is a character.
    while (mark_ < marks_.size() && bytes_[marks_[mark_]] == quote) mark_++;
    const std::size_t end = mark_ < marks_.size() ? marks_[mark_] : size_;
    mark_++;
    at_ = end + 1;
    const bool more = end < size_ && bytes_[end] == delimiter;
    std::size_t size = end - begin;
    if (!more) {
      line_++;
      if (size > 0 && bytes_[end - 1] == '\r') size--;
      if (size == 0 && row.fields.empty()) return false;
    }
    row.fields.push_back({{reinterpret_cast<const char*>(bytes_ + begin), size}});
    if (!more) return true;
  }
}

// Reads a quoted field; true when the record goes on after it.
bool CsvReader::read_quoted(Row& row, std::size_t begin) {
  const auto quote = static_cast<std::uint8_t>(dialect_.quote);
  mark_++;  // the opening quote
  std::size_t out = begin + 1;
  std::size_t from = begin + 1;
  const auto keep = [&](std::size_t to) {
    if (out != from) std::memmove(bytes_ + out, bytes_ + from, to - from);
    out += to - from;
    from = to;
  };
  while (mark_ < marks_.size()) {
    const std::size_t place = marks_[mark_++];
    if (bytes_[place] == '\n') line_++;
    if (bytes_[place] != quote) continue;
    keep(place);
    const bool doubled =
        mark_ < marks_.size() && marks_[mark_] == place + 1 && bytes_[place + 1] == quote;
    from = place + 1;
    if (!doubled) break;
    mark_++;  // the second one is kept with what follows
  }
  const std::size_t after = from;
  while (mark_ < marks_.size() && bytes_[marks_[mark_]] == quote) mark_++;
  const std::size_t end = mark_ < marks_.size() ? marks_[mark_] : size_;
  mark_++;
  at_ = end + 1;
  const bool more = end < size_ && bytes_[end] == static_cast<std::uint8_t>(dialect_.delimiter);
  std::size_t tail = end - after;
  if (!more) {
    line_++;
    if (tail > 0 && bytes_[end - 1] == '\r') tail--;
  }
  if (tail != 0 && !row.rejected) {
    row.rejected = true;
    row.reject = Reject::quote_malformed;
  }
  row.fields.push_back(
      {{reinterpret_cast<const char*>(bytes_ + begin + 1), out - begin - 1}, true});
  return more;
}

// What can be wrong with a record as a whole.
void CsvReader::close_row(Row& row, std::size_t begin) {
  if (row.rejected) return;
  const std::size_t end = std::min(at_, size_);
  const std::string_view text(reinterpret_cast<const char*>(bytes_ + begin), end - begin);
  const auto reject = [&](Reject reason) {
    row.rejected = true;
    row.reject = reason;
  };
  if (text.size() > kRowBytesMax) return reject(Reject::row_too_long);
  if (columns_ != 0 && row.fields.size() != columns_) return reject(Reject::field_count_wrong);
  if (!ascii_ && !std::all_of(row.fields.begin(), row.fields.end(),
                              [](const Field& field) { return snapshot::is_utf8(field.text); })) {
    return reject(Reject::not_utf8);
  }
  if (nul_ && text.find('\0') != std::string_view::npos) return reject(Reject::nul_byte);
}

}  // namespace gbx::prepare
