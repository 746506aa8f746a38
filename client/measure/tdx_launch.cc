#include "client/measure/tdx_launch.h"

#include "client/measure/ovmf.h"
#include "trusted/crypto/hash.h"

namespace gbx::client {
namespace {

constexpr Error kMalformed{ErrorCode::invalid_argument, "firmware_malformed"};
constexpr Error kNotForTdx{ErrorCode::invalid_argument, "firmware_not_for_tdx"};
constexpr std::string_view kMetadata = "e47a6535-984a-4798-865e-4685a7bf8ec2";
constexpr std::uint32_t kMetadataVersion = 1;
constexpr std::size_t kMetadataHeadBytes = 16;
constexpr std::size_t kSectionBytes = 32;
constexpr std::size_t kSectionsMax = 64;
constexpr std::uint64_t kMemoryBytesMax = std::uint64_t{64} << 20;  // of all sections
constexpr std::uint32_t kTypeMax = 3;  // boot volume, variables, hand-off blocks, scratch memory
constexpr std::uint32_t kMeasured = 1;
constexpr std::size_t kRecordBytes = 128;
constexpr std::size_t kChunkBytes = 256;

struct Section {
  ByteView content;  // of a measured one, all of its memory
  std::uint64_t address = 0;
  std::uint64_t size = 0;  // whole pages, at least one
  bool measured = false;
};

Result<Section> read_section(Reader& reader, ByteView firmware) {
  const std::uint32_t offset = reader.u32();
  const std::uint32_t raw_size = reader.u32();
  Section out;
  out.address = reader.u64();
  out.size = reader.u64();
  const std::uint32_t type = reader.u32();
  const std::uint32_t attributes = reader.u32();
  const bool pages = out.address % kPageBytes == 0 && out.size % kPageBytes == 0 && out.size > 0;
  const bool inside = offset <= firmware.size() && raw_size <= firmware.size() - offset;
  if (reader.failed() || !pages || !inside || raw_size > out.size || out.size > kMemoryBytesMax ||
      out.address > (std::uint64_t{1} << 32U) - out.size || type > kTypeMax ||
      (attributes & ~kMeasured) != 0) {
    return kMalformed;
  }
  out.measured = attributes == kMeasured;
  if (out.measured && raw_size != out.size) return kMalformed;
  out.content = firmware.subspan(offset, raw_size);
  return out;
}

Result<std::vector<Section>> read_sections(ByteView firmware) {
  const auto table = read_guid_table(firmware);
  if (!table)
    return table.error().reason == Literal("firmware_malformed") ? kMalformed : kNotForTdx;
  const auto entry = table->find(guid_bytes(kMetadata));
  if (entry == table->end()) return kNotForTdx;
  Reader place(entry->second);
  const std::uint32_t from_end = place.u32();
  if (!place.done() || from_end > firmware.size()) return kMalformed;
  Reader reader(firmware.last(from_end));
  const bool signature = as_text(reader.view(4)) == "TDVF";
  const std::uint32_t size = reader.u32();
  const std::uint32_t version = reader.u32();
  const std::uint32_t count = reader.u32();
  if (reader.failed() || !signature || version != kMetadataVersion || count == 0 ||
      count > kSectionsMax || size != kMetadataHeadBytes + count * kSectionBytes) {
    return kMalformed;
  }
  std::vector<Section> out;
  std::uint64_t memory = 0;
  for (std::uint32_t i = 0; i < count; i++) {
    GBX_TRY_ASSIGN(const Section section, read_section(reader, firmware));
    memory += section.size;
    if (memory > kMemoryBytesMax) return kMalformed;
    out.push_back(section);
  }
  return out;
}

// What the module hashes of one operation: its name, and the address.
void add_record(Bytes& out, std::string_view name, std::uint64_t address) {
  const std::size_t begin = out.size();
  out.resize(begin + kRecordBytes);
  std::copy(name.begin(), name.end(), out.begin() + static_cast<std::ptrdiff_t>(begin));
  for (std::size_t i = 0; i < 8; i++) {
    out[begin + 16 + i] = static_cast<std::uint8_t>(address >> 8U * i);
  }
}

void add_page(Bytes& out, const Section& section, std::uint64_t at) {
  add_record(out, "MEM.PAGE.ADD", section.address + at);
}

void measure_page(Bytes& out, const Section& section, std::uint64_t at) {
  if (!section.measured) return;
  for (std::uint64_t chunk = at; chunk < at + kPageBytes; chunk += kChunkBytes) {
    add_record(out, "MR.EXTEND", section.address + chunk);
    const ByteView bytes = section.content.subspan(static_cast<std::size_t>(chunk), kChunkBytes);
    out.insert(out.end(), bytes.begin(), bytes.end());
  }
}

}  // namespace

Result<LaunchDigest> tdx_launch_digest(ByteView firmware, PageOrder order) {
  if (firmware.size() > kFirmwareBytesMax) return kMalformed;
  GBX_TRY_ASSIGN(const std::vector<Section> sections, read_sections(firmware));
  Bytes hashed;
  for (const Section& section : sections) {
    for (std::uint64_t at = 0; at < section.size; at += kPageBytes) {
      add_page(hashed, section, at);
      if (order == PageOrder::page) measure_page(hashed, section, at);
    }
    for (std::uint64_t at = 0; order == PageOrder::section && at < section.size; at += kPageBytes) {
      measure_page(hashed, section, at);
    }
  }
  return crypto::sha384(hashed);
}

}  // namespace gbx::client
