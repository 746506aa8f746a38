#include <memory>

#include "cli/home_files.h"
#include "cli/mistakes.h"
#include "cli/verbs.h"
#include "client/evidence/edit_trust.h"
#include "client/image_log/image_log.h"
#include "client/keys/atomic_file.h"

namespace gbx::cli {
namespace {

constexpr unsigned kPublicMode = 0644;

struct LogOptions {
  std::string folder;
  std::string origin;
  std::string identity;
  std::string manifest;
  std::string key;
  std::string output;
  std::string proof;
  std::string policy;
  std::string keep;
  std::vector<std::string> since;
};

const std::string kNotLogged = "nothing was logged";
const std::string kNotProven = "the image was not proven to be in the log";
const std::string kNotChecked = "the log was not verified";

Failure wrong_key(const std::string& text, const Error& error) {
  Failure out = failure_in_words("the log's key was not read", text, error);
  out.exits_with(kExitUsage);
  return out;
}

attest::LogKey key_of(const std::string& text) {
  auto key = attest::parse_log_key(text);
  if (!key) throw wrong_key(text, key.error());
  return std::move(key).value();
}

client::ImageLogCopy read_log(const std::string& what, const std::string& folder,
                              const attest::LogKey& key) {
  auto log = client::read_image_log(folder, key);
  if (!log) throw failure_in_words(what, folder, log.error());
  return std::move(log).value();
}

std::string entry_of(const std::string& what, const std::string& path) {
  auto entry = attest::image_log_entry(read_packet(path));
  if (!entry) throw failure_in_words(what, path, entry.error());
  return std::move(entry).value();
}

std::string digest_of(const packet::Envelope& manifest) {
  return to_hex(attest::read_signed_image(manifest).value().digest);
}

Json described(const attest::Checkpoint& checkpoint) {
  return Json::object({{"origin", checkpoint.origin},
                       {"root", to_hex(checkpoint.root)},
                       {"size", checkpoint.size}});
}

std::string in_words(const attest::Checkpoint& checkpoint) {
  return checkpoint.origin + " has " + std::to_string(checkpoint.size) +
         (checkpoint.size == 1 ? " entry" : " entries") + " under the root " +
         to_hex(checkpoint.root);
}

void init(const Console& console, const LogOptions& options) {
  const client::Home home = open_home(console);
  const Status begun = client::begin_image_log(home, options.folder, options.origin);
  if (!begun) throw failure_in_words("no log was begun", options.folder, begun.error());
  const std::string key = attest::print_log_key({options.origin, home.signing_key().public_key()});
  console.say("An empty log in " + options.folder + ". Whoever reads it needs its key:\n" + key);
  console.print(Json::object({{"folder", options.folder}, {"key", key}}));
}

void tell_key(const Console& console, const LogOptions& options) {
  crypto::PublicKey signing_key{};
  if (options.identity.empty()) {
    const auto who = client::Home::peek(console.home);
    if (!who) throw failure_of("cannot open the keys", console.home.string(), who.error());
    signing_key = who->signing_key;
  } else {
    signing_key = read_identity(options.identity).signing_key;
  }
  if (!attest::is_log_origin(options.origin)) {
    throw failure_in_words("there is no such key", options.origin,
                           {ErrorCode::invalid_argument, "image_log_origin_malformed"});
  }
  const std::string key = attest::print_log_key({options.origin, signing_key});
  console.say(key);
  console.print(Json::object({{"key", key}}));
}

void add(const Console& console, const LogOptions& options) {
  const packet::Envelope manifest = read_packet(options.manifest);
  const client::Home home = open_home(console);
  const auto at = client::log_image(home, options.folder, manifest);
  if (!at) throw failure_in_words(kNotLogged, options.folder, at.error());
  const std::string index = std::to_string(at->index);
  console.say((at->is_new ? "Logged as entry " : "It was in the log before, as entry ") + index +
              ": the image " + digest_of(manifest));
  console.print(Json::object(
      {{"digest", digest_of(manifest)}, {"index", at->index}, {"is_new", at->is_new}}));
}

void prove(const Console& console, const LogOptions& options) {
  const std::string entry = entry_of(kNotProven, options.manifest);
  const auto log = read_log(kNotProven, options.folder, key_of(options.key));
  const auto proof = client::prove_image(log, entry);
  if (!proof) throw failure_in_words(kNotProven, options.folder, proof.error());
  const Status written = client::write_file(options.output, *proof, kPublicMode);
  if (!written) throw failure_in_words(kNotProven, options.output, written.error());
  console.say("The proof is in " + options.output + ". " + in_words(log.checkpoint));
  console.print(described(log.checkpoint));
}

void verify(const Console& console, const LogOptions& options) {
  const std::string entry = entry_of(kNotProven, options.manifest);
  const auto proof = client::read_file(options.proof, attest::kLogProofBytesMax);
  if (!proof) throw failure_in_words(kNotProven, options.proof, proof.error());
  const auto checkpoint = attest::verify_inclusion(*proof, key_of(options.key), as_bytes(entry));
  if (!checkpoint) throw failure_in_words(kNotProven, options.proof, checkpoint.error());
  console.say("It is in the log: " + in_words(*checkpoint));
  console.print(described(*checkpoint));
}

// A checkpoint, or that of a proof. Older ones of this log, which it is to have grown from.
attest::Checkpoint seen_in(const std::string& where, const std::string& text,
                           const attest::LogKey& key) {
  const auto proof = attest::parse_inclusion_proof(text);
  auto checkpoint = attest::verify_checkpoint(proof ? proof->checkpoint : text, key);
  if (!checkpoint) throw failure_in_words(kNotChecked, where, checkpoint.error());
  return std::move(checkpoint).value();
}

struct Seen {
  std::string where;
  attest::Checkpoint checkpoint;
};

// A file that need not be there yet.
void see_kept(const LogOptions& options, const attest::LogKey& key, std::vector<Seen>& out) {
  if (options.keep.empty()) return;
  const auto kept = client::read_file(options.keep, attest::kCheckpointBytesMax);
  if (!kept && kept.error().code == ErrorCode::not_found) return;
  if (!kept) throw failure_in_words(kNotChecked, options.keep, kept.error());
  out.push_back({options.keep, seen_in(options.keep, *kept, key)});
}

std::vector<Seen> seen_before(const LogOptions& options, const attest::LogKey& key,
                              const std::optional<attest::ImageLog>& demanded) {
  std::vector<Seen> out;
  for (const std::string& path : options.since) {
    const auto text = client::read_file(path, attest::kLogProofBytesMax);
    if (!text) throw failure_in_words(kNotChecked, path, text.error());
    out.push_back({path, seen_in(path, *text, key)});
  }
  if (demanded) {
    for (const std::string& proof : demanded->proofs) {
      out.push_back({options.policy, seen_in(options.policy, proof, key)});
    }
  }
  see_kept(options, key, out);
  return out;
}

std::optional<attest::ImageLog> demanded_by(const LogOptions& options) {
  if (options.policy.empty()) return std::nullopt;
  const policy::VerifiedPolicy policy = read_policy(options.policy);
  if (policy.policy().trust.image_log) return policy.policy().trust.image_log;
  throw Failure(kNotChecked, options.policy, "the policy names no log of images",
                "say --key, and --since for a checkpoint that you have seen");
}

Failure nobodys_log(const std::string& folder) {
  Failure out(kNotChecked, folder, "nobody has said whose log it is to be",
              "say --key, or --policy for the log that a policy names");
  out.exits_with(kExitUsage);
  return out;
}

void check(const Console& console, const LogOptions& options) {
  const auto demanded = demanded_by(options);
  if (options.key.empty() && !demanded) throw nobodys_log(options.folder);
  const attest::LogKey key = options.key.empty() ? demanded->key : key_of(options.key);
  const auto log = read_log(kNotChecked, options.folder, key);
  const std::vector<Seen> seen = seen_before(options, key, demanded);
  Json::Array sizes;
  for (const Seen& one : seen) {
    const Status grown = client::check_grown(log, one.checkpoint);
    if (!grown) throw failure_in_words(kNotChecked, one.where, grown.error());
    sizes.emplace_back(one.checkpoint.size);
  }
  if (!options.keep.empty()) {
    const Status kept = client::write_file(options.keep, log.note, kPublicMode);
    if (!kept) throw failure_in_words("the checkpoint was not kept", options.keep, kept.error());
  }
  console.say(in_words(log.checkpoint) + ", all of it signed by its key." +
              (seen.empty()
                   ? "\nIt was held against no older checkpoint."
                   : "\nIt has only grown since " + std::to_string(seen.size()) +
                         (seen.size() == 1 ? " older checkpoint." : " older checkpoints.")));
  Json out = described(log.checkpoint);
  console.print(out.set("grown_since", Json(std::move(sizes))));
}

void show(const Console& console, const LogOptions& options) {
  const auto log = client::peek_image_log(options.folder);
  if (!log) throw failure_in_words("the log was not read", options.folder, log.error());
  std::string text = "Nothing is verified: " + in_words(log->checkpoint);
  Json::Array entries;
  for (const std::string& entry : log->entries) {
    const packet::Envelope manifest = attest::read_image_log_entry(entry).value();
    Json::Array keyids;
    text += "\n  " + std::to_string(entries.size()) + "  image " + digest_of(manifest);
    for (const packet::EnvelopeSignature& one : manifest.signatures) {
      text += "\n     says that it is signed by the key " + one.keyid;
      keyids.emplace_back(one.keyid);
    }
    entries.push_back(
        Json::object({{"digest", digest_of(manifest)}, {"keyids", Json(std::move(keyids))}}));
  }
  console.say(text);
  Json out = described(log->checkpoint);
  console.print(out.set("entries", Json(std::move(entries))));
}

struct LogVerb {
  CLI::App* verb;
  std::shared_ptr<LogOptions> options = std::make_shared<LogOptions>();
};

LogVerb log_verb(CLI::App* group, const std::string& name, const std::string& what,
                 const std::string& example) {
  LogVerb out{group->add_subcommand(name, what)};
  out.verb->footer("Example: glovebox image log " + example);
  return out;
}

void add_folder(const LogVerb& one) {
  one.verb->add_option("folder", one.options->folder, "The log: checkpoint and entries/")
      ->required();
}
CLI::Option* add_key(const LogVerb& one) {
  return one.verb->add_option("--key", one.options->key,
                              "The log's key, as origin+id+key: glovebox image log key");
}
void add_manifest(const LogVerb& one) {
  one.verb->add_option("manifest", one.options->manifest, "The signed manifest")->required();
}
CLI::Option* add_origin(const LogVerb& one) {
  return one.verb
      ->add_option("--origin", one.options->origin,
                   "The log's name, best under a domain of your own, as example.com/images")
      ->required();
}

void add_keeper_verbs(CLI::App* group, Console& console) {
  const LogVerb begins = log_verb(group, "init", "Begin a log under this party's key",
                                  "init images --origin example.com/images");
  add_folder(begins);
  add_origin(begins);
  begins.verb->callback([&console, o = begins.options] { init(console, *o); });
  const LogVerb adds = log_verb(group, "add", "Add a signed manifest, and sign the new tree",
                                "add images image.signed.json");
  add_folder(adds);
  add_manifest(adds);
  adds.verb->callback([&console, o = adds.options] { add(console, *o); });
  const LogVerb keys = log_verb(group, "key", "The key of a log that this party keeps",
                                "key --origin example.com/images --of keeper.id");
  add_origin(keys);
  keys.verb->add_option("--of", keys.options->identity, "Whose; else of --home");
  keys.verb->callback([&console, o = keys.options] { tell_key(console, *o); });
}

void add_reader_verbs(CLI::App* group, Console& console) {
  const LogVerb proves =
      log_verb(group, "prove", "Write the proof that a signed manifest is in the log",
               "prove images image.signed.json --key KEY -o image.tlog-proof");
  add_folder(proves);
  add_manifest(proves);
  add_key(proves)->required();
  proves.verb->add_option("-o,--output", proves.options->output, "The proof")->required();
  proves.verb->callback([&console, o = proves.options] { prove(console, *o); });
  const LogVerb verifies = log_verb(group, "verify", "Whether a proof holds; needs no log",
                                    "verify image.signed.json --proof image.tlog-proof --key KEY");
  add_manifest(verifies);
  verifies.verb->add_option("--proof", verifies.options->proof, "The proof")->required();
  add_key(verifies)->required();
  verifies.verb->callback([&console, o = verifies.options] { verify(console, *o); });
  const LogVerb checks = log_verb(group, "check", "Verify a whole log, and that it has only grown",
                                  "check images --key KEY --keep seen.checkpoint");
  add_folder(checks);
  add_key(checks);
  checks.verb->add_option("--since", checks.options->since,
                          "A checkpoint or proof that was seen before; several times for several");
  checks.verb->add_option(
      "--policy", checks.options->policy,
      "A policy that names the log: its key, and the checkpoints of its proofs");
  checks.verb->add_option("--keep", checks.options->keep,
                          "Where to remember this checkpoint; the one there is as of --since");
  checks.verb->callback([&console, o = checks.options] { check(console, *o); });
  const LogVerb shows =
      log_verb(group, "show", "List what a log says, verifying nothing", "show images");
  add_folder(shows);
  shows.verb->callback([&console, o = shows.options] { show(console, *o); });
}

}  // namespace

void add_image_log_verbs(CLI::App& image, Console& console) {
  CLI::App* group =
      image.add_subcommand("log", "The public log in which images stand that others can see");
  group->require_subcommand(1);
  group->footer("Example: glovebox image log check images --key KEY --keep seen.checkpoint");
  add_keeper_verbs(group, console);
  add_reader_verbs(group, console);
}

}  // namespace gbx::cli
