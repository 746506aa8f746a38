#include "client/prepare/manifest_file.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <set>
#include <sstream>

#include "client/keys/atomic_file.h"
#include "client/prepare/failure.h"
#include "client/prepare/pii.h"
#include "trusted/snapshot/manifest.h"
#include "trusted/snapshot/utf8.h"

namespace gbx::prepare {
namespace {

constexpr std::size_t kManifestBytesMax = std::size_t{4} << 20;
constexpr std::int64_t kRetentionDaysMax = 36'500;

// One file being read: for messages with file and line.
class Place {
 public:
  explicit Place(std::string file) : file_(std::move(file)) {}

  [[noreturn]] void fail(const YAML::Node& node, const std::string& what) const {
    const YAML::Mark mark = node.Mark();
    const std::string line = mark.is_null() ? "" : ":" + std::to_string(mark.line + 1);
    throw Failure(file_ + line + ": " + what);
  }

  // `node` is a map of known keys, none twice.
  void check_keys(const YAML::Node& node, std::string_view what,
                  const std::vector<std::string_view>& keys) const {
    if (!node.IsMap()) fail(node, std::string(what) + " must be a map");
    std::set<std::string> seen;
    for (const auto& entry : node) {
      const std::string key = entry.first.as<std::string>("");
      if (!seen.insert(key).second) fail(entry.first, "\"" + key + "\" is here twice");
      if (std::find(keys.begin(), keys.end(), key) != keys.end()) continue;
      const std::string near = nearest(key, keys);
      fail(entry.first, "unknown key \"" + key + "\" in " + std::string(what) +
                            (near.empty() ? "" : "; did you mean \"" + near + "\"?"));
    }
  }

  std::string text(const YAML::Node& node, std::string_view what) const {
    if (node.IsNull()) fail(node, std::string(what) + " must be text: put it in quotes");
    if (!node.IsScalar()) fail(node, std::string(what) + " must be text");
    return node.Scalar();
  }

  bool boolean(const YAML::Node& node, std::string_view what) const {
    const std::string word = text(node, what);
    if (word == "true") return true;
    if (word != "false") fail(node, std::string(what) + " must be true or false");
    return false;
  }

  std::int64_t integer(const YAML::Node& node, std::string_view what, std::int64_t low,
                       std::int64_t high) const {
    const std::string word = text(node, what);
    std::int64_t value = 0;
    const auto end = std::from_chars(word.data(), word.data() + word.size(), value);
    if (end.ec != std::errc() || end.ptr != word.data() + word.size() || value < low ||
        value > high) {
      fail(node, std::string(what) + " must be a whole number from " + std::to_string(low) +
                     " to " + std::to_string(high));
    }
    return value;
  }

  std::int64_t value(const YAML::Node& node, ValueType type, std::string_view what) const {
    const Result<std::int64_t> parsed = parse_value(text(node, what), type);
    if (!parsed || !snapshot::in_type_range(*parsed, type)) {
      fail(node, std::string(what) + " must be of type " + std::string(type_name(type.type)) +
                     (type.type == Type::decimal
                          ? " with at most " + std::to_string(type.scale) + " decimals"
                          : ""));
    }
    return *parsed;
  }

  template <typename T>
  T word(const YAML::Node& node, std::string_view what, std::optional<T> (*find)(std::string_view),
         const std::vector<std::string_view>& words) const {
    const std::string text_of = text(node, what);
    if (const std::optional<T> found = find(text_of)) return *found;
    std::string all;
    for (const std::string_view known : words)
      all += (all.empty() ? "" : ", ") + std::string(known);
    const std::string near = nearest(text_of, words);
    fail(node, std::string(what) + " \"" + text_of + "\" does not exist" +
                   (near.empty() ? "" : "; did you mean \"" + near + "\"?") +
                   " (there are: " + all + ")");
  }

 private:
  std::string file_;
};

std::vector<std::string> texts(const Place& place, const YAML::Node& node, std::string_view what) {
  if (!node.IsSequence()) place.fail(node, std::string(what) + " must be a list");
  std::vector<std::string> out;
  for (const YAML::Node& item : node) out.push_back(place.text(item, what));
  return out;
}

std::optional<std::uint8_t> pii_from(std::string_view name) {
  for (std::size_t i = 0; i < kPiiKinds; i++) {
    if (pii_name(static_cast<Pii>(i)) == name) return pii_bit(static_cast<Pii>(i));
  }
  return std::nullopt;
}

void read_type(const Place& place, const YAML::Node& node, ColumnSpec& column) {
  const YAML::Node type = node["type"];
  const YAML::Node scale = node["scale"];
  if (type) {
    column.type.type = place.word<Type>(
        type, "type", type_from, {"boolean", "integer", "decimal", "date", "timestamp", "text"});
  } else if (column.label != Label::person && column.enters()) {
    place.fail(node, "column \"" + column.source + "\" has no type");
  }
  if (column.type.type == Type::decimal) {
    if (!scale) place.fail(node, "column \"" + column.source + "\" is decimal and needs a scale");
    column.type.scale = static_cast<std::uint8_t>(place.integer(scale, "scale", 1, kScaleMax));
  } else if (scale) {
    place.fail(scale, "only decimal columns have a scale");
  }
}

void read_format(const Place& place, const YAML::Node& node, ColumnSpec& column) {
  const YAML::Node format = node["format"];
  if (!format) return;
  if (column.type.type != Type::date && column.type.type != Type::timestamp) {
    place.fail(format, "format is for date and timestamp columns");
  }
  try {
    column.format = DateFormat::parse(place.text(format, "format"), column.type.type);
  } catch (const Failure& failure) {
    place.fail(format, failure.what());
  }
}

void read_range(const Place& place, const YAML::Node& node, ColumnSpec& column) {
  const bool countable = column.type.type != Type::text && column.type.type != Type::boolean;
  if (const YAML::Node bounds = node["bounds"]) {
    if (!countable) place.fail(bounds, "bounds are for numbers, dates and timestamps");
    if (!bounds.IsSequence() || bounds.size() != 2) {
      place.fail(bounds, "bounds must be [LOW, HIGH]");
    }
    column.bounded = true;
    column.low = place.value(bounds[0], column.type, "the lower bound");
    column.high = place.value(bounds[1], column.type, "the upper bound");
    if (column.low > column.high) place.fail(bounds, "the lower bound is above the upper one");
  }
  if (const YAML::Node domain = node["domain"]) {
    if (column.type.type != Type::text) place.fail(domain, "domain is for text columns");
    column.domain = texts(place, domain, "domain");
    std::sort(column.domain.begin(), column.domain.end());
    if (column.domain.empty()) place.fail(domain, "domain is empty");
    if (std::adjacent_find(column.domain.begin(), column.domain.end()) != column.domain.end()) {
      place.fail(domain, "a value is in the domain twice");
    }
  }
}

Transform read_map(const Place& place, const YAML::Node& words) {
  if (!words.IsMap()) place.fail(words, "map must be {from: to, ...}");
  Transform out{.kind = TransformKind::map};
  for (const auto& entry : words) {
    const std::string from = place.text(entry.first, "map");
    const std::string to = place.text(entry.second, "map");
    if (from == "*") {
      out.other = to;
    } else if (!out.words.emplace(from, to).second) {
      place.fail(entry.first, "a word is mapped twice");
    }
  }
  return out;
}

void read_transform(const Place& place, const YAML::Node& node, ColumnSpec& column) {
  const YAML::Node transform = node["transform"];
  if (!transform) return;
  if (transform.IsScalar()) {
    try {
      column.transform = parse_transform(transform.Scalar(), column.type);
    } catch (const Failure& failure) {
      place.fail(transform, failure.what());
    }
    return;
  }
  place.check_keys(transform, "transform", {"map", "cap"});
  if (const YAML::Node words = transform["map"]) {
    if (column.type.type != Type::text) place.fail(transform, "map is for text columns");
    column.transform = read_map(place, words);
  } else if (const YAML::Node cap = transform["cap"]) {
    if (!cap.IsSequence() || cap.size() != 2) place.fail(cap, "cap must be [LOW, HIGH]");
    column.transform = {.kind = TransformKind::cap,
                        .low = place.value(cap[0], column.type, "the lower cap"),
                        .high = place.value(cap[1], column.type, "the upper cap")};
    if (column.transform.low > column.transform.high) {
      place.fail(cap, "the lower cap is above the upper one");
    }
  } else {
    place.fail(transform, "transform is empty");
  }
}

void check_person(const Place& place, const YAML::Node& node, const ColumnSpec& column) {
  if (column.label != Label::person) {
    if (column.identifier) {
      place.fail(node["identifier"], "only the person column has an identifier");
    }
    return;
  }
  if (!column.identifier) {
    place.fail(node, "the person column needs identifier: email or phone");
  }
  if (column.type.type != Type::text || column.nullable || !column.domain.empty() ||
      column.transform.kind != TransformKind::none) {
    place.fail(node, "the person column is text, never null, without domain or transform");
  }
}

ColumnSpec read_column(const Place& place, const std::string& source, const YAML::Node& node) {
  place.check_keys(node, "column \"" + source + "\"",
                   {"as", "type", "scale", "format", "label", "identifier", "nullable", "bounds",
                    "domain", "transform", "not_pii"});
  ColumnSpec column;
  column.source = source;
  column.name = node["as"] ? place.text(node["as"], "as") : source;
  column.line = node.Mark().line + 1;
  if (!node["label"]) place.fail(node, "column \"" + source + "\" has no label");
  column.label = place.word<Label>(node["label"], "label", label_from,
                                   {"person", "pii", "sensitive", "plain"});
  if (const YAML::Node identifier = node["identifier"]) {
    column.identifier =
        place.word<Identifier>(identifier, "identifier", identifier_from, {"email", "phone"});
  }
  if (node["nullable"]) column.nullable = place.boolean(node["nullable"], "nullable");
  const YAML::Node transform = node["transform"];
  const bool dropped = transform && transform.IsScalar() && transform.Scalar() == "drop";
  if (dropped) column.transform.kind = TransformKind::drop;
  read_type(place, node, column);
  read_format(place, node, column);
  read_range(place, node, column);
  read_transform(place, node, column);
  if (const YAML::Node kinds = node["not_pii"]) {
    if (!kinds.IsSequence()) place.fail(kinds, "not_pii must be a list");
    for (const YAML::Node& kind : kinds) {
      column.not_pii |= place.word<std::uint8_t>(kind, "not_pii", pii_from,
                                                 {"email", "phone", "card", "ssn", "iban"});
    }
  }
  if (column.label == Label::pii && transform && !dropped) {
    place.fail(transform, "column \"" + source +
                              "\" is labelled pii, and pii never enters: drop it, or give the "
                              "label that it has after the transform");
  }
  if (column.enters() && !snapshot::is_column_name(column.name)) {
    place.fail(node, "\"" + column.name +
                         "\" cannot be a column's name: letters, digits and _, at most 63; give "
                         "another with `as`");
  }
  check_person(place, node, column);
  return column;
}

std::vector<ColumnSpec> read_columns(const Place& place, const YAML::Node& node) {
  if (!node.IsMap() || node.size() == 0) place.fail(node, "columns must be a map of columns");
  std::vector<ColumnSpec> out;
  std::set<std::string> sources;
  std::set<std::string> names;
  std::size_t persons = 0;
  for (const auto& entry : node) {
    const std::string source = place.text(entry.first, "a column's name");
    if (!sources.insert(source).second) {
      place.fail(entry.first, "column \"" + source + "\" is here twice");
    }
    out.push_back(read_column(place, source, entry.second));
    if (!out.back().enters()) continue;
    if (!names.insert(out.back().name).second) {
      place.fail(entry.first, "two columns enter as \"" + out.back().name + "\"");
    }
    if (out.back().label == Label::person) persons++;
  }
  if (persons != 1) {
    place.fail(node,
               persons == 0 ? "no column has label: person" : "two columns have label: person");
  }
  if (names.size() > snapshot::kColumnsMax) {
    place.fail(node, "at most " + std::to_string(snapshot::kColumnsMax) + " columns can enter");
  }
  return out;
}

char read_delimiter(const Place& place, const YAML::Node& node) {
  const std::string text = place.text(node, "delimiter");
  if (text == "tab" || text == "\t") return '\t';
  if (text == "," || text == ";" || text == "|") return text[0];
  place.fail(node, "delimiter must be \",\", \";\", \"|\" or tab");
}

void read_source(const Place& place, const YAML::Node& node, TableManifest& out) {
  place.check_keys(node, "source", {"file", "format", "delimiter", "quote", "nulls"});
  if (!node["file"]) place.fail(node, "source has no file");
  out.source_file = place.text(node["file"], "file");
  const bool parquet = out.source_file.ends_with(".parquet");
  out.format = node["format"] ? place.text(node["format"], "format") : parquet ? "parquet" : "csv";
  if (out.format != "csv" && out.format != "parquet") {
    place.fail(node["format"], "format must be csv or parquet");
  }
  if (node["delimiter"]) {
    out.dialect = Dialect{.delimiter = read_delimiter(place, node["delimiter"])};
  }
  if (node["quote"]) {
    const std::string quote = place.text(node["quote"], "quote");
    if (quote != "\"" && quote != "'") place.fail(node["quote"], "quote must be \" or '");
    if (!out.dialect) place.fail(node["quote"], "quote needs a delimiter beside it");
    out.dialect->quote = quote[0];
  }
  if (node["nulls"]) out.nulls = texts(place, node["nulls"], "nulls");
}

OptOut read_opt_out(const Place& place, const YAML::Node& node) {
  place.check_keys(node, "opt_out", {"file", "kind"});
  if (!node["file"]) place.fail(node, "opt_out has no file");
  OptOut out{.file = place.text(node["file"], "file")};
  const std::string kind = node["kind"] ? place.text(node["kind"], "kind") : "opt_out";
  if (kind != "opt_out" && kind != "consent") {
    place.fail(node["kind"],
               "kind must be opt_out (these do not enter) or consent (only these do)");
  }
  out.kind = kind == "consent" ? ListKind::consent : ListKind::opt_out;
  return out;
}

TableManifest read_root(const Place& place, const YAML::Node& root, const std::string& path) {
  place.check_keys(
      root, "the manifest",
      {"table", "source", "columns", "rows_per_person", "retention", "region", "opt_out"});
  TableManifest out;
  out.path = path;
  for (const char* key : {"table", "source", "columns"}) {
    if (!root[key]) place.fail(root, "the manifest has no \"" + std::string(key) + "\"");
  }
  out.table = place.text(root["table"], "table");
  if (!snapshot::is_column_name(out.table)) {
    place.fail(root["table"], "a table's name has letters, digits and _, at most 63");
  }
  read_source(place, root["source"], out);
  out.columns = read_columns(place, root["columns"]);
  if (const YAML::Node cap = root["rows_per_person"]) {
    out.rows_per_person = static_cast<std::uint32_t>(
        place.integer(cap, "rows_per_person", 1, snapshot::kRowsPerPersonMax));
  }
  if (const YAML::Node retention = root["retention"]) {
    place.check_keys(retention, "retention", {"days"});
    out.retention_days =
        static_cast<std::uint32_t>(place.integer(retention["days"], "days", 1, kRetentionDaysMax));
  }
  if (const YAML::Node region = root["region"]) {
    out.region = place.text(region, "region");
    if (!is_region(out.region)) {
      place.fail(region, "region must be two capital letters, such as US or DE");
    }
  }
  if (root["opt_out"]) out.opt_out = read_opt_out(place, root["opt_out"]);
  return out;
}

std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); j++) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); i++) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); j++) {
      const std::size_t replace = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replace, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

const ColumnSpec& TableManifest::person() const {
  const auto found = std::find_if(columns.begin(), columns.end(), [](const ColumnSpec& column) {
    return column.label == Label::person;
  });
  GBX_CHECK(found != columns.end());
  return *found;
}

std::string TableManifest::resolve(const std::string& file) const {
  const std::filesystem::path as_path(file);
  if (as_path.is_absolute() || path.empty()) return file;
  return (std::filesystem::path(path).parent_path() / as_path).string();
}

TableManifest parse_manifest(const std::string& text, const std::string& path) {
  const Place place(path);
  YAML::Node root;
  try {
    root = YAML::Load(text);
  } catch (const YAML::Exception& error) {
    throw Failure(path + ":" + std::to_string(error.mark.line + 1) + ": " + error.msg);
  }
  return read_root(place, root, path);
}

TableManifest read_manifest(const std::string& path) {
  const Result<std::string> text = client::read_file(path, kManifestBytesMax);
  if (!text) {
    const std::string_view reason = text.error().reason.view();
    throw Failure("the manifest " + path +
                  (reason == "file_missing" ? " does not exist: glovebox manifest new proposes one"
                   : reason == "file_too_large" ? " is over 4 MiB"
                                                : " cannot be read: it is a folder, or not yours"));
  }
  if (!snapshot::is_utf8(*text) || text->find('\0') != std::string::npos) {
    throw Failure("the manifest " + path +
                  " is not text: name the manifest (YAML), not the table or an archive");
  }
  return parse_manifest(*text, path);
}

std::vector<ColumnSpec> parse_columns(const YAML::Node& columns, const std::string& file) {
  return read_columns(Place(file), columns);
}

std::string nearest(std::string_view word, const std::vector<std::string_view>& words) {
  std::string_view best;
  std::size_t least = word.size() / 2 + 1;
  for (const std::string_view known : words) {
    const std::size_t far = distance(word, known);
    if (far >= least) continue;
    least = far;
    best = known;
  }
  return std::string(best);
}

std::string yaml_scalar(std::string_view text) {
  const bool plain = !text.empty() &&
                     std::all_of(text.begin(), text.end(),
                                 [](char c) {
                                   return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                          c == '_' || (c >= '0' && c <= '9') || c == '-' ||
                                          c == '.';
                                 }) &&
                     text != "true" && text != "false" && text != "null" && text.front() != '-' &&
                     text.front() != '.';
  if (plain) return std::string(text);
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\r') {
      out += "\\r";
    } else {
      out += c;
    }
  }
  return out + "\"";
}

}  // namespace gbx::prepare
