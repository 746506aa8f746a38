#include "client/query/export_table.h"

#include <duckdb.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "client/keys/atomic_file.h"
#include "client/policy/mistake.h"

namespace gbx::client {
namespace {

packet::AnswerTable every_type() {
  using packet::OutputKind;
  packet::AnswerTable table;
  table.columns = {{"text", {Type::text, 0}, OutputKind::group, {}},
                   {"flag", {Type::boolean, 0}, OutputKind::group, {}},
                   {"day", {Type::date, 0}, OutputKind::group, {}},
                   {"moment", {Type::timestamp, 0}, OutputKind::group, {}},
                   {"people", {Type::integer, 0}, OutputKind::noised, 5},
                   {"money", {Type::decimal, 2}, OutputKind::noised, {}}};
  table.rows = {{{std::string("a \"b\", c"), {}},
                 {std::int64_t{1}, {}},
                 {std::int64_t{20'000}, {}},
                 {std::int64_t{1'767'225'600'000'001}, {}},
                 {std::int64_t{-3}, packet::Interval{-8, 2}},
                 {std::int64_t{123'456}, packet::Interval{100'000, 150'005}}},
                {{std::string(), {}}, {{}, {}}, {{}, {}}, {{}, {}}, {{}, {}}, {{}, {}}}};
  return table;
}

constexpr const char* kHeader =
    "text,flag,day,moment,people,people_low,people_high,money,money_low,money_high\n";

class Export : public testing::Test {
 protected:
  Export()
      : folder_(std::filesystem::temp_directory_path() / ("gbx-csv-" + std::to_string(getpid()))) {
    std::filesystem::create_directories(folder_);
  }
  ~Export() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path folder_;
};

// The one value that `sql` gives, as text.
std::string ask_duckdb(const std::string& sql) {
  duckdb_database database = nullptr;
  duckdb_connection connection = nullptr;
  duckdb_result result;
  EXPECT_EQ(duckdb_open(nullptr, &database), DuckDBSuccess);
  EXPECT_EQ(duckdb_connect(database, &connection), DuckDBSuccess);
  EXPECT_EQ(duckdb_query(connection, sql.c_str(), &result), DuckDBSuccess)
      << duckdb_result_error(&result);
  char* text = duckdb_value_varchar(&result, 0, 0);
  std::string out = text == nullptr ? "(null)" : text;
  duckdb_free(text);
  duckdb_destroy_result(&result);
  duckdb_disconnect(&connection);
  duckdb_close(&database);
  return out;
}

TEST_F(Export, CsvHasIntervalsAndTellsNullFromEmpty) {
  EXPECT_EQ(to_csv(every_type()),
            std::string(kHeader) +
                "\"a \"\"b\"\", c\",true,2024-10-04,2026-01-01 00:00:00.000001,-3,-8,2,1234.56,"
                "1000.00,1500.05\n\"\",,,,,,,,,\n");
}

TEST_F(Export, ParquetKeepsTypesAndValues) {
  const std::filesystem::path path = folder_ / "it's.parquet";
  write_parquet(every_type(), path);
  const std::string from = " FROM read_parquet('" + (folder_ / "it''s.parquet").string() + "')";
  EXPECT_EQ(ask_duckdb("SELECT string_agg(column_type, ' ') FROM (DESCRIBE SELECT *" + from + ")"),
            "VARCHAR BOOLEAN DATE TIMESTAMP BIGINT BIGINT BIGINT DECIMAL(18,2) DECIMAL(18,2) "
            "DECIMAL(18,2)");
  EXPECT_EQ(ask_duckdb("SELECT concat_ws('|', text, flag, day, moment, people, people_low, money, "
                       "money_high)" +
                       from + " WHERE people IS NOT NULL"),
            "a \"b\", c|true|2024-10-04|2026-01-01 00:00:00.000001|-3|-8|1234.56|1500.05");
  EXPECT_EQ(
      ask_duckdb("SELECT count(*)" + from + " WHERE text = '' AND flag IS NULL AND money IS NULL"),
      "1");
}

TEST_F(Export, NothingIsLeftWhereItCannotBeWritten) {
  EXPECT_THROW(write_parquet(every_type(), folder_ / "none" / "a.parquet"), Mistake);
  EXPECT_THROW(write_csv(every_type(), folder_ / "none" / "a.csv"), Mistake);
  std::filesystem::create_directories(folder_ / "taken" / "x");
  EXPECT_THROW(write_parquet(every_type(), folder_ / "taken"), Mistake);
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    files += entry.is_regular_file() ? 1U : 0U;
  }
  EXPECT_EQ(files, 0U);
}

TEST_F(Export, AnEmptyAnswerHasItsHeader) {
  packet::AnswerTable table = every_type();
  table.rows.clear();
  write_csv(table, folder_ / "a.csv");
  EXPECT_EQ(read_file(folder_ / "a.csv", 1000).value(), kHeader);
  write_parquet(table, folder_ / "a.parquet");
  EXPECT_EQ(
      ask_duckdb("SELECT count(*) FROM read_parquet('" + (folder_ / "a.parquet").string() + "')"),
      "0");
}

}  // namespace
}  // namespace gbx::client
