#pragma once

// Verbs of `glovebox policy` that speak to other clean rooms.

#include <CLI/CLI.hpp>

#include "cli/console.h"

namespace gbx::cli {

void add_import_verbs(CLI::App& policy_group, Console& console);  // policy import|export

}  // namespace gbx::cli
