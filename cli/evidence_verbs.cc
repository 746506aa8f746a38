#include <array>
#include <ctime>
#include <memory>

#include "cli/home_files.h"
#include "cli/mistakes.h"
#include "cli/trust_verbs.h"
#include "cli/verbs.h"
#include "client/evidence/check_evidence.h"
#include "client/evidence/edit_trust.h"
#include "client/evidence/explain_evidence.h"
#include "client/evidence/import_evidence.h"
#include "client/evidence/quote_age.h"
#include "client/evidence/text_forms.h"
#include "client/keys/atomic_file.h"
#include "client/policy/wording.h"
#include "client/room/meet.h"
#include "trusted/crypto/entropy.h"

namespace gbx::cli {
namespace {

constexpr std::size_t kFileBytesMax = std::size_t{8} << 20;
constexpr std::size_t kValueShown = 128;  // digits of hex: 64 bytes
constexpr std::int64_t kMsPerSecond = 1000;
constexpr std::int64_t kMaxAgeMost = 3'153'600'000;  // a hundred years
constexpr const char* kPlatforms = "sim, tpm, snp, sgx, tdx, nitro or azure";

struct EvidenceOptions {
  std::string platform;
  std::string evidence;
  std::vector<std::string> chain;
  std::string collateral;
  std::string event_log;
  std::string nonce;
  std::string policy_hash;
  std::string trust;
  std::string at;
  std::string room;
  std::string policy;
  std::optional<std::int64_t> max_age_s;
};

// What a room says of itself, to this nonce.
struct Hello {
  std::array<std::uint8_t, enclave::kNonceBytes> nonce{};
  std::string text;
};

const std::string kNot = "the evidence was not verified";
const std::string kNotShown = "the evidence is not shown";

std::string read_text(const std::string& path) {
  auto text = client::read_file(path, kFileBytesMax);
  if (!text) throw failure_in_words(kNot, path, text.error());
  return std::move(text).value();
}

Bytes read_bytes(const std::string& path) {
  return path.empty() ? Bytes() : to_bytes(read_text(path));
}

Failure wrong_usage(const std::string& where, const std::string& why, const std::string& next) {
  Failure out(kNot, where, why, next);
  out.exits_with(kExitUsage);
  return out;
}

attest::Platform platform_of(const std::string& name) {
  const auto platform = attest::platform_from(name);
  if (platform) return *platform;
  throw wrong_usage(name, "there is no such platform", std::string("write ") + kPlatforms);
}

Bytes hex_of(const std::string& option, const std::string& text) {
  auto bytes = from_hex(text);
  if (bytes && !bytes->empty()) return std::move(bytes).value();
  throw wrong_usage(option, "it is not hex", "write two digits 0-9 or a-f for each byte");
}

client::EvidenceQuestion question_of(const EvidenceOptions& options) {
  client::EvidenceQuestion out;
  out.file.platform = platform_of(options.platform);
  out.file.evidence = read_bytes(options.evidence);
  for (const std::string& path : options.chain) {
    client::append_chain(out.file.chain, read_bytes(path));
  }
  out.file.collateral = read_bytes(options.collateral);
  if (!options.event_log.empty()) {
    if (out.file.platform != attest::Platform::tdx) {
      throw wrong_usage("--event-log", "only a TDX quote has one besides its collateral",
                        "give the event log of a TPM as --collateral");
    }
    const Bytes log = read_bytes(options.event_log);
    if (as_text(log).starts_with("CCEL")) {
      throw wrong_usage(options.event_log, "this is the ACPI table that says where the log is",
                        "give the log itself: /sys/firmware/acpi/tables/data/CCEL");
    }
    out.file = client::with_event_log(std::move(out.file), log);
  }
  if (!options.trust.empty()) out.trust = read_text(options.trust);
  if (!options.nonce.empty()) out.nonce = hex_of("--nonce", options.nonce);
  if (!options.policy_hash.empty()) {
    const Bytes bytes = hex_of("--policy-hash", options.policy_hash);
    Hash hash{};
    if (bytes.size() != hash.size()) {
      throw wrong_usage("--policy-hash", "it has not 32 bytes", "");
    }
    std::copy(bytes.begin(), bytes.end(), hash.begin());
    out.policy_hash = hash;
  }
  out.now = std::time(nullptr);
  if (!options.at.empty()) {
    const auto time = client::parse_time(options.at);
    if (!time) throw failure_in_words(kNot, options.at, time.error());
    out.now = *time;
  }
  return out;
}

// A value on one line: the beginning of a long one, and how much there is.
std::string shown(const std::string& value) {
  if (value.size() <= kValueShown) return value;
  return value.substr(0, kValueShown) + "... (" + std::to_string(value.size() / 2) + " bytes)";
}

std::string claims_text(const attest::Verdict& verdict) {
  std::string out;
  for (const client::EvidenceSection& section : client::explain_claims(verdict)) {
    out += section.title + "\n";
    for (const auto& [label, value] : section.rows) {
      out.append("  ").append(label).append(": ").append(shown(value)).append("\n");
    }
  }
  return out;
}

std::string words_of(std::string_view reason) {
  const client::Wording* wording = client::find_wording(reason);
  std::string out = "  " + std::string(reason);
  if (wording != nullptr) out += ": " + std::string(wording->means);
  return out;
}

std::vector<std::string_view> reasons_of(const client::EvidenceAnswer& answer) {
  std::vector<std::string_view> out;
  for (const Literal reason : answer.left_out) out.push_back(reason.view());
  for (const Literal reason : answer.verdict.reasons()) out.push_back(reason.view());
  return out;
}

Failure refusal_of(const std::string& where, std::string_view reason) {
  const client::Wording* wording = client::find_wording(reason);
  Failure out("the evidence is refused", where,
              std::string(wording == nullptr ? reason : wording->means),
              std::string(wording == nullptr ? "" : wording->next));
  out.with(ErrorCode::unverified, std::string(reason));
  return out;
}

// Yes and how strong, or all that is against it.
std::string verdict_text(const client::EvidenceAnswer& answer) {
  if (answer.ok()) {
    const attest::Assurance assurance = answer.verdict.assurance();
    return "Verified: " + std::string(attest::assurance_word(assurance)) + ", image " +
           to_hex(answer.verdict.image_digest()) + ".\n" + client::assurance_sentence(assurance);
  }
  std::string out = "Against it\n";
  for (const std::string_view reason : reasons_of(answer)) out += words_of(reason) + "\n";
  return out;
}

// The claims and every reason, then a failure when it is a no.
void verify(const Console& console, const EvidenceOptions& options) {
  const client::EvidenceQuestion question = question_of(options);
  const auto answer = client::check_evidence(question);
  if (!answer) throw failure_in_words(kNot, options.trust, answer.error());
  console.print(client::encode_answer(*answer, question.file.platform));
  const std::string text = claims_text(answer->verdict);
  console.say(text + verdict_text(*answer));
  if (!answer->ok()) throw refusal_of(options.evidence, reasons_of(*answer).front());
}

// Now, to a nonce of our own.
Hello hello_of(const std::string& socket) {
  try {
    crypto::SystemEntropy entropy;
    Hello out;
    if (!entropy.fill(out.nonce)) throw std::runtime_error("this machine gives no random numbers");
    client::RoomConnection connection(socket);
    out.text = as_text(client::call_or_throw(connection, enclave::Call::hello, out.nonce));
    return out;
  } catch (const client::RoomRefused& refused) {
    throw Failure(kNotShown, socket, refused.what(), "");
  } catch (const client::ConnectionError& broken) {
    throw Failure(kNotShown, socket, broken.what(), "is gloveboxd running?");
  }
}

// A packet, or what has one inside; with --policy, held against what its members believe.
client::EvidenceQuestion question_about(const EvidenceOptions& options) {
  client::EvidenceQuestion out;
  const std::string where = options.room.empty() ? options.evidence : options.room;
  const bool asked = !options.room.empty();
  const Hello hello = asked ? hello_of(where) : Hello{{}, read_text(where)};
  const std::string& text = hello.text;
  auto packet = client::read_evidence_packet(text);
  if (!packet) {
    throw Failure(kNotShown, where, "it is no evidence packet and no answer",
                  std::string("for a platform's own file, say --platform: ") + kPlatforms);
  }
  out.file = std::move(*packet);
  out.now = std::time(nullptr);
  if (options.policy.empty()) return out;
  const policy::VerifiedPolicy policy = read_policy(options.policy);
  const auto json = Json::parse(text);
  const Json* binding = json->find("binding");
  const auto decoded = packet::decode_binding(binding == nullptr ? Json() : *binding);
  if (!decoded) throw failure_in_words(kNotShown, where, decoded.error());
  if (asked && decoded->nonce != hello.nonce) {
    throw failure_in_words(kNotShown, where, {ErrorCode::unverified, "nonce_wrong"});
  }
  const packet::BindingDigest digest = packet::digest(*decoded);
  out.nonce = Bytes(digest.begin(), digest.end());
  out.policy_hash = policy.hash();
  out.trust = attest::encode_trust_policy(policy.policy().trust).canonical();
  return out;
}

// How old the evidence of a file is, by the clock of the machine that the room is on now.
std::int64_t age_of(const client::EvidenceAnswer& older, EvidenceOptions options) {
  const std::string file = std::exchange(options.evidence, "");
  const auto newer = client::check_evidence(question_about(options));
  if (!newer) throw failure_in_words(kNotShown, options.room, newer.error());
  const auto age_ms = client::quote_age_ms(older, *newer);
  if (!age_ms) throw failure_in_words("nobody vouches for its age", file, age_ms.error());
  const std::int64_t age_s = *age_ms / kMsPerSecond;
  if (options.max_age_s && *age_ms > *options.max_age_s * kMsPerSecond) {
    throw refusal_of(file, "quote_too_old");
  }
  return age_s;
}

void check_usage(const EvidenceOptions& options) {
  const bool both = !options.room.empty() && !options.evidence.empty();
  if (options.room.empty() && options.evidence.empty()) {
    throw wrong_usage("file", "name a file or a room", "write FILE or --room SOCKET");
  }
  if (both && (options.policy.empty() || !options.platform.empty())) {
    throw wrong_usage("--room", "the age of a file's evidence needs somebody to believe",
                      "say --policy, and no --platform");
  }
  if (options.max_age_s && !both) {
    throw wrong_usage("--max-age", "only the machine's own clock vouches for an age",
                      "name the file, and with --room the room on the same machine");
  }
}

void show(const Console& console, const EvidenceOptions& options) {
  check_usage(options);
  EvidenceOptions first = options;
  if (!options.evidence.empty()) first.room.clear();
  const client::EvidenceQuestion question =
      options.platform.empty() ? question_about(first) : question_of(options);
  const auto answer = client::check_evidence(question);
  if (!answer) throw failure_in_words(kNotShown, options.evidence, answer.error());
  std::string out =
      client::platform_sentence(question.file.platform) + "\n" + claims_text(answer->verdict);
  if (answer->verdict.claims().empty()) out += "Nothing in it can be read.\n";
  if (options.policy.empty()) {
    out += "This is what it says. Whether to believe it: glovebox evidence verify.";
  } else {
    out += verdict_text(*answer);
  }
  Json json = client::encode_answer(*answer, question.file.platform);
  if (!options.room.empty() && !options.evidence.empty()) {
    const std::int64_t age_s = age_of(*answer, options);
    out += "\nMade " + std::to_string(age_s) +
           " s ago by the clock of its TPM, which was not restarted since.";
    json.set("age_s", age_s);
  }
  console.say(out);
  console.print(json);
}

void add_files(CLI::App* verb, const std::shared_ptr<EvidenceOptions>& options) {
  verb->add_option("--chain", options->chain,
                   "Certificates and revocation lists, PEM or DER, one after the other; may be "
                   "given several times")
      ->allow_extra_args(false);
  verb->add_option("--collateral", options->collateral,
                   "What else belongs to it: Intel's JSON, a TPM's event log");
  verb->add_option(
      "--event-log", options->event_log,
      "Of a TDX guest's start, as Linux keeps it in /sys/firmware/acpi/tables/data/CCEL");
}

void add_verify(CLI::App* group, Console& console) {
  auto options = std::make_shared<EvidenceOptions>();
  CLI::App* verb = group->add_subcommand(
      "verify", "Verify evidence of any platform, offline; code 0 only for a yes");
  verb->add_option("--platform", options->platform, kPlatforms)->required();
  verb->add_option("--evidence", options->evidence, "The report, quote or document as it came")
      ->required();
  add_files(verb, options);
  verb->add_option("--nonce", options->nonce, "What the evidence must hold, in hex");
  verb->add_option("--policy-hash", options->policy_hash,
                   "SHA-256 of the policy that was fixed at the start, in hex");
  verb->add_option("--trust-policy", options->trust, "What to believe: docs/spec/trust-policy.md");
  verb->add_option("--at", options->at, "The time to verify at, as 2026-11-21T12:00:00Z; else now");
  verb->footer(
      "Example: glovebox evidence verify --platform snp --evidence report.bin --chain chain.pem "
      "--nonce 00ff --trust-policy trust.json");
  verb->callback([&console, options] { verify(console, *options); });
}

void add_show(CLI::App* group, Console& console) {
  auto options = std::make_shared<EvidenceOptions>();
  CLI::App* verb = group->add_subcommand(
      "show", "Say in words what evidence claims: which machine, firmware, code, who vouches");
  verb->add_option("file", options->evidence, "An evidence packet, an answer, or raw evidence");
  verb->add_option("--room", options->room,
                   "Instead of a file: ask the room at this socket; with a file, say how old that "
                   "is by the clock of the TPM of both");
  verb->add_option("--max-age", options->max_age_s, "Seconds: refuse what is older")
      ->check(CLI::Range(std::int64_t{0}, kMaxAgeMost));
  verb->add_option("--policy", options->policy,
                   "Also say whether it proves a room of this policy, signed by every member");
  verb->add_option("--platform", options->platform, "Of raw evidence: " + std::string(kPlatforms));
  add_files(verb, options);
  verb->footer("Example: glovebox evidence show answer.json");
  verb->callback([&console, options] { telling_mistakes([&] { show(console, *options); }); });
}

}  // namespace

void add_evidence_verbs(CLI::App& app, Console& console) {
  CLI::App* group = app.add_subcommand("evidence", "Verify or explain what a machine proves");
  group->require_subcommand(1);
  group->footer("Example: glovebox evidence show answer.json");
  add_verify(group, console);
  add_show(group, console);
  add_trust_verbs(app, console);
}

}  // namespace gbx::cli
