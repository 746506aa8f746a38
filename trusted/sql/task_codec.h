#pragma once

// A Task as bytes, for the way from the room to its worker: canonical JSON (docs/spec/query.md),
// one spelling for each task. The decoder takes nothing on trust: every field is there and known,
// every operator has the children that its meaning needs, of the types it needs, so that whatever
// comes out can be evaluated and rendered. Places in the analyst's text do not travel.

#include <string>
#include <string_view>

#include "trusted/sql/task.h"

namespace gbx::sql {

constexpr std::size_t kTaskBytesMax = std::size_t{16} << 20;
constexpr std::size_t kTaskDepthMax = 250;
constexpr std::size_t kTaskNodesMax = 100'000;

// Whether a worker takes a task of that size, and each engine can run it: what they do not must be
// refused before it is paid for. Fails with invalid_argument (expression_too_deep,
// expression_too_large).
Status check_size(const Task& task);

std::string encode_task(const Task& task);
// encode_task() of what it yields is `bytes` again. Fails with invalid_argument (task_malformed).
Result<Task> decode_task(std::string_view bytes);

}  // namespace gbx::sql
