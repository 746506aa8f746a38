// AWS Clean Rooms, as its API prints it:
// https://docs.aws.amazon.com/clean-rooms/latest/apireference/API_Operations.html

#include "client/import/aws.h"

#include <algorithm>
#include <cctype>

namespace gbx::client {
namespace {

// "Ad Agency" -> "ad_agency".
std::string member_name(const std::string& name, const std::string& where) {
  std::string out;
  for (const char c : name) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0;
    out += plain ? static_cast<char>(std::tolower(static_cast<unsigned char>(c))) : '_';
  }
  return checked_name(out, where);
}

// What a calendar window may answer, as a sliding one may: never more.
std::string window_of(const std::string& where, const Json& entry) {
  const std::string type = text_at(where, entry, "type");
  const Json* refresh = entry.find("autoRefresh");
  const bool renews =
      refresh != nullptr && refresh->string() != nullptr && *refresh->string() == "ENABLED";
  if (type == "LIFETIME" || (type.rfind("CALENDAR_", 0) == 0 && !renews)) return "lifetime";
  if (type == "CALENDAR_DAY") return "day";
  if (type == "CALENDAR_WEEK") return "week";
  if (type == "CALENDAR_MONTH") return "month";
  stop_import(where, "the window of an access budget is none that rooms know", "");
}

}  // namespace

void only_members(const std::string& where, const Json& json, const AwsKeys& keys) {
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

std::string shown(const std::string& word) {
  std::string out;
  for (const char c : word.substr(0, 80)) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 ||
                       std::string_view("_-.:/ ").find(c) != std::string_view::npos;
    out += plain ? c : '?';
  }
  return out;
}

const Json::Array* list_at(const std::string& where, const Json& json, std::string_view key) {
  const Json* list = json.find(key);
  if (list == nullptr) return nullptr;
  if (list->array() == nullptr || list->array()->size() > kAwsListMax) {
    stop_import(where, "\"" + std::string(key) + "\" is no list", "");
  }
  return list->array();
}

std::vector<std::string> names_at(const std::string& where, const Json& json,
                                  std::string_view key) {
  std::vector<std::string> out;
  const Json::Array* list = list_at(where, json, key);
  if (list == nullptr) return out;
  for (const Json& item : *list) {
    if (item.string() == nullptr)
      stop_import(where, "\"" + std::string(key) + "\" is no list of names", "");
    out.push_back(*item.string());
  }
  return out;
}

Draft AwsReader::read(const std::vector<ImportFile>& files) {
  draft_.source = "AWS Clean Rooms";
  for (const ImportFile& file : files) read_file(file);
  for (const auto& [where, rule] : rules_) read_rule(where, rule);
  for (const auto& [where, budget] : access_) read_access(where, budget);
  // Those of which only the receivers were said.
  std::erase_if(draft_.tables, [&](const DraftTable& t) { return !used_.contains(t.name); });
  for (const auto& [where, table] : described_) {
    if (!used_.contains(table)) {
      draft_.note(Fate::left_out, table, "it has no analysis rule in these files");
    }
  }
  limit_receivers();
  return std::move(draft_);
}

void AwsReader::read_file(const ImportFile& file) {
  const auto json = Json::parse(file.text);
  if (!json || json->object() == nullptr) {
    stop_import(file.name, "it is no JSON document",
                "save what the AWS CLI prints, with --output json");
  }
  only_members(
      file.name, *json,
      {"configuredTable", "configuredTableAssociation", "analysisRule", "analysisTemplate",
       "schema", "memberSummaries", "collaboration", "privacyBudgetTemplate", "ResponseMetadata"});
  const auto read = [&](std::string_view key, auto reader) {
    if (const Json* found = json->find(key)) (this->*reader)(file.name, *found);
  };
  read("configuredTable", &AwsReader::read_table);
  read("configuredTableAssociation", &AwsReader::read_association);
  read("analysisTemplate", &AwsReader::read_template);
  read("schema", &AwsReader::read_schema);
  read("privacyBudgetTemplate", &AwsReader::read_budget);
  if (json->find("memberSummaries") != nullptr) read_members(file.name, *json);
  if (const Json* rule = json->find("analysisRule")) rules_.emplace_back(file.name, *rule);
  if (const Json* all = json->find("collaboration")) {
    draft_.name = "\"" + shown(text_at(file.name, *all, "name")) + "\"";
  }
}

void AwsReader::read_table(const std::string& where, const Json& json) {
  only_members(
      where, json,
      {"id", "arn", "name", "description", "tableReference", "createTime", "updateTime",
       "analysisRuleTypes", "analysisMethod", "allowedColumns", "selectedAnalysisMethods"});
  const std::string name = checked_name(text_at(where, json, "name"), where);
  table_by_id_[text_at(where, json, "id")] = name;
  described_.emplace_back(where, name);
  for (const std::string& column : names_at(where, json, "allowedColumns")) {
    std::vector<DraftColumn>& known = columns_[name];
    const bool again = std::any_of(known.begin(), known.end(),
                                   [&](const DraftColumn& c) { return c.name == column; });
    if (!again) known.push_back({.name = checked_name(column, where), .type = std::nullopt});
  }
}

void AwsReader::read_association(const std::string& where, const Json& json) {
  only_members(
      where, json,
      {"id", "arn", "configuredTableId", "configuredTableArn", "membershipId", "membershipArn",
       "roleArn", "name", "description", "analysisRuleTypes", "createTime", "updateTime"});
  const std::string table = text_at(where, json, "configuredTableId");
  configured_by_association_[text_at(where, json, "id")] = table;
  configured_by_association_[text_at(where, json, "arn")] = table;
}

// Its text is for another dialect: the name is carried, and what it asks is to be written.
void AwsReader::read_template(const std::string& where, const Json& json) {
  const std::string name = member_name(text_at(where, json, "name"), where);
  template_by_arn_[text_at(where, json, "arn")] = name;
  draft_.note(Fate::left_out, name,
              "the template's SQL and parameters: write them under `templates:`, and have each "
              "owner approve");
}

void AwsReader::read_schema(const std::string& where, const Json& json) {
  only_members(where, json,
               {"columns", "partitionKeys", "analysisRuleTypes", "analysisMethod",
                "creatorAccountId", "name", "collaborationId", "collaborationArn", "description",
                "createTime", "updateTime", "type", "schemaStatusDetails", "resourceArn",
                "schemaTypeProperties", "selectedAnalysisMethods"});
  const std::string name = checked_name(text_at(where, json, "name"), where);
  described_.emplace_back(where, name);
  const Json::Array* columns = list_at(where, json, "columns");
  if (columns == nullptr) stop_import(where, "the schema has no columns", "");
  std::vector<DraftColumn>& out = columns_[name];
  for (const Json& column : *columns) {
    only_members(where, column, {"name", "type"});
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

void AwsReader::read_members(const std::string& where, const Json& json) {
  const Json::Array* list = list_at(where, json, "memberSummaries");
  if (list->size() > policy::kMembersMax) {
    stop_import(where, "memberSummaries has more than 64 members", "");
  }
  for (const Json& member : *list) {
    only_members(where, member,
                 {"accountId", "status", "displayName", "abilities", "createTime", "updateTime",
                  "membershipId", "membershipArn", "paymentConfiguration", "mlAbilities"});
    DraftMember out{member_name(text_at(where, member, "displayName"), where), {"provide"}};
    for (const std::string& ability : names_at(where, member, "abilities")) {
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

void AwsReader::read_budget(const std::string& where, const Json& json) {
  only_members(where, json,
               {"id", "arn", "membershipId", "membershipArn", "collaborationId", "collaborationArn",
                "createTime", "updateTime", "privacyBudgetType", "autoRefresh", "parameters"});
  const Json* parameters = json.find("parameters");
  if (parameters == nullptr || parameters->object() == nullptr ||
      parameters->object()->size() != 1) {
    stop_import(where, "it has no parameters", "");
  }
  only_members(where, *parameters, {"differentialPrivacy", "accessBudget"});
  if (const Json* access = parameters->find("accessBudget")) {
    access_.emplace_back(where, *access);
    return;
  }
  read_noise(where, *parameters->find("differentialPrivacy"));
  if (json.find("autoRefresh") != nullptr && text_at(where, json, "autoRefresh") != "NONE") {
    draft_.note(Fate::tightened, "privacy", "a budget is for good: it is not refilled each month");
  }
}

// Of several members' budgets the least, and the most noise.
void AwsReader::read_noise(const std::string& where, const Json& json) {
  only_members(where, json, {"epsilon", "usersNoisePerQuery"});
  const Json* epsilon = json.find("epsilon");
  const Json* noise = json.find("usersNoisePerQuery");
  const std::string text = epsilon == nullptr ? "" : epsilon_text(*epsilon);
  if (text.empty() || noise == nullptr || noise->integer() == nullptr || *noise->integer() < 1) {
    stop_import(where, "it has no epsilon or no usersNoisePerQuery", "");
  }
  const auto number = [](const std::string& said) { return std::strtod(said.c_str(), nullptr); };
  if (draft_.epsilon.empty() || number(text) < number(draft_.epsilon)) draft_.epsilon = text;
  const std::string people = std::to_string(*noise->integer());
  if (number(people) > number(draft_.users_noise)) draft_.users_noise = people;
  draft_.note(Fate::carried, "privacy", "epsilon and usersNoisePerQuery");
}

// AWS counts the questions about a table, ours are of each member: so each has its part of them.
void AwsReader::read_access(const std::string& where, const Json& json) {
  only_members(where, json, {"budgetParameters", "resourceArn"});
  const auto association = configured_by_association_.find(text_at(where, json, "resourceArn"));
  const auto table_id = association == configured_by_association_.end()
                            ? table_by_id_.end()
                            : table_by_id_.find(association->second);
  if (table_id == table_by_id_.end() || !used_.contains(table_id->second)) {
    stop_import(where, "which table this access budget is of is in no other file",
                "name also what `aws cleanrooms get-configured-table-association` prints");
  }
  std::int64_t askers = 0;
  for (const DraftMember& member : draft_.members) {
    askers += std::count(member.abilities.begin(), member.abilities.end(), "query");
  }
  DraftTable& table = draft_.table(table_id->second);
  if (askers == 0) {
    draft_.note(
        Fate::left_out, table.name,
        "how many members may ask is in no file, so each would have the whole access "
        "budget: divide it by them, or name also what `aws cleanrooms list-members` prints");
  }
  askers = std::max<std::int64_t>(askers, 1);
  const Json::Array* list = list_at(where, json, "budgetParameters");
  if (list == nullptr || list->empty()) stop_import(where, "it has no budgetParameters", "");
  for (const Json& entry : *list) {
    only_members(where, entry, {"type", "budget", "autoRefresh"});
    const std::string window = window_of(where, entry);
    const Json* budget = entry.find("budget");
    const bool counts = budget != nullptr && budget->integer() != nullptr;
    const std::int64_t each = counts ? *budget->integer() / askers : 0;
    if (each < 1) {
      stop_import(where, "it leaves a member no question about " + table.name,
                  "leave the table out, or see to its limit by a ration");
    }
    const auto [known, fresh] = table.access.emplace(window, each);
    if (!fresh) known->second = std::min(known->second, each);
    const bool exact = window == "lifetime" && askers == 1;
    draft_.note(exact ? Fate::carried : Fate::tightened, table.name,
                std::to_string(each) + " questions of each member, window " + window +
                    (window == "lifetime" ? "" : ", which slides"));
  }
}

Draft import_aws(const std::vector<ImportFile>& files) { return AwsReader().read(files); }

}  // namespace gbx::client
