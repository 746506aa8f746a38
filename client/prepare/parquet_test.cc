#include "client/prepare/parquet.h"

#include <duckdb.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/prepare/prepare_fixture.h"

namespace gbx::prepare {
namespace {

using testing::ElementsAre;

void write_parquet(const std::string& path, const std::string& select) {
  duckdb_database database = nullptr;
  duckdb_connection connection = nullptr;
  ASSERT_EQ(duckdb_open(nullptr, &database), DuckDBSuccess);
  ASSERT_EQ(duckdb_connect(database, &connection), DuckDBSuccess);
  std::string quoted = path;
  if (const std::size_t at = quoted.find('\''); at != std::string::npos) quoted.insert(at, "'");
  const std::string sql = "COPY (" + select + ") TO '" + quoted + "' (FORMAT parquet)";
  duckdb_result result;
  ASSERT_EQ(duckdb_query(connection, sql.c_str(), &result), DuckDBSuccess);
  duckdb_destroy_result(&result);
  duckdb_disconnect(&connection);
  duckdb_close(&database);
}

constexpr const char* kRows =
    "SELECT 'P' || i || '@x.com' AS email, DATE '2025-01-01' + CAST(i % 30 AS INT) AS day, "
    "i AS extra, CAST(i % 500 AS DECIMAL(10, 2)) AS spent, CASE WHEN i % 3 = 0 THEN NULL ELSE "
    "'Bonn' END AS "
    "city "
    "FROM range(50000) t(i)";

TEST(Parquet, YieldsTheTextOfEveryCell) {
  const TestFolder folder;
  write_parquet(folder.path("t.parquet"), kRows);
  const auto source = open_parquet(folder.path("t.parquet"));
  EXPECT_THAT(source->header(), ElementsAre("email", "day", "extra", "spent", "city"));
  EXPECT_EQ(source->total(), 50'000U);
  CellReader reader(5);
  Batch batch;
  Row row;
  std::uint64_t rows = 0;
  while (source->next(batch)) {
    reader.start(batch);
    while (reader.next(row)) {
      EXPECT_EQ(row.line, rows + 1);
      if (rows == 40'001) {
        EXPECT_EQ(row.fields[0].text, "P40001@x.com");
        EXPECT_EQ(row.fields[1].text, "2025-01-12");
        EXPECT_EQ(row.fields[3].text, "1.00");
        EXPECT_EQ(row.fields[4].text, "Bonn");
      }
      EXPECT_EQ(row.fields[4].null, rows % 3 == 0);
      rows++;
    }
  }
  EXPECT_EQ(rows, 50'000U);
  EXPECT_EQ(source->content(), crypto::sha256(to_bytes(folder.read("t.parquet"))));
}

TEST(Parquet, PreparesLikeTheSameCsv) {
  std::string manifest = Workshop::kManifest;
  manifest.replace(manifest.find("rows.csv"), 8, "rows.parquet");
  manifest.replace(manifest.find("label: plain}\nrows"), 12, "nullable: true, label: plain");
  Workshop shop("", manifest);
  write_parquet(shop.folder.path("rows.parquet"), kRows);
  const PrepareReport report = shop.run();
  EXPECT_EQ(report.rows, 50'000U);
  EXPECT_EQ(report.rejected_total, 0U);
  EXPECT_THAT(report.left_out, ElementsAre("extra"));
  EXPECT_THAT(shop.rows(report),
              testing::Contains(Workshop::who("p40001@x.com") + " 2025-01-12 1.00 Bonn"));
}

// Whose content is hashed is what is read.
TEST(Parquet, APathIsNoPattern) {
  const TestFolder folder;
  for (const char* name : {"a1.parquet", "ab.parquet", "b=9.parquet"}) {
    write_parquet(folder.path(name), "SELECT 1 AS a");
  }
  const std::vector<std::string> odd = {"a[1].parquet", "a*.parquet", "a?.parquet"};
  for (const std::string& name : odd) {
    write_parquet(folder.path("whole"), "SELECT 1 AS b FROM range(7)");
    std::filesystem::rename(folder.path("whole"), folder.path(name));
  }
  for (const std::string& name : odd) {
    const auto source = open_parquet(folder.path(name));
    EXPECT_THAT(source->header(), ElementsAre("b")) << name;
    EXPECT_EQ(source->total(), 7U) << name;
  }
  std::filesystem::create_directory(folder.path("day=2"));
  write_parquet(folder.path("day=2/rows"), "SELECT 1 AS a");
  EXPECT_THAT(open_parquet(folder.path("day=2/rows"))->header(), ElementsAre("a"));
}

TEST(Parquet, WhatIsNoParquetIsAFailure) {
  const TestFolder folder;
  EXPECT_THROW(open_parquet(folder.path("none.parquet")), Failure);
  folder.write("bad.parquet", "PAR1 this is not");
  EXPECT_THROW(open_parquet(folder.path("bad.parquet")), Failure);
  write_parquet(folder.path("it's.parquet"), "SELECT 1 AS a");
  EXPECT_THROW(open_parquet(folder.path("it's.parquet"), {"b"}), Failure);
  EXPECT_NO_THROW(open_parquet(folder.path("it's.parquet"), {"a"}));
}

}  // namespace
}  // namespace gbx::prepare
