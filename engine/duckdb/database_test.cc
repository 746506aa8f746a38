#include "engine/duckdb/database.h"

#include <gtest/gtest.h>

namespace gbx::engine {
namespace {

class LockedDatabase : public testing::TestWithParam<const char*> {};

TEST_P(LockedDatabase, Refuses) {
  auto database = Database::open({});
  ASSERT_TRUE(database);
  const Status status = (*database)->execute(GetParam());
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error(), kEngineFailed);
}

INSTANTIATE_TEST_SUITE_P(
    WhatLeavesMemory, LockedDatabase,
    testing::Values("SELECT * FROM read_csv('/etc/passwd')", "SELECT * FROM '/etc/passwd'",
                    "SELECT * FROM read_text('/etc/passwd')", "SELECT * FROM glob('/*')",
                    "COPY (SELECT 1) TO '/tmp/gbx_should_not_exist'",
                    "ATTACH '/tmp/gbx_should_not_exist.db'",
                    "EXPORT DATABASE '/tmp/gbx_should_not_exist'", "INSTALL httpfs", "LOAD httpfs",
                    "SET enable_external_access = true", "SET threads = 8",
                    "SET memory_limit = '10GB'", "RESET memory_limit",
                    "PRAGMA temp_directory='/tmp'", "SET lock_configuration = false"));

TEST(Database, AnErrorIsAConstantWithoutText) {
  auto database = Database::open({});
  ASSERT_TRUE(database);
  EXPECT_EQ((*database)->execute("SELECT CAST('secret' AS INTEGER)").error(), kEngineFailed);
  EXPECT_EQ((*database)->execute("SELECT nonsense FROM nowhere").error(), kEngineFailed);
}

TEST(Database, QueriesGiveChunks) {
  auto database = Database::open({.threads = 2});
  ASSERT_TRUE(database);
  std::int64_t sum = 0;
  ASSERT_TRUE(
      (*database)->query("SELECT range FROM range(10000)", nullptr, [&](duckdb_data_chunk chunk) {
        auto* values = static_cast<std::int64_t*>(
            duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, 0)));
        const idx_t size = duckdb_data_chunk_get_size(chunk);
        for (idx_t i = 0; i < size; i++) sum += values[i];
        return Status{};
      }));
  EXPECT_EQ(sum, 49995000);
}

TEST(Database, StopsWhenToldTo) {
  auto database = Database::open({.threads = 1});
  ASSERT_TRUE(database);
  const std::atomic<bool> stop{true};
  const Status status =
      (*database)->query("SELECT count(*) FROM range(100000000) a, range(100000000) b", &stop,
                         [](duckdb_data_chunk) { return Status{}; });
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().reason, Literal("engine_stopped"));
}

}  // namespace
}  // namespace gbx::engine
