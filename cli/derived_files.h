#pragma once

// Derived tables for verbs that ask no room: NAME=FILE, defined one after the other as who asks.

#include <string>
#include <vector>

#include "cli/console.h"
#include "client/query/static_check.h"

namespace gbx::cli {

// The text of one, of a file or of stdin (-). Fails with derived_too_large, or as read_file() does.
Result<std::string> read_definition(const std::string& file);

// Says of each what it offers, its lineage and the rule that questions over it inherit, or why it
// is refused; statements may name those that are not. Yields how many that are. Throws Failure when
// one is no NAME=FILE, or its file cannot be read.
std::size_t define_files(const Console& console, client::StaticCheck& checker,
                         const std::string& member, const std::vector<std::string>& files);

}  // namespace gbx::cli
