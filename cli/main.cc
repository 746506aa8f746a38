// glovebox: what a party runs on its own machine.

#include <fcntl.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <span>
#include <string>
#include <vector>

#include "cli/verbs.h"

namespace gbx::cli {
namespace {

std::filesystem::path default_home() {
  if (const char* home = std::getenv("GLOVEBOX_HOME"); home != nullptr) return home;
  if (const char* home = std::getenv("HOME"); home != nullptr)
    return std::filesystem::path(home) / ".glovebox";
  return ".glovebox";
}

void add_global_options(CLI::App& app, Console& console) {
  console.home = default_home();
  app.add_option("--home", console.home,
                 "This party's keys and records ($GLOVEBOX_HOME or ~/.glovebox)")
      ->capture_default_str();
  app.add_flag("--json", console.json, "One JSON value on stdout; failures as JSON on stderr");
  app.add_option("--passphrase-file", console.passphrase_file,
                 "Read the key file's passphrase from the first line of FILE");
  app.set_version_flag("--version", "glovebox 0.1.0");
  app.require_subcommand(1);
  app.fallthrough();
}

// What was typed wrongly, and the --help that says how it is typed.
Failure usage_failure(const CLI::App& app, const CLI::ParseError& error) {
  std::string verb = "glovebox";
  const CLI::App* deepest = &app;
  while (!deepest->get_subcommands().empty()) {
    deepest = deepest->get_subcommands().front();
    verb += " " + deepest->get_name();
  }
  const std::vector<std::string> unread = app.remaining(/*recurse=*/true);
  const bool unknown = deepest->get_require_subcommand_min() > 0 && !unread.empty();
  const std::string why =
      unknown ? "there is no \"" + unread.back() + "\" in " + verb : std::string(error.what());
  return {"wrong usage", verb, why, verb + " --help shows what there is, with an example"};
}

// A descriptor that is closed would be the next file or socket that is opened, and get what is
// printed.
void hold_descriptors() {
  for (int one = 0; one <= 2; one++) {
    if (::fcntl(one, F_GETFD) >= 0) continue;
    static_cast<void>(
        ::open("/dev/null", one == 0 ? O_WRONLY : O_RDONLY));  // fails when it is used
  }
}

// Half of an output is no success: a script would go on with it.
void demand_output() {
  std::cout.flush();
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return;
  throw Failure("what was said did not arrive whole", "standard output",
                "it is closed, or the disk is full",
                "what the command was to do is done; free some space before you read it again");
}

int run(int argc, char** argv) {
  hold_descriptors();
  Console console;
  CLI::App app("Glovebox: analyse data together without showing it to each other.");
  app.footer(
      "Example: glovebox init --name shopgood\nThe tutorial, step by step: docs/tutorial.md");
  add_global_options(app, console);
  add_identity_verbs(app, console);
  add_policy_verbs(app, console);
  add_prepare_verbs(app, console);
  add_budget_verbs(app, console);
  add_room_verbs(app, console);
  add_measure_verbs(app, console);
  add_image_verbs(app, console);
  add_query_verbs(app, console);
  add_audience_verbs(app, console);
  add_check_verbs(app, console);
  add_template_verbs(app, console);
  add_derived_verbs(app, console);
  add_evidence_verbs(app, console);
  try {
    app.parse(argc, argv);
    demand_output();
    return 0;
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    // The flag may stand behind the word that could not be read.
    const std::span<char*> words(argv, static_cast<std::size_t>(argc));
    const auto is_json = [](std::string_view word) { return word == "--json"; };
    console.json = console.json || std::ranges::any_of(words, is_json);
    console.report(usage_failure(app, error));
    return kExitUsage;
  } catch (const Failure& failure) {
    console.report(failure);
    return failure.exit_code();
  } catch (const std::exception& error) {
    console.report(Failure("something failed that should not", "", error.what(),
                           "please report it with the command that you ran"));
  }
  return kExitFailed;
}

}  // namespace
}  // namespace gbx::cli

int main(int argc, char** argv) { return gbx::cli::run(argc, argv); }
