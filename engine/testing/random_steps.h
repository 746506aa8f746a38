#pragma once

// Random steps over random tables: every kind, join, function and frame; nested, with ties.

#include "engine/testing/random_expression.h"

namespace gbx::engine {

// What steps may read: its columns, and how many rows of one person it has at most.
struct RandomSource {
  RandomExpression::Columns columns;
  std::size_t rows = 0;
};

// At least one step. `tables` are the sources before the first.
std::vector<sql::Step> random_steps(Randomness& random, std::vector<RandomSource> tables);

}  // namespace gbx::engine
