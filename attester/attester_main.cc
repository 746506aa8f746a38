// glovebox-attester: makes evidence of the machine that it runs on, for a room that asks over its
// line (descriptor 3); or enrols a TPM's attestation key. It stands outside of the room: nothing
// that it says is believed but by what the platform has signed.

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>

#include "attest/enrolment.h"
#include "attester/event_log_file.h"
#include "attester/serve.h"
#include "attester/tpm.h"
#include "attester/tsm.h"

namespace gbx::attester {
namespace {

constexpr int kRoomDescriptor = 3;
constexpr std::size_t kBindingBytes = 32;  // of a quote's extra data

struct Options {
  std::string tpm;
  std::string folder = kTsmFolder;
  std::string key;
  std::string firmware_log;
  std::string launch_log;
  std::string challenge;
  std::vector<unsigned> pcrs{attest::kImagePcr};
  Attachments files;
};

// Of a Result; a failure ends the program with the word.
template <typename T>
T demand(Result<T> result) {
  if (result) return std::move(result).value();
  throw std::runtime_error(std::string(result.error().reason.view()));
}

Tpm open_tpm(const Options& options) {
  if (options.key == "own") return demand(Tpm::open(options.tpm, TpmKey::own));
  auto certified = Tpm::open(options.tpm, TpmKey::google);
  const bool missing = !certified && certified.error().reason == Literal("tpm_key_missing");
  if (missing && options.key.empty()) return demand(Tpm::open(options.tpm, TpmKey::own));
  return demand(std::move(certified));
}

// Of the start so far: the launcher writes its log before the room runs, so before it asks.
Result<Bytes> read_event_log(const Options& options) {
  GBX_TRY_ASSIGN(const Bytes firmware, read_attachment(options.firmware_log));
  GBX_TRY_ASSIGN(const Bytes launch, read_attachment(options.launch_log));
  if (firmware.empty() && launch.empty()) return Bytes{};
  return merge_event_logs(firmware, launch);
}

int run_tpm(const Options& options) {
  Tpm tpm = open_tpm(options);
  attest::PcrMask selection = 0;
  for (const unsigned pcr : options.pcrs) selection |= attest::PcrMask{1} << pcr;
  const Attest attest = [&](ByteView binding) -> Result<attest::EvidenceBundle> {
    GBX_TRY_ASSIGN(Bytes log, read_event_log(options));
    GBX_TRY_ASSIGN(attest::TpmEvidence quote,
                   tpm.quote({binding.first(std::min(binding.size(), kBindingBytes)), selection}));
    const attest::TpmFile file{tpm.ak_public(), std::move(quote)};
    return attest::EvidenceBundle{attest::Platform::tpm, to_bytes(attest::print_tpm_file(file)),
                                  tpm.ak_certificate(), std::move(log)};
  };
  enclave::AttesterLine line{enclave::Descriptor(kRoomDescriptor)};
  serve(line, attest::Platform::tpm, options.files, attest);
  return 0;
}

int run_tsm(const Options& options) {
  const Attest attest = [&](ByteView binding) { return tsm_report(options.folder, binding); };
  // What machine it is shows in a first report, over bytes that bind nothing.
  const attest::Platform platform = demand(attest(Bytes(64, 0))).platform;
  if (!options.files.event_log.empty() && platform != attest::Platform::tdx) {
    throw std::runtime_error("--event-log is of TDX alone");
  }
  enclave::AttesterLine line{enclave::Descriptor(kRoomDescriptor)};
  serve(line, platform, options.files, attest);
  return 0;
}

int offer(const Options& options) {
  Tpm tpm = demand(Tpm::open(options.tpm));
  attest::EvidenceBundle files;
  files.chain = demand(tpm.endorsement_certificate());
  files = demand(attach_files(std::move(files), options.files));
  std::cout << attest::encode(attest::KeyOffer{tpm.ak_public(), files.chain}).canonical() << "\n";
  return 0;
}

int answer(const Options& options) {
  std::ifstream file(options.challenge, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const Json json = demand(Json::parse(text));
  const auto challenge = demand(attest::decode_key_challenge(json));
  Tpm tpm = demand(Tpm::open(options.tpm));
  const Bytes proof = demand(tpm.activate(challenge.id_object, challenge.secret));
  std::cout << Json::object({{"proof", to_hex(proof)}}).canonical() << "\n";
  return 0;
}

void add_tpm(CLI::App* verb, Options& options) {
  verb->add_option("--tpm", options.tpm, "device:/dev/tpmrm0, or swtpm:HOST:PORT")->required();
}

void add_verbs(CLI::App& app, Options& options) {
  app.require_subcommand(1);
  CLI::App* tpm = app.add_subcommand("tpm", "Quotes of a TPM 2.0, for the room at descriptor 3");
  add_tpm(tpm, options);
  tpm->add_option("--launch-log", options.launch_log, "What glovebox-launch has written");
  tpm->add_option("--firmware-log", options.firmware_log,
                  "The firmware's event log, /sys/kernel/security/tpm0/binary_bios_measurements");
  tpm->add_option("--key", options.key,
                  "own: the key that owners enrol; google: the one that Google certifies. Without "
                  "it, Google's where the TPM has it")
      ->check(CLI::IsMember({"own", "google"}));
  tpm->add_option("--pcr", options.pcrs, "The registers to quote, of the bank sha256")
      ->delimiter(',')
      ->check(CLI::Range(0U, 23U));
  CLI::App* tsm = app.add_subcommand(
      "tsm", "Reports of SEV-SNP or quotes of TDX by configfs-tsm, for the room at descriptor 3");
  tsm->add_option("--folder", options.folder, "Where configfs-tsm is")->capture_default_str();
  tsm->add_option("--event-log", options.files.event_log,
                  "Of a TDX guest's start, /sys/firmware/acpi/tables/data/CCEL");
  for (CLI::App* verb : {tpm, tsm}) {
    verb->add_option("--collateral", options.files.collateral, "Goes along with each evidence");
  }
  CLI::App* offered = app.add_subcommand("offer", "The attestation key, for an owner to enrol");
  add_tpm(offered, options);
  for (CLI::App* verb : {tpm, tsm, offered}) {
    verb->add_option("--chain", options.files.chain, "Certificates and revocation lists to add");
  }
  CLI::App* answered = app.add_subcommand("answer", "Answer an owner's challenge");
  add_tpm(answered, options);
  answered->add_option("challenge", options.challenge, "From glovebox trust challenge")->required();
}

int run(const CLI::App& app, const Options& options) {
  std::signal(SIGPIPE, SIG_IGN);
  if (app.got_subcommand("tpm")) return run_tpm(options);
  if (app.got_subcommand("tsm")) return run_tsm(options);
  if (app.got_subcommand("offer")) return offer(options);
  return answer(options);
}

}  // namespace
}  // namespace gbx::attester

int main(int argc, char** argv) {
  CLI::App app("Makes evidence of this machine for a room; nobody takes its word for it.");
  app.footer(
      "Example: gloveboxd --dir room --policy policy.json -- glovebox-attester tpm "
      "--tpm device:/dev/tpmrm0");
  gbx::attester::Options options;
  gbx::attester::add_verbs(app, options);
  try {
    app.parse(argc, argv);
    ::setenv("TSS2_LOG", "all+none", 1);  // what fails is said by us, once
    return gbx::attester::run(app, options);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "glovebox-attester: %s\n", error.what());
    return 1;
  }
}
