// Snowflake's aggregation, projection and join policies, and the tables that have them:
// https://docs.snowflake.com/en/sql-reference/sql/create-aggregation-policy
// https://docs.snowflake.com/en/sql-reference/sql/create-projection-policy
// https://docs.snowflake.com/en/sql-reference/sql/create-join-policy
// https://docs.snowflake.com/en/sql-reference/sql/create-row-access-policy
// https://docs.snowflake.com/en/user-guide/aggregation-policies-entity-privacy
//
// A body may be a CASE over roles: the strictest branch is taken. A statement that is not one of
// these could be a restriction (a masking policy, say), so it ends the import.

#include <algorithm>
#include <map>

#include "client/import/ddl.h"
#include "client/import/draft.h"
#include "client/import/row_access.h"

namespace gbx::client {
namespace {

struct Body {
  std::int64_t people_min = 0;  // of an aggregation policy; 0: unconstrained
  bool required = false;        // of a join policy
  bool hides = false;           // of a projection policy
  bool by_role = false;
};

class Snowflake {
 public:
  Draft read(const std::vector<ImportFile>& files) {
    draft_.source = "Snowflake";
    for (const ImportFile& file : files) {
      for (DdlStatement& statement : split_ddl(file, false)) read_statement(statement);
    }
    for (DraftTable& table : draft_.tables) {
      if (!governed_.contains(table.name)) {
        stop_import(table.name, "no policy of it is in these files",
                    "leave out the table, or add its policies");
      }
      allow_all(draft_, table);
    }
    return std::move(draft_);
  }

 private:
  void read_statement(DdlStatement& ddl);
  void create_policy(DdlStatement& ddl, const std::string& kind);
  void create_row_access(DdlStatement& ddl);
  void apply_row_access(DdlStatement& ddl, DraftTable& table);
  static Body read_body(DdlStatement& ddl, const std::string& kind);
  void create_table(DdlStatement& ddl);
  void read_column(DdlStatement& ddl, DraftTable& table);
  void alter_table(DdlStatement& ddl);
  void apply(DdlStatement& ddl, DraftTable& table);
  void apply_aggregation(DdlStatement& ddl, DraftTable& table);
  void apply_join(DdlStatement& ddl, DraftTable& table);
  void apply_projection(DdlStatement& ddl, DraftTable& table, const std::string& column);
  const Body& body(DdlStatement& ddl, const std::string& kind);

  Draft draft_;
  std::map<std::pair<std::string, std::string>, Body> policies_;  // by kind and name
  std::map<std::string, RowAccess> row_access_;
  std::map<std::string, bool> governed_;  // tables with a policy
};

void Snowflake::read_statement(DdlStatement& ddl) {
  for (const char* harmless : {"USE", "GRANT", "REVOKE", "SHOW", "DESCRIBE", "COMMENT ON"}) {
    if (!ddl.is(harmless)) continue;
    draft_.note(Fate::left_out, ddl.place(), "a statement about roles or words");
    return;
  }
  const std::string where = ddl.place();
  const bool creates = ddl.take("CREATE");
  if (creates) ddl.take("OR REPLACE");
  if (creates && ddl.take("ROW ACCESS POLICY")) return create_row_access(ddl);
  for (const char* kind : {"AGGREGATION", "PROJECTION", "JOIN"}) {
    if (creates && ddl.take(std::string(kind) + " POLICY")) return create_policy(ddl, kind);
  }
  if (creates && ddl.take("TABLE")) return create_table(ddl);
  if (!creates && (ddl.take("ALTER TABLE") || ddl.take("ALTER VIEW"))) return alter_table(ddl);
  stop_import(where, "this statement is not understood, and may forbid something",
              "look what it means, and take it out if it forbids nothing");
}

void Snowflake::create_policy(DdlStatement& ddl, const std::string& kind) {
  ddl.take("IF NOT EXISTS");
  const std::string name = ddl.name();
  ddl.demand("AS ( ) RETURNS");
  ddl.demand(kind + "_CONSTRAINT");
  ddl.demand("->");
  const Body out = read_body(ddl, kind);
  policies_[{kind, name}] = out;
  if (out.by_role)
    draft_.note(Fate::tightened, name, "what it lets some roles do: it holds for all");
}

// Looks through the expression for calls of the constraint; conditions between them are of roles.
Body Snowflake::read_body(DdlStatement& ddl, const std::string& kind) {
  Body out;
  std::size_t calls = 0;
  out.by_role = ddl.is("CASE");
  while (!ddl.done()) {
    if (ddl.take("COMMENT =")) {
      ddl.text();
      continue;
    }
    if (ddl.take("NO_AGGREGATION_CONSTRAINT")) {
      calls++;
      ddl.skip_parentheses();
      continue;
    }
    if (!ddl.take(kind + "_CONSTRAINT")) {
      const bool inside = out.by_role && !ddl.is("SELECT");
      if (!inside)
        stop_import(ddl.place(), "this body is not understood",
                    "write the constraint itself, or a CASE of them");
      ddl.next();
      continue;
    }
    calls++;
    ddl.demand("(");
    do {
      if (ddl.take("MIN_GROUP_SIZE =>") || ddl.take("MIN_ROW_COUNT =>") ||
          ddl.take("MIN_ENTITY_COUNT =>")) {
        // Each person has a row, so as many people are at least as many rows.
        out.people_min = std::max(out.people_min, ddl.integer());
      } else if (ddl.take("JOIN_REQUIRED =>")) {
        out.required = ddl.is("TRUE") || out.required;
        if (!ddl.take("TRUE")) ddl.demand("FALSE");
      } else if (ddl.take("ALLOW =>")) {
        out.hides = ddl.is("FALSE") || out.hides;
        if (!ddl.take("TRUE")) ddl.demand("FALSE");
      } else {
        ddl.demand("ENFORCEMENT =>");
        ddl.text();
      }
    } while (ddl.take(","));
    ddl.demand(")");
  }
  if (calls == 0 || out.people_min > policy::kPeopleMinMax) {
    stop_import(ddl.place(), "this policy has no constraint that rooms know", "");
  }
  return out;
}

void Snowflake::create_row_access(DdlStatement& ddl) {
  ddl.take("IF NOT EXISTS");
  const std::string name = ddl.name();
  row_access_[name] = read_row_access(ddl);
}

void Snowflake::apply_row_access(DdlStatement& ddl, DraftTable& table) {
  const std::string where = ddl.place();
  const auto found = row_access_.find(ddl.name());
  if (found == row_access_.end()) {
    stop_import(where, "this policy is created nowhere before",
                "name first the file that creates it");
  }
  ddl.demand("ON");
  const std::vector<std::string> columns = ddl.name_list();
  const std::string condition = row_filter_over(where, found->second, columns);
  table.row_filter += (table.row_filter.empty() ? "" : " AND ") + condition;
  table.filter_columns.insert(table.filter_columns.end(), columns.begin(), columns.end());
  draft_.note(Fate::carried, table.name, "only rows where " + condition);
}

const Body& Snowflake::body(DdlStatement& ddl, const std::string& kind) {
  const std::string where = ddl.place();
  const auto found = policies_.find({kind, ddl.name()});
  if (found == policies_.end()) {
    stop_import(where, "this policy is created nowhere before",
                "name first the file that creates it");
  }
  return found->second;
}

void Snowflake::create_table(DdlStatement& ddl) {
  ddl.take("IF NOT EXISTS");
  DraftTable& table = draft_.table(ddl.name());
  ddl.demand("(");
  do {
    read_column(ddl, table);
  } while (ddl.take(","));
  ddl.demand(")");
  while (!ddl.done()) apply(ddl, table);
}

void Snowflake::read_column(DdlStatement& ddl, DraftTable& table) {
  if (ddl.is("CONSTRAINT") || ddl.is("PRIMARY KEY") || ddl.is("UNIQUE") || ddl.is("FOREIGN KEY")) {
    while (!ddl.done() && !ddl.is(",") && !ddl.is(")")) {
      if (ddl.is("("))
        ddl.skip_parentheses();
      else
        ddl.next();
    }
    return;
  }
  const std::string name = ddl.name();
  std::string type = ddl.next().text;
  if (ddl.take("(")) {
    type += "(" + std::to_string(ddl.integer());
    if (ddl.take(",")) type += "," + std::to_string(ddl.integer());
    type += ")";
    ddl.demand(")");
  }
  DraftColumn& column = table.column(name);
  column.type = type_of(type);
  while (!ddl.done() && !ddl.is(",") && !ddl.is(")")) {
    ddl.take("WITH");
    if (ddl.take("PROJECTION POLICY")) {
      apply_projection(ddl, table, name);
    } else if (ddl.take("NOT NULL") || ddl.take("PRIMARY KEY")) {
      column.nullable = false;
    } else if (ddl.take("COMMENT")) {
      ddl.text();
    } else if (!ddl.take("NULL") && !ddl.take("UNIQUE")) {
      stop_import(ddl.place(),
                  "this property of a column is not understood, and may forbid something",
                  "look what it means, and take it out if it forbids nothing");
    }
  }
}

void Snowflake::alter_table(DdlStatement& ddl) {
  ddl.take("IF EXISTS");
  DraftTable& table = draft_.table(ddl.name());
  if (ddl.take("ALTER") || ddl.take("MODIFY")) {
    ddl.take("COLUMN");
    const std::string column = ddl.name();
    ddl.demand("SET PROJECTION POLICY");
    apply_projection(ddl, table, column);
    ddl.take("FORCE");
  } else {
    if (!ddl.take("ADD")) ddl.demand("SET");
    apply(ddl, table);
  }
  if (!ddl.done()) stop_import(ddl.place(), "this end of the statement is not understood", "");
}

void Snowflake::apply(DdlStatement& ddl, DraftTable& table) {
  ddl.take("WITH");
  if (ddl.take("AGGREGATION POLICY")) return apply_aggregation(ddl, table);
  if (ddl.take("JOIN POLICY")) return apply_join(ddl, table);
  if (ddl.take("ROW ACCESS POLICY")) return apply_row_access(ddl, table);
  if (ddl.take("COMMENT =")) return static_cast<void>(ddl.text());
  stop_import(ddl.place(), "this property of a table is not understood, and may forbid something",
              "look what it means, and take it out if it forbids nothing");
}

void Snowflake::apply_aggregation(DdlStatement& ddl, DraftTable& table) {
  const Body& policy = body(ddl, "AGGREGATION");
  governed_[table.name] = true;
  table.people_min = std::max(table.people_min, policy.people_min);
  std::vector<std::vector<std::string>> keys;
  while (ddl.take("ENTITY KEY")) keys.push_back(ddl.name_list());
  ddl.take("FORCE");
  if (keys.size() == 1 && keys.front().size() == 1) {
    table.person = keys.front().front();
    table.aggregates = {{"COUNT_DISTINCT", {table.person}}};
    draft_.note(Fate::carried, table.name, "the person is " + table.person);
  } else if (!keys.empty()) {
    draft_.note(Fate::left_out, table.name,
                "its entity keys: a person is one column, made by the owner");
  }
  if (policy.people_min == 0) return;
  draft_.note(keys.empty() ? Fate::tightened : Fate::carried, table.name,
              "rows stand for " + std::to_string(policy.people_min) + " people or more" +
                  (keys.empty() ? ", not only for so many rows" : ""));
}

void Snowflake::apply_join(DdlStatement& ddl, DraftTable& table) {
  table.join_required = body(ddl, "JOIN").required || table.join_required;
  governed_[table.name] = true;
  if (table.join_required) {
    draft_.note(Fate::tightened, table.name, "only joined with a table of who asks, not with any");
  }
  if (ddl.take("ALLOWED JOIN KEYS")) {
    const std::vector<std::string> keys = ddl.name_list();
    if (table.person.empty() && keys.size() == 1) table.person = keys.front();
    table.joins = std::find(keys.begin(), keys.end(), table.person) != keys.end();
    draft_.note(
        table.joins && keys.size() == 1 ? Fate::carried : Fate::tightened, table.name,
        table.joins ? "joins on " + table.person + " only" : "no join: the person is no join key");
  }
  ddl.take("FORCE");
}

void Snowflake::apply_projection(DdlStatement& ddl, DraftTable& table, const std::string& column) {
  governed_[table.name] = true;
  if (!body(ddl, "PROJECTION").hides) return;
  table.column(column).sensitive = true;
  draft_.note(Fate::carried, table.name + "." + column, "sensitive: never shown");
}

}  // namespace

Draft import_snowflake(const std::vector<ImportFile>& files) { return Snowflake().read(files); }

}  // namespace gbx::client
