#include <memory>
#include <optional>

#include "cli/home_files.h"
#include "cli/mistakes.h"
#include "cli/verbs.h"
#include "client/keys/atomic_file.h"
#include "client/policy/wording.h"
#include "client/room/allotments.h"
#include "client/room/close.h"
#include "client/room/measure.h"
#include "client/room/provide.h"
#include "trusted/crypto/entropy.h"
#include "trusted/crypto/hash.h"

namespace gbx::cli {
namespace {

using enclave::Call;

constexpr std::size_t kClosingBytesMax = std::size_t{16} << 20;

Failure refused_by_room(const std::string& what, const enclave::Refusal& refusal) {
  const client::RefusalText text =
      client::explain_refusal({refusal.code, refusal.reason, refusal.where}, "", nullptr);
  Failure failure(what, text.what, text.why, text.next);
  failure.with(refusal.code, refusal.reason);
  return failure;
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
  const client::Home home = open_home(console);
  const auto file = client::open_snapshot_file(options.file, home);
  if (!file) throw failure_in_words(what, options.file, file.error());
  const client::Provided provided = talk(what, options.socket, [&] {
    client::RoomConnection connection(options.socket);
    return client::provide(connection, *file, policy, home, loss);
  });
  const std::string table = file->manifest.manifest().table;
  const std::string assurance(attest::assurance_word(provided.room.claims.assurance));
  console.say("The room proved what it runs (" + assurance + ") and may use " + table +
              ".\n  privacy budget given to this room  " + std::string(loss_name(accounting)) +
              " " + format_loss(accounting, provided.allotment.loss) +
              "\n  left at home                       " + std::string(loss_name(accounting)) + " " +
              format_loss(accounting, provided.left.loss));
  console.print(Json::object(
      {{"assurance", assurance},
       {std::string(loss_name(accounting)), format_loss(accounting, provided.allotment.loss)},
       {std::string(loss_name(accounting)) + "_left", format_loss(accounting, provided.left.loss)},
       {"log_origin", provided.room.binding.log_origin},
       {"snapshot", to_hex(file->manifest.hash())},
       {"table", table}}));
}

std::string text_of(const Json& json, std::string_view key) {
  const Json* member = json.find(key);
  return member != nullptr && member->string() != nullptr ? *member->string() : "";
}

// The member that says a loss, in either accounting.
std::string loss_of(const Json& row, const std::string& suffix) {
  for (const privacy::Accounting accounting :
       {privacy::Accounting::pure, privacy::Accounting::zcdp}) {
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

// Takes a closing statement into the book. Yields how many allotments it settled.
std::size_t settle(const Console& console, std::string_view text, const std::string& where) {
  const std::string what = "no budget was taken back";
  const auto envelope = packet::parse_envelope(text);
  if (!envelope) throw failure_in_words(what, where, envelope.error());
  const auto lock = client::FolderLock::take(console.home);
  if (!lock) throw failure_in_words(what, console.home.string(), lock.error());
  auto book = client::load_allotments(console.home);
  if (!book) throw failure_in_words(what, console.home.string(), book.error());
  const auto settled = book->settle(*envelope);
  if (!settled && settled.error().reason == Literal("room_unknown")) return 0;
  if (!settled) throw failure_in_words(what, where, settled.error());
  if (const Status saved = client::save_allotments(console.home, *book); !saved) {
    throw failure_in_words(what, console.home.string(), saved.error());
  }
  return *settled;
}

void report_settled(const Console& console, std::size_t settled) {
  console.say(settled == 0 ? "This home has given no budget to that room."
                           : "What was not spent of " + std::to_string(settled) +
                                 (settled == 1 ? " table" : " tables") + " is back at home.");
  console.print(Json::object({{"settled", static_cast<std::uint64_t>(settled)}}));
}

void close(const Console& console, const std::string& socket, const std::string& policy_file) {
  const policy::VerifiedPolicy policy = read_policy(policy_file);
  const client::Home home = open_home(console);
  const std::string statement = talk("the room was not closed", socket, [&] {
    client::RoomConnection connection(socket);
    crypto::SystemEntropy entropy;
    return client::close_room(connection, policy, home, entropy);
  });
  console.say("The room is closed; its keys are gone.");
  report_settled(console, settle(console, statement, socket));
}

void settle_file(const Console& console, const std::string& path) {
  const auto text = client::read_file(path, kClosingBytesMax);
  if (!text) throw failure_in_words("no budget was taken back", path, text.error());
  report_settled(console, settle(console, *text, path));
}

void measure(const Console& console, const std::string& program) {
  const auto manifest = client::measure_image(program);
  if (!manifest) throw failure_in_words("the image was not measured", program, manifest.error());
  const std::string digest = to_hex(crypto::sha256(as_bytes(manifest->canonical())));
  console.say(manifest->pretty() + "\nimage digest, for trust.images of collaboration.yaml:\n" +
              digest);
  console.print(Json::object({{"digest", digest}, {"manifest", *manifest}}));
}

void add_provide(CLI::App& app, Console& console) {
  CLI::App* verb = app.add_subcommand(
      "provide", "Let a room use a sealed table, once the room has proved what it runs");
  auto options = std::make_shared<ProvideOptions>();
  verb->add_option("file", options->file, "The sealed snapshot; FILE.json is beside it")
      ->required();
  verb->add_option("--room", options->socket, "The room's socket")->required();
  verb->add_option("--policy", options->policy, "The policy, signed by every member")->required();
  verb->add_option("--epsilon,--rho", options->loss,
                   "How much of the table's budget this room gets, in the unit of the policy's "
                   "accounting; half of what is left otherwise");
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
  auto file = std::make_shared<std::string>();
  CLI::App* settled = group->add_subcommand(
      "settle", "Take back unspent budget by the statement of a room that somebody else closed");
  settled->add_option("file", *file, "The closing statement that the host keeps")->required();
  settled->footer("Example: glovebox room settle room/closing.json");
  settled->callback([&console, file] { settle_file(console, *file); });
}

void add_measure(CLI::App& app, Console& console) {
  CLI::App* verb = app.add_subcommand("measure", "The image manifest and digest of this build");
  auto program = std::make_shared<std::string>(
      (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "glovebox-room").string());
  verb->add_option("--room-program", *program, "The room program")->capture_default_str();
  verb->footer("Example: glovebox measure");
  verb->callback([&console, program] { measure(console, *program); });
}

}  // namespace

void add_room_verbs(CLI::App& app, Console& console) {
  add_provide(app, console);
  add_room(app, console);
  add_measure(app, console);
}

}  // namespace gbx::cli
