#include "client/measure/ovmf.h"

#include <algorithm>

namespace gbx::client {
namespace {

constexpr std::size_t kBelowEnd = 32;        // the reset vector lies between the table and the end
constexpr std::size_t kEntryHeadBytes = 18;  // u16 size of the entry, GUID
constexpr std::size_t kMetadataHeadBytes = 16;
constexpr std::size_t kRangeBytes = 12;
constexpr std::size_t kRangesMax = 64;
constexpr std::size_t kRangeBytesMax = std::size_t{64} << 20;
constexpr std::uint32_t kMetadataVersion = 1;

constexpr std::string_view kFooter = "96b582de-1fb2-45f7-baea-a366c55a082d";
constexpr std::string_view kHashTable = "7255371f-3a3b-4b04-927b-1da6efa8d454";
constexpr std::string_view kResetBlock = "00f771de-1a7e-4fcb-890e-68c77e2fb44e";
constexpr std::string_view kMetadata = "dc886566-984a-4798-a75e-5585a7bf67cc";

const Error kMalformed{ErrorCode::invalid_argument, "firmware_malformed"};
const Error kNotForSnp{ErrorCode::invalid_argument, "firmware_not_for_snp"};

// Cuts the last entry off `rest`: its data, then its size and GUID.
Result<std::pair<Guid, ByteView>> take_last(ByteView& rest) {
  if (rest.size() < kEntryHeadBytes) return kMalformed;
  Reader head(rest.last(kEntryHeadBytes));
  const std::size_t size = head.u16();
  const Guid guid = head.array<16>();
  if (size < kEntryHeadBytes || size > rest.size()) return kMalformed;
  const ByteView data = rest.last(size).first(size - kEntryHeadBytes);
  rest = rest.first(rest.size() - size);
  return std::pair{guid, data};
}

// The u32 that an entry begins with; nullopt without the entry.
Result<std::optional<std::uint32_t>> first_word(const GuidTable& table, std::string_view guid) {
  const auto found = table.find(guid_bytes(guid));
  if (found == table.end()) return std::optional<std::uint32_t>();
  Reader reader(found->second);
  const std::uint32_t word = reader.u32();
  if (reader.failed()) return kMalformed;
  return std::optional(word);
}

Result<SnpRange> read_range(Reader& reader) {
  SnpRange out;
  out.address = reader.u32();
  out.size = reader.u32();
  const std::uint32_t section = reader.u32();
  const bool known = (section >= 1 && section <= 4) ||
                     section == static_cast<std::uint32_t>(SnpSection::kernel_hashes);
  const bool pages = out.address % kPageBytes == 0 && out.size % kPageBytes == 0 && out.size > 0;
  if (reader.failed() || !known || !pages || out.size > kRangeBytesMax) return kMalformed;
  out.section = static_cast<SnpSection>(section);
  // One page each: a second one would be measured by nobody.
  const bool one_page = out.section == SnpSection::secrets || out.section == SnpSection::cpuid ||
                        out.section == SnpSection::kernel_hashes;
  if (one_page && out.size != kPageBytes) return kMalformed;
  return out;
}

Result<std::vector<SnpRange>> read_ranges(ByteView image, std::size_t from_end) {
  if (from_end > image.size()) return kMalformed;
  Reader reader(image.last(from_end));
  const Bytes signature = [&] {
    const ByteView bytes = reader.view(4);
    return Bytes(bytes.begin(), bytes.end());
  }();
  const std::uint32_t size = reader.u32();
  const std::uint32_t version = reader.u32();
  const std::uint32_t count = reader.u32();
  if (reader.failed() || as_text(signature) != "ASEV" || version != kMetadataVersion ||
      count > kRangesMax || size != kMetadataHeadBytes + count * kRangeBytes) {
    return kMalformed;
  }
  std::vector<SnpRange> out;
  for (std::uint32_t i = 0; i < count; i++) {
    GBX_TRY_ASSIGN(const SnpRange range, read_range(reader));
    out.push_back(range);
  }
  return out;
}

}  // namespace

Guid guid_bytes(std::string_view text) {
  std::string digits;
  std::ranges::copy_if(text, std::back_inserter(digits), [](char c) { return c != '-'; });
  const Result<Bytes> bytes = from_hex(digits);
  GBX_CHECK(bytes && bytes->size() == 16);
  Guid out{};
  std::ranges::copy(*bytes, out.begin());
  std::reverse(out.begin(), out.begin() + 4);
  std::reverse(out.begin() + 4, out.begin() + 6);
  std::reverse(out.begin() + 6, out.begin() + 8);
  return out;
}

Result<GuidTable> read_guid_table(ByteView image) {
  if (image.size() < kBelowEnd) return kMalformed;
  ByteView rest = image.first(image.size() - kBelowEnd);
  if (rest.size() < kEntryHeadBytes) return kMalformed;
  Reader footer(rest.last(kEntryHeadBytes));
  const std::size_t size = footer.u16();
  if (footer.array<16>() != guid_bytes(kFooter)) return kNotForSnp;
  if (size < kEntryHeadBytes || size > rest.size()) return kMalformed;
  rest = rest.last(size).first(size - kEntryHeadBytes);
  GuidTable out;
  while (!rest.empty()) {
    GBX_TRY_ASSIGN(const auto entry, take_last(rest));
    if (!out.insert(entry).second) return kMalformed;
  }
  return out;
}

Result<Ovmf> read_ovmf(ByteView image) {
  GBX_TRY_ASSIGN(const GuidTable table, read_guid_table(image));
  GBX_TRY_ASSIGN(const auto reset, first_word(table, kResetBlock));
  GBX_TRY_ASSIGN(const auto metadata, first_word(table, kMetadata));
  GBX_TRY_ASSIGN(const auto hashes, first_word(table, kHashTable));
  if (!reset || !metadata) return kNotForSnp;
  Ovmf out;
  out.reset_address = *reset;
  if (hashes && *hashes != 0) out.kernel_hash_address = hashes;
  GBX_TRY_ASSIGN(out.ranges, read_ranges(image, *metadata));
  return out;
}

}  // namespace gbx::client
