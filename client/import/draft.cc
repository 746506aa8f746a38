#include "client/import/draft.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>

namespace gbx::client {
namespace {

constexpr std::size_t kNameBytesMax = 63;
constexpr int kScaleMost = 12;

bool holds(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// A filter over persons would be a question about one.
void settle_filter(DraftTable& table) {
  for (const std::string& name : table.filter_columns) {
    if (name == table.person) {
      stop_import(table.name, "its row access policy reads the person column",
                  "decide what to do with it, and take it out of the file");
    }
    table.column(name);
  }
}

// What a room's rules demand of columns: one role each.
void settle(DraftTable& table, Draft& draft) {
  settle_filter(table);
  std::erase_if(table.dimensions, [&](const std::string& name) {
    const bool measured = std::any_of(table.aggregates.begin(), table.aggregates.end(),
                                      [&](const auto& a) { return holds(a.columns, name); });
    if (!measured && name != table.person) return false;
    draft.note(Fate::tightened, table.name + "." + name,
               name == table.person ? "the person column is never grouped by"
                                    : "it is measured, so it is no dimension");
    return true;
  });
  std::sort(table.dimensions.begin(), table.dimensions.end());
  table.dimensions.erase(std::unique(table.dimensions.begin(), table.dimensions.end()),
                         table.dimensions.end());
  if (!table.person.empty()) table.column(table.person).nullable = false;
  for (const std::string& name : table.dimensions) table.column(name);
  for (const std::string& name : table.disallowed) table.column(name);
  if (table.comparisons) {
    for (const std::string& name : table.comparisons->literal_columns) table.column(name);
    for (const std::string& name : table.comparisons->column_columns) table.column(name);
  }
  for (const DraftAggregate& aggregate : table.aggregates) {
    for (const std::string& name : aggregate.columns) table.column(name);
  }
  for (DraftColumn& column : table.columns) {
    const bool foreign = column.type && column.type->word.empty();
    if (!foreign || column.name == table.person) continue;
    draft.note(Fate::left_out, table.name + "." + column.name,
               "rooms have no such type; declare what `glovebox prepare` makes of it");
  }
}

}  // namespace

std::string_view fate_name(Fate fate) {
  switch (fate) {
    case Fate::carried: return "carried";
    case Fate::tightened: return "tightened";
    case Fate::left_out: return "left_out";
    case Fate::weakened: return "weakened";
    case Fate::blank: return "blank";
  }
  GBX_CHECK(false);
}

DraftColumn& DraftTable::column(const std::string& column_name) {
  for (DraftColumn& found : columns) {
    if (found.name == column_name) return found;
  }
  columns.push_back({.name = column_name, .type = std::nullopt});
  return columns.back();
}

void Draft::note(Fate fate, std::string subject, std::string text) {
  notes.push_back({fate, std::move(subject), std::move(text)});
}

std::string Draft::blank(const std::string& blank_name, const std::string& subject,
                         const std::string& what) {
  note(Fate::blank, subject, "FILL_IN_" + blank_name + ": " + what);
  return "FILL_IN_" + blank_name;
}

void allow_all(Draft& draft, DraftTable& table) {
  if (!table.joins || table.join_required) {
    draft.note(Fate::left_out, table.name,
               "every column may be measured and grouped by: list those that shall");
    return;
  }
  table.custom = true;
  table.aggregates.clear();
  table.analyses = {std::string(policy::kAnyQuery)};
  table.providers = {"FILL_IN_asker"};
  for (const DraftColumn& column : table.columns) {
    if (column.sensitive && column.name != table.person) table.disallowed.push_back(column.name);
  }
  draft.note(Fate::carried, table.name, "every column may be measured and grouped by");
}

DraftTable& Draft::table(const std::string& table_name) {
  for (DraftTable& found : tables) {
    if (found.name == table_name) return found;
  }
  if (tables.size() >= policy::kTablesMax) {
    stop_import(table_name, "these are more than 64 tables", "import fewer at a time");
  }
  tables.emplace_back().name = table_name;
  return tables.back();
}

Imported finish(Draft draft) {
  if (draft.tables.empty()) {
    stop_import("", "there is no table with a rule in these files", "name the files that have one");
  }
  for (DraftTable& table : draft.tables) settle(table, draft);
  draft.note(Fate::tightened, "privacy",
             "every answer is noised, and a budget that nobody refills pays for it");
  return write_draft(std::move(draft));
}

std::string checked_name(const std::string& name, const std::string& where) {
  const bool fits = !name.empty() && name.size() <= kNameBytesMax &&
                    std::isdigit(static_cast<unsigned char>(name.front())) == 0 &&
                    std::all_of(name.begin(), name.end(), [](char c) {
                      return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
                    });
  if (!fits) {
    stop_import(where, "a name in it cannot stand in a policy",
                "names have letters A to Z, digits and _, at most 63; rename it first");
  }
  return name;
}

std::string epsilon_text(const Json& number) {
  double value = 0;
  if (number.integer() != nullptr) value = static_cast<double>(*number.integer());
  if (number.real() != nullptr) value = *number.real();
  if (!(value > 0) || value > 1e9) return "";
  // 0.1 is 0.1 and not 0.099999: what is less than a thousandth of the last digit away is that.
  std::int64_t millionths = static_cast<std::int64_t>(std::floor(value * 1e6 + 1e-3));
  if (millionths == 0) return "";
  std::string out = std::to_string(millionths / 1'000'000);
  if (millionths %= 1'000'000; millionths > 0) {
    std::string digits = std::to_string(1'000'000 + millionths).substr(1);
    digits.erase(digits.find_last_not_of('0') + 1);
    out += "." + digits;
  }
  return out;
}

std::string delta_text_of(const Json& number) {
  const double value = number.real() != nullptr ? *number.real() : 0;
  if (!(value > 1e-300) || value >= 1) return "";
  int exponent = static_cast<int>(std::floor(std::log10(value)));
  auto digits = static_cast<int>(std::floor(value / std::pow(10.0, exponent - 1) + 1e-6));
  if (digits >= 100) {  // log10 rounded down across a power of ten
    digits /= 10;
    exponent++;
  }
  const std::string tenths = digits % 10 == 0 ? "" : "." + std::to_string(digits % 10);
  return std::to_string(digits / 10) + tenths + "e" + std::to_string(exponent);
}

DraftType type_of(const std::string& foreign) {
  std::string word;
  std::size_t at = 0;
  for (; at < foreign.size() &&
         (std::isalnum(static_cast<unsigned char>(foreign[at])) != 0 || foreign[at] == '_');
       at++) {
    word += static_cast<char>(std::tolower(static_cast<unsigned char>(foreign[at])));
  }
  for (const char* text : {"string", "varchar", "char", "text", "character"}) {
    if (word == text) return {"text"};
  }
  for (const char* whole :
       {"bigint", "int", "integer", "smallint", "tinyint", "int64", "byteint"}) {
    if (word == whole) return {"integer"};
  }
  if (word == "boolean" || word == "bool") return {"boolean"};
  if (word == "date") return {"date"};
  for (const char* moment : {"timestamp", "datetime", "timestamp_ntz"}) {
    if (word == moment) return {"timestamp"};
  }
  if (word != "decimal" && word != "number" && word != "numeric") return {};
  // NUMBER alone is NUMBER(38, 0); numeric of BigQuery has nine digits.
  const std::size_t comma = foreign.find(',', at);
  const bool sized = foreign.find('(', at) != std::string::npos;
  const int alone = word == "numeric" && !sized ? 9 : 0;
  const int scale = comma == std::string::npos
                        ? alone
                        : static_cast<int>(std::strtol(foreign.c_str() + comma + 1, nullptr, 10));
  if (scale < 0 || scale > kScaleMost) return {};
  return scale == 0 ? DraftType{"integer"} : DraftType{"decimal", scale};
}

void stop_import(const std::string& where, const std::string& why, const std::string& next) {
  throw Mistake("nothing was imported", where, why, next);
}

std::optional<ImportSource> import_source_from(std::string_view word) {
  if (word == "aws") return ImportSource::aws;
  if (word == "bigquery") return ImportSource::bigquery;
  if (word == "snowflake") return ImportSource::snowflake;
  return std::nullopt;
}

Imported import_policy(ImportSource source, const std::vector<ImportFile>& files) {
  if (files.size() > kImportFilesMax) {
    stop_import("", "these are more than 256 files", "import fewer at a time");
  }
  for (const ImportFile& file : files) {
    if (file.text.size() > kImportBytesMax) {
      stop_import(file.name, "it has more than 4 MiB", "name the file with the rules alone");
    }
  }
  if (source == ImportSource::aws) return finish(import_aws(files));
  return finish(source == ImportSource::bigquery ? import_bigquery(files)
                                                 : import_snowflake(files));
}

}  // namespace gbx::client
