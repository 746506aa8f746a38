#include "cli/trust_verbs.h"

#include <charconv>
#include <memory>

#include "cli/home_files.h"
#include "cli/mistakes.h"
#include "client/evidence/edit_collaboration.h"
#include "client/evidence/enrol_key.h"
#include "client/keys/atomic_file.h"
#include "trusted/crypto/entropy.h"

namespace gbx::cli {
namespace {

constexpr std::int64_t kDaySeconds = 86400;
constexpr unsigned kFileMode = 0644;  // others check it too
constexpr unsigned kSecretMode = 0600;
constexpr const char* kNotEnrolled = "no key was enrolled";

struct TrustOptions {
  std::string file;
  std::string platform;
  std::string image;
  std::string manifest;  // signed
  std::string proof;     // that it is logged
  std::string measurement;
  std::vector<std::string> pcrs;  // "4=HEX"
  unsigned vmpl = 0;
  std::string machine;
  std::string offer;
  std::string roots;
  std::string challenge;
  std::string kept;
  std::string answer;
  std::string assurance;
};

// A file that says what to believe: a trust policy (JSON), or a collaboration (YAML).
struct TrustFile {
  std::string path;
  std::string text;
  [[nodiscard]] bool is_json() const { return Json::parse(text).has_value(); }
};

TrustFile read_trust_file(const std::string& path) {
  auto text = client::read_file(path, attest::kTrustPolicyBytesMax);
  if (!text) throw failure_in_words("the trust policy was not read", path, text.error());
  return {path, std::move(text).value()};
}

// Also of a signed policy.
attest::TrustPolicy parse_trust(const TrustFile& file) {
  if (!file.is_json()) return client::read_trust_of(file.text, file.path);
  if (Json::parse(file.text)->find("payload") != nullptr) {
    return read_policy(file.path).policy().trust;
  }
  auto trust = client::parse_trust_file(file.text);
  if (!trust) throw failure_in_words("the trust policy was not read", file.path, trust.error());
  return std::move(trust).value();
}

// Puts `text` in place of the file's, and tells what it says now.
void write_trust(const Console& console, const TrustFile& edited, const std::string& done) {
  const Status written = client::write_file(edited.path, edited.text, kFileMode);
  if (!written) {
    throw failure_in_words("the trust policy was not changed", edited.path, written.error());
  }
  console.say(done);
  console.print(attest::encode_trust_policy(parse_trust(edited)));
}

// `edit` of a trust policy in JSON.
template <typename Edit>
std::string edited_json(const TrustFile& file, Edit edit) {
  auto trust = client::parse_trust_file(file.text);
  if (!trust) throw failure_in_words("the trust policy was not read", file.path, trust.error());
  if (const Status done = edit(*trust); !done) {
    throw failure_in_words("the trust policy was not changed", file.path, done.error());
  }
  return client::print_trust_file(*trust);
}

Failure wrong_usage(const std::string& where, const std::string& why, const std::string& next) {
  Failure out("the trust policy was not changed", where, why, next);
  out.exits_with(kExitUsage);
  return out;
}

attest::Platform platform_of(const std::string& name) {
  const auto platform = attest::platform_from(name);
  if (!platform) {
    throw wrong_usage(name, "there is no such platform",
                      "write sim, tpm, snp, sgx, tdx, nitro or azure");
  }
  return *platform;
}

Bytes hex_of(const std::string& text) {
  auto bytes = from_hex(text);
  if (!bytes) throw wrong_usage(text, "it is not hex", "write two digits 0-9 or a-f for each byte");
  return std::move(bytes).value();
}

attest::PcrValue pcr_of(const std::string& text) {
  const std::size_t at = text.find('=');
  unsigned index = 0;
  const char* end = text.data() + (at == std::string::npos ? 0 : at);
  const auto read = std::from_chars(text.data(), end, index);
  if (at == std::string::npos || read.ec != std::errc() || read.ptr != end || index > 31) {
    throw wrong_usage(text, "it is no register and value", "write it as in 4=00ff...");
  }
  return {static_cast<std::uint8_t>(index), hex_of(text.substr(at + 1))};
}

std::string many(std::size_t count, const std::string& word) {
  return std::to_string(count) + " " + word + (count == 1 ? "" : "s");
}

std::string machines_text(const attest::Machines& machines) {
  return machines ? many(machines->size(), "machine") : "any machine";
}

// One line for each platform that is believed.
std::string sections_text(const attest::TrustPolicy& trust) {
  std::string out;
  const auto line = [&](const std::string& name, std::size_t images, const std::string& more) {
    out += "  " + name + "  " + many(images, "image") + ", " + more + "\n";
  };
  if (trust.sim) line("sim  ", trust.sim->images.size(), "anybody can forge it");
  if (trust.tpm) {
    line("tpm  ", trust.tpm->pcrs.images.size(),
         many(trust.tpm->roots.size(), "root") + ", " +
             many(trust.tpm->keys.size(), "enrolled key") + ", " +
             machines_text(trust.tpm->machines));
  }
  if (trust.snp) line("snp  ", trust.snp->images.size(), machines_text(trust.snp->machines));
  if (trust.sgx) line("sgx  ", trust.sgx->images.size(), machines_text(trust.sgx->machines));
  if (trust.tdx) line("tdx  ", trust.tdx->images.size(), machines_text(trust.tdx->machines));
  if (trust.nitro) {
    line("nitro", trust.nitro->images.size(), many(trust.nitro->roots.size(), "root"));
  }
  if (trust.azure) {
    line("azure", trust.azure->pcrs.images.size(),
         trust.azure->snp ? machines_text(trust.azure->snp->machines) : "not on SEV-SNP");
  }
  return out.empty() ? "  no platform: everything is refused\n" : out;
}

void show(const Console& console, const TrustOptions& options) {
  const attest::TrustPolicy trust = parse_trust(read_trust_file(options.file));
  console.say(
      "Believed from " + std::string(attest::assurance_word(trust.min_assurance)) +
      " on; revocation lists of at most " + std::to_string(trust.crl_age_max_s / kDaySeconds) +
      " days, collateral of at most " + std::to_string(trust.collateral_age_max_s / kDaySeconds) +
      "; " + many(trust.revoked_certificates.size(), "certificate") + " revoked.\n" +
      (trust.builders
           ? "Every image is signed by " + many(trust.builders->keys.size(), "builder") +
                 (trust.image_log ? ", and logged in " + trust.image_log->key.origin : "") + ".\n"
           : std::string()) +
      sections_text(trust));
  console.print(attest::encode_trust_policy(trust));
}

// Of the image: said, or that of its signed manifest.
void take_digest(const TrustOptions& options, client::NewImage& image) {
  if (!options.manifest.empty()) {
    image.manifest = read_packet(options.manifest);
    const auto signed_image = attest::read_signed_image(*image.manifest);
    if (!signed_image) {
      throw failure_in_words("the trust policy was not changed", options.manifest,
                             signed_image.error());
    }
    image.image_digest = signed_image->digest;
    if (options.image.empty() || options.image == to_hex(image.image_digest)) return;
    throw wrong_usage(options.image, "the signed manifest is of another image",
                      "leave --image out");
  }
  const Bytes digest = hex_of(options.image);
  if (digest.size() != image.image_digest.size()) {
    throw wrong_usage(options.image, "an image digest has 32 bytes",
                      "see glovebox measure, or say --manifest");
  }
  std::copy(digest.begin(), digest.end(), image.image_digest.begin());
}

void add_image(const Console& console, const TrustOptions& options) {
  client::NewImage image;
  image.platform = platform_of(options.platform);
  take_digest(options, image);
  if (!options.proof.empty()) {
    auto proof = client::read_file(options.proof, attest::kLogProofBytesMax);
    if (!proof) {
      throw failure_in_words("the trust policy was not changed", options.proof, proof.error());
    }
    image.proof = std::move(proof).value();
  }
  image.measurement = hex_of(options.measurement);
  image.vmpl = static_cast<std::uint8_t>(options.vmpl);
  for (const std::string& text : options.pcrs) image.pcrs.push_back(pcr_of(text));
  TrustFile file = read_trust_file(options.file);
  file.text = file.is_json()
                  ? edited_json(file, [&](auto& trust) { return client::add_image(trust, image); })
                  : client::add_image_to(file.text, file.path, image);
  write_trust(console, file, "It believes one more image of " + options.platform + ".");
}

void pin_machine(const Console& console, const TrustOptions& options) {
  const attest::Platform platform = platform_of(options.platform);
  const Bytes machine = hex_of(options.machine);
  TrustFile file = read_trust_file(options.file);
  const auto edit = [&](auto& trust) { return client::pin_machine(trust, platform, machine); };
  file.text = file.is_json() ? edited_json(file, edit)
                             : client::pin_machine_in(file.text, file.path, platform, machine);
  write_trust(console, file, "It believes this machine and the others that it names, and no more.");
}

std::string read_text(const std::string& path) {
  auto text = client::read_file(path, attest::kCollateralBytesMax);
  if (!text) throw failure_in_words(kNotEnrolled, path, text.error());
  return std::move(text).value();
}

void write_json(const std::string& path, const Json& json, unsigned mode) {
  const Status written = client::write_file(path, json.canonical() + "\n", mode);
  if (!written) throw failure_in_words(kNotEnrolled, path, written.error());
}

void challenge(const Console& console, const TrustOptions& options) {
  crypto::SystemEntropy entropy;
  const auto begun = client::begin_enrolment(
      read_text(options.offer), as_bytes(read_text(options.roots)), now_seconds(), entropy);
  if (!begun) throw failure_in_words(kNotEnrolled, options.offer, begun.error());
  write_json(options.kept, begun->kept, kSecretMode);
  write_json(options.challenge, begun->challenge, kFileMode);
  console.say("Send " + options.challenge + " to the machine and keep " + options.kept +
              " to yourself; nothing is enrolled yet.");
  console.print(Json::object({{"ak_sha256", *begun->kept.find("ak_sha256")}}));
}

void enrol(const Console& console, const TrustOptions& options) {
  const auto assurance = attest::assurance_from(options.assurance);
  if (!assurance) {
    throw wrong_usage(options.assurance, "it is no assurance word", "write DEV-TPM or TPM");
  }
  const auto proven = client::finish_enrolment(read_text(options.kept), read_text(options.answer));
  if (!proven) throw failure_in_words(kNotEnrolled, options.answer, proven.error());
  const attest::TpmKey key{*proven, *assurance};
  TrustFile file = read_trust_file(options.file);
  file.text = file.is_json()
                  ? edited_json(file, [&](auto& trust) { return client::enrol_key(trust, key); })
                  : client::enrol_key_in(file.text, file.path, key);
  write_trust(console, file,
              "It believes this TPM's attestation key as " + options.assurance + ".");
}

void add_enrolment(CLI::App* group, Console& console) {
  auto options = std::make_shared<TrustOptions>();
  CLI::App* asked = group->add_subcommand(
      "challenge", "Ask a TPM to prove that an attestation key is its own (first step)");
  asked->add_option("offer", options->offer, "From glovebox-attester offer")->required();
  asked->add_option("--root", options->roots, "Whose endorsement certificates you believe")
      ->required();
  asked->add_option("--keep", options->kept, "What the answer will be held against; secret")
      ->required();
  asked->add_option("-o,--output", options->challenge, "The challenge, for the machine")
      ->required();
  asked->footer(
      "Example: glovebox trust challenge offer.json --root vendor.pem --keep own.json -o "
      "challenge.json");
  asked->callback([&console, options] { challenge(console, *options); });
  auto last = std::make_shared<TrustOptions>();
  CLI::App* done = group->add_subcommand(
      "enrol-key", "Believe the attestation key of a TPM that has answered (second step)");
  done->add_option("file", last->file, "The trust policy, or collaboration.yaml; it is changed")
      ->required();
  done->add_option("answer", last->answer, "From glovebox-attester answer")->required();
  done->add_option("--keep", last->kept, "What trust challenge has kept")->required();
  done->add_option("--assurance", last->assurance,
                   "How strong its word is: DEV-TPM of a software TPM, DEV-VM, CLOUD-TPM or TPM")
      ->required();
  done->footer(
      "Example: glovebox trust enrol-key collaboration.yaml answer.json --keep own.json "
      "--assurance DEV-TPM");
  done->callback([&console, last] { telling_mistakes([&] { enrol(console, *last); }); });
}

void add_add_image(CLI::App* group, Console& console) {
  auto options = std::make_shared<TrustOptions>();
  CLI::App* verb = group->add_subcommand("add-image", "Believe one more image");
  verb->add_option("file", options->file, "The trust policy, or collaboration.yaml; it is changed")
      ->required();
  verb->add_option("--platform", options->platform, "Whose measurement it is")->required();
  verb->add_option("--image", options->image, "Digest of the image manifest (glovebox measure)");
  verb->add_option("--manifest", options->manifest,
                   "The manifest signed by its builders, in place of --image: where the trust "
                   "policy names builders");
  verb->add_option("--proof", options->proof,
                   "That the signed manifest is in the log: where the trust policy names a log");
  verb->add_option("--measurement", options->measurement,
                   "MEASUREMENT (snp), MRENCLAVE (sgx) or MRTD (tdx), in hex");
  verb->add_option("--vmpl", options->vmpl, "Of snp")->check(CLI::Range(0, 3));
  verb->add_option(
      "--pcr", options->pcrs,
      "Register and value, as 4=00ff..., several times: tpm, nitro, azure; RTMR of tdx");
  verb->footer(
      "Example: glovebox trust add-image trust.json --platform tpm --image 00ff... --pcr 4=00ff... "
      "--pcr 14=00ff...");
  verb->callback([&console, options] { telling_mistakes([&] { add_image(console, *options); }); });
}

void add_pin_machine(CLI::App* group, Console& console) {
  auto options = std::make_shared<TrustOptions>();
  CLI::App* verb = group->add_subcommand(
      "pin-machine", "Believe this machine; the first one ends that any is believed");
  verb->add_option("file", options->file, "The trust policy, or collaboration.yaml; it is changed")
      ->required();
  verb->add_option("--platform", options->platform, "snp, sgx, tdx, tpm or azure")->required();
  verb->add_option("machine", options->machine,
                   "CHIP_ID (snp, azure), platform instance id (sgx, tdx) or Google's instance id "
                   "(tpm), in hex: glovebox evidence show says it")
      ->required();
  verb->footer("Example: glovebox trust pin-machine trust.json 00ff... --platform snp");
  verb->callback(
      [&console, options] { telling_mistakes([&] { pin_machine(console, *options); }); });
}

}  // namespace

void add_trust_verbs(CLI::App& app, Console& console) {
  CLI::App* group =
      app.add_subcommand("trust", "What this party believes: roots, images, machines");
  group->require_subcommand(1);
  group->footer("Example: glovebox trust show trust.json");
  auto options = std::make_shared<TrustOptions>();
  CLI::App* verb = group->add_subcommand("show", "Say what a trust policy believes");
  verb->add_option("file", options->file, "The trust policy, collaboration.yaml or a signed policy")
      ->required();
  verb->footer("Example: glovebox trust show trust.json");
  verb->callback([&console, options] { telling_mistakes([&] { show(console, *options); }); });
  add_add_image(group, console);
  add_pin_machine(group, console);
  add_enrolment(group, console);
}

}  // namespace gbx::cli
