#pragma once

// Derived tables for verbs that ask no room: NAME=FILE, defined one after the other as who asks.

#include <string>
#include <vector>

#include "cli/console.h"
#include "client/query/static_check.h"

namespace gbx::cli {

// Says of each what it offers, its lineage and the rule that questions over it inherit, or why it
// is refused; statements may name those that are not. Yields how many that are. Throws Failure when
// one is no NAME=FILE, or its file cannot be read.
std::size_t define_files(const Console& console, client::StaticCheck& checker,
                         const std::string& member, const std::vector<std::string>& files);

}  // namespace gbx::cli
