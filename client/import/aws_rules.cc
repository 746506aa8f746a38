// The analysis rules of AWS Clean Rooms:
// https://docs.aws.amazon.com/clean-rooms/latest/userguide/analysis-rules-aggregation.html
// https://docs.aws.amazon.com/clean-rooms/latest/userguide/analysis-rules-custom.html

#include <algorithm>
#include <cctype>

#include "client/import/aws.h"

namespace gbx::client {
namespace {

bool holds(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_account(const std::string& account) {
  return !account.empty() && account.size() <= 12 &&
         std::all_of(account.begin(), account.end(),
                     [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; });
}

}  // namespace

std::string AwsReader::table_of(const std::string& where, const Json& json) {
  if (json.find("name") != nullptr) return checked_name(text_at(where, json, "name"), where);
  const Json* id = json.find("configuredTableId");
  if (id != nullptr && id->string() != nullptr) {
    const auto found = table_by_id_.find(*id->string());
    if (found != table_by_id_.end()) return found->second;
  }
  stop_import(where, "which table this rule is of is in no other file",
              "name also what `aws cleanrooms get-configured-table` prints");
}

void AwsReader::read_rule(const std::string& where, const Json& json) {
  only_members(where, json,
               {"configuredTableId", "configuredTableArn", "configuredTableAssociationId",
                "configuredTableAssociationArn", "membershipIdentifier", "collaborationId", "name",
                "type", "policy", "createTime", "updateTime"});
  const Json* policy = json.find("policy");
  const Json* v1 = policy == nullptr ? nullptr : policy->find("v1");
  if (v1 == nullptr || v1->object() == nullptr || v1->object()->size() != 1) {
    stop_import(where, "its policy is of no version that this importer knows", "");
  }
  only_members(where, *policy, {"v1"});
  only_members(where, *v1, {"aggregation", "list", "custom"});
  const auto& [kind, rule] = v1->object()->front();
  if (json.find("configuredTableAssociationId") != nullptr) {
    return read_receivers(where, rule, text_at(where, json, "configuredTableAssociationId"));
  }
  const std::string name = table_of(where, json);
  if (used_.contains(name)) {
    stop_import(where, "the table " + name + " has a rule in another file",
                "name the files of one collaboration only");
  }
  used_[name] = true;
  DraftTable& table = draft_.table(name);
  // Receivers of an association may have been read before.
  table.columns = columns_[name];
  if (kind == "aggregation") return read_aggregation(where, rule, table);
  if (kind == "list") return read_list(where, rule, table);
  read_custom(where, rule, table);
}

// A table joins on its person: of several join columns, the one whose people are counted.
void AwsReader::join_on(const std::string& where, std::vector<std::string> columns,
                        DraftTable& table) {
  for (const std::string& name : columns) checked_name(name, where);
  if (table.person.empty() && columns.size() == 1) table.person = columns.front();
  table.joins = holds(columns, table.person);
  if (table.joins) draft_.note(Fate::carried, table.name, "joins on " + table.person);
  for (const std::string& name : columns) {
    if (name == table.person) continue;
    draft_.note(Fate::tightened, table.name + "." + name, "rooms join on the person only");
  }
}

void AwsReader::demand_people(const std::string& where, const Json* minimum, DraftTable& table) {
  if (minimum == nullptr || minimum->integer() == nullptr || *minimum->integer() < 2 ||
      *minimum->integer() > policy::kPeopleMinMax) {
    stop_import(where, "an output constraint of " + table.name + " is none that rooms know", "");
  }
  table.people_min = std::max(table.people_min, *minimum->integer());
}

void AwsReader::read_constraints(const std::string& where, const Json& rule, DraftTable& table) {
  const Json::Array* list = list_at(where, rule, "outputConstraints");
  if (list == nullptr) return;
  for (const Json& constraint : *list) {
    only_members(where, constraint, {"columnName", "minimum", "type"});
    const std::string column = checked_name(text_at(where, constraint, "columnName"), where);
    if (text_at(where, constraint, "type") != "COUNT_DISTINCT") {
      stop_import(where, "an output constraint of " + table.name + " is none that rooms know", "");
    }
    if (table.person.empty()) table.person = column;
    if (column != table.person) {
      stop_import(where,
                  "the output constraint on " + table.name + "." + column +
                      " is not about people, and under noise, as drafts are, rooms have no such "
                      "minimum; without it more would be shown",
                  "decide whether noise and the minimum of people will do, and take it out of the "
                  "file; a policy that is threshold_only can have it");
    }
    demand_people(where, constraint.find("minimum"), table);
    draft_.note(Fate::carried, table.name,
                "rows stand for " + std::to_string(table.people_min) + " people or more");
  }
}

void AwsReader::read_functions(const std::string& where, const Json& rule, DraftTable& table) {
  for (const std::string& name : names_at(where, rule, "scalarFunctions")) {
    const auto known = policy::scalar_function_names();
    if (!std::binary_search(known.begin(), known.end(), name)) {
      draft_.note(Fate::tightened, table.name, "rooms have no function " + shown(name));
    } else if (!holds(table.functions, name)) {
      table.functions.push_back(name);
    }
  }
  std::sort(table.functions.begin(), table.functions.end());
  if (!table.functions.empty()) {
    draft_.note(Fate::carried, table.name,
                std::to_string(table.functions.size()) + " scalar functions");
  }
}

void AwsReader::read_additional(const std::string& where, const Json& rule, DraftTable& table) {
  if (rule.find("additionalAnalyses") == nullptr) return;
  const std::string word = text_at(where, rule, "additionalAnalyses");
  if (word != "NOT_ALLOWED" && word != "ALLOWED" && word != "REQUIRED") {
    stop_import(where, "additionalAnalyses of " + table.name + " is none that rooms know", "");
  }
  table.additional = word;
  draft_.note(Fate::carried, table.name, "additionalAnalyses: " + word);
}

void AwsReader::read_aggregates(const std::string& where, const Json& rule, DraftTable& table) {
  const Json::Array* list = list_at(where, rule, "aggregateColumns");
  if (list == nullptr) {
    stop_import(where, "the rule of " + table.name + " has no aggregateColumns", "");
  }
  for (const Json& entry : *list) {
    only_members(where, entry, {"columnNames", "function"});
    const std::string function = text_at(where, entry, "function");
    DraftAggregate out{function, {}};
    for (const std::string& column : names_at(where, entry, "columnNames")) {
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
}

// What AWS does not say, it does not allow.
void AwsReader::read_operators(const std::string& where, const Json& rule, DraftTable& table) {
  table.join_operators.emplace();
  for (const std::string& word : names_at(where, rule, "allowedJoinOperators")) {
    if (word != "AND" && word != "OR") {
      stop_import(where, "a join operator of " + table.name + " is none that rooms know", "");
    }
    if (!holds(*table.join_operators, word)) table.join_operators->push_back(word);
  }
  std::sort(table.join_operators->begin(), table.join_operators->end());
  draft_.note(Fate::carried, table.name, "which operators an ON may have");
}

void AwsReader::read_aggregation(const std::string& where, const Json& rule, DraftTable& table) {
  only_members(where, rule,
               {"aggregateColumns", "joinColumns", "joinRequired", "allowedJoinOperators",
                "dimensionColumns", "scalarFunctions", "outputConstraints", "additionalAnalyses"});
  const std::vector<std::string> joins = names_at(where, rule, "joinColumns");
  if (joins.size() == 1) table.person = checked_name(joins.front(), where);
  read_constraints(where, rule, table);
  join_on(where, joins, table);
  read_aggregates(where, rule, table);
  if (rule.find("joinRequired") != nullptr) {
    if (text_at(where, rule, "joinRequired") != "QUERY_RUNNER") {
      stop_import(where, "joinRequired of " + table.name + " is none that rooms know", "");
    }
    table.join_required = true;
    draft_.note(Fate::carried, table.name, "only joined with a table of who asks");
  }
  read_operators(where, rule, table);
  for (const std::string& column : names_at(where, rule, "dimensionColumns")) {
    table.dimensions.push_back(checked_name(column, where));
    draft_.note(Fate::carried, table.name + "." + column, "dimension");
  }
  read_functions(where, rule, table);
  read_additional(where, rule, table);
}

void AwsReader::read_list(const std::string& where, const Json& rule, DraftTable& table) {
  only_members(where, rule,
               {"joinColumns", "allowedJoinOperators", "listColumns", "additionalAnalyses"});
  join_on(where, names_at(where, rule, "joinColumns"), table);
  std::vector<std::string> columns = names_at(where, rule, "listColumns");
  for (const std::string& column : columns) checked_name(column, where);
  const bool persons = std::find(columns.begin(), columns.end(), table.person) != columns.end();
  if (persons && table.joins) {
    table.list_columns = std::move(columns);
    draft_.note(Fate::carried, table.name, "lists of persons with the columns of the rule");
    draft_.note(Fate::tightened, table.name,
                "a list has a least size, a ration, and is for who asks alone");
    draft_.note(Fate::blank, "members", "the ability list, for whoever may ask for lists");
  } else {
    // Rows of nobody are no list here: showing whose they are would allow more.
    table.join_required = true;
    if (!table.person.empty()) table.aggregates = {{"COUNT_DISTINCT", {table.person}}};
    draft_.note(Fate::tightened, table.name,
                "the people of the overlap are counted: the rule does not list the person");
  }
  read_operators(where, rule, table);
  read_additional(where, rule, table);
}

void AwsReader::read_person(const std::string& where, const Json& rule, DraftTable& table) {
  const Json* dp = rule.find("differentialPrivacy");
  if (dp == nullptr) return;
  only_members(where, *dp, {"columns"});
  const Json::Array* columns = list_at(where, *dp, "columns");
  if (columns == nullptr || columns->size() != 1) {
    stop_import(where, "differentialPrivacy of " + table.name + " names no one column", "");
  }
  table.person = checked_name(text_at(where, columns->front(), "name"), where);
  table.needs_noise = true;
  draft_.note(Fate::carried, table.name, "noise, for each " + table.person);
}

// Members who may ask, or templates by name.
void AwsReader::read_analyses(const std::string& where, const Json& rule, DraftTable& table) {
  const std::vector<std::string> providers = names_at(where, rule, "allowedAnalysisProviders");
  for (const std::string& analysis : names_at(where, rule, "allowedAnalyses")) {
    if (analysis == policy::kAnyQuery) {
      table.providers = members_of(where, providers, "query", table.name);
      if (!table.providers.empty()) table.analyses.push_back(analysis);
      draft_.note(
          table.providers.empty() ? Fate::left_out : Fate::carried, table.name,
          table.providers.empty() ? "ANY_QUERY: of nobody who may ask" : "ANY_QUERY, and of whom");
      continue;
    }
    const auto known = template_by_arn_.find(analysis);
    if (known != template_by_arn_.end()) {
      table.analyses.push_back(known->second);
      draft_.note(Fate::carried, table.name, "the template " + known->second);
    } else {
      table.analyses.push_back(draft_.blank(
          table.name + "_template_" + std::to_string(table.analyses.size() + 1), table.name,
          "the name under `templates:` of what AWS calls " + shown(analysis) +
              " (get-analysis-template has its text)"));
    }
  }
  if (table.analyses.empty()) {
    table.analyses.push_back(draft_.blank(table.name + "_template_1", table.name,
                                          "it allows no analysis yet: name a template"));
  }
  std::sort(table.analyses.begin(), table.analyses.end());
}

void AwsReader::read_thresholds(const std::string& where, const Json& rule, DraftTable& table) {
  const Json::Array* list = list_at(where, rule, "aggregationThresholds");
  if (list == nullptr) return;
  for (const Json& threshold : *list) {
    only_members(where, threshold,
                 {"identityColumns", "minimumIdentityCount", "type",
                  "allowedAggregateExpressionType", "outputColumnThresholds"});
    const std::vector<std::string> columns = names_at(where, threshold, "identityColumns");
    if (columns.size() == 1 && table.person.empty()) table.person = checked_name(columns[0], where);
    if (columns != std::vector<std::string>{table.person} ||
        text_at(where, threshold, "type") != "COUNT_DISTINCT") {
      stop_import(where,
                  "an aggregation threshold of " + table.name +
                      " is not about the people of one column, and without it more would be shown",
                  "decide what to do with it, and take it out of the file");
    }
    if (text_at(where, threshold, "allowedAggregateExpressionType") != "ANY_EXPRESSION") {
      stop_import(where,
                  "an aggregation threshold of " + table.name +
                      " forbids expressions in aggregates, which a custom rule of rooms cannot",
                  "write ANY_EXPRESSION when bounds of what one person counts will do, or write an "
                  "aggregation rule");
    }
    demand_people(where, threshold.find("minimumIdentityCount"), table);
    const Json::Array* others = list_at(where, threshold, "outputColumnThresholds");
    for (const Json& other : others == nullptr ? Json::Array() : *others) {
      only_members(where, other, {"outputColumnName", "minimumIdentityCount"});
      const std::string column = checked_name(text_at(where, other, "outputColumnName"), where);
      demand_people(where, other.find("minimumIdentityCount"), table);
      draft_.note(Fate::tightened, table.name + "." + column,
                  "one minimum of people holds for all columns, the largest");
    }
    draft_.note(Fate::carried, table.name,
                "rows stand for " + std::to_string(table.people_min) + " people or more");
  }
}

void AwsReader::read_comparisons(const std::string& where, const Json& rule, DraftTable& table) {
  const Json* controls = rule.find("comparisonControls");
  if (controls == nullptr) return;
  only_members(where, *controls,
               {"allowedLiteralComparisonColumns", "allowedColumnComparisonColumns"});
  DraftComparisons& out = table.comparisons.emplace();
  const auto read = [&](std::string_view key, std::vector<std::string>& columns) {
    for (const std::string& name : names_at(where, *controls, key)) {
      if (!holds(columns, checked_name(name, where))) columns.push_back(name);
    }
  };
  read("allowedLiteralComparisonColumns", out.literal_columns);
  read("allowedColumnComparisonColumns", out.column_columns);
  draft_.note(Fate::carried, table.name, "which columns conditions may compare");
}

void AwsReader::read_custom(const std::string& where, const Json& rule, DraftTable& table) {
  only_members(where, rule,
               {"allowedAnalyses", "allowedAnalysisProviders", "additionalAnalyses",
                "disallowedOutputColumns", "differentialPrivacy", "aggregationThresholds",
                "comparisonControls", "allowedResultReceivers", "allowedAdditionalAnalyses"});
  table.custom = true;
  read_person(where, rule, table);
  read_thresholds(where, rule, table);
  read_analyses(where, rule, table);
  read_comparisons(where, rule, table);
  for (const std::string& column : names_at(where, rule, "disallowedOutputColumns")) {
    if (!holds(table.disallowed, checked_name(column, where))) table.disallowed.push_back(column);
    draft_.note(Fate::carried, table.name + "." + column, "no group and no aggregate reads it");
  }
  draft_.note(Fate::tightened, table.name, "rooms join on the person only");
  read_additional(where, rule, table);
  if (rule.find("allowedResultReceivers") != nullptr) {
    set_receivers(where, names_at(where, rule, "allowedResultReceivers"), table);
  }
  if (!names_at(where, rule, "allowedAdditionalAnalyses").empty()) {
    draft_.note(Fate::left_out, table.name, "allowedAdditionalAnalyses: rooms have none yet");
  }
}

std::vector<std::string> AwsReader::members_of(const std::string& where,
                                               const std::vector<std::string>& accounts,
                                               const std::string& ability,
                                               const std::string& subject) {
  std::vector<std::string> out;
  for (const std::string& account : accounts) {
    if (!is_account(account)) stop_import(where, "an account in it has not twelve digits", "");
    if (draft_.members.empty()) {
      out.push_back(draft_.blank("account_" + account, subject,
                                 "the member of this account, who may " + ability));
      continue;
    }
    const auto found = member_by_account_.find(account);
    const auto can = [&](const DraftMember& member) {
      return found != member_by_account_.end() && member.name == found->second &&
             holds(member.abilities, ability);
    };
    if (std::any_of(draft_.members.begin(), draft_.members.end(), can)) {
      out.push_back(found->second);
    } else {
      std::string text = "the account " + account;
      draft_.note(Fate::left_out, subject, text.append(", which may not ").append(ability));
    }
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

// Whom every list allows.
void AwsReader::set_receivers(const std::string& where, const std::vector<std::string>& accounts,
                              DraftTable& table) {
  std::vector<std::string> allowed = members_of(where, accounts, "receive", table.name);
  if (table.receivers) {
    std::erase_if(allowed, [&](const std::string& name) { return !holds(*table.receivers, name); });
  }
  if (allowed.empty()) {
    stop_import(where, "nobody may receive answers about " + table.name, "leave the table out");
  }
  table.receivers = std::move(allowed);
  draft_.note(Fate::carried, table.name, "who may receive");
}

void AwsReader::read_receivers(const std::string& where, const Json& rule,
                               const std::string& association) {
  only_members(where, rule, {"allowedResultReceivers", "allowedAdditionalAnalyses"});
  if (!names_at(where, rule, "allowedAdditionalAnalyses").empty()) {
    draft_.note(Fate::left_out, where, "allowedAdditionalAnalyses: rooms have none yet");
  }
  if (rule.find("allowedResultReceivers") == nullptr) return;
  std::vector<std::string> accounts = names_at(where, rule, "allowedResultReceivers");
  const auto configured = configured_by_association_.find(association);
  if (configured != configured_by_association_.end()) {
    const auto table = table_by_id_.find(configured->second);
    if (table == table_by_id_.end()) {
      stop_import(where, "which table this rule is of is in no other file",
                  "name also what `aws cleanrooms get-configured-table` prints");
    }
    return set_receivers(where, accounts, draft_.table(table->second));
  }
  if (receivers_) {
    std::erase_if(*receivers_, [&](const std::string& name) { return !holds(accounts, name); });
  } else {
    receivers_ = std::move(accounts);
  }
}

// Which table an association is of was not said: whom every association allows may receive.
void AwsReader::limit_receivers() {
  if (!receivers_) return;
  if (draft_.members.empty()) {
    stop_import("", "an association limits who may receive results, and the members are in no file",
                "name also what `aws cleanrooms list-members` prints, or "
                "get-configured-table-association");
  }
  std::vector<std::string> allowed;
  for (const std::string& account : *receivers_) {
    const auto found = member_by_account_.find(account);
    if (found != member_by_account_.end()) allowed.push_back(found->second);
  }
  for (DraftMember& member : draft_.members) {
    if (holds(allowed, member.name)) continue;
    if (std::erase(member.abilities, "receive") > 0) {
      draft_.note(Fate::tightened, member.name, "receives nothing: some association leaves it out");
    }
  }
}

}  // namespace gbx::client
