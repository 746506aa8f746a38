#include <memory>

#include "cli/home_files.h"
#include "cli/passphrase.h"
#include "cli/token_key_verbs.h"
#include "cli/verbs.h"

namespace gbx::cli {
namespace {

Json describe(const client::PublicIdentity& identity) {
  return Json::object({{"fingerprint", client::fingerprint(identity)},
                       {"name", identity.name},
                       {"sealing_key", to_hex(identity.sealing_key)},
                       {"signing_key", to_hex(identity.signing_key)}});
}

void init(const Console& console, const std::string& name) {
  // Refused before a passphrase is asked for.
  if (client::Home::peek(console.home)) {
    throw failure_of("no identity was made", console.home.string(),
                     {ErrorCode::invalid_argument, "home_exists"});
  }
  if (!client::is_member_name(name)) {
    throw failure_of("no identity was made", name, {ErrorCode::invalid_argument, "name_malformed"});
  }
  const SecretBytes passphrase =
      read_passphrase(console, "New passphrase of " + name, /*confirm=*/true);
  const auto home = client::Home::create(console.home, name, passphrase.view());
  if (!home) throw failure_of("no identity was made", console.home.string(), home.error());
  console.say("Made the identity " + name + " in " + console.home.string() + ".\n  fingerprint  " +
              client::fingerprint(home->identity()) +
              "\nKeep the passphrase: without it the keys cannot be opened by anybody.\n"
              "Next: glovebox identity export, and send the file to the other members.");
  console.print(describe(home->identity()));
}

void show(const Console& console, const std::string& file) {
  client::PublicIdentity identity;
  if (file.empty()) {
    const auto own = client::Home::peek(console.home);
    if (!own) throw failure_of("cannot show the identity", console.home.string(), own.error());
    identity = *own;
  } else {
    identity = read_identity(file);
  }
  console.say("name         " + identity.name + "\nsigning key  " + to_hex(identity.signing_key) +
              "\nsealing key  " + to_hex(identity.sealing_key) + "\nfingerprint  " +
              client::fingerprint(identity));
  console.print(describe(identity));
}

void export_identity(const Console& console, const std::string& file) {
  const client::Home home = open_home(console);
  const std::string path = file.empty() ? home.identity().name + ".id" : file;
  write_packet(path, client::make_identity_packet(home.identity(), home.signing_key()));
  console.say("Wrote " + path +
              ". Send it to the other members, and read them the fingerprint:\n  " +
              client::fingerprint(home.identity()));
  Json json = describe(home.identity());
  json.set("file", path);
  console.print(json);
}

void add_init(CLI::App& app, Console& console) {
  CLI::App* verb = app.add_subcommand("init", "Make this party's identity and its key file");
  auto name = std::make_shared<std::string>();
  verb->add_option("--name", *name, "What the other members call this party")->required();
  verb->footer("Example: glovebox init --name shopgood");
  verb->callback([&console, name] { init(console, *name); });
}

void add_identity(CLI::App& app, Console& console) {
  CLI::App* group = app.add_subcommand("identity", "Who this party is to the others");
  group->require_subcommand(1);
  group->footer("Example: glovebox identity export -o shopgood.id");
  CLI::App* shown = group->add_subcommand("show", "Print an identity and its fingerprint");
  auto which = std::make_shared<std::string>();
  shown->add_option("file", *which, "Somebody's identity packet; this party's own when left out");
  shown->footer("Example: glovebox identity show newsnow.id");
  shown->callback([&console, which] { show(console, *which); });
  CLI::App* exported = group->add_subcommand("export", "Write the packet to hand to the others");
  auto file = std::make_shared<std::string>();
  exported->add_option("-o,--output", *file, "Where to write it (NAME.id)");
  exported->footer("Example: glovebox identity export -o shopgood.id");
  exported->callback([&console, file] { export_identity(console, *file); });
}

}  // namespace

void add_identity_verbs(CLI::App& app, Console& console) {
  add_init(app, console);
  add_identity(app, console);
  add_token_key_verbs(app, console);
}

}  // namespace gbx::cli
