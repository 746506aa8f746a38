// The library of templates/ at size: what the merge takes for each over sealed snapshots, against
// plain DuckDB without bounding, which runs the template's own text with the same values on the
// same rows, persons as dense numbers and rows in their order. Processor time of both, in
// interleaved rounds of one process.
//
//   templates_compare [--json FILE] [--people N] [--rounds N]

#include <duckdb.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <random>

#include "bench/report.h"
#include "client/policy/rehearsal.h"
#include "client/policy/template_text.h"
#include "engine/duckdb/database.h"
#include "engine/duckdb/parse.h"
#include "engine/merge/merge.h"
#include "trusted/crypto/entropy.h"
#include "trusted/firewall/check.h"
#include "trusted/snapshot/snapshot_fixture.h"

namespace gbx::bench {
namespace {

constexpr std::uint32_t kRowsPerBlock = 65'536;
constexpr std::uint32_t kRowsMax = 3;  // of one person in a table that has several

// A table with rows of two thirds of all people.
struct Side {
  snapshot::SnapshotManifest manifest;
  snapshot::SortedRows rows;
  std::vector<std::uint64_t> people;  // of each row
  std::shared_ptr<snapshot::MemorySource> source;
  snapshot::Marks marks;
};

snapshot::SnapshotManifest manifest_of(const policy::Policy& policy, const policy::Table& table) {
  snapshot::SnapshotManifest out = snapshot::test_manifest();
  out.table = table.name;
  out.owner = table.owner;
  out.collaboration = policy.id;
  out.person = table.person;
  out.identifier = table.identifier;
  out.rows_per_person = table.rows_per_person;
  out.columns.clear();
  for (const policy::Column& column : table.columns) {
    out.columns.push_back({column.name, column.type, column.label, column.nullable, column.bounded,
                           column.low, column.high, column.domain});
  }
  return out;
}

Side side_of(const policy::Policy& policy, const policy::Table& table, std::uint64_t people,
             std::mt19937_64& random) {
  Side out;
  out.manifest = manifest_of(policy, table);
  std::vector<const policy::Column*> columns;
  for (const policy::Column& column : table.columns) {
    if (column.name != table.person) columns.push_back(&column);
  }
  out.rows.columns.resize(columns.size());
  for (const policy::Column* column : columns) out.rows.dictionaries.push_back(column->domain);
  for (std::uint64_t person = 1; person <= people; person++) {
    if (random() % 3 == 0) continue;
    const std::uint64_t count = table.rows_per_person == 1 ? 1 : 1 + random() % kRowsMax;
    for (std::uint64_t row = 0; row < count; row++) {
      out.people.push_back(person);
      out.rows.persons.push_back(snapshot::test_token(person));
      for (std::size_t c = 0; c < columns.size(); c++) {
        const policy::Column& column = *columns[c];
        const std::int64_t low = column.bounded ? column.low : 0;
        const std::int64_t high =
            column.bounded ? column.high : static_cast<std::int64_t>(column.domain.size()) - 1;
        const auto width = static_cast<std::uint64_t>(high - low + 1);
        out.rows.columns[c].values.push_back(low + static_cast<std::int64_t>(random() % width));
      }
    }
  }
  snapshot::SealedTable sealed = snapshot::seal(out.rows, kRowsPerBlock, out.manifest);
  out.manifest = sealed.manifest;
  out.source = std::make_shared<snapshot::MemorySource>(std::move(sealed.stream));
  crypto::SystemEntropy entropy;
  const auto opened =
      snapshot::Snapshot::open(out.manifest, snapshot::test_key(), out.source, entropy).value();
  out.marks = opened->marks().copy();
  return out;
}

class Oracle {
 public:
  Oracle() {
    GBX_CHECK(duckdb_open(nullptr, &database_) == DuckDBSuccess);
    GBX_CHECK(duckdb_connect(database_, &connection_) == DuckDBSuccess);
    run("SET threads = 2");
    run("CREATE MACRO clamp(x, a, b) AS CASE WHEN x < a THEN a WHEN x > b THEN b ELSE x END");
  }
  ~Oracle() {
    duckdb_disconnect(&connection_);
    duckdb_close(&database_);
  }
  Oracle(const Oracle&) = delete;
  Oracle& operator=(const Oracle&) = delete;
  Oracle(Oracle&&) = delete;
  Oracle& operator=(Oracle&&) = delete;

  void run(const std::string& sql, const std::vector<NamedValue>& values = {}) {
    duckdb_prepared_statement statement = nullptr;
    duckdb_result result;
    GBX_CHECK(duckdb_prepare(connection_, sql.c_str(), &statement) == DuckDBSuccess);
    for (const NamedValue& value : values) bind(statement, value);
    GBX_CHECK(duckdb_execute_prepared(statement, &result) == DuckDBSuccess);
    duckdb_destroy_result(&result);
    duckdb_destroy_prepare(&statement);
  }

  void load(const Side& side) {
    std::string columns = side.manifest.person + " BIGINT";
    std::vector<ValueType> types;
    for (const snapshot::ManifestColumn& column : side.manifest.columns) {
      if (column.name == side.manifest.person) continue;
      types.push_back(column.type);
      columns += ", " + column.name + " " + sql_type(column.type);
    }
    run("CREATE TABLE " + side.manifest.table + " (" + columns + ")");
    duckdb_appender appender = nullptr;
    GBX_CHECK(duckdb_appender_create(connection_, nullptr, side.manifest.table.c_str(),
                                     &appender) == DuckDBSuccess);
    for (std::size_t row = 0; row < side.people.size(); row++) {
      duckdb_append_int64(appender, static_cast<std::int64_t>(side.people[row]));
      for (std::size_t c = 0; c < types.size(); c++) append(appender, side, row, c, types[c]);
      duckdb_appender_end_row(appender);
    }
    GBX_CHECK(duckdb_appender_destroy(&appender) == DuckDBSuccess);
  }

 private:
  static std::string sql_type(ValueType type) {
    if (type.type == Type::text) return "VARCHAR";
    if (type.type == Type::date) return "DATE";
    if (type.type == Type::decimal) return "DECIMAL(18," + std::to_string(type.scale) + ")";
    return "BIGINT";
  }

  static void append(duckdb_appender appender, const Side& side, std::size_t row, std::size_t c,
                     ValueType type) {
    const std::int64_t value = side.rows.columns[c].values[row];
    if (type.type == Type::text) {
      duckdb_append_varchar(appender,
                            side.rows.dictionaries[c][static_cast<std::size_t>(value)].c_str());
    } else if (type.type == Type::date) {
      duckdb_append_date(appender, {static_cast<std::int32_t>(value)});
    } else if (type.type == Type::decimal) {
      duckdb_append_varchar(appender, format_value(value, type).c_str());
    } else {
      duckdb_append_int64(appender, value);
    }
  }

  static void bind(duckdb_prepared_statement statement, const NamedValue& value) {
    idx_t index = 0;
    GBX_CHECK(duckdb_bind_parameter_index(statement, &index, value.name.c_str()) == DuckDBSuccess);
    if (const auto* text = std::get_if<std::string>(&value.value)) {
      duckdb_bind_varchar(statement, index, text->c_str());
      return;
    }
    const std::int64_t number = *std::get_if<std::int64_t>(&value.value);
    if (value.type.type == Type::date) {
      duckdb_bind_date(statement, index, {static_cast<std::int32_t>(number)});
    } else if (value.type.type == Type::decimal) {
      duckdb_bind_decimal(statement, index,
                          {18, value.type.scale, {static_cast<std::uint64_t>(number), 0}});
    } else {
      duckdb_bind_int32(statement, index, static_cast<std::int32_t>(number));  // DATE + INTEGER
    }
  }

  duckdb_database database_ = nullptr;
  duckdb_connection connection_ = nullptr;
};

// Values in the middle of what the parameters without a default allow.
packet::TemplateCall call_of(const policy::Template& entry) {
  std::vector<std::string> settings;
  for (const policy::Parameter& parameter : entry.parameters) {
    if (parameter.fallback) continue;
    const Cell value = parameter.range ? Cell((parameter.range->low + parameter.range->high) / 2)
                                       : parameter.allowed[parameter.allowed.size() / 2];
    settings.push_back(parameter.name + "=" + policy::print_parameter(parameter, value));
  }
  return client::call_template(entry, settings);
}

// A file of templates/ with tables at size.
class Agreement {
 public:
  Agreement(const std::string& name, std::uint64_t people)
      : policy_(client::rehearse_file(std::filesystem::path(GBX_SOURCE_DIR) / "templates" /
                                      (name + ".yaml"))),
        parser_(engine::Database::open({}).value()) {
    std::mt19937_64 random(7);
    for (const policy::Table& table : policy_.policy().tables) {
      sides_[table.name] = side_of(policy_.policy(), table, people, random);
      oracle_.load(sides_[table.name]);
    }
  }

  [[nodiscard]] std::vector<Line> measure(std::uint32_t rounds) {
    std::vector<Line> out;
    for (const policy::Template& entry : policy_.policy().templates) {
      out.push_back(measure(entry, rounds));
    }
    return out;
  }

 private:
  Line measure(const policy::Template& entry, std::uint32_t rounds) {
    const auto use = policy::TemplateUse::make(policy_.policy().templates, call_of(entry)).value();
    const firewall::CheckedQuery query = checked(use);
    Line out{.what = entry.name, .note = "", .ours = {}, .baseline = {}};
    std::uint64_t rows = 0;
    for (const std::string& table : query.task().tables) rows += sides_[table].people.size();
    out.note = std::to_string(rows) + " rows";
    for (std::uint32_t round = 0; round <= rounds; round++) {
      const double ours = processor_seconds_of([&] { merge(query.task()); });
      const double theirs = processor_seconds_of([&] { oracle_.run(use.sql(), use.values()); });
      if (round == 0) continue;
      out.ours.push_back(ours);
      out.baseline.push_back(theirs);
    }
    return out;
  }

  [[nodiscard]] firewall::CheckedQuery checked(const policy::TemplateUse& use) const {
    std::string member;
    for (const policy::Member& one : policy_.policy().members) {
      if (one.abilities.query) member = one.name;
    }
    const std::string tree = engine::parse_sql(*parser_, use.sql()).value();
    return firewall::admit(tree, use.sql(), policy_, {.member = member, .use = &use}).value();
  }

  // Reopens, decrypts, checks, evaluates, bounds and adds: all that a query costs.
  void merge(sql::Task task) {
    task.sampling = {1, 1, 1};
    std::vector<std::unique_ptr<snapshot::Snapshot>> opened;
    std::vector<const snapshot::Table*> tables;
    for (const std::string& name : task.tables) {
      const Side& side = sides_[name];
      opened.push_back(snapshot::Snapshot::reopen(side.manifest, snapshot::test_key(), side.source,
                                                  side.marks.copy())
                           .value());
      tables.push_back(opened.back().get());
    }
    GBX_CHECK(engine::run_merge(task, tables, {.threads = 2}).has_value());
  }

  policy::VerifiedPolicy policy_;
  std::unique_ptr<engine::Database> parser_;
  std::map<std::string, Side> sides_;
  Oracle oracle_;
};

}  // namespace
}  // namespace gbx::bench

int main(int count, char** words) {
  std::string json;
  std::uint64_t people = 200'000;
  std::uint32_t rounds = 5;
  bool good = count % 2 == 1;
  for (int i = 1; good && i + 1 < count; i += 2) {
    const std::string_view option = words[i];
    if (option == "--json") {
      json = words[i + 1];
    } else if (option == "--people") {
      good = gbx::bench::take_number(words[i + 1], people);
    } else {
      good = option == "--rounds" && gbx::bench::take_number(words[i + 1], rounds);
    }
  }
  if (!good || people < 100) {
    std::fputs("templates_compare [--json FILE] [--people N] [--rounds N]\n", stderr);
    return 2;
  }
  std::vector<gbx::bench::Line> lines;
  for (const char* name : {"advertising", "health", "fraud"}) {
    for (auto& line : gbx::bench::Agreement(name, people).measure(rounds)) {
      lines.push_back(std::move(line));
    }
  }
  gbx::bench::report(lines, json);
  return 0;
}
