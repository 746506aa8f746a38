#include "cli/budget_verbs.h"

#include <memory>

#include "cli/budget_view.h"
#include "cli/home_files.h"
#include "cli/mistakes.h"
#include "cli/verbs.h"
#include "client/keys/atomic_file.h"
#include "client/ledger/home_ledger.h"

namespace gbx::cli {
namespace {

using client::HomeLedger;
using client::Population;

constexpr std::size_t kClosingBytesMax = std::size_t{16} << 20;

HomeLedger open_ledger(const std::string& what, client::Home& home) {
  auto ledger = HomeLedger::open(home);
  if (!ledger) throw failure_in_words(what, (home.folder() / "ledger").string(), ledger.error());
  return std::move(ledger).value();
}

struct SetOptions {
  std::string population = std::string(client::kEveryone);
  std::string epsilon;
  std::string delta;
  std::string queries;
  std::string accounting = "pure";
  bool raise = false;
};

Failure total_incomplete(const std::string& what) {
  Failure out(
      what, "--epsilon, --delta", "a total has both",
      "say both, as in --epsilon 4 --delta 2e-6; docs/explanation/choosing-epsilon.md helps "
      "to choose");
  out.exits_with(kExitUsage);
  return out;
}

client::TotalSet total_of(const std::string& what, const SetOptions& options) {
  if (!options.queries.empty()) {
    const auto queries = parse_loss(privacy::Accounting::queries, options.queries);
    if (!queries) throw failure_in_words(what, "--queries " + options.queries, queries.error());
    return {
        .at = now_seconds(), .accounting = privacy::Accounting::queries, .total = {*queries, 0}};
  }
  if (options.epsilon.empty() || options.delta.empty()) {
    throw total_incomplete(what);
  }
  const auto accounting = privacy::accounting_from(options.accounting);
  const auto epsilon = privacy::parse_epsilon(options.epsilon);
  const auto delta = privacy::parse_delta(options.delta);
  if (!epsilon) throw failure_in_words(what, "--epsilon " + options.epsilon, epsilon.error());
  if (!delta) throw failure_in_words(what, "--delta " + options.delta, delta.error());
  return {.at = now_seconds(),
          .accounting = *accounting,
          .total = privacy::limit_for(*accounting, *epsilon, *delta)};
}

void set(const Console& console, const SetOptions& options) {
  const std::string what = "no total was set";
  const client::TotalSet total = total_of(what, options);
  client::Home home = open_home(console);
  HomeLedger ledger = open_ledger(what, home);
  const auto raise = options.raise ? HomeLedger::Raise::yes : HomeLedger::Raise::no;
  if (const Status done = ledger.set_total(options.population, total, raise); !done) {
    throw failure_of(what, options.population, done.error());
  }
  const Population& population = *ledger.find(options.population);
  console.say("All that is ever released about these people (" + population.name() +
              "), to whomever, stays within " +
              amount_text(total.accounting, total.total, total.total) + ".");
  console.print(budget_json(population));
}

void show(const Console& console, const std::string& only) {
  const std::string what = "no budget is shown";
  client::Home home = open_home(console);
  const HomeLedger ledger = open_ledger(what, home);
  if (!only.empty() && ledger.find(only) == nullptr) {
    throw failure_in_words(what, only, {ErrorCode::not_found, "population_unset"});
  }
  std::string text;
  Json populations{Json::Array{}};
  for (const Population& population : ledger.populations()) {
    if (!only.empty() && population.name() != only) continue;
    text += (text.empty() ? "" : "\n\n") + budget_text(population);
    populations.push(budget_json(population));
  }
  console.say(text.empty() ? "No total is set, so nothing can be given to a room." : text);
  console.print(Json::object({{"populations", std::move(populations)}}));
}

void take_back_file(const Console& console, const std::string& path) {
  const auto text = client::read_file(path, kClosingBytesMax);
  if (!text) throw failure_in_words("no budget was taken back", path, text.error());
  client::Home home = open_home(console);
  take_back(console, home, *text, path);
}

void add_set(CLI::App& group, Console& console) {
  CLI::App* verb = group.add_subcommand(
      "set", "Say how much everything that is ever released may tell about these people");
  auto options = std::make_shared<SetOptions>();
  verb->add_option("--population", options->population,
                   "The people: the same in every table and collaboration they are in")
      ->capture_default_str();
  verb->add_option("--epsilon", options->epsilon, "Over all rooms, for ever");
  verb->add_option("--delta", options->delta, "Over all rooms, for ever");
  verb->add_option("--queries", options->queries,
                   "Instead, for threshold-only rooms: how many queries; promises nothing")
      ->excludes("--epsilon")
      ->excludes("--delta");
  verb->add_option("--accounting", options->accounting,
                   "pure adds epsilons; zcdp adds rhos, and takes rooms of both kinds")
      ->check(CLI::IsMember({"pure", "zcdp"}))
      ->capture_default_str();
  verb->add_flag("--raise", options->raise,
                 "Yes, more than before: everybody in the data is promised less");
  verb->footer("Example: glovebox budget set --epsilon 4 --delta 2e-6");
  verb->callback([&console, options] { set(console, *options); });
}

}  // namespace

void take_back(const Console& console, client::Home& home, std::string_view statement,
               const std::string& where) {
  const std::string what = "no budget was taken back";
  const auto envelope = packet::parse_envelope(statement);
  if (!envelope) throw failure_in_words(what, where, envelope.error());
  HomeLedger ledger = open_ledger(what, home);
  const auto count = ledger.take_back(*envelope, now_seconds());
  const bool nothing_there = !count && count.error().reason == Literal("room_unknown");
  if (!count && !nothing_there) throw failure_in_words(what, where, count.error());
  const std::size_t tables = nothing_there ? 0 : *count;
  console.say(tables == 0 ? "This home has given no budget to that room."
                          : "What was not spent of " + std::to_string(tables) +
                                (tables == 1 ? " table" : " tables") + " is back at home.");
  console.print(Json::object({{"taken_back", static_cast<std::uint64_t>(tables)}}));
}

void add_budget_verbs(CLI::App& app, Console& console) {
  CLI::App* group =
      app.add_subcommand("budget", "What may be told about your people, and which rooms have it");
  group->require_subcommand(1);
  group->footer("Example: glovebox budget show");
  add_set(*group, console);
  CLI::App* shown =
      group->add_subcommand("show", "What is spent, allotted to rooms and free, by population");
  auto only = std::make_shared<std::string>();
  shown->add_option("--population", *only, "Only these people");
  shown->footer("Example: glovebox budget show");
  shown->callback([&console, only] { show(console, *only); });
  CLI::App* back = group->add_subcommand(
      "take-back", "Take back what a closed room has not spent, by the statement that it signed");
  auto file = std::make_shared<std::string>();
  back->add_option("file", *file, "The closing statement that the host keeps")->required();
  back->footer("Example: glovebox budget take-back room/closing.json");
  back->callback([&console, file] { take_back_file(console, *file); });
}

}  // namespace gbx::cli
