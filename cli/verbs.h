#pragma once

// One function for each group of verbs. A verb is thin: it reads options, calls client/, and shows
// the outcome. Verbs end by returning or by throwing a Failure. Every verb's footer has an example.

#include <CLI/CLI.hpp>

#include "cli/console.h"

namespace gbx::cli {

void add_identity_verbs(CLI::App& app, Console& console);  // init, identity, token-key
void add_policy_verbs(CLI::App& app, Console& console);    // policy build|show|explain|sign|verify
void add_prepare_verbs(CLI::App& app, Console& console);   // manifest, prepare
void add_budget_verbs(CLI::App& app, Console& console);    // budget set|show|take-back
void add_room_verbs(CLI::App& app, Console& console);      // provide, room
void add_measure_verbs(CLI::App& app, Console& console);   // measure [snp|tpm|tdx]
void add_image_verbs(CLI::App& app, Console& console);     // image sign|verify|show, log
void add_image_log_verbs(CLI::App& image, Console& console);  // image log
void add_query_verbs(CLI::App& app, Console& console);        // query, verify
void add_audience_verbs(CLI::App& app, Console& console);     // audience
void add_check_verbs(CLI::App& app, Console& console);        // check
void add_derived_verbs(CLI::App& app, Console& console);      // derived create|list|show|drop|veto
void add_template_verbs(CLI::App& app, Console& console);     // template list|show|check|run
void add_template_run(CLI::App& group, Console& console);
void add_evidence_verbs(CLI::App& app, Console& console);  // evidence, trust

}  // namespace gbx::cli
