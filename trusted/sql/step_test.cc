#include "trusted/sql/step.h"

#include <gtest/gtest.h>

namespace gbx::sql {
namespace {

Expression column_of(Type type, std::int64_t low, std::int64_t high) {
  Expression out;
  out.op = Op::column;
  out.type = {type, 0};
  out.low = low;
  out.high = high;
  return out;
}

TEST(Step, ColumnsAreThoseWrittenThenAggregatesThenWindows) {
  Step step;
  step.columns = {column_of(Type::date, 1, 2), column_of(Type::text, 0, 0)};
  step.aggregates.push_back({RowFunction::rows, {}, {Type::integer, 0}, 1, 9});
  Window window;
  window.value.type = {Type::decimal, 2};
  window.value.low = -5;
  window.value.high = 5;
  step.windows.push_back(window);
  const std::vector<StepColumn> columns = columns_of(step);
  ASSERT_EQ(columns.size(), 4U);
  EXPECT_EQ(columns[0].type, (ValueType{Type::date, 0}));
  EXPECT_EQ(columns[1].type, (ValueType{Type::text, 0}));
  EXPECT_EQ(columns[2].low, 1);
  EXPECT_EQ(columns[2].high, 9);
  EXPECT_EQ(columns[3].type, (ValueType{Type::decimal, 2}));
  EXPECT_EQ(columns[3].low, -5);
}

}  // namespace
}  // namespace gbx::sql
