#include <ctime>
#include <memory>

#include "cli/mistakes.h"
#include "cli/trust_verbs.h"
#include "cli/verbs.h"
#include "client/evidence/check_evidence.h"
#include "client/evidence/explain_evidence.h"
#include "client/keys/atomic_file.h"
#include "client/policy/wording.h"

namespace gbx::cli {
namespace {

constexpr std::size_t kFileBytesMax = std::size_t{8} << 20;
constexpr std::size_t kValueShown = 128;  // digits of hex: 64 bytes
constexpr const char* kPlatforms = "sim, tpm, snp, sgx, tdx, nitro or azure";

struct EvidenceOptions {
  std::string platform;
  std::string evidence;
  std::string chain;
  std::string collateral;
  std::string nonce;
  std::string policy_hash;
  std::string trust;
  std::string at;
};

const std::string kNot = "the evidence was not verified";

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
  out.file.chain = read_bytes(options.chain);
  out.file.collateral = read_bytes(options.collateral);
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

// The claims and every reason, then a failure when it is a no.
void verify(const Console& console, const EvidenceOptions& options) {
  const client::EvidenceQuestion question = question_of(options);
  const auto answer = client::check_evidence(question);
  if (!answer) throw failure_in_words(kNot, options.trust, answer.error());
  console.print(client::encode_answer(*answer, question.file.platform));
  std::string text = claims_text(answer->verdict);
  if (answer->ok()) {
    const attest::Assurance assurance = answer->verdict.assurance();
    console.say(text + "Verified: " + std::string(attest::assurance_word(assurance)) + ", image " +
                to_hex(answer->verdict.image_digest()) + ".\n" +
                client::assurance_sentence(assurance));
    return;
  }
  const auto reasons = reasons_of(*answer);
  text += "Against it\n";
  for (const std::string_view reason : reasons) text += words_of(reason) + "\n";
  console.say(text);
  throw refusal_of(options.evidence, reasons.front());
}

void show(const Console& console, const EvidenceOptions& options) {
  client::EvidenceQuestion question;
  const std::string text = read_text(options.evidence);
  if (!options.platform.empty()) {
    question = question_of(options);
  } else {
    auto packet = client::read_evidence_packet(text);
    if (!packet) {
      throw Failure("the evidence is not shown", options.evidence,
                    "it is no evidence packet and no answer",
                    std::string("for a platform's own file, say --platform: ") + kPlatforms);
    }
    question.file = std::move(*packet);
    question.file.chain = read_bytes(options.chain);
    question.file.collateral = read_bytes(options.collateral);
    question.now = std::time(nullptr);
  }
  const auto answer = client::check_evidence(question);
  if (!answer)
    throw failure_in_words("the evidence is not shown", options.evidence, answer.error());
  std::string out =
      client::platform_sentence(question.file.platform) + "\n" + claims_text(answer->verdict);
  if (answer->verdict.claims().empty()) out += "Nothing in it can be read.\n";
  console.say(out + "This is what it says. Whether to believe it: glovebox evidence verify.");
  console.print(client::encode_answer(*answer, question.file.platform));
}

void add_files(CLI::App* verb, const std::shared_ptr<EvidenceOptions>& options) {
  verb->add_option("--chain", options->chain,
                   "Certificates and revocation lists, PEM or DER, one after the other");
  verb->add_option("--collateral", options->collateral,
                   "What else belongs to it: Intel's JSON, a TPM's event log");
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
  verb->add_option("file", options->evidence, "An evidence packet, an answer, or raw evidence")
      ->required();
  verb->add_option("--platform", options->platform, "Of raw evidence: " + std::string(kPlatforms));
  add_files(verb, options);
  verb->footer("Example: glovebox evidence show answer.json");
  verb->callback([&console, options] { show(console, *options); });
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
