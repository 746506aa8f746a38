#pragma once

// The part of an OVMF image that says what is measured beside the image itself: a table of GUIDs
// just below its end, read from its end. Whoever made the firmware controls every byte.
// Sources: edk2 OvmfPkg/ResetVector/Ia16/ResetVectorVtf0.asm and X64/OvmfSevMetadata.asm.

#include <map>
#include <optional>
#include <vector>

#include "trusted/base/bytes.h"

namespace gbx::client {

constexpr std::size_t kPageBytes = 4096;

// What becomes of a range of memory at the start. Others are refused.
enum class SnpSection : std::uint32_t {
  zeroed = 1,
  secrets = 2,
  cpuid = 3,
  svsm_area = 4,
  kernel_hashes = 0x10,
};

struct SnpRange {
  std::uint32_t address = 0;  // of a page
  std::uint32_t size = 0;     // whole pages, at least one
  SnpSection section = SnpSection::zeroed;
};

struct Ovmf {
  std::uint32_t reset_address = 0;                   // where all processors but the first start
  std::optional<std::uint32_t> kernel_hash_address;  // where the hashes of a kernel go
  std::vector<SnpRange> ranges;                      // in the order of the table
};

// `image` is at most kFirmwareBytesMax. Fails with invalid_argument: firmware_malformed,
// firmware_not_for_snp.
Result<Ovmf> read_ovmf(ByteView image);

// The table itself: the data of each entry by its GUID. Fails with invalid_argument:
// firmware_malformed, or firmware_not_for_snp when there is none.
using Guid = std::array<std::uint8_t, 16>;
using GuidTable = std::map<Guid, ByteView>;
Result<GuidTable> read_guid_table(ByteView image);

// The 16 bytes of a GUID, whose first three parts are little-endian, from its usual spelling.
// A wrong spelling is a bug and ends the process.
Guid guid_bytes(std::string_view text);

}  // namespace gbx::client
