#pragma once

// What an importer has understood, and its text as collaboration.yaml with blanks.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "client/import/import.h"

namespace gbx::client {

// A type of another system's column, as rooms have it; `word` is empty when there is none.
struct DraftType {
  std::string word;
  int scale = 0;
};

struct DraftColumn {
  std::string name;
  std::optional<DraftType> type;  // none: the source does not say
  bool nullable = true;
  bool sensitive = false;
};

struct DraftAggregate {
  std::string function;
  std::vector<std::string> columns;
};

struct DraftComparisons {
  std::vector<std::string> literal_columns;
  std::vector<std::string> column_columns;
};

struct DraftTable {
  std::string name;
  std::string owner;   // empty: not said
  std::string person;  // empty: not said
  std::vector<DraftColumn> columns;
  // A condition in SQL, and the columns that it reads; empty: none.
  std::string row_filter;
  std::vector<std::string> filter_columns;
  bool custom = false;
  // of an aggregation rule
  std::vector<DraftAggregate> aggregates;
  bool joins = true;
  bool join_required = false;
  std::vector<std::string> dimensions;
  std::vector<std::string> functions;
  std::optional<std::vector<std::string>> join_operators;  // none: not said
  // of a custom rule
  std::vector<std::string> analyses;
  std::vector<std::string> providers;
  std::vector<std::string> disallowed;
  bool needs_noise = false;
  // of a list rule; empty: it is none
  std::vector<std::string> list_columns;
  // of all
  std::int64_t people_min = 0;                        // 0: not said
  std::string additional;                             // empty: not said
  std::optional<DraftComparisons> comparisons;        // none: no control
  std::optional<std::vector<std::string>> receivers;  // none: not said
  std::map<std::string, std::int64_t> access;         // questions, by window

  DraftColumn& column(const std::string& column_name);  // made when it is not there
};

struct DraftMember {
  std::string name;
  std::vector<std::string> abilities;
};

struct Draft {
  std::string source;  // "AWS Clean Rooms"
  std::string name;    // of the collaboration
  std::vector<DraftMember> members;
  std::vector<DraftTable> tables;
  // As they are written in YAML; empty: not said.
  std::string epsilon;
  std::string epsilon_per_query;
  std::string users_noise;
  std::string delta;
  std::string delta_per_query;
  std::optional<std::int64_t> groups_per_person;
  std::vector<ImportNote> notes;

  void note(Fate fate, std::string subject, std::string text);
  // "FILL_IN_name", with its note.
  std::string blank(const std::string& name, const std::string& subject, const std::string& what);
  DraftTable& table(const std::string& table_name);  // made when it is not there
};

// A source under which every column may be measured and grouped by: a custom rule for any question
// of whoever may ask. Where joins are restricted it is none, since only aggregation rules can do
// that: then the people are counted, and columns are to be listed.
void allow_all(Draft& draft, DraftTable& table);

// Finishes the rules (what a room's own rules demand) and writes the text.
Imported finish(Draft draft);
// The text alone, and the notes with those of blanks; draft_text.cc.
Imported write_draft(Draft draft);

// A name that can stand in a policy, or a Mistake: letters, digits and _, at most 63.
std::string checked_name(const std::string& name, const std::string& where);
// 0.05 -> "0.05": at most six digits after the point, rounded down. Empty for what is no such
// number above 0.
std::string epsilon_text(const Json& number);
// 1e-06 -> "1e-6", rounded down to two digits.
std::string delta_text_of(const Json& number);
// "decimal(10,2)", "NUMBER(38,0)", "STRING", ... in any letter case.
DraftType type_of(const std::string& foreign);

[[noreturn]] void stop_import(const std::string& where, const std::string& why,
                              const std::string& next);

Draft import_aws(const std::vector<ImportFile>& files);
Draft import_bigquery(const std::vector<ImportFile>& files);
Draft import_snowflake(const std::vector<ImportFile>& files);

}  // namespace gbx::client
