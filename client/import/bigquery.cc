// BigQuery's analysis rules, which stand in the privacy_policy option of a view:
// https://cloud.google.com/bigquery/docs/analysis-rules
// https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language

#include <algorithm>

#include "client/import/ddl.h"
#include "client/import/draft.h"

namespace gbx::client {
namespace {

constexpr std::size_t kColumnsMax = 1000;

class BigQuery {
 public:
  Draft read(const std::vector<ImportFile>& files) {
    draft_.source = "BigQuery";
    for (const ImportFile& file : files) {
      for (DdlStatement& statement : split_ddl(file, true)) read_statement(statement);
    }
    for (DraftTable& table : draft_.tables) allow_all(draft_, table);
    return std::move(draft_);
  }

 private:
  void read_statement(DdlStatement& ddl);
  // privacy_policy, when it is among them.
  static std::optional<std::string> read_options(DdlStatement& ddl);
  static std::vector<std::string> read_columns(DdlStatement& ddl);
  void read_policy(const std::string& where, const std::string& text, DraftTable& table);
  void read_threshold(const std::string& where, const Json& json, DraftTable& table);
  void read_privacy(const std::string& where, const Json& json, DraftTable& table);
  void read_joins(const std::string& where, const Json& json, DraftTable& table);
  // The stricter of what was said before and this.
  void keep_least(std::string& kept, const std::string& said) const;

  Draft draft_;
};

void only(const std::string& where, const Json& json, const std::vector<std::string_view>& keys) {
  if (json.object() == nullptr) stop_import(where, "this policy is no JSON object", "");
  for (const auto& [key, value] : *json.object()) {
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
      stop_import(where,
                  "this policy has a member that this importer does not know, and that may forbid "
                  "something",
                  "look what it means, and take it out if it forbids nothing");
    }
  }
}

// A name, or a list of one.
std::string one_name(const std::string& where, const Json* json) {
  if (json != nullptr && json->array() != nullptr && json->array()->size() == 1) {
    json = json->array()->data();
  }
  if (json == nullptr || json->string() == nullptr) {
    stop_import(where, "this policy names no one privacy unit column", "");
  }
  return checked_name(*json->string(), where);
}

void set_person(const std::string& where, const std::string& name, DraftTable& table) {
  if (!table.person.empty() && table.person != name) {
    stop_import(where, table.name + " has two privacy unit columns", "leave one policy");
  }
  table.person = name;
  table.aggregates = {{"COUNT_DISTINCT", {name}}};
}

double number_of(const std::string& text) { return std::strtod(text.c_str(), nullptr); }

void BigQuery::read_statement(DdlStatement& ddl) {
  const std::string where = ddl.place();
  const bool creates = ddl.take("CREATE OR REPLACE VIEW") || ddl.take("CREATE VIEW");
  if (!creates && !ddl.take("ALTER VIEW")) {
    stop_import(where, "this is neither CREATE VIEW nor ALTER VIEW",
                "leave in the file what sets privacy policies of views");
  }
  if (!ddl.take("IF NOT EXISTS")) ddl.take("IF EXISTS");
  const std::string name = ddl.name();
  std::vector<std::string> columns;
  if (creates && ddl.is("(")) columns = ddl.name_list();
  if (!creates) ddl.demand("SET");
  std::optional<std::string> policy;
  if (ddl.take("OPTIONS")) policy = read_options(ddl);
  if (creates) {
    ddl.demand("AS");
    if (columns.empty()) columns = read_columns(ddl);
  } else if (!ddl.done()) {
    stop_import(ddl.place(), "more stands here than SET OPTIONS", "");
  }
  if (!policy) {
    draft_.note(Fate::left_out, name,
                "the view has no privacy policy here, so it is no table of the draft");
    return;
  }
  DraftTable& table = draft_.table(name);
  for (const std::string& column : columns) table.column(column);
  if (creates) {
    draft_.note(Fate::left_out, name, "the view's query: prepare the table from the view's rows");
  }
  read_policy(where, *policy, table);
}

std::optional<std::string> BigQuery::read_options(DdlStatement& ddl) {
  std::optional<std::string> policy;
  ddl.demand("(");
  while (!ddl.take(")")) {
    const std::string option = ddl.name();
    ddl.demand("=");
    if (option == "privacy_policy") {
      policy = ddl.text();
    } else {
      while (!ddl.done() && !ddl.is(",") && !ddl.is(")")) {
        if (ddl.is("("))
          ddl.skip_parentheses();
        else
          ddl.next();
      }
    }
    if (!ddl.take(",") && !ddl.is(")")) stop_import(ddl.place(), "these options have no end", "");
  }
  return policy;
}

// The names of SELECT items that end in one.
std::vector<std::string> BigQuery::read_columns(DdlStatement& ddl) {
  std::vector<std::string> out;
  if (!ddl.take("SELECT")) return out;
  DdlToken last;
  while (!ddl.done() && out.size() < kColumnsMax) {
    const bool ends = ddl.is("FROM");
    if (ends || ddl.is(",")) {
      const bool named = last.kind == DdlKind::word || last.kind == DdlKind::quoted;
      if (named) out.push_back(checked_name(last.text, ddl.place()));
      last = DdlToken();
      if (ends) return out;
    }
    if (ddl.is("(")) {
      ddl.skip_parentheses();
      last = DdlToken();
    } else {
      last = ddl.next();
    }
  }
  return out;
}

void BigQuery::read_policy(const std::string& where, const std::string& text, DraftTable& table) {
  const auto json = Json::parse(text);
  if (!json) stop_import(where, "the privacy policy of " + table.name + " is no JSON", "");
  only(where, *json,
       {"aggregation_threshold_policy", "differential_privacy_policy", "join_restriction_policy"});
  if (const Json* policy = json->find("aggregation_threshold_policy"))
    read_threshold(where, *policy, table);
  if (const Json* policy = json->find("differential_privacy_policy"))
    read_privacy(where, *policy, table);
  if (const Json* policy = json->find("join_restriction_policy")) read_joins(where, *policy, table);
}

void BigQuery::read_threshold(const std::string& where, const Json& json, DraftTable& table) {
  only(where, json, {"threshold", "privacy_unit_column", "privacy_unit_columns"});
  const Json* one = json.find("privacy_unit_column");
  set_person(where, one_name(where, one != nullptr ? one : json.find("privacy_unit_columns")),
             table);
  const Json* threshold = json.find("threshold");
  if (threshold == nullptr || threshold->integer() == nullptr || *threshold->integer() < 1 ||
      *threshold->integer() > policy::kPeopleMinMax) {
    stop_import(where, "the threshold of " + table.name + " is none that rooms know",
                "it is a number from 1 to 100000");
  }
  table.people_min = std::max(table.people_min, *threshold->integer());
  draft_.note(Fate::carried, table.name,
              "rows stand for " + std::to_string(*threshold->integer()) + " of " + table.person +
                  " or more");
}

void BigQuery::keep_least(std::string& kept, const std::string& said) const {
  if (!said.empty() && (kept.empty() || number_of(said) < number_of(kept))) kept = said;
}

void BigQuery::read_privacy(const std::string& where, const Json& json, DraftTable& table) {
  only(where, json,
       {"privacy_unit_column", "max_epsilon_per_query", "epsilon_budget", "delta_per_query",
        "delta_budget", "max_groups_contributed"});
  set_person(where, one_name(where, json.find("privacy_unit_column")), table);
  table.needs_noise = true;
  const auto read = [&](std::string_view key, std::string (*spell)(const Json&),
                        std::string& kept) {
    const Json* said = json.find(key);
    if (said == nullptr) return;
    const std::string text = spell(*said);
    if (text.empty())
      stop_import(where, std::string(key) + " of " + table.name + " is no such number", "");
    keep_least(kept, text);
    const bool exact = kept == text;
    draft_.note(exact ? Fate::carried : Fate::tightened, table.name,
                std::string(key) + " " + text + (exact ? "" : ": another view has " + kept));
  };
  read("max_epsilon_per_query", epsilon_text, draft_.epsilon_per_query);
  read("epsilon_budget", epsilon_text, draft_.epsilon);
  read("delta_per_query", delta_text_of, draft_.delta_per_query);
  read("delta_budget", delta_text_of, draft_.delta);
  if (const Json* groups = json.find("max_groups_contributed")) {
    if (groups->integer() == nullptr || *groups->integer() < 1 ||
        *groups->integer() > policy::kGroupsPerPersonMax) {
      stop_import(where, "max_groups_contributed of " + table.name + " is none that rooms know",
                  "");
    }
    const std::int64_t before = draft_.groups_per_person.value_or(*groups->integer());
    draft_.groups_per_person = std::min(before, *groups->integer());
    draft_.note(Fate::carried, table.name, "max_groups_contributed");
  }
}

void BigQuery::read_joins(const std::string& where, const Json& json, DraftTable& table) {
  only(where, json, {"join_condition", "join_allowed_columns"});
  const Json* condition = json.find("join_condition");
  const std::string word =
      condition == nullptr || condition->string() == nullptr ? "" : *condition->string();
  std::vector<std::string> columns;
  if (const Json* list = json.find("join_allowed_columns")) {
    if (list->array() == nullptr || list->array()->size() > kColumnsMax) {
      stop_import(where, "join_allowed_columns of " + table.name + " is no list", "");
    }
    for (const Json& column : *list->array()) columns.push_back(one_name(where, &column));
  }
  if (table.person.empty() && columns.size() == 1) set_person(where, columns.front(), table);
  const bool on_person = std::find(columns.begin(), columns.end(), table.person) != columns.end();
  if (word == "JOIN_BLOCKED") {
    table.joins = false;
    draft_.note(Fate::carried, table.name, "never joined");
    return;
  }
  if (word == "JOIN_ALL" && columns != std::vector<std::string>{table.person}) {
    stop_import(
        where,
        table.name + " is joined on more columns than the person, and rooms join on the person",
        "decide whether a join on the person will do, and write JOIN_ANY");
  }
  if (word != "JOIN_ALL" && word != "JOIN_ANY" && word != "JOIN_NOT_REQUIRED") {
    stop_import(where, "join_condition of " + table.name + " is none that this importer knows", "");
  }
  table.joins = on_person;
  table.join_required = word != "JOIN_NOT_REQUIRED";
  if (table.join_required) {
    draft_.note(Fate::tightened, table.name, "only joined with a table of who asks, not with any");
  }
  for (const std::string& column : columns) {
    if (column == table.person) continue;
    draft_.note(Fate::tightened, table.name + "." + column, "rooms join on the person only");
  }
  draft_.note(Fate::carried, table.name,
              on_person ? "joins on " + table.person : "no join on the person");
}

}  // namespace

Draft import_bigquery(const std::vector<ImportFile>& files) { return BigQuery().read(files); }

}  // namespace gbx::client
