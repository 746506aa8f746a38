#pragma once

// What the firmware of an AMD SEV-SNP machine will report as MEASUREMENT, computed before the start
// from the files that the guest starts from. So a member needs to believe nobody's number: it
// builds the image, computes this, and writes it into the trust policy.
//
// Whoever made the files controls every byte of them; what must stay true: the digest is that of
// these files and of this virtual machine, or there is none. Nothing is guessed.
//
// Sources: AMD 56860 (SEV-SNP firmware ABI) 8.17.2 for the digest, AMD 24593 (APM volume 2) for the
// save area; edk2 OvmfPkg/ResetVector and QEMU target/i386/sev.c for what a guest starts with.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "trusted/base/bytes.h"

namespace gbx::client {

using LaunchDigest = std::array<std::uint8_t, 48>;

constexpr std::size_t kFirmwareBytesMax = std::size_t{64} << 20;
constexpr unsigned kVcpusMax = 4096;

// Who starts the guest: they set its first registers differently. The name is the enumerator's,
// with "-" for "_".
enum class Vmm : std::uint8_t {
  qemu,
  ec2,       // as AWS starts guests in 2026
  ec2_2024,  // and before
  gce,
};
std::optional<Vmm> vmm_from(std::string_view name);

// CPUID Fn0000_0001_EAX of a processor as QEMU names it ("EPYC-v4", "EPYC-Genoa"); nullopt for
// others.
std::optional<std::uint32_t> cpu_signature(std::string_view model);
std::vector<std::string_view> cpu_models();

// A kernel that is started without a disk; the firmware checks it against hashes that are measured.
struct DirectKernel {
  ByteView kernel;
  ByteView initrd;
  std::string command_line;
};

struct SnpGuest {
  ByteView firmware;  // OVMF, a multiple of 4096 bytes
  std::optional<DirectKernel> kernel;
  unsigned vcpus = 1;                // 1 to kVcpusMax
  std::uint32_t cpu = 0;             // cpu_signature(); ec2 and gce do not show it
  std::uint64_t guest_features = 1;  // SEV_FEATURES; bit 0 is SNP and must be set
  Vmm vmm = Vmm::qemu;
};

// Fails with invalid_argument: firmware_malformed, firmware_not_for_snp (it has no table of what to
// measure), firmware_without_kernel_hashes (a kernel is given, and it would not be measured),
// guest_malformed (no or too many processors, or not SNP). Pure and thread-safe.
Result<LaunchDigest> snp_launch_digest(const SnpGuest& guest);

}  // namespace gbx::client
