#pragma once

// One row of a source into one record: identifier to token, cells to values, transforms, bounds,
// domains; and the watch for personal data where no label says so. One RowConverter per thread; the
// Plan is shared and not changed.

#include <unordered_set>

#include "client/prepare/manifest_file.h"
#include "client/prepare/pii.h"
#include "client/prepare/row_store.h"
#include "client/prepare/rows.h"

namespace gbx::prepare {

struct TokenHash {
  std::size_t operator()(const Token& token) const;
};
using TokenSet = std::unordered_set<Token, TokenHash>;
// The token of a normalised identifier, under the collaboration's token key. Thread-safe.
using TokenMaker = std::function<Token(std::string_view)>;

struct ConvertPlan {
  struct Column {
    const ColumnSpec* spec;
    std::size_t source;  // index in the source's header
  };
  std::size_t person_source = 0;
  std::vector<Column> columns;  // without the person column, in manifest order
  std::vector<std::string> nulls;
  std::string region;
  std::shared_ptr<const Normaliser> normaliser;
  TokenMaker token;
  TokenSet listed;
  std::optional<ListKind> list;
};

struct RejectedRow {
  std::uint64_t line;
  std::uint32_t column;  // index in ConvertPlan::columns; kNoColumn = the row or the person
  Reject reason;
};
constexpr std::uint32_t kNoColumn = UINT32_MAX;

// What the watch for personal data saw in one column.
struct PiiTally {
  std::array<std::uint64_t, kPiiKinds> hits{};
  std::array<std::vector<std::uint64_t>, kPiiKinds> lines;  // the first few
  std::uint64_t looked_at = 0;                              // values that are digits alone, or not
  std::array<std::uint64_t, kPiiKinds> bare{};              // digits alone that fit the kind
};

class RowConverter {
 public:
  RowConverter(const ConvertPlan& plan, const RecordLayout& layout);
  // Takes the row into the shard, or counts why not. Throws Failure when a dictionary overflows.
  void convert(const Row& row);

  std::unique_ptr<StoreShard> take_shard() { return std::move(shard_); }
  [[nodiscard]] const StoreShard& shard() const { return *shard_; }
  [[nodiscard]] std::uint64_t rows() const { return rows_; }
  [[nodiscard]] std::uint64_t unlisted() const { return unlisted_; }  // kept out by the list
  [[nodiscard]] const std::vector<RejectedRow>& rejected() const { return rejected_; }
  [[nodiscard]] const std::vector<PiiTally>& tallies() const { return tallies_; }

 private:
  // What a cell comes to; a new text's code comes only when the whole row is taken.
  struct Value {
    bool absent = false;
    std::int64_t number = 0;
    std::string_view text;
  };
  bool take_person(const Row& row, Token& token);
  std::optional<Reject> take_cell(std::size_t column, const Field& field, Value& value);
  std::optional<Reject> take_text(std::size_t column, const Field& field, Value& value);
  bool is_null(const Field& field, Type type) const;
  void add_text(std::size_t column, Value& value);
  void watch_text(std::size_t column, std::uint32_t code, std::uint64_t line);
  void watch_number(std::size_t column, std::int64_t value);
  void reject(const Row& row, std::uint32_t column, Reject reason);

  const ConvertPlan* plan_;
  const RecordLayout* layout_;
  std::unique_ptr<StoreShard> shard_;
  std::vector<Value> values_;
  std::string normal_;
  std::uint64_t rows_ = 0;
  std::uint64_t unlisted_ = 0;
  std::vector<RejectedRow> rejected_;
  std::vector<PiiTally> tallies_;
  std::vector<std::vector<std::uint8_t>> pii_;   // [column][code]: found in the text
  std::vector<std::vector<std::uint8_t>> bare_;  // [column][code]: digits that fit
};

// Throws Failure for the first column that looks like personal data, naming kind, rows and lines.
void check_pii(const ConvertPlan& plan, const std::vector<PiiTally>& tallies,
               std::string_view line_word);
void add_tallies(std::vector<PiiTally>& all, const std::vector<PiiTally>& more);

}  // namespace gbx::prepare
