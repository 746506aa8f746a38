#include "engine/merge/crew.h"

#include <gtest/gtest.h>

#include <atomic>

namespace gbx::engine {
namespace {

TEST(Crew, EveryNumberWorksOnceInEachRun) {
  for (const std::uint32_t size : {1U, 2U, 5U}) {
    Crew crew(size);
    std::vector<std::atomic<int>> calls(size);
    for (int round = 0; round < 100; round++) {
      crew.run([&](std::uint32_t i) { calls[i]++; });
    }
    for (const auto& count : calls) EXPECT_EQ(count, 100);
  }
}

TEST(Crew, HasAtLeastOneAndAtMost64) {
  EXPECT_EQ(Crew(0).size(), 1U);
  EXPECT_EQ(Crew(65).size(), 64U);
}

}  // namespace
}  // namespace gbx::engine
