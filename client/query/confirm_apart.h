#pragma once

// StaticCheck::confirm() in a process of its own. The text is another member's, perhaps a hostile
// one's, and the parser that reads it is large and not ours: whoever takes it over has no
// descriptor to write to, no file, no network, and can only yield a wrong verdict on the columns.

#include <sys/types.h>

#include <chrono>
#include <optional>

#include "client/query/static_check.h"

namespace gbx::client {

// Fails as confirm() does, or with unavailable (engine_failed) when the process could not be caged
// or did not come to an end of its own. For a program without other threads.
Status confirm_apart(const policy::VerifiedPolicy& policy, const packet::AnswerTable& table,
                     const packet::AnswerPredicate& predicate, const packet::Request& request);

// How a child of this process has exited; it is killed when it has not within `patience`. Nothing
// when a signal ended it.
std::optional<int> exit_code_of(pid_t child, std::chrono::milliseconds patience);

}  // namespace gbx::client
