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

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

// The words that YAML reads as something else than text.
std::string scalar(const std::string& name) {
  std::string folded;
  for (const char c : name)
    folded += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return folded == "null" ? "\"" + name + "\"" : name;
}

std::string list_of(const std::vector<std::string>& names) {
  std::vector<std::string> out;
  for (const std::string& name : names) out.push_back(scalar(name));
  return "[" + joined(out) + "]";
}

bool is_summed(const DraftTable& table, const std::string& column) {
  return std::any_of(table.aggregates.begin(), table.aggregates.end(), [&](const auto& aggregate) {
    return (aggregate.function == "SUM" || aggregate.function == "AVG") &&
           holds(aggregate.columns, column);
  });
}

bool is_used(const DraftTable& table, const std::string& column) {
  return column == table.person || holds(table.dimensions, column) ||
         std::any_of(table.aggregates.begin(), table.aggregates.end(),
                     [&](const auto& aggregate) { return holds(aggregate.columns, column); });
}

class Writer {
 public:
  explicit Writer(Draft draft) : draft_(std::move(draft)) {}

  Imported write() {
    line("# Drafted from " + draft_.source +
         ". Read the report beside it, and every line of this.");
    line("# A word that begins with FILL_IN is a fact that the source does not say: while one is");
    line("# left, `glovebox policy build` refuses this file.");
    header();
    members();
    privacy();
    line("tables:");
    for (const DraftTable& table : draft_.tables) write_table(table);
    line("trust:");
    const std::string word = blank("assurance", "trust", "the weakest word that a room may prove");
    const std::string image = blank("image", "trust", "what `glovebox measure` prints");
    line("  min_assurance: " + word + "   # HW-CVM or another word");
    line("  sim: {images: [" + image + "]}   # or the section of your platform");
    return {std::move(text_), std::move(draft_.notes)};
  }

 private:
  void line(const std::string& text) { text_ += text + "\n"; }

  // The blank, with its note.
  std::string blank(const std::string& name, const std::string& subject, const std::string& what) {
    draft_.note(Fate::blank, subject, "FILL_IN_" + name + ": " + what);
    return "FILL_IN_" + name;
  }

  void header() {
    line("collaboration:");
    line("  name: " + (draft_.name.empty() ? "Imported from " + draft_.source : draft_.name));
    line("  expires: " + blank("expires", "collaboration", "the last day, as YYYY-MM-DD") +
         "   # YYYY-MM-DD");
  }

  void members() {
    line("members:   # identity: the file that the member's `glovebox identity export` wrote");
    if (draft_.members.empty()) {
      draft_.members = {{"FILL_IN_owner", {"provide"}}, {"FILL_IN_asker", {"query", "receive"}}};
      draft_.note(Fate::blank, "members",
                  "FILL_IN_owner, FILL_IN_asker: who takes part, and who may do what");
    } else {
      draft_.note(Fate::blank, "members", "each member's identity file beside the draft");
    }
    for (const DraftMember& member : draft_.members) {
      line("  - identity: " + member.name + ".id");
      line("    abilities: " + list_of(member.abilities));
    }
  }

  void privacy() {
    line("privacy:");
    std::int64_t least = 0;
    for (const DraftTable& table : draft_.tables) {
      if (table.people_min > 0)
        least = least == 0 ? table.people_min : std::min(least, table.people_min);
    }
    line("  k: " + (least > 0
                        ? std::to_string(std::max<std::int64_t>(least, 2))
                        : blank("k", "privacy", "how many people a row stands for at least")));
    const auto number = [&](const std::string& key, const std::string& value,
                            const std::string& what) {
      line("    " + key + ": " +
           (value.empty() ? blank(key, "privacy", what) + "   # " + what : "\"" + value + "\""));
    };
    line("  dp:");
    number("epsilon", draft_.epsilon, "of each table, in all: \"3\"");
    number("delta", draft_.delta, "of each table, in all: \"1e-6\"");
    if (!draft_.users_noise.empty()) {
      line("    users_noise: " + draft_.users_noise);
    } else {
      number("epsilon_per_query", draft_.epsilon_per_query, "what a question costs: \"0.1\"");
    }
    if (!draft_.delta_per_query.empty()) {
      line("    delta_per_query: \"" + draft_.delta_per_query + "\"");
    }
    if (draft_.groups_per_person) {
      line("  contribution: {groups: " + std::to_string(*draft_.groups_per_person) + ", rows: " +
           blank("rows", "privacy", "how many rows of a person count in a group") + "}");
    }
  }

  void write_column(const DraftTable& table, const DraftColumn& column, bool used) {
    const std::string subject = table.name + "." + column.name;
    const std::string key = table.name + "_" + column.name;
    std::string out = "      " + std::string(used ? "" : "# ") + scalar(column.name) + ": {";
    if (column.name == table.person) {
      line(out + "label: person, identifier: " +
           blank(key + "_identifier", subject, "email or phone: what the token is made of") +
           "}   # email or phone");
      return;
    }
    const auto missing = [&](const std::string& name, const std::string& what) {
      return used ? blank(key + "_" + name, subject, what) : std::string("...");
    };
    const bool typed = column.type && !column.type->word.empty();
    out +=
        "type: " + (typed ? column.type->word
                          : missing("type", "text, integer, decimal, date, timestamp or boolean"));
    if (typed && column.type->scale > 0) out += ", scale: " + std::to_string(column.type->scale);
    out +=
        column.sensitive || is_summed(table, column.name) ? ", label: sensitive" : ", label: plain";
    if (column.nullable) out += ", nullable: true";
    if (used && is_summed(table, column.name)) {
      const std::string low = missing("low", "the smallest value; sums and averages need bounds");
      const std::string high = missing("high", "the largest value");
      out += ", bounds: [" + low + ", " + high + "]";
    }
    line(out + "}");
  }

  void write_table(const DraftTable& table) {
    line("  " + scalar(table.name) + ":");
    line("    owner: " + (table.owner.empty()
                              ? blank(table.name + "_owner", table.name, "the member that has it")
                              : table.owner));
    line("    columns:   # or manifest: the file that `glovebox prepare` takes");
    std::vector<std::string> unused;
    for (const DraftColumn& column : table.columns) {
      const bool used = is_used(table, column.name);
      write_column(table, column, used);
      if (!used) unused.push_back(column.name);
    }
    if (table.person.empty()) {
      const std::string name =
          blank(table.name + "_person?", table.name, "the column that says whose a row is");
      const std::string identifier =
          blank(table.name + "_identifier", table.name, "email or phone");
      line("      " + name + ": {label: person, identifier: " + identifier + "}");
    }
    if (!unused.empty()) {
      draft_.note(Fate::left_out, table.name,
                  "no rule names " + joined(unused) + ": they do not enter the room");
    }
    write_rule(table);
  }

  void write_rule(const DraftTable& table) {
    line("    rule:");
    line("      aggregation:");
    line("        aggregateColumns:" + std::string(table.aggregates.empty() ? " []" : ""));
    for (const DraftAggregate& aggregate : table.aggregates) {
      line("          - {columnNames: " + list_of(aggregate.columns) +
           ", function: " + aggregate.function + "}");
    }
    const bool joins = table.joins && !table.person.empty();
    line("        joinColumns: " + (joins ? list_of({table.person}) : "[]"));
    if (table.join_required) line("        joinRequired: QUERY_RUNNER");
    line("        dimensionColumns: " + list_of(table.dimensions));
    line("        scalarFunctions: " + list_of(table.functions));
    if (table.people_min > 1) {
      const std::string person =
          table.person.empty() ? "FILL_IN_" + table.name + "_person?" : scalar(table.person);
      line("        outputConstraints:");
      line("          - {columnName: " + person + ", minimum: " + std::to_string(table.people_min) +
           ", type: COUNT_DISTINCT}");
    }
  }

  Draft draft_;
  std::string text_;
};

// What a room's rules demand of columns: one role each.
void settle(DraftTable& table, Draft& draft) {
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
  return Writer(std::move(draft)).write();
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
