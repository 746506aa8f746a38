// glovebox: what a party runs on its own machine.

#include <cstdlib>
#include <exception>
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

int run(int argc, char** argv) {
  Console console;
  CLI::App app("Glovebox: analyse data together without showing it to each other.");
  app.footer(
      "Example: glovebox init --name shopgood\nThe tutorial, step by step: docs/tutorial.md");
  add_global_options(app, console);
#if defined(GBX_CLI_IDENTITY)
  add_identity_verbs(app, console);
#endif
#if defined(GBX_CLI_POLICY)
  add_policy_verbs(app, console);
#endif
#if defined(GBX_CLI_PREPARE)
  add_prepare_verbs(app, console);
#endif
#if defined(GBX_CLI_ROOM)
  add_room_verbs(app, console);
#endif
#if defined(GBX_CLI_QUERY)
  add_query_verbs(app, console);
#endif
  try {
    app.parse(argc, argv);
    return 0;
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitUsage;
  } catch (const Failure& failure) {
    console.report(failure);
  } catch (const std::exception& error) {
    console.report(Failure("something failed that should not", "", error.what(),
                           "please report it with the command that you ran"));
  }
  return kExitFailed;
}

}  // namespace
}  // namespace gbx::cli

int main(int argc, char** argv) { return gbx::cli::run(argc, argv); }
