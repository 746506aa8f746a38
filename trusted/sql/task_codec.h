#pragma once

// A task as canonical JSON: how a room tells a worker in another process what to do
// (docs/spec/worker.md). Spans are left out. What a decoded task does not say about itself (types
// that fit, columns that exist) whoever runs it checks.

#include <string>
#include <string_view>

#include "trusted/sql/task.h"

namespace gbx::sql {

constexpr std::size_t kTaskNodesMax = 100'000;  // expressions in one task
constexpr std::size_t kTaskDepthMax = 128;      // of one expression

std::string encode_task(const Task& task);
// Fails with invalid_argument ("task_malformed").
Result<Task> decode_task(std::string_view text);

}  // namespace gbx::sql
