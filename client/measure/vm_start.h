#pragma once

// What the registers of a TPM, or of a TDX guest, hold after the start of a VM image (a unified
// kernel image of vm/image.py, started by OVMF as QEMU's -kernel), computed from the file. Whoever
// made the image controls every byte of it: nothing here says that it is a good one, only what a
// start of these bytes leaves. An image of another form is refused, since its start would leave
// something else. Sources: PE Format (Authenticode digest), TCG PC Client Platform Firmware
// Profile 1.05, systemd-stub(7) of systemd 252, Linux 6.1 drivers/firmware/efi/libstub; for TDX:
// UEFI 2.10 section 38.4.1, EDK II OvmfPkg/Tcg/TdTcg2Dxe.

#include <vector>

#include "attest/platform_trust.h"

namespace gbx::client {

constexpr std::size_t kVmImageBytesMax = std::size_t{1} << 30;

// Bank sha256, ascending: 2 (no other firmware), 4 (the image, and the kernel in it), 9 (what the
// kernel says of its command line and initramfs), 11 (the image's parts), 12 and 13 (no other
// command line, no additions). Register 0, the firmware's, is not among them: OVMF measures its
// memory, which depends on the machine. Fails with invalid_argument (vm_image_malformed). Pure and
// thread-safe.
Result<std::vector<attest::PcrValue>> pcrs_of_vm(ByteView image);

// Where the firmware draws the line between itself and what it starts: EDK II first did so in RTMR
// 0 alone, now in RTMR 1.
enum class Separator : std::uint8_t { rtmr0, rtmr1 };

// RTMR 1 (the image, the kernel in it, and that firmware services ended), 2 and 3 (nothing: stub
// and kernel of these versions measure into a TPM only) of a trust domain. RTMR 0 is not among
// them: firmware measures there what the host hands over (memory map, ACPI tables, boot variables).
// No machine has confirmed these values. Fails as pcrs_of_vm(). Pure and thread-safe.
Result<std::vector<attest::PcrValue>> rtmrs_of_vm(ByteView image, Separator separator);

}  // namespace gbx::client
