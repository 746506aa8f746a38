// The library in templates/: each template passes a room's rules at both ends of what its
// parameters allow; on the few people of the .test file beside it, worked out by hand, the merge
// gives what stands there; and DuckDB, which runs the template's own text with the values bound as
// its own parameters, gives the same.

#include <duckdb.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <sstream>

#include "client/policy/rehearsal.h"
#include "client/policy/template_text.h"
#include "client/query/template_trials.h"
#include "engine/merge/merge.h"
#include "engine/testing/memory_table.h"
#include "tests/sql/syntax_tree.h"
#include "trusted/crypto/hash.h"
#include "trusted/firewall/check.h"
#include "trusted/sql/released_value.h"

namespace gbx::testing {
namespace {

namespace fs = std::filesystem;

using engine::MemoryRow;
using engine::MemoryTable;
using Words = std::vector<std::string>;
using Rows = std::vector<Words>;

struct Asked {
  std::string name;
  Words settings;
  Rows expected;  // ascending; without the line of names
};

// What a .test file says; README.md of templates/ has the format.
struct Example {
  std::map<std::string, Rows> tables;  // without the line of names
  std::vector<Asked> runs;
};

Words words_of(const std::string& line) {
  std::istringstream in(line);
  Words out;
  for (std::string word; in >> word;) out.push_back(word);
  return out;
}

Example read_example(const fs::path& path) {
  Example out;
  Rows* into = nullptr;
  bool names = false;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    const Words words = words_of(line);
    if (words.empty()) into = nullptr;
    if (words.empty() || words[0] == "#") continue;
    if (into == nullptr && words[0] == "table") {
      into = &out.tables[words.at(1)];
      continue;  // the names stand in the same line
    }
    if (into == nullptr && words[0] == "run") {
      out.runs.push_back({words.at(1), Words(words.begin() + 2, words.end()), {}});
      into = &out.runs.back().expected;
      names = true;
      continue;
    }
    if (into != nullptr && !names) into->push_back(words);
    names = false;
  }
  for (Asked& run : out.runs) std::sort(run.expected.begin(), run.expected.end());
  return out;
}

policy::VerifiedPolicy policy_of(const std::string& name) {
  return client::rehearse_file(fs::path(GBX_SOURCE_DIR) / "templates" / (name + ".yaml"));
}

Token token_of(const std::string& person) {
  const Hash hash = crypto::sha256(as_bytes(person));
  Token out{};
  std::copy_n(hash.begin(), out.size(), out.begin());
  return out;
}

std::unique_ptr<MemoryTable> table_of(const policy::Table& table, const Rows& rows) {
  std::vector<snapshot::ColumnInfo> columns;
  for (const policy::Column& column : table.columns) {
    if (column.name != table.person) columns.push_back({column.name, column.type, column.nullable});
  }
  std::vector<MemoryRow> out;
  for (const Words& words : rows) {
    MemoryRow& row = out.emplace_back();
    row.person = token_of(words.at(0));
    for (std::size_t c = 0; c < columns.size(); c++) {
      const std::string& word = words.at(c + 1);
      if (columns[c].type.type == Type::text) {
        row.cells.emplace_back(word);
      } else {
        row.cells.emplace_back(parse_value(word, columns[c].type).value());
      }
    }
  }
  return std::make_unique<MemoryTable>(std::move(columns), std::move(out), 4);
}

// --- ours ---

firewall::CheckedQuery checked(const policy::VerifiedPolicy& policy,
                               const packet::TemplateCall& call, const std::string& member) {
  std::vector<policy::Template> templates = policy.policy().templates;
  for (policy::Template& entry : templates) {
    entry.approved_by.clear();
    for (const policy::Member& one : policy.policy().members) {
      entry.approved_by.push_back({one.name, policy::template_digest(entry)});
    }
  }
  const auto use = policy::TemplateUse::make(templates, call);
  GBX_CHECK(use);
  DuckdbParser parser;
  auto query = firewall::admit(parser.tree(use->sql()), use->sql(), policy,
                               {.member = member, .use = &*use});
  EXPECT_TRUE(query) << call.name << ": " << query.error().reason.view();
  return std::move(query).value();
}

std::string shown(const Cell& cell, ValueType type) {
  if (const auto* text = std::get_if<std::string>(&cell)) return *text;
  const auto* number = std::get_if<std::int64_t>(&cell);
  return number == nullptr ? "NULL" : format_value(*number, type);
}

// What would be released, were there no noise and no k.
Rows exact_rows(const firewall::CheckedQuery& query, const std::vector<sql::GroupRow>& groups) {
  Rows out;
  for (const sql::GroupRow& group : groups) {
    if (group.persons == 0) continue;
    std::vector<Int128> statistics = {group.persons};
    for (const Int128 sum : group.sums) statistics.push_back(sum);
    const std::vector<Cell> cells = firewall::assemble(query, group.key, statistics);
    Words& row = out.emplace_back();
    for (const sql::Item& item : query.items()) {
      if (item.input) break;
      row.push_back(item.formula ? shown(sql::released_value(*item.formula, sql::known(cells)),
                                         item.formula->type)
                                 : shown(cells[item.output], query.outputs()[item.output].type));
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

// --- DuckDB's ---

std::string sql_type(ValueType type) {
  switch (type.type) {
    case Type::boolean: return "BOOLEAN";
    case Type::integer: return "BIGINT";
    case Type::decimal: return "DECIMAL(18," + std::to_string(type.scale) + ")";
    case Type::date: return "DATE";
    case Type::timestamp: return "TIMESTAMP";
    case Type::text: return "VARCHAR";
  }
  return "";
}

class Oracle {
 public:
  Oracle() {
    GBX_CHECK(duckdb_open(nullptr, &database_) == DuckDBSuccess);
    GBX_CHECK(duckdb_connect(database_, &connection_) == DuckDBSuccess);
    run("CREATE MACRO clamp(x, a, b) AS CASE WHEN x < a THEN a WHEN x > b THEN b ELSE x END", {});
  }
  ~Oracle() {
    duckdb_disconnect(&connection_);
    duckdb_close(&database_);
  }
  Oracle(const Oracle&) = delete;
  Oracle& operator=(const Oracle&) = delete;
  Oracle(Oracle&&) = delete;
  Oracle& operator=(Oracle&&) = delete;

  void load(const policy::Table& table, const Rows& rows) {
    std::string columns = table.person + " VARCHAR";
    for (const policy::Column& column : table.columns) {
      if (column.name != table.person) columns += ", " + column.name + " " + sql_type(column.type);
    }
    run("CREATE TABLE " + table.name + " (" + columns + ")", {});
    for (const Words& words : rows) {
      std::string values;
      for (const std::string& word : words) values += (values.empty() ? "'" : ", '") + word + "'";
      run("INSERT INTO " + table.name + " VALUES (" + values + ")", {});
    }
  }

  Rows run(const std::string& sql, const std::vector<NamedValue>& values) {
    duckdb_prepared_statement statement = nullptr;
    duckdb_result result;
    const bool prepared = duckdb_prepare(connection_, sql.c_str(), &statement) == DuckDBSuccess;
    EXPECT_TRUE(prepared) << sql << "\n" << duckdb_prepare_error(statement);
    for (const NamedValue& value : values) bind(statement, value);
    const bool done = duckdb_execute_prepared(statement, &result) == DuckDBSuccess;
    EXPECT_TRUE(done) << sql << "\n" << duckdb_result_error(&result);
    Rows out;
    for (idx_t r = 0; done && r < duckdb_row_count(&result); r++) {
      Words& row = out.emplace_back();
      for (idx_t c = 0; c < duckdb_column_count(&result); c++) {
        char* text = duckdb_value_varchar(&result, c, r);
        row.emplace_back(text == nullptr ? "NULL" : text);
        duckdb_free(text);
      }
    }
    duckdb_destroy_result(&result);
    duckdb_destroy_prepare(&statement);
    std::sort(out.begin(), out.end());
    return out;
  }

 private:
  static void bind(duckdb_prepared_statement statement, const NamedValue& value) {
    idx_t index = 0;
    GBX_CHECK(duckdb_bind_parameter_index(statement, &index, value.name.c_str()) == DuckDBSuccess);
    const auto* text = std::get_if<std::string>(&value.value);
    const auto* number = std::get_if<std::int64_t>(&value.value);
    if (text != nullptr) {
      duckdb_bind_varchar(statement, index, text->c_str());
    } else if (value.type.type == Type::date) {
      duckdb_bind_date(statement, index, {static_cast<std::int32_t>(*number)});
    } else if (value.type.type == Type::integer) {
      duckdb_bind_int32(statement, index, static_cast<std::int32_t>(*number));  // DATE + INTEGER
    } else {
      GBX_CHECK(value.type.type == Type::decimal);
      duckdb_bind_decimal(
          statement, index,
          {18, value.type.scale, {static_cast<std::uint64_t>(*number), *number < 0 ? -1 : 0}});
    }
  }

  duckdb_database database_ = nullptr;
  duckdb_connection connection_ = nullptr;
};

// Its quotients are floating-point, its date_trunc a timestamp, its sum of nothing NULL.
bool alike(const std::string& ours, const std::string& theirs) {
  if (ours == theirs || theirs.substr(0, 10) == ours) return true;
  constexpr double kLastDigits = 1e-4;
  const double a = std::strtod(ours.c_str(), nullptr);
  const double b = theirs == "NULL" ? 0 : std::strtod(theirs.c_str(), nullptr);
  return std::abs(a - b) < kLastDigits &&
         (a != 0 || ours.find_first_not_of("0.") == std::string::npos);
}

void expect_alike(const Rows& ours, const Rows& theirs, const std::string& what) {
  ASSERT_EQ(ours.size(), theirs.size()) << what;
  for (std::size_t r = 0; r < ours.size(); r++) {
    ASSERT_EQ(ours[r].size(), theirs[r].size()) << what;
    for (std::size_t c = 0; c < ours[r].size(); c++) {
      EXPECT_TRUE(alike(ours[r][c], theirs[r][c]))
          << what << " row " << r << ": " << ours[r][c] << " and " << theirs[r][c];
    }
  }
}

class Library : public ::testing::TestWithParam<const char*> {
 protected:
  policy::VerifiedPolicy policy_ = policy_of(GetParam());
  Example example_ =
      read_example(fs::path(GBX_SOURCE_DIR) / "templates" / (std::string(GetParam()) + ".test"));
  std::string member_ = [this] {
    for (const policy::Member& member : policy_.policy().members) {
      if (member.abilities.query) return member.name;
    }
    return std::string();
  }();
};

TEST_P(Library, EveryTemplatePassesWhereverItsParametersAre) {
  const auto reports = client::try_templates(policy_.policy(), member_);
  ASSERT_TRUE(reports);
  for (const client::TemplateReport& report : *reports) {
    EXPECT_TRUE(report.missing.empty()) << report.name << " is not approved";
    for (const client::TemplateTrial& trial : report.trials) {
      EXPECT_TRUE(trial.verdict.accepted) << client::call_text(trial.call) << "\n"
                                          << trial.verdict.reason;
      EXPECT_EQ(trial.verdict.path, "merge") << report.name;
    }
  }
}

TEST_P(Library, EveryTemplateHasAnExample) {
  std::set<std::string> shown;
  for (const Asked& run : example_.runs) shown.insert(run.name);
  for (const policy::Template& entry : policy_.policy().templates) {
    EXPECT_TRUE(shown.contains(entry.name)) << entry.name;
  }
}

TEST_P(Library, EveryExampleIsWhatTheMergeAndDuckdbSay) {
  std::map<std::string, std::unique_ptr<MemoryTable>> tables;
  Oracle oracle;
  for (const policy::Table& table : policy_.policy().tables) {
    tables[table.name] = table_of(table, example_.tables[table.name]);
    oracle.load(table, example_.tables[table.name]);
  }
  for (const Asked& run : example_.runs) {
    const policy::Template& entry = client::find_template(policy_.policy(), run.name);
    const packet::TemplateCall call = client::call_template(entry, run.settings);
    const firewall::CheckedQuery query = checked(policy_, call, member_);
    sql::Task task = query.task();
    task.sampling = {1, 1, 1};
    std::vector<const snapshot::Table*> used;
    for (const std::string& table : task.tables) used.push_back(tables[table].get());
    const auto groups = engine::run_merge(task, used, {});
    ASSERT_TRUE(groups) << run.name << ": " << groups.error().reason.view();
    const Rows ours = exact_rows(query, *groups);
    EXPECT_EQ(ours, run.expected) << client::call_text(call);
    const auto use = policy::TemplateUse::make(policy_.policy().templates, call);
    ASSERT_TRUE(use);
    expect_alike(ours, oracle.run(use->sql(), use->values()), client::call_text(call));
  }
}

INSTANTIATE_TEST_SUITE_P(templates, Library, ::testing::Values("advertising", "fraud", "health"),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace gbx::testing
