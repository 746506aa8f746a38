#pragma once

#include <CLI/CLI.hpp>

#include "cli/console.h"

namespace gbx::cli {

void add_token_key_verbs(CLI::App& app, Console& console);  // token-key new|accept|rotate|show

}  // namespace gbx::cli
