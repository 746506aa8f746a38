#pragma once

// Rules that owners wrote for other clean rooms, as a draft of collaboration.yaml; and back to AWS.
//
// The files may come from anybody. What must stay true: what the source forbids stays forbidden.
// What a room cannot say is left out of what is allowed, and where leaving it out would allow more,
// nothing is imported at all. What the source does not say is a blank, a word that begins with
// FILL_IN, which `policy build` refuses. Names are checked before they are written, so no file can
// write a line of the draft. docs/reference/importing.md has the tables of what becomes what.

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "client/policy/mistake.h"
#include "trusted/base/json.h"
#include "trusted/policy/policy.h"

namespace gbx::client {

constexpr std::size_t kImportBytesMax = std::size_t{4} << 20;  // of one file
constexpr std::size_t kImportFilesMax = 256;

enum class ImportSource : std::uint8_t { aws, bigquery, snowflake };
std::optional<ImportSource> import_source_from(std::string_view word);

struct ImportFile {
  std::string name;  // for messages
  std::string text;
};

// What became of a line of the source. The enumerator is the word in reports.
enum class Fate : std::uint8_t {
  carried,    // it means the same
  tightened,  // less is allowed than was
  left_out,   // it is not in the draft; less is allowed than was, or somebody must see to it
  weakened,   // of exports: more is allowed than was, and somebody has accepted that
  blank,      // the source does not say it; to be filled in
};
std::string_view fate_name(Fate fate);

struct ImportNote {
  Fate fate = Fate::carried;
  std::string subject;  // "purchases", "purchases.store", "privacy"
  std::string text;
};

struct Imported {
  std::string yaml;
  std::vector<ImportNote> notes;
};

//   aws        what the AWS CLI prints, one document a file, in any order: get-configured-table,
//              get-configured-table-analysis-rule, get-schema, get-schema-analysis-rule,
//              get-configured-table-association-analysis-rule, list-members, get-collaboration,
//              get-privacy-budget-template
//   bigquery   CREATE VIEW ... OPTIONS (privacy_policy = ...), ALTER VIEW ... SET OPTIONS
//   snowflake  CREATE AGGREGATION | PROJECTION | JOIN POLICY, CREATE TABLE, ALTER TABLE ... SET
// Throws Mistake: what is not one of these, unknown members and statements, and restrictions that a
// room cannot hold.
Imported import_policy(ImportSource source, const std::vector<ImportFile>& files);

struct ExportedFile {
  std::string name;     // "purchases.aws.json"
  std::string command;  // of `aws cleanrooms` that takes it with --cli-input-json
  Json input;
};
struct Exported {
  std::vector<ExportedFile> files;
  std::vector<ImportNote> notes;
};
// A policy's rules, receivers and budgets for AWS Clean Rooms.
//
//   accepted  what may be weaker there than the policy demands, by the words of aws_fields.h
//
// Throws Mistake when something else would be weaker, with all of it: nothing is exported then. The
// notes name whatever AWS does not hold; a field that this exporter does not know is a Mistake too.
Exported export_to_aws(const policy::Policy& policy, const std::set<std::string>& accepted);

}  // namespace gbx::client
