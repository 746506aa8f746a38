#include <memory>
#include <optional>

#include "cli/budget_verbs.h"
#include "cli/budget_view.h"
#include "cli/home_files.h"
#include "cli/mistakes.h"
#include "cli/verbs.h"
#include "client/policy/wording.h"
#include "client/room/close.h"
#include "client/room/provide.h"
#include "trusted/crypto/entropy.h"

namespace gbx::cli {
namespace {

using enclave::Call;

Failure refused_by_room(const std::string& what, const enclave::Refusal& refusal) {
  const client::RefusalText text =
      client::explain_refusal({refusal.code, refusal.reason, refusal.where}, "", nullptr);
  Failure failure(what, text.what, text.why, text.next);
  failure.with(refusal.code, refusal.reason);
  return failure;
}

// The home ledger's no, in numbers where numbers say more than words.
Failure failure_of_ledger(const std::string& what, const client::LedgerRefused& refused) {
  const client::Shortage& shortage = refused.shortage();
  const std::string where = "population " + shortage.population;
  const auto amount = [&](privacy::Price price) {
    return amount_text(shortage.accounting, price, shortage.total);
  };
  if (refused.error().reason == Literal("population_exhausted")) {
    Failure failure(what, where,
                    "the room would get " + amount(shortage.wanted) + "; left is " +
                        amount(shortage.free) + ", over all collaborations",
                    "give less with --epsilon, take back what closed rooms left with glovebox "
                    "budget take-back, or raise the total with glovebox budget set --raise");
    return failure.with(refused.error());
  }
  return failure_of(what, where, refused.error());
}

// Runs `work` and turns what a line or a room can do wrong into words.
template <typename Work>
auto talk(const std::string& what, const std::string& socket, const Work& work) {
  try {
    return work();
  } catch (const client::RoomRefused& refused) {
    throw refused_by_room(what, refused.refusal());
  } catch (const client::HostRefused& refused) {
    throw failure_of_host(what, refused);
  } catch (const client::LedgerRefused& refused) {
    throw failure_of_ledger(what, refused);
  } catch (const client::RoomUnverified& wrong) {
    throw failure_in_words(what, socket, wrong.error());
  } catch (const client::ConnectionError& broken) {
    throw Failure(what, socket, broken.what(), "is gloveboxd running?");
  }
}

struct ProvideOptions {
  std::string file;
  std::string socket;
  std::string policy;
  std::string loss;
  std::string population;
};

void provide(const Console& console, const ProvideOptions& options) {
  const std::string what = "the table was not provided";
  const policy::VerifiedPolicy policy = read_policy(options.policy);
  const privacy::Accounting accounting = policy.policy().privacy.accounting;
  std::optional<std::uint64_t> loss;
  if (!options.loss.empty()) {
    const auto parsed = parse_loss(accounting, options.loss);
    if (!parsed) throw failure_in_words(what, options.loss, parsed.error());
    loss = *parsed;
  }
  client::Home home = open_home(console);
  const auto file = client::open_snapshot_file(options.file, home);
  if (!file) throw failure_in_words(what, options.file, file.error());
  const client::Provided provided = talk(what, options.socket, [&] {
    client::RoomConnection connection(options.socket);
    return client::provide(connection, *file, policy, home,
                           {.population = options.population, .loss = loss, .now = now_seconds()});
  });
  const std::string table = file->manifest.manifest().table;
  const std::string assurance(attest::assurance_word(provided.room.proven.assurance));
  const auto at_home = [&](privacy::Price price) {
    return amount_text(provided.accounting, price, provided.total);
  };
  console.say("The room proved what it runs (" + assurance + ") and may use " + table +
              ".\n  privacy budget given to this room  " + std::string(loss_name(accounting)) +
              " " + format_loss(accounting, provided.allotment.loss) + "\n  left at home for " +
              provided.population + "  " + at_home(provided.free) + " of " +
              at_home(provided.total));
  console.print(Json::object(
      {{"assurance", assurance},
       {"left", Json::object({{"delta", privacy::format_delta(provided.free.delta)},
                              {std::string(loss_name(provided.accounting)),
                               format_loss(provided.accounting, provided.free.loss)}})},
       {std::string(loss_name(accounting)), format_loss(accounting, provided.allotment.loss)},
       {"log_origin", provided.room.binding.log_origin},
       {"population", provided.population},
       {"snapshot", to_hex(file->manifest.hash())},
       {"table", table}}));
}

std::string text_of(const Json& json, std::string_view key) {
  const Json* member = json.find(key);
  return member != nullptr && member->string() != nullptr ? *member->string() : "";
}

// The member that says a loss, in any accounting.
std::string loss_of(const Json& row, const std::string& suffix) {
  for (const privacy::Accounting accounting : privacy::kAccountings) {
    std::string name(loss_name(accounting));
    const std::string text = text_of(row, name + suffix);
    if (!text.empty()) return name.append(" ").append(text);
  }
  return "";
}

Json ask(const std::string& what, const std::string& socket, Call call) {
  const Bytes answer = talk(what, socket, [&] {
    client::RoomConnection connection(socket);
    return client::call_or_throw(connection, call, {});
  });
  const auto json = Json::parse_canonical(as_text(answer));
  if (!json) throw failure_in_words(what, socket, json.error());
  return *json;
}

void status(const Console& console, const std::string& socket) {
  const Json answer = ask("the room's state is not known", socket, Call::status);
  TextTable table;
  table.header = {"table", "owner", "state", "budget spent", "left"};
  table.right = {false, false, false, true, true};
  if (const Json* tables = answer.find("tables"); tables != nullptr && tables->array() != nullptr) {
    for (const Json& row : *tables->array()) {
      table.rows.push_back({text_of(row, "table"), text_of(row, "owner"), text_of(row, "state"),
                            loss_of(row, "_spent"), loss_of(row, "_left")});
    }
  }
  console.say(table.text() + "The room says this through its host; nothing here is signed.");
  console.print(answer);
}

void close(const Console& console, const std::string& socket, const std::string& policy_file) {
  const policy::VerifiedPolicy policy = read_policy(policy_file);
  client::Home home = open_home(console);
  const std::string statement = talk("the room was not closed", socket, [&] {
    client::RoomConnection connection(socket);
    crypto::SystemEntropy entropy;
    return client::close_room(connection, {&policy, now_seconds()}, home, entropy);
  });
  console.say("The room is closed; its keys are gone.");
  take_back(console, home, statement, socket);
}

void add_provide(CLI::App& app, Console& console) {
  CLI::App* verb = app.add_subcommand(
      "provide", "Let a room use a sealed table, once the room has proved what it runs");
  auto options = std::make_shared<ProvideOptions>();
  verb->add_option("file", options->file, "The sealed snapshot; FILE.json is beside it")
      ->required();
  verb->add_option("--room", options->socket, "The room's socket")->required();
  verb->add_option("--policy", options->policy, "The policy, signed by every member")->required();
  verb->add_option("--epsilon,--rho,--queries", options->loss,
                   "How much of the table's budget this room gets, in the unit of the policy's "
                   "accounting; what is left of the policy's otherwise");
  verb->add_option("--population", options->population,
                   "Whose budget it takes; needed when this home has several and has not given "
                   "this table before");
  verb->footer("Example: glovebox provide purchases.gbx --room room/socket --policy policy.json");
  verb->callback([&console, options] { provide(console, *options); });
}

void add_room(CLI::App& app, Console& console) {
  CLI::App* group = app.add_subcommand("room", "Look at a room, or end it");
  group->require_subcommand(1);
  group->footer("Example: glovebox room status --room room/socket");
  auto socket = std::make_shared<std::string>();
  CLI::App* shown = group->add_subcommand("status", "What the room says of its tables and budget");
  shown->add_option("--room", *socket, "The room's socket")->required();
  shown->footer("Example: glovebox room status --room room/socket");
  shown->callback([&console, socket] { status(console, *socket); });
  CLI::App* closed =
      group->add_subcommand("close", "End the room for good and take back what it has not spent");
  closed->add_option("--room", *socket, "The room's socket")->required();
  auto policy = std::make_shared<std::string>();
  closed->add_option("--policy", *policy, "The policy, signed by every member")->required();
  closed->footer("Example: glovebox room close --room room/socket --policy policy.json");
  closed->callback([&console, socket, policy] { close(console, *socket, *policy); });
}

}  // namespace

void add_room_verbs(CLI::App& app, Console& console) {
  add_provide(app, console);
  add_room(app, console);
}

}  // namespace gbx::cli
