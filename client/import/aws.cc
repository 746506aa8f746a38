// AWS Clean Rooms, as its API prints it:
// https://docs.aws.amazon.com/clean-rooms/latest/apireference/API_Operations.html
// https://docs.aws.amazon.com/clean-rooms/latest/userguide/analysis-rules-aggregation.html
//
// Members that only describe (ids, times, accounts) are passed over by name; any other member could
// be a restriction, so it ends the import.

#include <algorithm>
#include <cctype>
#include <map>

#include "client/import/draft.h"

namespace gbx::client {
namespace {

constexpr std::size_t kListMax = 10'000;

using Keys = std::vector<std::string_view>;

class Aws {
 public:
  Draft read(const std::vector<ImportFile>& files) {
    draft_.source = "AWS Clean Rooms";
    for (const ImportFile& file : files) read_file(file);
    for (const auto& [where, rule] : rules_) read_rule(where, rule);
    for (const auto& [where, table] : described_) {
      if (!used_.contains(table)) {
        draft_.note(Fate::left_out, table, "it has no analysis rule in these files");
      }
    }
    limit_receivers();
    return std::move(draft_);
  }

 private:
  void read_file(const ImportFile& file);
  void read_table(const std::string& where, const Json& json);
  void read_schema(const std::string& where, const Json& json);
  void read_members(const std::string& where, const Json& json);
  void read_budget(const std::string& where, const Json& json);
  void read_rule(const std::string& where, const Json& json);
  void read_aggregation(const std::string& where, const Json& rule, DraftTable& table);
  void read_list(const std::string& where, const Json& rule, DraftTable& table);
  void read_custom(const std::string& where, const Json& rule, DraftTable& table);
  void read_receivers(const std::string& where, const Json& policy);
  void read_constraints(const std::string& where, const Json& rule, DraftTable& table);
  void read_functions(const std::string& where, const Json& rule, DraftTable& table);
  void read_additional(const std::string& where, const Json& rule, DraftTable& table);
  void join_on(const std::string& where, std::vector<std::string> names, DraftTable& table);
  void limit_receivers();
  std::string table_of(const std::string& where, const Json& json);
  std::vector<std::string> names(const std::string& where, const Json& json, std::string_view key);

  Draft draft_;
  std::vector<std::pair<std::string, Json>> rules_;             // by file
  std::vector<std::pair<std::string, std::string>> described_;  // file, table
  std::map<std::string, std::string> table_by_id_;
  std::map<std::string, std::vector<DraftColumn>> columns_;  // by table
  std::map<std::string, bool> used_;
  std::map<std::string, std::string> member_by_account_;
  std::optional<std::vector<std::string>> receivers_;  // accounts
};

// All members of an object are known.
void only(const std::string& where, const Json& json, const Keys& keys) {
  if (json.object() == nullptr) stop_import(where, "it is not what the AWS API prints", "");
  for (const auto& [key, value] : *json.object()) {
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
      stop_import(where,
                  "it has a member that this importer does not know, and that may forbid something",
                  "look what it means, and take it out if it forbids nothing");
    }
  }
}

std::string text_at(const std::string& where, const Json& json, std::string_view key) {
  const Json* found = json.find(key);
  if (found == nullptr || found->string() == nullptr) {
    stop_import(where, "it has no \"" + std::string(key) + "\"",
                "save what the AWS CLI prints, with --output json");
  }
  return *found->string();
}

// A word of AWS's, as a note may show it.
std::string shown(const std::string& word) {
  std::string out;
  for (const char c : word.substr(0, 80)) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 ||
                       std::string_view("_-.:/ ").find(c) != std::string_view::npos;
    out += plain ? c : '?';
  }
  return out;
}

// "Ad Agency" -> "ad_agency".
std::string member_name(const std::string& name, const std::string& where) {
  std::string out;
  for (const char c : name) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0;
    out += plain ? static_cast<char>(std::tolower(static_cast<unsigned char>(c))) : '_';
  }
  return checked_name(out, where);
}

std::vector<std::string> Aws::names(const std::string& where, const Json& json,
                                    std::string_view key) {
  std::vector<std::string> out;
  const Json* list = json.find(key);
  if (list == nullptr) return out;
  if (list->array() == nullptr || list->array()->size() > kListMax) {
    stop_import(where, "\"" + std::string(key) + "\" is no list", "");
  }
  for (const Json& item : *list->array()) {
    if (item.string() == nullptr)
      stop_import(where, "\"" + std::string(key) + "\" is no list of names", "");
    out.push_back(*item.string());
  }
  return out;
}

void Aws::read_file(const ImportFile& file) {
  const auto json = Json::parse(file.text);
  if (!json || json->object() == nullptr) {
    stop_import(file.name, "it is no JSON document",
                "save what the AWS CLI prints, with --output json");
  }
  only(file.name, *json,
       {"configuredTable", "analysisRule", "schema", "memberSummaries", "collaboration",
        "privacyBudgetTemplate", "ResponseMetadata"});
  if (const Json* table = json->find("configuredTable")) read_table(file.name, *table);
  if (const Json* schema = json->find("schema")) read_schema(file.name, *schema);
  if (json->find("memberSummaries") != nullptr) read_members(file.name, *json);
  if (const Json* budget = json->find("privacyBudgetTemplate")) read_budget(file.name, *budget);
  if (const Json* rule = json->find("analysisRule")) rules_.emplace_back(file.name, *rule);
  if (const Json* all = json->find("collaboration")) {
    draft_.name = "\"" + shown(text_at(file.name, *all, "name")) + "\"";
  }
}

void Aws::read_table(const std::string& where, const Json& json) {
  only(where, json,
       {"id", "arn", "name", "description", "tableReference", "createTime", "updateTime",
        "analysisRuleTypes", "analysisMethod", "allowedColumns", "selectedAnalysisMethods"});
  const std::string name = checked_name(text_at(where, json, "name"), where);
  table_by_id_[text_at(where, json, "id")] = name;
  described_.emplace_back(where, name);
  for (const std::string& column : names(where, json, "allowedColumns")) {
    std::vector<DraftColumn>& known = columns_[name];
    const bool again = std::any_of(known.begin(), known.end(),
                                   [&](const DraftColumn& c) { return c.name == column; });
    if (!again) known.push_back({.name = checked_name(column, where), .type = std::nullopt});
  }
}

void Aws::read_schema(const std::string& where, const Json& json) {
  only(where, json,
       {"columns", "partitionKeys", "analysisRuleTypes", "analysisMethod", "creatorAccountId",
        "name", "collaborationId", "collaborationArn", "description", "createTime", "updateTime",
        "type", "schemaStatusDetails", "resourceArn", "schemaTypeProperties",
        "selectedAnalysisMethods"});
  const std::string name = checked_name(text_at(where, json, "name"), where);
  described_.emplace_back(where, name);
  const Json* columns = json.find("columns");
  if (columns == nullptr || columns->array() == nullptr || columns->array()->size() > kListMax) {
    stop_import(where, "it has no columns", "save what `aws cleanrooms get-schema` prints");
  }
  std::vector<DraftColumn>& out = columns_[name];
  for (const Json& column : *columns->array()) {
    only(where, column, {"name", "type"});
    DraftColumn next{.name = checked_name(text_at(where, column, "name"), where),
                     .type = type_of(text_at(where, column, "type"))};
    const auto same = std::find_if(out.begin(), out.end(),
                                   [&](const DraftColumn& c) { return c.name == next.name; });
    if (same == out.end()) {
      out.push_back(std::move(next));
    } else {
      same->type = next.type;
    }
  }
}

void Aws::read_members(const std::string& where, const Json& json) {
  const Json* list = json.find("memberSummaries");
  if (list->array() == nullptr || list->array()->size() > policy::kMembersMax) {
    stop_import(where, "memberSummaries is no list", "");
  }
  for (const Json& member : *list->array()) {
    only(where, member,
         {"accountId", "status", "displayName", "abilities", "createTime", "updateTime",
          "membershipId", "membershipArn", "paymentConfiguration", "mlAbilities"});
    DraftMember out{member_name(text_at(where, member, "displayName"), where), {"provide"}};
    for (const std::string& ability : names(where, member, "abilities")) {
      if (ability == "CAN_QUERY") out.abilities.emplace_back("query");
      if (ability == "CAN_RECEIVE_RESULTS") out.abilities.emplace_back("receive");
      if (ability == "CAN_QUERY" || ability == "CAN_RECEIVE_RESULTS") continue;
      draft_.note(Fate::left_out, out.name, "the ability " + shown(ability));
    }
    draft_.note(Fate::carried, out.name, "its abilities, and that it may provide tables");
    member_by_account_[text_at(where, member, "accountId")] = out.name;
    draft_.members.push_back(std::move(out));
  }
}

void Aws::read_budget(const std::string& where, const Json& json) {
  only(where, json,
       {"id", "arn", "membershipId", "membershipArn", "collaborationId", "collaborationArn",
        "createTime", "updateTime", "privacyBudgetType", "autoRefresh", "parameters"});
  const Json* parameters = json.find("parameters");
  const Json* dp = parameters == nullptr ? nullptr : parameters->find("differentialPrivacy");
  if (dp == nullptr) {
    stop_import(where, "it limits something else than differential privacy",
                "leave it out, and see to its limit by a ration");
  }
  only(where, *parameters, {"differentialPrivacy"});
  only(where, *dp, {"epsilon", "usersNoisePerQuery"});
  const Json* epsilon = dp->find("epsilon");
  const Json* noise = dp->find("usersNoisePerQuery");
  draft_.epsilon = epsilon == nullptr ? "" : epsilon_text(*epsilon);
  if (draft_.epsilon.empty() || noise == nullptr || noise->integer() == nullptr ||
      *noise->integer() < 1) {
    stop_import(where, "it has no epsilon or no usersNoisePerQuery", "");
  }
  draft_.users_noise = std::to_string(*noise->integer());
  draft_.note(Fate::carried, "privacy", "epsilon and usersNoisePerQuery");
  if (json.find("autoRefresh") != nullptr && text_at(where, json, "autoRefresh") != "NONE") {
    draft_.note(Fate::tightened, "privacy", "a budget is for good: it is not refilled each month");
  }
}

std::string Aws::table_of(const std::string& where, const Json& json) {
  if (json.find("name") != nullptr) return checked_name(text_at(where, json, "name"), where);
  const Json* id = json.find("configuredTableId");
  if (id != nullptr && id->string() != nullptr) {
    const auto found = table_by_id_.find(*id->string());
    if (found != table_by_id_.end()) return found->second;
  }
  stop_import(where, "which table this rule is of is in no other file",
              "name also what `aws cleanrooms get-configured-table` prints");
}

void Aws::read_rule(const std::string& where, const Json& json) {
  only(where, json,
       {"configuredTableId", "configuredTableArn", "configuredTableAssociationId",
        "configuredTableAssociationArn", "membershipIdentifier", "collaborationId", "name", "type",
        "policy", "createTime", "updateTime"});
  const Json* policy = json.find("policy");
  const Json* v1 = policy == nullptr ? nullptr : policy->find("v1");
  if (v1 == nullptr || v1->object() == nullptr || v1->object()->size() != 1) {
    stop_import(where, "its policy is of no version that this importer knows", "");
  }
  only(where, *policy, {"v1"});
  only(where, *v1, {"aggregation", "list", "custom"});
  const auto& [kind, rule] = v1->object()->front();
  if (json.find("configuredTableAssociationId") != nullptr) return read_receivers(where, rule);
  const std::string name = table_of(where, json);
  if (used_.contains(name)) {
    stop_import(where, "the table " + name + " has a rule in another file",
                "name the files of one collaboration only");
  }
  used_[name] = true;
  DraftTable& table = draft_.table(name);
  table.columns = columns_[name];
  if (kind == "aggregation") return read_aggregation(where, rule, table);
  if (kind == "list") return read_list(where, rule, table);
  read_custom(where, rule, table);
}

// A table joins on its person: of several join columns, the one whose people are counted.
void Aws::join_on(const std::string& where, std::vector<std::string> columns, DraftTable& table) {
  for (const std::string& name : columns) checked_name(name, where);
  if (table.person.empty() && columns.size() == 1) table.person = columns.front();
  table.joins = std::find(columns.begin(), columns.end(), table.person) != columns.end();
  if (table.joins) draft_.note(Fate::carried, table.name, "joins on " + table.person);
  for (const std::string& name : columns) {
    if (name == table.person) continue;
    draft_.note(Fate::tightened, table.name + "." + name, "rooms join on the person only");
  }
}

void Aws::read_constraints(const std::string& where, const Json& rule, DraftTable& table) {
  const Json* list = rule.find("outputConstraints");
  if (list == nullptr) return;
  if (list->array() == nullptr || list->array()->size() > kListMax) {
    stop_import(where, "outputConstraints is no list", "");
  }
  for (const Json& constraint : *list->array()) {
    only(where, constraint, {"columnName", "minimum", "type"});
    const std::string column = checked_name(text_at(where, constraint, "columnName"), where);
    const Json* minimum = constraint.find("minimum");
    if (text_at(where, constraint, "type") != "COUNT_DISTINCT" || minimum == nullptr ||
        minimum->integer() == nullptr || *minimum->integer() < 2 ||
        *minimum->integer() > policy::kPeopleMinMax) {
      stop_import(where, "an output constraint of " + table.name + " is none that rooms know", "");
    }
    if (table.person.empty()) table.person = column;
    if (column != table.person) {
      stop_import(where,
                  "the output constraint on " + table.name + "." + column +
                      " is not about people, and without it more would be shown",
                  "decide what to do with it, and take it out of the file");
    }
    table.people_min = std::max(table.people_min, *minimum->integer());
    draft_.note(Fate::carried, table.name,
                "rows stand for " + std::to_string(table.people_min) + " people or more");
  }
}

void Aws::read_functions(const std::string& where, const Json& rule, DraftTable& table) {
  for (const std::string& name : names(where, rule, "scalarFunctions")) {
    const auto known = policy::scalar_function_names();
    if (std::binary_search(known.begin(), known.end(), name)) {
      if (std::find(table.functions.begin(), table.functions.end(), name) ==
          table.functions.end()) {
        table.functions.push_back(name);
      }
    } else {
      draft_.note(Fate::tightened, table.name, "rooms have no function " + shown(name));
    }
  }
  std::sort(table.functions.begin(), table.functions.end());
  if (!table.functions.empty()) {
    draft_.note(Fate::carried, table.name,
                std::to_string(table.functions.size()) + " scalar functions");
  }
}

void Aws::read_additional(const std::string& where, const Json& rule, DraftTable& table) {
  if (rule.find("additionalAnalyses") == nullptr) return;
  const std::string word = text_at(where, rule, "additionalAnalyses");
  if (word == "NOT_ALLOWED") return;
  if (word != "ALLOWED") {
    stop_import(where,
                table.name + " may only be used by additional analyses, which rooms have not",
                "leave this table out");
  }
  draft_.note(Fate::tightened, table.name, "no additional analyses");
}

void Aws::read_aggregation(const std::string& where, const Json& rule, DraftTable& table) {
  only(where, rule,
       {"aggregateColumns", "joinColumns", "joinRequired", "allowedJoinOperators",
        "dimensionColumns", "scalarFunctions", "outputConstraints", "additionalAnalyses"});
  const std::vector<std::string> joins = names(where, rule, "joinColumns");
  if (joins.size() == 1) table.person = checked_name(joins.front(), where);
  read_constraints(where, rule, table);
  join_on(where, joins, table);
  const Json* list = rule.find("aggregateColumns");
  if (list == nullptr || list->array() == nullptr || list->array()->size() > kListMax) {
    stop_import(where, "the rule of " + table.name + " has no aggregateColumns", "");
  }
  for (const Json& entry : *list->array()) {
    only(where, entry, {"columnNames", "function"});
    const std::string function = text_at(where, entry, "function");
    DraftAggregate out{function, {}};
    for (const std::string& column : names(where, entry, "columnNames")) {
      checked_name(column, where);
      const bool person = column == table.person;
      const bool counts = function == "COUNT" || function == "COUNT_DISTINCT";
      if (!counts && (person || (function != "SUM" && function != "AVG"))) {
        draft_.note(Fate::tightened, table.name + "." + column,
                    "rooms have no " + shown(function) + " of it");
      } else {
        out.columns.push_back(column);
        draft_.note(Fate::carried, table.name + "." + column, function);
      }
    }
    if (!out.columns.empty()) table.aggregates.push_back(std::move(out));
  }
  if (rule.find("joinRequired") != nullptr) {
    if (text_at(where, rule, "joinRequired") != "QUERY_RUNNER") {
      stop_import(where, "joinRequired of " + table.name + " is none that rooms know", "");
    }
    table.join_required = true;
    draft_.note(Fate::carried, table.name, "only joined with a table of who asks");
  }
  for (const std::string& word : names(where, rule, "allowedJoinOperators")) {
    if (word != "AND") draft_.note(Fate::tightened, table.name, "no join with " + shown(word));
  }
  for (const std::string& column : names(where, rule, "dimensionColumns")) {
    table.dimensions.push_back(checked_name(column, where));
    draft_.note(Fate::carried, table.name + "." + column, "dimension");
  }
  read_functions(where, rule, table);
  read_additional(where, rule, table);
}

void Aws::read_list(const std::string& where, const Json& rule, DraftTable& table) {
  only(where, rule, {"joinColumns", "allowedJoinOperators", "listColumns", "additionalAnalyses"});
  join_on(where, names(where, rule, "joinColumns"), table);
  table.join_required = true;
  if (!table.person.empty()) {
    table.aggregates = {{"COUNT_DISTINCT", {table.person}}};
    draft_.note(Fate::tightened, table.name, "the people of the overlap are counted, not listed");
  }
  for (const std::string& column : names(where, rule, "listColumns")) {
    draft_.note(Fate::tightened, table.name + "." + checked_name(column, where),
                "rows are not released, so it is not listed");
  }
  read_additional(where, rule, table);
}

void Aws::read_custom(const std::string& where, const Json& rule, DraftTable& table) {
  only(where, rule,
       {"allowedAnalyses", "allowedAnalysisProviders", "additionalAnalyses",
        "disallowedOutputColumns", "differentialPrivacy"});
  if (const Json* dp = rule.find("differentialPrivacy")) {
    only(where, *dp, {"columns"});
    const Json* columns = dp->find("columns");
    if (columns == nullptr || columns->array() == nullptr || columns->array()->size() != 1) {
      stop_import(where, "differentialPrivacy of " + table.name + " names no one column", "");
    }
    table.person = checked_name(text_at(where, columns->array()->front(), "name"), where);
    table.aggregates = {{"COUNT_DISTINCT", {table.person}}};
    draft_.note(Fate::carried, table.name, "the person is " + table.person);
  }
  for (const std::string& analysis : names(where, rule, "allowedAnalyses")) {
    draft_.note(Fate::left_out, table.name,
                analysis == "ANY_QUERY"
                    ? "ANY_QUERY: list the columns that may be measured and grouped by"
                    : "the analysis template " + shown(analysis));
  }
  for (const std::string& column : names(where, rule, "disallowedOutputColumns")) {
    table.column(checked_name(column, where)).sensitive = true;
    draft_.note(Fate::tightened, table.name + "." + column,
                "sensitive: measured at most, never shown");
  }
  read_additional(where, rule, table);
}

void Aws::read_receivers(const std::string& where, const Json& rule) {
  only(where, rule, {"allowedResultReceivers", "allowedAdditionalAnalyses"});
  std::vector<std::string> accounts = names(where, rule, "allowedResultReceivers");
  if (receivers_) {
    std::erase_if(*receivers_, [&](const std::string& account) {
      return std::find(accounts.begin(), accounts.end(), account) == accounts.end();
    });
  } else {
    receivers_ = std::move(accounts);
  }
}

// A policy says once who may receive: whom every association allows.
void Aws::limit_receivers() {
  if (!receivers_) return;
  if (draft_.members.empty()) {
    stop_import("", "an association limits who may receive results, and the members are in no file",
                "name also what `aws cleanrooms list-members` prints");
  }
  std::vector<std::string> allowed;
  for (const std::string& account : *receivers_) {
    const auto found = member_by_account_.find(account);
    if (found != member_by_account_.end()) allowed.push_back(found->second);
  }
  for (DraftMember& member : draft_.members) {
    if (std::find(allowed.begin(), allowed.end(), member.name) != allowed.end()) continue;
    if (std::erase(member.abilities, "receive") > 0) {
      draft_.note(Fate::tightened, member.name, "receives nothing: some association leaves it out");
    }
  }
}

}  // namespace

Draft import_aws(const std::vector<ImportFile>& files) { return Aws().read(files); }

}  // namespace gbx::client
