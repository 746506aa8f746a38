#pragma once

// trust show|add-image|pin-machine: what this party believes when it verifies evidence.

#include <CLI/CLI.hpp>

#include "cli/console.h"

namespace gbx::cli {

void add_trust_verbs(CLI::App& app, Console& console);

}  // namespace gbx::cli
