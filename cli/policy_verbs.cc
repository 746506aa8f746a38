#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <memory>

#include "cli/derived_files.h"
#include "cli/explained.h"
#include "cli/home_files.h"
#include "cli/import_verbs.h"
#include "cli/mistakes.h"
#include "cli/template_view.h"
#include "cli/verbs.h"
#include "client/keys/atomic_file.h"
#include "client/policy/collaboration.h"
#include "client/policy/consolidated.h"
#include "client/policy/explain.h"
#include "client/policy/policy_file.h"
#include "client/policy/rehearsal.h"
#include "trusted/crypto/entropy.h"

namespace gbx::cli {
namespace {

constexpr unsigned kPublicMode = 0644;

Json describe(const client::PolicyFile& file) {
  Json signatures = Json(Json::Array{});
  for (const client::SignatureLine& line : client::signature_lines(file)) {
    signatures.push(Json::object({{"member", line.member}, {"state", line.state}}));
  }
  return Json::object({{"hash", to_hex(file.hash)},
                       {"id", file.policy.id},
                       {"name", file.policy.name},
                       {"signatures", std::move(signatures)},
                       {"version", std::int64_t{file.policy.version}}});
}

void write_envelope(const std::string& path, const packet::Envelope& envelope) {
  const Status written = client::write_file(path, packet::print_envelope(envelope), kPublicMode);
  if (!written) throw failure_in_words("the policy was not written", path, written.error());
}

// --- build ---

struct BuildChoice {
  std::string source;
  std::string output = "policy.json";
  std::string id;
  std::string previous;
};

void build(const Console& console, const BuildChoice& choice) {
  client::BuildOptions options;
  if (!choice.id.empty()) options.id = choice.id;
  std::optional<client::PolicyFile> previous;
  if (!choice.previous.empty()) {
    previous = client::read_policy_file(choice.previous);
    options.previous = &previous->policy;
    options.previous_hash = previous->hash;
  }
  crypto::SystemEntropy entropy;
  const policy::Policy policy = client::read_collaboration(choice.source, options, entropy);
  const client::PolicyFile file = client::read_policy_envelope(
      packet::make_envelope(policy::kPolicyType, policy::encode(policy)), choice.output);
  write_envelope(choice.output, file.envelope);
  console.say("Wrote " + choice.output + ": " + policy.name + ", version " +
              std::to_string(policy.version) + ".\n  hash  " + to_hex(file.hash) +
              "\nNext: every member reads it (glovebox policy explain " + choice.output +
              ") and signs it (glovebox policy sign " + choice.output + ").");
  Json json = describe(file);
  json.set("file", choice.output);
  console.print(json);
}

// --- show, explain ---

std::string signature_text(const client::PolicyFile& file) {
  std::string out = "Signatures\n";
  for (const client::SignatureLine& line : client::signature_lines(file)) {
    out += "  " + line.member + ": " + line.state + "\n";
  }
  return out;
}

void show(const Console& console, const std::string& path) {
  const client::PolicyFile file = client::read_policy_file(path);
  console.say(client::show_policy(file) + "\n" + signature_text(file) +
              "All of it in sentences: glovebox policy explain " + path);
  Json json = describe(file);
  json.set("policy", policy::encode(file.policy));
  console.print(json);
}

void explain(const Console& console, const std::string& path) {
  const client::PolicyFile file = client::read_policy_file(path);
  const std::string text = client::explain_policy(file.policy);
  console.say(text);
  Json json = describe(file);
  json.set("text", text);
  console.print(json);
}

struct ExplainChoice {
  std::string policy;
  std::string what;                  // nothing, a table, or SQL
  std::string member;                // who asks
  std::vector<std::string> derived;  // NAME=FILE
};

void explain_query(const Console& console, const ExplainChoice& choice) {
  auto checker = client::StaticCheck::make(client::rehearse_file(choice.policy));
  if (!checker) throw failure_in_words("nothing was explained", "", checker.error());
  const std::string member = asking_member(choice.member, choice.policy, checker->policy());
  const std::size_t defined = define_files(console, *checker, member, choice.derived);
  if (choice.what.empty() || defined < choice.derived.size()) return;
  const client::Verdict verdict = checker->check(choice.what, member);
  console.say(explained(verdict, choice.what, checker->policy()) + "\nAsked as " + member +
              ". No room was asked, no data read, nothing spent.");
  Json json =
      Json::object({{"member", member}, {"verdict", verdict.accepted ? "accepted" : "refused"}});
  add_verdict(json, verdict, choice.what, checker->policy());
  add_rule(json, verdict, choice.what, checker->policy());
  console.print(json);
}

// The whole policy, the rule of a table, or why a query passes or not.
void explain_some(const Console& console, const ExplainChoice& choice) {
  if (!choice.derived.empty()) return explain_query(console, choice);
  if (choice.what.empty()) return explain(console, choice.policy);
  if (choice.what.find_first_of(" \n\t") != std::string::npos)
    return explain_query(console, choice);
  const policy::VerifiedPolicy rehearsed = client::rehearse_file(choice.policy);
  const policy::Policy& policy = rehearsed.policy();
  if (policy.find_table(choice.what) == nullptr) {
    std::string known;
    for (const policy::Table& table : policy.tables) {
      known += (known.empty() ? "" : ", ") + table.name;
    }
    throw Failure("nothing was explained", choice.policy, "it has no table \"" + choice.what + "\"",
                  "its tables: " + known);
  }
  const client::ConsolidatedRule rule = client::consolidate(policy, {choice.what});
  console.say(client::consolidated_text(rule));
  console.print(client::consolidated_json(rule));
}

// --- sign ---

bool agrees(const std::string& name) {
  if (isatty(STDIN_FILENO) != 1) {
    throw Failure("the policy was not signed", "", "nobody is here to say yes",
                  "read `glovebox policy explain`, then sign with --yes");
  }
  std::fprintf(stderr, "Sign this as %s? [y/N] ", name.c_str());
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

const policy::Member& own_member(const client::PolicyFile& file, const client::PublicIdentity& own,
                                 const std::string& path) {
  const policy::Member* member = file.policy.find_member(own.name);
  if (member == nullptr) {
    throw Failure("the policy was not signed", path, own.name + " is no member of it",
                  "ask its author to add you, or use the --home of a member");
  }
  if (member->signing_key != own.signing_key || member->sealing_key != own.sealing_key) {
    throw Failure("the policy was not signed", path,
                  "it names other keys for " + own.name + " than this home has",
                  "give its author the file that `glovebox identity export` writes");
  }
  return *member;
}

void sign(const Console& console, const std::string& path, bool yes) {
  client::PolicyFile file = client::read_policy_file(path);
  const auto own = client::Home::peek(console.home);
  if (!own) {
    throw failure_in_words("the policy was not signed", console.home.string(), own.error());
  }
  const policy::Member& member = own_member(file, *own, path);
  console.say(client::show_policy(file) + "\n" + client::explain_policy(file.policy));
  if (!yes && !agrees(member.name)) {
    throw Failure("the policy was not signed", path, "you did not agree", "");
  }
  const client::Home home = open_home(console);
  // Read again under the signature: another member may have signed while this one was reading.
  client::PolicyFile latest = client::read_policy_file(path);
  if (latest.hash != file.hash) {
    throw Failure("the policy was not signed", path, "the file changed while you were reading it",
                  "read it again");
  }
  packet::sign(latest.envelope, home.signing_key());
  client::pin_policy(console.home, latest);
  write_envelope(path, latest.envelope);
  std::string left;
  for (const std::string& fault : client::signature_faults(latest)) left += "\n  " + fault;
  console.say("Signed " + path + " as " + member.name + "; its hash is pinned in " +
              console.home.string() + "." +
              (left.empty() ? "\nAll members have signed." : "\nStill open:" + left));
  console.print(describe(latest));
}

// --- verify ---

void verify(const Console& console, const std::string& path) {
  const client::PolicyFile file = client::read_policy_file(path);
  client::verify_policy_file(file, path);
  const bool pinned = client::is_pinned(console.home, file.hash);
  console.say(signature_text(file) + "PASS: all " + std::to_string(file.policy.members.size()) +
              " members have signed these bytes and nobody else.\n  hash  " + to_hex(file.hash) +
              (pinned ? " (pinned here: you have signed it)" : ""));
  Json json = describe(file);
  json.set("pinned", pinned);
  json.set("verdict", "PASS");
  console.print(json);
}

// --- options ---

void add_build(CLI::App& group, Console& console) {
  CLI::App* verb = group.add_subcommand("build", "Make the packet to sign from collaboration.yaml");
  auto choice = std::make_shared<BuildChoice>();
  verb->add_option("source", choice->source, "collaboration.yaml")->required();
  verb->add_option("-o,--output", choice->output, "Where to write it")->capture_default_str();
  verb->add_option("--id", choice->id, "The collaboration's id: 32 hex digits (fresh)");
  verb->add_option("--previous", choice->previous, "The version before: same id, next number");
  verb->footer("Example: glovebox policy build collaboration.yaml -o policy.json");
  verb->callback([&console, choice] { telling_mistakes([&] { build(console, *choice); }); });
}

using FileVerb = void (*)(const Console&, const std::string&);

void add_file_verb(CLI::App& group, Console& console, const std::string& name,
                   const std::string& about, FileVerb run) {
  CLI::App* verb = group.add_subcommand(name, about);
  auto path = std::make_shared<std::string>();
  verb->add_option("policy", *path, "policy.json")->required();
  verb->footer("Example: glovebox policy " + name + " policy.json");
  verb->callback([&console, path, run] { telling_mistakes([&] { run(console, *path); }); });
}

void add_sign(CLI::App& group, Console& console) {
  CLI::App* verb = group.add_subcommand("sign", "Add this member's signature, after reading it");
  auto path = std::make_shared<std::string>();
  auto yes = std::make_shared<bool>(false);
  verb->add_option("policy", *path, "policy.json; the signature is added in place")->required();
  verb->add_flag("-y,--yes", *yes, "Do not ask");
  verb->footer("Example: glovebox policy sign policy.json");
  verb->callback([&console, path, yes] { telling_mistakes([&] { sign(console, *path, *yes); }); });
}

void add_explain(CLI::App& group, Console& console) {
  CLI::App* verb = group.add_subcommand(
      "explain", "Say in plain sentences what it means: all of it, a table's rule, or for a query");
  auto choice = std::make_shared<ExplainChoice>();
  verb->add_option("policy", choice->policy,
                   "policy.json; for a table or query also "
                   "collaboration.yaml")
      ->required();
  verb->add_option("what", choice->what, "A table of it, or SQL: why it passes or not");
  verb->add_option("--as", choice->member, "Who asks (the first member who may)");
  verb->add_option("--derived", choice->derived,
                   "NAME=FILE: a derived table, its lineage and inherited rule; SQL may name it")
      ->allow_extra_args(false);
  verb->footer("Example: glovebox policy explain policy.json \"SELECT COUNT(*) FROM purchases\"");
  verb->callback([&console, choice] { telling_mistakes([&] { explain_some(console, *choice); }); });
}

}  // namespace

void add_policy_verbs(CLI::App& app, Console& console) {
  CLI::App* group = app.add_subcommand("policy", "What the members agree on");
  group->require_subcommand(1);
  group->footer("Example: glovebox policy explain policy.json");
  add_build(*group, console);
  add_file_verb(*group, console, "show", "Print everything that the policy says", show);
  add_explain(*group, console);
  add_sign(*group, console);
  add_file_verb(*group, console, "verify", "Check that all members have signed, and nobody else",
                verify);
  add_import_verbs(*group, console);
}

}  // namespace gbx::cli
