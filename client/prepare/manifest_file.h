#pragma once

// manifest.yaml: what an owner writes about one table (docs/spec/manifest.md). A mistake is told
// with its line and, for a word, the nearest one that exists. Unknown keys are mistakes.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "client/prepare/csv.h"
#include "client/prepare/date_format.h"
#include "client/prepare/identifier.h"
#include "client/prepare/transform.h"
#include "trusted/base/value.h"

namespace YAML {
class Node;
}

namespace gbx::prepare {

struct ColumnSpec {
  std::string source;  // the column's name in the file
  std::string name;    // as it enters the room
  ValueType type = {Type::text, 0};
  Label label = Label::plain;
  std::optional<DateFormat> format = {};      // of dates and timestamps that are not ISO
  std::optional<Identifier> identifier = {};  // of the person column
  bool nullable = false;
  bool bounded = false;
  std::int64_t low = 0;
  std::int64_t high = 0;
  std::vector<std::string> domain = {};  // strictly ascending
  Transform transform = {};
  std::uint8_t not_pii = 0;  // kinds of the PII scan that the owner has looked at: pii_bit()s
  int line = 0;

  // False for columns that are named only to say that they stay at home.
  [[nodiscard]] bool enters() const {
    return label != Label::pii && transform.kind != TransformKind::drop;
  }
};

enum class ListKind : std::uint8_t {
  opt_out,  // nobody in the list enters
  consent,  // nobody else enters
};

struct OptOut {
  std::string file;  // one identifier a line, of the person column's kind
  ListKind kind = ListKind::opt_out;
};

struct TableManifest {
  std::string path;  // of the manifest itself; "" when it has none
  std::string table;
  std::string source_file;  // relative to the manifest
  std::string format;       // "csv" or "parquet"
  std::optional<Dialect> dialect;
  std::vector<std::string> nulls = {""};  // unquoted words that mean: no value
  std::vector<ColumnSpec> columns;        // as written
  std::uint32_t rows_per_person = 100;
  std::uint32_t retention_days = 365;
  std::string region;  // of phone numbers without "+"; "" = none
  std::optional<OptOut> opt_out;

  [[nodiscard]] const ColumnSpec& person() const;
  // `file` as seen from the manifest's folder.
  [[nodiscard]] std::string resolve(const std::string& file) const;
};

// Throws Failure: "FILE:LINE: what is wrong".
TableManifest read_manifest(const std::string& path);
TableManifest parse_manifest(const std::string& text, const std::string& path);

// The `columns` section alone, as a collaboration has it too. `file` is for messages.
std::vector<ColumnSpec> parse_columns(const YAML::Node& columns, const std::string& file);

// The nearest of `words` to `word`; "" when none is near.
std::string nearest(std::string_view word, const std::vector<std::string_view>& words);

// `text` as a YAML scalar, quoted where it must be.
std::string yaml_scalar(std::string_view text);

}  // namespace gbx::prepare
