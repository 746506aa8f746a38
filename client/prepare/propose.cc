#include "client/prepare/propose.h"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include "client/prepare/csv.h"
#include "client/prepare/manifest_file.h"
#include "client/prepare/parquet.h"
#include "client/prepare/profile.h"
#include "trusted/snapshot/manifest.h"

namespace gbx::prepare {
namespace {

constexpr std::size_t kDomainProposed = 20;
constexpr std::size_t kCommentColumn = 34;

struct Looked {
  std::vector<std::string> header;
  std::vector<ColumnProfile> profiles;
  std::uint64_t rows = 0;
  bool all = true;  // the whole file was looked at
  std::optional<Dialect> dialect;
};

Looked look(const ProposalOptions& options) {
  Looked out;
  std::unique_ptr<RowSource> source;
  std::unique_ptr<RowReader> reader;
  if (options.file.ends_with(".parquet")) {
    source = open_parquet(options.file);
    reader = std::make_unique<CellReader>(source->header().size());
  } else {
    auto csv = std::make_unique<CsvSource>(options.file);
    out.dialect = csv->dialect();
    reader = std::make_unique<CsvReader>(csv->dialect(), csv->header().size());
    source = std::move(csv);
  }
  out.header = source->header();
  out.profiles.resize(out.header.size());
  Batch batch;
  Row row;
  while (out.all && source->next(batch)) {
    reader->start(batch);
    while (reader->next(row)) {
      if (options.rows_max != 0 && out.rows == options.rows_max) {
        out.all = false;
        break;
      }
      out.rows++;
      if (row.rejected) continue;
      for (std::size_t i = 0; i < row.fields.size(); i++) {
        const Field& field = row.fields[i];
        const bool null = field.null || (field.text.empty() && !field.quoted);
        out.profiles[i].see(field.text, null, options.region);
      }
    }
  }
  return out;
}

// `text` as a name: what is not allowed becomes _.
std::string name_of(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, 60)) {
    const bool allowed =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    out += allowed ? c : '_';
  }
  if (out.empty() || (out[0] >= '0' && out[0] <= '9')) out.insert(0, "_");
  return out;
}

bool name_says_pii(std::string_view name) {
  std::string lower(name);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  for (const char* word : {"email", "e_mail", "mail", "phone", "mobile", "ssn", "social_security",
                           "iban", "card", "first_name", "last_name", "full_name", "surname",
                           "address", "street", "birth", "dob", "passport", "ip_addr"}) {
    if (lower.find(word) != std::string::npos) return true;
  }
  return lower == "name" || lower == "ip";
}

bool name_says_key(std::string_view name) {
  return name == "id" || name == "ID" || name.ends_with("_id") || name.ends_with("Id") ||
         name.ends_with("ID");
}

// The next of 1, 2, 5 times a power of ten that is not below `value`, which is positive.
std::int64_t round_up(std::int64_t value) {
  std::int64_t power = 1;
  while (power <= std::numeric_limits<std::int64_t>::max() / 100) {
    for (const std::int64_t step : {1, 2, 5}) {
      if (power * step >= value) return power * step;
    }
    power *= 10;
  }
  return value;
}

struct Range {
  std::int64_t low;
  std::int64_t high;
};

// Rounded outward, so that the bounds say little and tomorrow's rows fit.
Range bounds_of(const ColumnProfile& profile) {
  const std::int64_t low = profile.low();
  const std::int64_t high = profile.high();
  if (profile.type().type == Type::date) {
    const std::int64_t year_low = civil_from_days(low).year;
    const std::int64_t year_high = civil_from_days(high).year;
    return {days_from_civil({year_low, 1, 1}), days_from_civil({year_high, 12, 31})};
  }
  if (profile.type().type == Type::timestamp) {
    constexpr std::int64_t kMicrosPerDay = 86'400LL * 1'000'000;
    const auto year = [&](std::int64_t micros) {
      return civil_from_days(micros / kMicrosPerDay - (micros % kMicrosPerDay < 0 ? 1 : 0)).year;
    };
    return {days_from_civil({year(low), 1, 1}) * kMicrosPerDay,
            days_from_civil({year(high) + 1, 1, 1}) * kMicrosPerDay - 1};
  }
  // The smallest int64 has no opposite.
  const std::int64_t down = low == std::numeric_limits<std::int64_t>::min() ? low
                            : low < 0                                       ? -round_up(-low)
                                                                            : 0;
  return {down, high > 0 ? round_up(high) : 0};
}

std::string list_of(const std::set<std::string>& values) {
  std::string out;
  for (const std::string& value : values) out += (out.empty() ? "[" : ", ") + yaml_scalar(value);
  return out + "]";
}

struct Line {
  std::string text;
  std::string comment;
};

std::string print(const Line& line) {
  std::string out = line.text;
  if (!line.comment.empty()) {
    out += std::string(out.size() < kCommentColumn ? kCommentColumn - out.size() : 1, ' ');
    out += " # " + line.comment;
  }
  return out + "\n";
}

std::string stays(const std::string& source, const std::string& why) {
  return "  " + yaml_scalar(source) + ":\n" + print({"    label: pii", why}) +
         "    transform: drop\n";
}

std::string person_lines(const std::string& source, Pii kind) {
  const std::string name(kind == Pii::email ? "hashed_email" : "hashed_phone");
  return "  " + yaml_scalar(source) + ":\n" +
         print({"    as: " + name, "its name in the room; only tokens of it enter"}) +
         print({"    label: person", "whom a row is about: joins, never output"}) +
         print({"    identifier: " + std::string(pii_name(kind)), "how it is normalised"});
}

// One format that fits is taken; of several, the owner chooses.
std::string format_lines(const ColumnProfile& profile) {
  const std::vector<const DateFormat*> formats = profile.formats();
  if (formats.empty()) return {};
  if (formats.size() == 1) {
    return print({"    format: \"" + formats[0]->text() + "\"", "how the file writes it"});
  }
  std::string out;
  for (const DateFormat* format : formats) {
    out += print({"    # format: \"" + format->text() + "\"",
                  out.empty() ? "which one? all fit: take the # from the right one" : ""});
  }
  return out;
}

std::string range_lines(const ColumnProfile& profile) {
  const ValueType type = profile.type();
  const bool asked = profile.formats().size() > 1;
  if (type.type == Type::text || type.type == Type::boolean || asked) return {};
  const Range range = bounds_of(profile);
  return print({"    bounds: [" + yaml_scalar(format_value(range.low, type)) + ", " +
                    yaml_scalar(format_value(range.high, type)) + "]",
                "seen " + format_value(profile.low(), type) + " to " +
                    format_value(profile.high(), type) + "; rows outside are rejected"});
}

// A column that enters, with what was seen of it.
std::string column_lines(const std::string& source, const ColumnProfile& profile) {
  const ValueType type = profile.type();
  const bool number = type.type == Type::integer || type.type == Type::decimal;
  std::string out = "  " + yaml_scalar(source) + ":\n";
  const std::string name = name_of(source);
  if (name != source) out += print({"    as: " + name, "letters, digits and _ only"});
  out += "    type: " + std::string(type_name(type.type)) + "\n";
  if (type.type == Type::decimal) out += "    scale: " + std::to_string(type.scale) + "\n";
  out += format_lines(profile);
  out += number ? print({"    label: sensitive", "can be summed and compared, never grouped by"})
                : print({"    label: plain", "the policy says for what"});
  if (profile.nullable()) out += print({"    nullable: true", "some rows have no value"});
  out += range_lines(profile);
  if (type.type == Type::text && profile.few().size() <= kDomainProposed) {
    out += print({"    domain: " + list_of(profile.few()),
                  "all that was seen; public once agreed, others are rejected"});
  }
  return out;
}

std::string why_pii(const std::string& source, const ColumnProfile& profile) {
  for (std::size_t k = 0; k < kPiiKinds; k++) {
    const Pii kind = static_cast<Pii>(k);
    const bool any_counts = profile.type().type == Type::text && kind != Pii::phone;
    if (profile.mostly(kind) || (any_counts && profile.count(kind) > 0)) {
      return "looks like " + std::string(pii_name(kind)) + ": stays at home";
    }
  }
  if (name_says_pii(source)) return "the name says personal data: stays at home";
  if (name_says_key(source) && profile.nearly_unique()) {
    return "a key of nearly every row: stays at home";
  }
  if (profile.type().type == Type::text && !profile.has_few() && profile.nearly_unique()) {
    return "free text, nearly every value another: stays at home";
  }
  if (profile.present() == 0) return "no row has a value";
  return {};
}

// The column that names the person: the first mostly e-mail, else the first mostly phone.
std::optional<std::pair<std::size_t, Pii>> find_person(const Looked& looked) {
  for (const Pii kind : {Pii::email, Pii::phone}) {
    for (std::size_t i = 0; i < looked.profiles.size(); i++) {
      if (looked.profiles[i].mostly(kind)) return std::pair(i, kind);
    }
  }
  return std::nullopt;
}

std::string source_lines(const ProposalOptions& options, const Looked& looked) {
  const std::filesystem::path file(options.file);
  std::string relative =
      file.lexically_proximate(options.from.empty() ? "." : options.from).string();
  if (file.is_absolute() != std::filesystem::path(options.from).is_absolute() &&
      !options.from.empty()) {
    std::error_code error;
    relative = std::filesystem::proximate(file, options.from, error).string();
  }
  std::string out =
      "source:\n" + print({"  file: " + yaml_scalar(relative), "relative to this manifest"});
  if (looked.dialect && looked.dialect->delimiter != ',') {
    const char delimiter = looked.dialect->delimiter;
    out += "  delimiter: " + (delimiter == '\t' ? "tab" : "\"" + std::string(1, delimiter) + "\"") +
           "\n";
  }
  return out;
}

}  // namespace

Proposal propose_manifest(const ProposalOptions& options) {
  const Looked looked = look(options);
  Proposal out;
  out.rows = looked.rows;
  out.columns = looked.header.size();
  out.table = options.table.empty() ? name_of(std::filesystem::path(options.file).stem().string())
                                    : options.table;
  const auto person = find_person(looked);
  std::string& yaml = out.yaml;
  yaml =
      "# What enters a room from this table, and how. Every line is a proposal: read it, edit it.\n"
      "# " +
      std::to_string(looked.rows) + " rows were looked at" +
      (looked.all ? "" : " (the file has more: check the bounds)") + ".\n";
  yaml += print({"table: " + out.table, "as the policy names it"});
  yaml += source_lines(options, looked) + "\n";
  yaml +=
      "# label: person (the key of joins), plain, sensitive (measured, never grouped by), or pii\n"
      "# (never enters). transform: drop | prefix N | bin WIDTH | round WIDTH | map {from: to} |\n"
      "# truncate year|quarter|month|week | cap [LOW, HIGH]. Columns not named here do not "
      "enter.\n";
  yaml += "columns:\n";
  for (std::size_t i = 0; i < looked.header.size(); i++) {
    const std::string& source = looked.header[i];
    const std::string why = why_pii(source, looked.profiles[i]);
    if (person && person->first == i) {
      out.person = source;
      yaml += person_lines(source, person->second);
    } else {
      yaml += why.empty() ? column_lines(source, looked.profiles[i]) : stays(source, why);
    }
  }
  if (!person) {
    yaml +=
        "  # No column looks like an e-mail address or a phone number: give one of them\n"
        "  # label: person and identifier: email or phone.\n";
  }
  yaml +=
      "\n" + print({"rows_per_person: 100", "more of one person are dropped, chosen at random"});
  yaml += "retention:\n" + print({"  days: 365", "after which no room may read the snapshot"});
  if (options.region.empty()) {
    yaml += "# region: US                      # of phone numbers without +\n";
  } else {
    yaml += print({"region: " + options.region, "of phone numbers without +"});
  }
  yaml +=
      "# opt_out: {file: opt-out.txt, kind: opt_out}   # people who must not enter, one a line\n";
  return out;
}

}  // namespace gbx::prepare
