#pragma once

// What the AWS CLI prints, read document by document: aws.cc has the documents, aws_rules.cc the
// analysis rules in them.
//
// Members that only describe (ids, times, accounts) are passed over by name; any other member could
// be a restriction, so it ends the import.

#include <map>

#include "client/import/draft.h"

namespace gbx::client {

constexpr std::size_t kAwsListMax = 10'000;

class AwsReader {
 public:
  Draft read(const std::vector<ImportFile>& files);

 private:
  void read_file(const ImportFile& file);
  void read_table(const std::string& where, const Json& json);
  void read_schema(const std::string& where, const Json& json);
  void read_association(const std::string& where, const Json& json);
  void read_template(const std::string& where, const Json& json);
  void read_members(const std::string& where, const Json& json);
  void read_budget(const std::string& where, const Json& json);
  void read_noise(const std::string& where, const Json& json);
  void read_access(const std::string& where, const Json& json);
  void read_rule(const std::string& where, const Json& json);
  void read_aggregation(const std::string& where, const Json& rule, DraftTable& table);
  void read_aggregates(const std::string& where, const Json& rule, DraftTable& table);
  void read_operators(const std::string& where, const Json& rule, DraftTable& table);
  void read_list(const std::string& where, const Json& rule, DraftTable& table);
  void read_custom(const std::string& where, const Json& rule, DraftTable& table);
  void read_person(const std::string& where, const Json& rule, DraftTable& table);
  void read_analyses(const std::string& where, const Json& rule, DraftTable& table);
  void read_thresholds(const std::string& where, const Json& rule, DraftTable& table);
  void read_comparisons(const std::string& where, const Json& rule, DraftTable& table);
  void read_receivers(const std::string& where, const Json& rule, const std::string& association);
  void read_constraints(const std::string& where, const Json& rule, DraftTable& table);
  void read_functions(const std::string& where, const Json& rule, DraftTable& table);
  void read_additional(const std::string& where, const Json& rule, DraftTable& table);
  void join_on(const std::string& where, std::vector<std::string> names, DraftTable& table);
  void demand_people(const std::string& where, const Json* minimum, DraftTable& table);
  void set_receivers(const std::string& where, const std::vector<std::string>& accounts,
                     DraftTable& table);
  // The members of accounts: those with the ability, or blanks when no member is known.
  std::vector<std::string> members_of(const std::string& where,
                                      const std::vector<std::string>& accounts,
                                      const std::string& ability, const std::string& subject);
  void limit_receivers();
  std::string table_of(const std::string& where, const Json& json);

  Draft draft_;
  std::vector<std::pair<std::string, Json>> rules_;             // by file
  std::vector<std::pair<std::string, Json>> access_;            // accessBudget, by file
  std::vector<std::pair<std::string, std::string>> described_;  // file, table
  std::map<std::string, std::string> table_by_id_;
  std::map<std::string, std::string> configured_by_association_;  // ids, and ARNs, to table ids
  std::map<std::string, std::string> template_by_arn_;
  std::map<std::string, std::vector<DraftColumn>> columns_;  // by table
  std::map<std::string, bool> used_;
  std::map<std::string, std::string> member_by_account_;
  std::optional<std::vector<std::string>> receivers_;  // accounts
};

using AwsKeys = std::vector<std::string_view>;

// Ends the import unless all members of an object are among `keys`.
void only_members(const std::string& where, const Json& json, const AwsKeys& keys);
std::string text_at(const std::string& where, const Json& json, std::string_view key);
// A list of names; empty when it is not there.
std::vector<std::string> names_at(const std::string& where, const Json& json, std::string_view key);
// A list of anything; nullptr when it is not there.
const Json::Array* list_at(const std::string& where, const Json& json, std::string_view key);
// A word of AWS's, as a note may show it.
std::string shown(const std::string& word);

}  // namespace gbx::client
