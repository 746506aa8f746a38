#include "engine/engine.h"

#include <gtest/gtest.h>

#include "engine/testing/generator.h"
#include "engine/testing/match.h"

namespace gbx::engine {
namespace {

TEST(Engine, EveryChoiceGivesTheSameRows) {
  const GeneratedCase generated = generate_case(9);
  std::vector<const snapshot::Table*> tables;
  for (const auto& table : generated.tables) tables.push_back(table.get());
  Crew crew(2);
  const auto want =
      run(Choice::automatic, generated.task, tables, {.crew = &crew, .database = nullptr});
  ASSERT_TRUE(want) << want.error().reason.view();
  expect_same(run(Choice::merge, generated.task, tables, {.crew = &crew}), want);
  auto database = Database::open({});
  ASSERT_TRUE(database);
  expect_same(run(Choice::duckdb, generated.task, tables, {.database = database->get()}), want);
}

TEST(Engine, NeedsTheResourcesOfItsChoice) {
  const GeneratedCase generated = generate_case(7);
  const Error missing{ErrorCode::invalid_argument, "engine_missing"};
  EXPECT_EQ(run(Choice::duckdb, generated.task, {}, {}).error(), missing);
  EXPECT_EQ(run(Choice::merge, generated.task, {}, {}).error(), missing);
}

TEST(Engine, NamesOfChoicesGoBothWays) {
  for (const Choice choice : {Choice::automatic, Choice::merge, Choice::duckdb}) {
    EXPECT_EQ(choice_from(choice_name(choice)), choice);
  }
  EXPECT_EQ(choice_from("spark"), std::nullopt);
}

}  // namespace
}  // namespace gbx::engine
