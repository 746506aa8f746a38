#pragma once

// Compares what two engines answered, bit by bit.

#include <gtest/gtest.h>

#include "trusted/sql/task.h"

namespace gbx::engine {

inline void expect_same(const Result<std::vector<sql::GroupRow>>& got,
                        const Result<std::vector<sql::GroupRow>>& want) {
  ASSERT_EQ(got.has_value(), want.has_value())
      << (got ? want.error().reason.view() : got.error().reason.view());
  if (!got) {
    EXPECT_EQ(got.error(), want.error());
    return;
  }
  ASSERT_EQ(got->size(), want->size());
  for (std::size_t i = 0; i < got->size(); i++) {
    const sql::GroupRow& a = (*got)[i];
    const sql::GroupRow& b = (*want)[i];
    EXPECT_TRUE(a.key == b.key) << "key of row " << i;
    EXPECT_EQ(a.persons, b.persons) << "row " << i;
    EXPECT_TRUE(a.sums == b.sums) << "sums of row " << i;
    EXPECT_TRUE(a.histograms == b.histograms) << "histograms of row " << i;
  }
}

}  // namespace gbx::engine
