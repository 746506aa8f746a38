#include <charconv>
#include <memory>

#include "cli/mistakes.h"
#include "cli/verbs.h"
#include "client/keys/atomic_file.h"
#include "client/measure/boot_log.h"
#include "client/measure/eif.h"
#include "client/measure/image.h"
#include "client/measure/snp_launch.h"
#include "client/measure/tdx_launch.h"
#include "client/measure/vm_start.h"
#include "trusted/crypto/hash.h"

namespace gbx::cli {
namespace {

constexpr std::size_t kKernelBytesMax = std::size_t{256} << 20;
constexpr std::size_t kInitrdBytesMax = std::size_t{4} << 30;
constexpr std::size_t kLogBytesMax = std::size_t{1} << 20;

const std::string kNot = "nothing was measured";

struct SnpOptions {
  std::string firmware;
  std::string kernel;
  std::string initrd;
  std::string command_line;
  unsigned vcpus = 0;
  std::string cpu;
  std::string vmm = "qemu";
  std::string features = "1";
};

struct TpmOptions {
  std::string log;
  std::string image;
  std::string bank = "sha256";
};

Failure wrong_usage(const std::string& where, const std::string& why, const std::string& next) {
  Failure out(kNot, where, why, next);
  out.exits_with(kExitUsage);
  return out;
}

std::string read_part(const std::string& path, std::size_t size_max) {
  auto text = client::read_file(path, size_max);
  if (!text) throw failure_in_words(kNot, path, text.error());
  return std::move(text).value();
}

std::string listed(const std::vector<std::string_view>& names) {
  std::string out;
  for (const std::string_view name : names) out += (out.empty() ? "" : ", ") + std::string(name);
  return out;
}

std::uint64_t hex_number(const std::string& text) {
  const std::size_t from = text.starts_with("0x") ? 2 : 0;
  std::uint64_t out = 0;
  const auto read = std::from_chars(text.data() + from, text.data() + text.size(), out, 16);
  if (read.ec == std::errc() && read.ptr == text.data() + text.size()) return out;
  throw wrong_usage("--guest-features " + text, "it is no hex number", "write it as in 0x21");
}

void measure_image(const Console& console, const std::string& program) {
  const auto manifest = client::measure_image(program);
  if (!manifest) throw failure_in_words(kNot, program, manifest.error());
  const std::string digest = to_hex(crypto::sha256(as_bytes(manifest->canonical())));
  console.say(manifest->pretty() + "\nimage digest, for collaboration.yaml:\n" + digest);
  console.print(Json::object({{"digest", digest}, {"manifest", *manifest}}));
}

client::SnpGuest guest_of(const SnpOptions& options) {
  client::SnpGuest out;
  const auto vmm = client::vmm_from(options.vmm);
  if (!vmm)
    throw wrong_usage("--vmm " + options.vmm, "it is not known",
                      "write qemu, ec2, ec2-2024 or gce");
  out.vmm = *vmm;
  out.vcpus = options.vcpus;
  out.guest_features = hex_number(options.features);
  const bool shows_cpu = *vmm == client::Vmm::qemu;
  if (!shows_cpu && options.cpu.empty()) return out;
  const auto cpu = client::cpu_signature(options.cpu);
  if (!cpu) {
    throw wrong_usage("--cpu " + options.cpu, "the processor is not known",
                      "write what QEMU's -cpu says: " + listed(client::cpu_models()));
  }
  out.cpu = *cpu;
  return out;
}

void measure_snp(const Console& console, const SnpOptions& options) {
  client::SnpGuest guest = guest_of(options);
  if (options.kernel.empty() && !(options.initrd.empty() && options.command_line.empty())) {
    throw wrong_usage("--initrd, --cmdline", "they go with a kernel", "say which with --kernel");
  }
  const std::string firmware = read_part(options.firmware, client::kFirmwareBytesMax);
  guest.firmware = as_bytes(firmware);
  const std::string kernel =
      options.kernel.empty() ? "" : read_part(options.kernel, kKernelBytesMax);
  const std::string initrd =
      options.initrd.empty() ? "" : read_part(options.initrd, kInitrdBytesMax);
  if (!options.kernel.empty()) {
    guest.kernel = client::DirectKernel{as_bytes(kernel), as_bytes(initrd), options.command_line};
  }
  const auto digest = client::snp_launch_digest(guest);
  if (!digest) throw failure_in_words(kNot, options.firmware, digest.error());
  const std::string hex = to_hex(*digest);
  std::string text =
      "MEASUREMENT of SEV-SNP, for `glovebox trust add-image --measurement`:\n" + hex;
  if (!guest.kernel) {
    text =
        "Only the firmware is measured: it starts whatever disk it is given.\n"
        "For a room, start a kernel directly and say --kernel.\n" +
        text;
  }
  console.say(text);
  console.print(Json::object({{"measurement", hex}, {"platform", "snp"}}));
}

// One line and one JSON object for each register.
Json print_registers(const Console& console, const std::string& text,
                     const std::vector<attest::PcrValue>& registers) {
  std::string lines = text;
  Json values{Json::Array{}};
  for (const attest::PcrValue& one : registers) {
    lines += "\n" + std::to_string(one.index) + "=" + to_hex(one.value);
    values.push(Json::object({{"index", std::int64_t{one.index}}, {"value", to_hex(one.value)}}));
  }
  console.say(lines);
  return values;
}

struct TdxOptions {
  std::string log;
  std::string firmware;
  std::string image;
  std::string page_order = "page";
  std::string separator = "rtmr1";
};

std::string mrtd_of(const TdxOptions& options) {
  const bool by_page = options.page_order == "page";
  if (!by_page && options.page_order != "section") {
    throw wrong_usage("--page-order " + options.page_order, "it is not known",
                      "write page or section");
  }
  const std::string firmware = read_part(options.firmware, client::kFirmwareBytesMax);
  const auto digest = client::tdx_launch_digest(
      as_bytes(firmware), by_page ? client::PageOrder::page : client::PageOrder::section);
  if (!digest) throw failure_in_words(kNot, options.firmware, digest.error());
  return to_hex(*digest);
}

Json rtmrs_of(const Console& console, const TdxOptions& options) {
  const bool first = options.separator == "rtmr0";
  if (!first && options.separator != "rtmr1") {
    throw wrong_usage("--separator " + options.separator, "it is not known",
                      "write rtmr0 or rtmr1");
  }
  const std::string image = read_part(options.image, client::kVmImageBytesMax);
  const auto rtmrs = client::rtmrs_of_vm(
      as_bytes(image), first ? client::Separator::rtmr0 : client::Separator::rtmr1);
  if (!rtmrs) throw failure_in_words(kNot, options.image, rtmrs.error());
  return print_registers(
      console,
      "RTMRs, for `glovebox trust add-image --platform tdx --pcr`, which no machine has "
      "confirmed.\n"
      "RTMR 0 is not in the image: the host hands over what firmware measures there, so take it\n"
      "from a start of your own with --event-log.",
      *rtmrs);
}

void measure_tdx(const Console& console, const TdxOptions& options) {
  if (options.log.empty() && options.firmware.empty() && options.image.empty()) {
    throw wrong_usage("measure tdx", "there is nothing to compute from",
                      "give --firmware, and --image or --event-log");
  }
  if (!options.log.empty() && !options.image.empty()) {
    throw wrong_usage("measure tdx", "--image and --event-log both give RTMRs",
                      "compute from one, then from the other, and compare");
  }
  Json out = Json::object({{"platform", "tdx"}});
  if (!options.firmware.empty()) {
    const std::string mrtd = mrtd_of(options);
    console.say("MRTD, for `glovebox trust add-image --platform tdx --measurement`:\n" + mrtd);
    out.set("mrtd", mrtd);
  }
  if (!options.image.empty()) out.set("rtmrs", rtmrs_of(console, options));
  if (!options.log.empty()) {
    const std::string log = read_part(options.log, kLogBytesMax);
    if (log.starts_with("CCEL")) {
      throw wrong_usage(options.log, "this is the ACPI table that says where the log is",
                        "give the log itself: /sys/firmware/acpi/tables/data/CCEL");
    }
    const auto rtmrs = client::rtmrs_of_log(as_bytes(log));
    if (!rtmrs) throw failure_in_words(kNot, options.log, rtmrs.error());
    out.set("rtmrs",
            print_registers(console,
                            "RTMRs, for `glovebox trust add-image --platform tdx --pcr`:", *rtmrs));
  }
  console.print(out);
}

void measure_nitro(const Console& console, const std::string& path) {
  const std::string image = read_part(path, client::kEifBytesMax);
  const auto pcrs = client::pcrs_of_eif(as_bytes(image));
  if (!pcrs) throw failure_in_words(kNot, path, pcrs.error());
  Json values = print_registers(
      console, "PCRs, for `glovebox trust add-image --platform nitro --pcr`:", *pcrs);
  console.print(Json::object({{"pcrs", std::move(values)}, {"platform", "nitro"}}));
}

std::vector<attest::Measured> launch_of(const std::string& path) {
  std::string text = read_part(path, attest::kImageManifestBytesMax);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  const auto manifest = Json::parse_canonical(text);
  if (!manifest) throw failure_in_words(kNot, path, manifest.error());
  auto events = attest::launch_events(*manifest);
  if (!events) throw failure_in_words(kNot, path, events.error());
  return std::move(events).value();
}

void measure_tpm(const Console& console, const TpmOptions& options) {
  const auto bank = attest::bank_from(options.bank);
  if (!bank || !attest::digest_of(*bank)) {
    throw wrong_usage("--bank " + options.bank, "nothing rests on it",
                      "write sha256, sha384 or sha512");
  }
  if (options.log.empty() && options.image.empty()) {
    throw wrong_usage("measure tpm", "there is nothing to compute from",
                      "give --image, --event-log or both");
  }
  const bool launched = !options.image.empty();
  if (launched && *bank != attest::TpmAlgorithm::sha256) {
    throw wrong_usage("--bank " + options.bank, "a measured start extends the bank sha256 alone",
                      "leave it out");
  }
  const std::string log = options.log.empty() ? "" : read_part(options.log, kLogBytesMax);
  const auto pcrs = launched ? client::pcrs_of_launch(as_bytes(log), launch_of(options.image))
                             : client::pcrs_of_log(as_bytes(log), *bank);
  if (!pcrs) throw failure_in_words(kNot, options.log, pcrs.error());
  Json values = print_registers(
      console,
      "PCRs of bank " + options.bank +
          ", for `glovebox trust add-image --pcr` (one for each that an image fixes):",
      *pcrs);
  console.print(
      Json::object({{"bank", options.bank}, {"pcrs", std::move(values)}, {"platform", "tpm"}}));
}

struct VmOptions {
  std::string image;
  std::string room;
};

void measure_vm(const Console& console, const VmOptions& options) {
  const std::string image = read_part(options.image, client::kVmImageBytesMax);
  auto pcrs = client::pcrs_of_vm(as_bytes(image));
  if (!pcrs) throw failure_in_words(kNot, options.image, pcrs.error());
  const auto launched = client::pcrs_of_launch({}, launch_of(options.room));
  if (!launched) throw failure_in_words(kNot, options.room, launched.error());
  pcrs->insert(pcrs->end(), launched->begin(), launched->end());
  Json values = print_registers(
      console,
      "PCRs of bank sha256, for `glovebox trust add-image --platform tpm --pcr`. Register 0, the\n"
      "firmware's, is not in the image: take it from a start of your own.",
      *pcrs);
  console.print(
      Json::object({{"bank", "sha256"}, {"pcrs", std::move(values)}, {"platform", "tpm"}}));
}

void add_snp(CLI::App* group, Console& console) {
  auto options = std::make_shared<SnpOptions>();
  CLI::App* verb = group->add_subcommand(
      "snp", "The MEASUREMENT that an AMD SEV-SNP guest of these files will report");
  verb->add_option("--firmware", options->firmware, "The guest's OVMF image")->required();
  verb->add_option("--kernel", options->kernel, "The kernel that QEMU starts directly");
  verb->add_option("--initrd", options->initrd, "Its initial RAM disk");
  verb->add_option("--cmdline", options->command_line,
                   "Its command line, as QEMU's -append has it");
  verb->add_option("--vcpus", options->vcpus, "How many processors the guest has")->required();
  verb->add_option("--cpu", options->cpu, "Which, as QEMU's -cpu says; needed for qemu");
  verb->add_option("--vmm", options->vmm, "Who starts the guest: qemu, ec2, ec2-2024 or gce")
      ->capture_default_str();
  verb->add_option("--guest-features", options->features,
                   "SEV_FEATURES in hex; whoever runs the host knows it")
      ->capture_default_str();
  verb->footer(
      "Example: glovebox measure snp --firmware OVMF.fd --kernel vmlinuz --initrd initrd.img "
      "--cmdline console=ttyS0 --vcpus 4 --cpu EPYC-v4");
  verb->callback([&console, options] { measure_snp(console, *options); });
}

void add_tpm(CLI::App* group, Console& console) {
  auto options = std::make_shared<TpmOptions>();
  CLI::App* verb = group->add_subcommand("tpm", "What a start leaves in a TPM's registers");
  verb->add_option("--event-log", options->log,
                   "Of the firmware, whose registers to take: Linux keeps it as "
                   "/sys/kernel/security/tpm0/binary_bios_measurements");
  verb->add_option("--image", options->image,
                   "The manifest (image.json) of the room that glovebox-launch then starts");
  verb->add_option("--bank", options->bank, "sha256, sha384 or sha512")->capture_default_str();
  verb->footer("Example: glovebox measure tpm --image image.json");
  verb->callback([&console, options] { measure_tpm(console, *options); });
}

void add_vm(CLI::App* group, Console& console) {
  auto options = std::make_shared<VmOptions>();
  CLI::App* verb = group->add_subcommand(
      "vm", "What the start of a VM image leaves in the registers of the machine's TPM");
  verb->add_option("--image", options->image, "The unified kernel image, from ./dev vm")
      ->required();
  verb->add_option("--room", options->room, "The manifest (image.json) of the room in it")
      ->required();
  verb->footer("Example: glovebox measure vm --image glovebox.efi --room room/image.json");
  verb->callback([&console, options] { measure_vm(console, *options); });
}

void add_tdx(CLI::App* group, Console& console) {
  auto options = std::make_shared<TdxOptions>();
  CLI::App* verb = group->add_subcommand(
      "tdx", "MRTD of a TDX guest's firmware, and what a start leaves in its RTMRs");
  verb->add_option("--firmware", options->firmware, "The guest's OVMF image, whole, built for TDX");
  verb->add_option("--page-order", options->page_order,
                   "How the host's kernel starts guests: page (Linux from 6.16 on), or section")
      ->capture_default_str();
  verb->add_option("--event-log", options->log,
                   "Linux keeps it as /sys/firmware/acpi/tables/data/CCEL");
  verb->add_option("--image", options->image,
                   "The unified kernel image that QEMU starts directly, from ./dev vm");
  verb->add_option("--separator", options->separator,
                   "Where the firmware ends what is its own: rtmr1, or rtmr0 as older ones did")
      ->capture_default_str();
  verb->footer("Example: glovebox measure tdx --firmware OVMF.fd --image glovebox.efi");
  verb->callback([&console, options] { measure_tdx(console, *options); });
}

void add_nitro(CLI::App* group, Console& console) {
  auto image = std::make_shared<std::string>();
  CLI::App* verb = group->add_subcommand(
      "nitro", "PCR 0 to 2 that an AWS Nitro enclave of an image file will report");
  verb->add_option("--image", *image, "The enclave image file (EIF)")->required();
  verb->footer("Example: glovebox measure nitro --image room.eif");
  verb->callback([&console, image] { measure_nitro(console, *image); });
}

}  // namespace

void add_measure_verbs(CLI::App& app, Console& console) {
  CLI::App* verb = app.add_subcommand(
      "measure", "The image manifest and digest of this build, or what a platform will report");
  auto program = std::make_shared<std::string>(
      (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "glovebox-room").string());
  verb->add_option("--room-program", *program, "The room program")->capture_default_str();
  verb->footer("Example: glovebox measure");
  verb->require_subcommand(0, 1);
  verb->callback([&console, program, verb] {
    if (verb->get_subcommands().empty()) measure_image(console, *program);
  });
  add_snp(verb, console);
  add_tpm(verb, console);
  add_tdx(verb, console);
  add_vm(verb, console);
  add_nitro(verb, console);
}

}  // namespace gbx::cli
