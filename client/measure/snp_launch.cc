#include "client/measure/snp_launch.h"

#include <algorithm>

#include "client/measure/ovmf.h"
#include "trusted/crypto/hash.h"

namespace gbx::client {
namespace {

constexpr std::uint64_t kFirmwareEnd = std::uint64_t{1} << 32;  // OVMF ends where 4 GiB end
constexpr std::uint64_t kSaveAreaAddress = 0xFFFFFFFFF000;      // of every save area, in the RMP
constexpr std::uint32_t kFirstReset = 0xFFFFFFF0;               // where the first processor starts
constexpr std::uint64_t kFeatureSnp = 1;
constexpr std::size_t kHashTableBytes = 176;  // 168, padded to a multiple of 16

using Page = std::array<std::uint8_t, kPageBytes>;

enum class PageType : std::uint8_t {
  normal = 1,
  save_area = 2,
  zero = 3,
  unmeasured = 4,
  secrets = 5,
  cpuid = 6,
};

// The digest while the pages are added: each step hashes the digest so far with one page's hash,
// type and address (PAGE_INFO, table 67 of AMD 56860).
class Launch {
 public:
  void add(PageType type, std::uint64_t address, const LaunchDigest& contents) {
    Writer info;
    info.raw(digest_);
    info.raw(contents);
    info.u16(0x70);  // the size of PAGE_INFO
    info.u8(static_cast<std::uint8_t>(type));
    info.raw(Bytes(5, 0));  // no IMI page, no rights for VMPL 3 to 1, reserved
    info.u64(address);
    digest_ = crypto::sha384(info.bytes());
  }
  void add_contents(std::uint64_t address, ByteView pages) {
    for (std::size_t at = 0; at < pages.size(); at += kPageBytes) {
      add(PageType::normal, address + at, crypto::sha384(pages.subspan(at, kPageBytes)));
    }
  }
  void add_empty(PageType type, const SnpRange& range) {
    for (std::uint64_t at = 0; at < range.size; at += kPageBytes) {
      add(type, range.address + at, LaunchDigest{});
    }
  }
  void add_save_area(const Page& page) {
    add(PageType::save_area, kSaveAreaAddress, crypto::sha384(page));
  }
  [[nodiscard]] const LaunchDigest& digest() const { return digest_; }

 private:
  LaunchDigest digest_{};
};

void put_hash(Writer& out, std::string_view guid, const Hash& hash) {
  out.raw(guid_bytes(guid));
  out.u16(50);  // GUID, size, hash
  out.raw(hash);
}

// The page with the kernel's hashes at `offset`, as QEMU fills it.
Page hash_page(const DirectKernel& kernel, std::size_t offset) {
  Writer table;
  table.raw(guid_bytes("9438d606-4f22-4cc9-b479-a793d411fd21"));
  table.u16(168);
  Bytes line = to_bytes(kernel.command_line);
  line.push_back(0);
  put_hash(table, "97d02dd8-bd20-4c94-aa78-e7714d36ab2a", crypto::sha256(line));
  put_hash(table, "44baf731-3a2f-4bd7-9af1-41e29169781d", crypto::sha256(kernel.initrd));
  put_hash(table, "4de79437-abd2-427f-b835-d5b172d2045b", crypto::sha256(kernel.kernel));
  Page out{};
  std::ranges::copy(table.bytes(), out.begin() + static_cast<std::ptrdiff_t>(offset));
  return out;
}

bool is_ec2(Vmm vmm) { return vmm == Vmm::ec2 || vmm == Vmm::ec2_2024; }

// What differs between those who start guests.
struct Registers {
  std::uint16_t code_flags = 0x9b;
  std::uint16_t stack_flags = 0x93;
  std::uint16_t task_flags = 0x8b;
  std::uint64_t pat = 0x7040600070406;
  std::uint64_t rdx = 0x600;
  std::uint32_t mxcsr = 0;
  std::uint16_t x87_control = 0;
};

Registers registers_of(const SnpGuest& guest, std::uint32_t reset) {
  Registers out;
  switch (guest.vmm) {
    case Vmm::qemu:
      out.rdx = guest.cpu;
      out.mxcsr = 0x1f80;
      out.x87_control = 0x37f;
      break;
    case Vmm::ec2:
    case Vmm::ec2_2024:
      if (guest.vmm == Vmm::ec2_2024) out.rdx = 0;
      out.code_flags = reset == kFirstReset ? 0x9a : 0x9b;
      out.stack_flags = 0x92;
      out.task_flags = 0x83;
      break;
    case Vmm::gce: out.pat = 0x70106; break;
  }
  return out;
}

class SaveArea {
 public:
  void put(std::size_t offset, std::uint64_t value, std::size_t size = 8) {
    for (std::size_t i = 0; i < size; i++) {
      page_.at(offset + i) = static_cast<std::uint8_t>(value >> (8 * i));
    }
  }
  void put_segment(std::size_t offset, std::uint16_t selector, std::uint16_t flags,
                   std::uint64_t base) {
    put(offset, selector, 2);
    put(offset + 2, flags, 2);
    put(offset + 4, 0xffff, 4);
    put(offset + 8, base);
  }
  [[nodiscard]] const Page& page() const { return page_; }

 private:
  Page page_{};
};

// The registers of a processor that starts at `reset` (VMSA, AMD 24593 table B-4).
Page save_area(const SnpGuest& guest, std::uint32_t reset) {
  const Registers registers = registers_of(guest, reset);
  SaveArea out;
  for (const std::size_t data : {0x00U, 0x30U, 0x40U, 0x50U}) out.put_segment(data, 0, 0x93, 0);
  out.put_segment(0x10, 0xf000, registers.code_flags, reset & 0xffff0000);
  out.put_segment(0x20, 0, registers.stack_flags, 0);
  out.put_segment(0x60, 0, 0, 0);     // GDTR
  out.put_segment(0x70, 0, 0x82, 0);  // LDTR
  out.put_segment(0x80, 0, 0, 0);     // IDTR
  out.put_segment(0x90, 0, registers.task_flags, 0);
  out.put(0x0d0, 0x1000);      // EFER: SVME
  out.put(0x148, 0x40);        // CR4: MCE
  out.put(0x158, 0x10);        // CR0: ET
  out.put(0x160, 0x400);       // DR7
  out.put(0x168, 0xffff0ff0);  // DR6
  out.put(0x170, 0x2);         // RFLAGS
  out.put(0x178, reset & 0xffff);
  out.put(0x268, registers.pat);
  out.put(0x310, registers.rdx);
  out.put(0x3b0, guest.guest_features);
  out.put(0x3e8, 0x1);  // XCR0
  out.put(0x408, registers.mxcsr, 4);
  out.put(0x410, registers.x87_control, 2);
  return out.page();
}

void add_range(Launch& launch, const SnpGuest& guest, const Ovmf& ovmf, const SnpRange& range) {
  switch (range.section) {
    case SnpSection::zeroed:
      launch.add_empty(guest.vmm == Vmm::gce ? PageType::unmeasured : PageType::zero, range);
      break;
    case SnpSection::svsm_area: launch.add_empty(PageType::zero, range); break;
    case SnpSection::secrets: launch.add_empty(PageType::secrets, range); break;
    case SnpSection::cpuid:
      if (!is_ec2(guest.vmm)) launch.add_empty(PageType::cpuid, range);
      break;
    case SnpSection::kernel_hashes:
      if (guest.kernel) {
        const std::size_t offset = *ovmf.kernel_hash_address % kPageBytes;
        launch.add_contents(range.address, hash_page(*guest.kernel, offset));
      } else {
        launch.add_empty(PageType::zero, range);
      }
      break;
  }
}

Status check_guest(const SnpGuest& guest, const Ovmf& ovmf) {
  const bool counted = guest.vcpus >= 1 && guest.vcpus <= kVcpusMax;
  if (!counted || (guest.guest_features & kFeatureSnp) == 0) {
    return Error{ErrorCode::invalid_argument, "guest_malformed"};
  }
  if (!guest.kernel) return {};
  const bool measured = std::ranges::any_of(ovmf.ranges, [](const SnpRange& range) {
    return range.section == SnpSection::kernel_hashes;
  });
  if (!measured || !ovmf.kernel_hash_address) {
    return Error{ErrorCode::invalid_argument, "firmware_without_kernel_hashes"};
  }
  if (*ovmf.kernel_hash_address % kPageBytes + kHashTableBytes > kPageBytes) {
    return Error{ErrorCode::invalid_argument, "firmware_malformed"};
  }
  return {};
}

// CPUID specification (AMD 25481), Fn0000_0001_EAX.
constexpr std::uint32_t signature(unsigned family, unsigned model, unsigned stepping) {
  const unsigned low = std::min(family, 15U);
  return ((family - low) << 20) | ((model >> 4) << 16) | (low << 8) | ((model & 15) << 4) |
         stepping;
}

struct CpuModel {
  std::string_view name;
  std::uint32_t signature;
};

// QEMU target/i386/cpu.c.
constexpr CpuModel kModels[] = {
    {"EPYC", signature(23, 1, 2)},        {"EPYC-v1", signature(23, 1, 2)},
    {"EPYC-v2", signature(23, 1, 2)},     {"EPYC-v3", signature(23, 1, 2)},
    {"EPYC-v4", signature(23, 1, 2)},     {"EPYC-IBPB", signature(23, 1, 2)},
    {"EPYC-Rome", signature(23, 49, 0)},  {"EPYC-Milan", signature(25, 1, 1)},
    {"EPYC-Genoa", signature(25, 17, 0)}, {"EPYC-Turin", signature(26, 0, 0)},
};

}  // namespace

std::optional<Vmm> vmm_from(std::string_view name) {
  if (name == "qemu") return Vmm::qemu;
  if (name == "ec2") return Vmm::ec2;
  if (name == "ec2-2024") return Vmm::ec2_2024;
  if (name == "gce") return Vmm::gce;
  return std::nullopt;
}

std::optional<std::uint32_t> cpu_signature(std::string_view model) {
  for (const CpuModel& known : kModels) {
    if (known.name == model) return known.signature;
  }
  return std::nullopt;
}

std::vector<std::string_view> cpu_models() {
  std::vector<std::string_view> out;
  for (const CpuModel& known : kModels) out.push_back(known.name);
  return out;
}

Result<LaunchDigest> snp_launch_digest(const SnpGuest& guest) {
  const std::size_t size = guest.firmware.size();
  if (size == 0 || size % kPageBytes != 0 || size > kFirmwareBytesMax) {
    return Error{ErrorCode::invalid_argument, "firmware_malformed"};
  }
  GBX_TRY_ASSIGN(const Ovmf ovmf, read_ovmf(guest.firmware));
  GBX_TRY(check_guest(guest, ovmf));
  Launch launch;
  launch.add_contents(kFirmwareEnd - size, guest.firmware);
  for (const SnpRange& range : ovmf.ranges) add_range(launch, guest, ovmf, range);
  if (is_ec2(guest.vmm)) {  // which adds them last
    for (const SnpRange& range : ovmf.ranges) {
      if (range.section == SnpSection::cpuid) launch.add_empty(PageType::cpuid, range);
    }
  }
  const Page others = save_area(guest, ovmf.reset_address);
  launch.add_save_area(save_area(guest, kFirstReset));
  for (unsigned i = 1; i < guest.vcpus; i++) launch.add_save_area(others);
  return launch.digest();
}

}  // namespace gbx::client
