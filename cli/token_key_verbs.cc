#include "cli/token_key_verbs.h"

#include <algorithm>
#include <memory>
#include <optional>

#include "cli/home_files.h"
#include "client/keys/token_key.h"
#include "trusted/crypto/entropy.h"

namespace gbx::cli {
namespace {

struct Options {
  std::string policy;
  std::string collaboration;
  std::uint32_t epoch = 0;  // 0 = not given
  std::vector<std::string> receivers;
  std::string sender;
  std::string file;
};

// Which collaboration is meant and who is in it: from the signed policy, or from what was typed.
struct Collaboration {
  client::TokenEpoch epoch;
  std::optional<policy::VerifiedPolicy> policy;
};

Collaboration collaboration_of(const Options& options) {
  if (options.policy.empty() == options.collaboration.empty()) {
    throw CLI::ValidationError("give --policy FILE, or --collaboration ID before there is one");
  }
  Collaboration out;
  if (!options.policy.empty()) {
    out.policy = read_policy(options.policy);
    out.epoch = {out.policy->policy().id, out.policy->policy().token_epoch};
  } else {
    out.epoch = {options.collaboration, std::max<std::uint32_t>(1, options.epoch)};
  }
  if (!client::is_collaboration_id(out.epoch.collaboration)) {
    throw CLI::ValidationError("--collaboration", "the id has 32 digits of lower-case hex");
  }
  return out;
}

client::PublicIdentity identity_of(const policy::Member& member) {
  return {member.name, member.signing_key, member.sealing_key};
}

// Who has the key can test any identifier against any token: only owners may make or get one.
void check_is_owner(const policy::Policy& policy, const client::PublicIdentity& identity,
                    const std::string& where) {
  const policy::Member* member = policy.find_member(identity.name);
  if (member == nullptr || identity_of(*member) != identity) {
    throw Failure("no token key was sealed", where,
                  "the policy has no member " + identity.name + " with these keys",
                  "use the identity that the members signed the policy with");
  }
  if (!member->abilities.provide) {
    throw Failure("no token key was sealed", where, identity.name + " brings no data",
                  "only members with the ability `provide` make or get the token key");
  }
}

// Those named with --for; else every other member that provides a table.
std::vector<client::PublicIdentity> receivers_of(const Options& options,
                                                 const Collaboration& collaboration,
                                                 const client::PublicIdentity& self) {
  std::vector<client::PublicIdentity> out;
  for (const std::string& file : options.receivers) {
    out.push_back(read_identity(file));
    if (collaboration.policy) check_is_owner(collaboration.policy->policy(), out.back(), file);
  }
  if (out.empty() && collaboration.policy) {
    for (const policy::Member& member : collaboration.policy->policy().members) {
      if (member.abilities.provide && member.name != self.name) out.push_back(identity_of(member));
    }
  }
  if (out.empty()) {
    throw Failure("no token key was sealed", "", "there is nobody to seal it for",
                  "name the other owners: --for newsnow.id");
  }
  return out;
}

Json describe(const client::TokenEpoch& epoch, const Secret<32>& key) {
  return Json::object({{"check", client::check_value(key, epoch)},
                       {"collaboration", epoch.collaboration},
                       {"epoch", static_cast<std::int64_t>(epoch.epoch)}});
}

// Makes the key of `epoch` unless this home has it, and seals it to the receivers.
void make_and_seal(const Console& console, const Options& options, client::Home& home,
                   const Collaboration& collaboration) {
  const client::TokenEpoch& epoch = collaboration.epoch;
  if (collaboration.policy) {
    check_is_owner(collaboration.policy->policy(), home.identity(), home.folder().string());
  }
  const auto receivers = receivers_of(options, collaboration, home.identity());
  const bool known = home.token_key(epoch.collaboration, epoch.epoch) != nullptr;
  if (!known) {
    Secret<32> fresh;
    crypto::SystemEntropy entropy;
    Status kept = entropy.fill(fresh.mutable_view());
    if (kept) kept = home.keep_token_key(epoch.collaboration, epoch.epoch, fresh);
    if (!kept) {
      throw failure_of("no token key was made", home.folder().string(), kept.error());
    }
  }
  const Secret<32>& key = *home.token_key(epoch.collaboration, epoch.epoch);
  const auto envelope = client::make_token_key_packet(home, epoch, key, receivers);
  if (!envelope) throw failure_of("no token key was sealed", options.file, envelope.error());
  write_packet(options.file, *envelope);
  Json names{Json::Array()};
  std::string list;
  for (const client::PublicIdentity& receiver : receivers) {
    names.push(receiver.name);
    list += (list.empty() ? "" : ", ") + receiver.name;
  }
  console.say((known ? "The key of epoch " : "Made the key of epoch ") +
              std::to_string(epoch.epoch) +
              (known ? " was there already; sealed it to " : ", sealed to ") + list + ": " +
              options.file + "\n  check  " + client::check_value(key, epoch) +
              "\nNext: they run `glovebox token-key accept` and see the same check.");
  Json json = describe(epoch, key);
  json.set("file", options.file).set("made", !known).set("sealed_for", std::move(names));
  console.print(json);
}

void make_new(const Console& console, const Options& options) {
  const Collaboration collaboration = collaboration_of(options);
  client::Home home = open_home(console);
  make_and_seal(console, options, home, collaboration);
}

void rotate(const Console& console, const Options& options) {
  Collaboration collaboration = collaboration_of(options);
  client::Home home = open_home(console);
  std::uint32_t last = collaboration.policy ? collaboration.epoch.epoch : 0;
  for (const auto& [id, epoch] : home.token_keys()) {
    if (id == collaboration.epoch.collaboration) last = std::max(last, epoch);
  }
  if (last == 0) {
    throw Failure("there is nothing to rotate", home.folder().string(),
                  "this home has no key of that collaboration",
                  "make the first one with `glovebox token-key new`");
  }
  collaboration.epoch.epoch = last + 1;
  make_and_seal(console, options, home, collaboration);
  console.say("Snapshots of epoch " + std::to_string(last) +
              " do not match those of the new one: agree on a policy with token_epoch " +
              std::to_string(last + 1) + ", and prepare every table again.");
}

// Whose signature the packet claims to carry: a member of the policy, or the identity given.
client::PublicIdentity sender_of(const Options& options, const packet::Envelope& envelope) {
  if (!options.sender.empty()) return read_identity(options.sender);
  const policy::VerifiedPolicy verified = read_policy(options.policy);
  for (const policy::Member& member : verified.policy().members) {
    if (!member.abilities.provide) continue;
    for (const packet::EnvelopeSignature& signature : envelope.signatures) {
      if (signature.keyid == packet::key_id(member.signing_key)) return identity_of(member);
    }
  }
  throw Failure("the token key was not accepted", options.file, "no owner in the policy signed it",
                "ask an owner for theirs, made with `glovebox token-key new`");
}

void check_epoch(const Options& options, const client::TokenEpoch& epoch) {
  if (options.policy.empty()) return;
  const policy::VerifiedPolicy verified = read_policy(options.policy);
  const policy::Policy& policy = verified.policy();
  if (epoch.collaboration != policy.id) {
    throw Failure("the token key was not accepted", options.file,
                  "it is for another collaboration: " + epoch.collaboration,
                  "check --policy, or ask for the key of this one");
  }
  if (epoch.epoch < policy.token_epoch) {
    throw Failure("the token key was not accepted", options.file,
                  "it is of epoch " + std::to_string(epoch.epoch) + ", the policy's is " +
                      std::to_string(policy.token_epoch),
                  "ask its maker for the key of the present epoch");
  }
}

void accept(const Console& console, const Options& options) {
  if (options.policy.empty() && options.sender.empty()) {
    throw CLI::ValidationError("give --policy FILE, or --from IDENTITY before there is one");
  }
  const packet::Envelope envelope = read_packet(options.file);
  const client::PublicIdentity sender = sender_of(options, envelope);
  client::Home home = open_home(console);
  const auto opened = client::open_token_key_packet(envelope, sender.signing_key, home);
  if (!opened && opened.error().reason == Literal("signature_missing")) {
    throw Failure("the token key was not accepted", options.file, sender.name + " did not sign it",
                  "name its maker with --from, or ask for the key again");
  }
  if (!opened) throw failure_of("the token key was not accepted", options.file, opened.error());
  check_epoch(options, opened->epoch);
  const client::TokenEpoch& epoch = opened->epoch;
  const Status kept = home.keep_token_key(epoch.collaboration, epoch.epoch, opened->key);
  if (!kept) throw failure_of("the token key was not accepted", options.file, kept.error());
  console.say("Accepted the key of epoch " + std::to_string(epoch.epoch) + " from " + sender.name +
              ".\n  check  " + client::check_value(opened->key, epoch) +
              "\nIt has to be the check that " + sender.name + " sees.");
  Json json = describe(epoch, opened->key);
  json.set("from", sender.name);
  console.print(json);
}

void show(const Console& console) {
  const client::Home home = open_home(console);
  TextTable table{{"collaboration", "epoch", "check"}, {false, true, false}, {}};
  Json keys{Json::Array()};
  for (const auto& [id, number] : home.token_keys()) {
    const client::TokenEpoch epoch{id, number};
    const Secret<32>& key = *home.token_key(id, number);
    table.rows.push_back({id, std::to_string(number), client::check_value(key, epoch)});
    keys.push(describe(epoch, key));
  }
  console.say(table.rows.empty() ? "No token keys yet: glovebox token-key new, or accept."
                                 : table.text());
  console.print(keys);
}

void add_collaboration(CLI::App& verb, Options& options) {
  verb.add_option("--policy", options.policy, "The signed policy of the collaboration");
  verb.add_option("--collaboration", options.collaboration,
                  "The collaboration's id, before there is a policy");
}

void add_sealing(CLI::App& verb, Options& options) {
  add_collaboration(verb, options);
  verb.add_option("--for", options.receivers,
                  "Identity of an owner to seal it to (every other owner of the policy)");
  options.file = "token-key.json";
  verb.add_option("-o,--output", options.file, "Where to write the sealed key")
      ->capture_default_str();
}

void add_making(CLI::App& group, Console& console) {
  CLI::App* made = group.add_subcommand("new", "Make the token key and seal it to the others");
  auto options = std::make_shared<Options>();
  add_sealing(*made, *options);
  made->add_option("--epoch", options->epoch, "Epoch of the key, without a policy (1)")
      ->check(CLI::Range(1, 1 << 30))
      ->needs("--collaboration");
  made->footer("Example: glovebox token-key new --policy policy.json --for newsnow.id");
  made->callback([&console, options] { make_new(console, *options); });

  CLI::App* rotated = group.add_subcommand("rotate", "Make the key of the next epoch");
  auto next = std::make_shared<Options>();
  add_sealing(*rotated, *next);
  rotated->footer("Example: glovebox token-key rotate --policy policy.json");
  rotated->callback([&console, next] { rotate(console, *next); });
}

}  // namespace

void add_token_key_verbs(CLI::App& app, Console& console) {
  CLI::App* group = app.add_subcommand("token-key", "The key that makes tokens of identifiers");
  group->require_subcommand(1);
  group->footer("Example: glovebox token-key accept token-key.json --policy policy.json");
  add_making(*group, console);

  CLI::App* accepted = group->add_subcommand("accept", "Take the key that another owner made");
  auto options = std::make_shared<Options>();
  accepted->add_option("file", options->file, "What the other owner sent")->required();
  accepted->add_option("--policy", options->policy, "The signed policy of the collaboration");
  accepted->add_option("--from", options->sender,
                       "Identity of its maker, before there is a policy");
  accepted->footer("Example: glovebox token-key accept token-key.json --policy policy.json");
  accepted->callback([&console, options] { accept(console, *options); });

  CLI::App* shown = group->add_subcommand("show", "List the token keys of this home");
  shown->footer("Example: glovebox token-key show");
  shown->callback([&console] { show(console); });
}

}  // namespace gbx::cli
