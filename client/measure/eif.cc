#include "client/measure/eif.h"

#include <array>

#include "attest/big_endian.h"
#include "attest/event_log.h"
#include "trusted/crypto/hash.h"

namespace gbx::client {
namespace {

using attest::BigEndianReader;

constexpr Error kMalformed{ErrorCode::invalid_argument, "eif_malformed"};
constexpr std::uint32_t kMagic = 0x2e656966;  // ".eif"
constexpr std::uint16_t kVersion = 4;
constexpr std::uint16_t kFlagsKnown = 1;  // the architecture
constexpr std::size_t kSectionsMax = 32;
constexpr std::size_t kHeaderBytes = 548;
constexpr std::size_t kSectionHeadBytes = 12;
constexpr std::size_t kCrcBytes = 4;

enum class Kind : std::uint16_t { kernel = 1, command_line, ramdisk, signature, metadata };

struct Section {
  Kind kind = Kind::kernel;
  ByteView content;
};

// CRC-32 of IEEE 802.3, in pieces: from 0xffffffff, and inverted at the end.
std::uint32_t crc32(std::uint32_t crc, ByteView bytes) {
  static const std::array<std::uint32_t, 256> kTable = [] {
    std::array<std::uint32_t, 256> out{};
    for (std::uint32_t byte = 0; byte < out.size(); byte++) {
      std::uint32_t value = byte;
      for (int bit = 0; bit < 8; bit++) value = value >> 1U ^ ((value & 1U) * 0xedb88320U);
      out.at(byte) = value;
    }
    return out;
  }();
  for (const std::uint8_t byte : bytes) crc = crc >> 8U ^ kTable.at((crc ^ byte) & 0xffU);
  return crc;
}

// Where the header says that sections are, and how large.
struct Header {
  std::size_t sections = 0;
  std::array<std::uint64_t, kSectionsMax> offsets{};
  std::array<std::uint64_t, kSectionsMax> sizes{};
  std::uint32_t crc = 0;  // of the file but for itself
};

Result<Header> read_header(ByteView image) {
  BigEndianReader reader(image);
  const bool known = reader.u32() == kMagic && reader.u16() == kVersion;
  const std::uint16_t flags = reader.u16();
  reader.view(16);  // memory and processors: a wish, which is not measured
  const std::uint16_t reserved = reader.u16();
  Header out;
  out.sections = reader.u16();
  for (std::uint64_t& offset : out.offsets) offset = reader.u64();
  for (std::uint64_t& size : out.sizes) size = reader.u64();
  const std::uint32_t unused = reader.u32();
  out.crc = reader.u32();
  if (reader.failed() || !known || (flags & ~kFlagsKnown) != 0 || reserved != 0 || unused != 0 ||
      out.sections > kSectionsMax) {
    return kMalformed;
  }
  return out;
}

std::uint32_t crc_of(ByteView image) {
  return ~crc32(crc32(~0U, image.first(kHeaderBytes - kCrcBytes)), image.subspan(kHeaderBytes));
}

// One behind the other, up to the end of the file, as the header has them.
Result<std::vector<Section>> read_sections(ByteView image, const Header& header) {
  std::vector<Section> out;
  std::size_t at = kHeaderBytes;
  for (std::size_t i = 0; i < kSectionsMax; i++) {
    if (i >= header.sections) {
      if (header.offsets.at(i) != 0 || header.sizes.at(i) != 0) return kMalformed;
      continue;
    }
    if (header.offsets.at(i) != at) return kMalformed;
    BigEndianReader reader(image.subspan(at));
    const std::uint16_t kind = reader.u16();
    const std::uint16_t flags = reader.u16();
    const std::uint64_t size = reader.u64();
    const bool known = kind >= static_cast<std::uint16_t>(Kind::kernel) &&
                       kind <= static_cast<std::uint16_t>(Kind::metadata);
    if (reader.failed() || !known || flags != 0 || size != header.sizes.at(i) ||
        size > reader.rest().size()) {
      return kMalformed;
    }
    out.push_back({Kind{kind}, reader.rest().first(static_cast<std::size_t>(size))});
    at += kSectionHeadBytes + static_cast<std::size_t>(size);
  }
  if (at != image.size()) return kMalformed;
  return out;
}

struct Parts {
  ByteView kernel;
  ByteView command_line;
  std::vector<ByteView> ramdisks;
};

// In the order in which they are hashed: kernel, command line, RAM disks; of the others one each.
Result<Parts> read_parts(const std::vector<Section>& sections) {
  Parts out;
  std::array<int, 6> count{};
  for (const Section& section : sections) {
    const auto kind = static_cast<std::size_t>(section.kind);
    const bool first = count.at(kind)++ == 0;
    const int before = count[1] + count[2];  // kernels and command lines, with this one
    bool placed = first;
    switch (section.kind) {
      case Kind::kernel:
        placed = first && before == 1;
        out.kernel = section.content;
        break;
      case Kind::command_line:
        placed = first && before == 2;
        out.command_line = section.content;
        break;
      case Kind::ramdisk:
        placed = before == 2;
        out.ramdisks.push_back(section.content);
        break;
      case Kind::signature:
      case Kind::metadata: break;
    }
    if (!placed) return kMalformed;
  }
  if (out.kernel.empty() || out.ramdisks.empty()) return kMalformed;
  return out;
}

void append(Bytes& to, ByteView more) { to.insert(to.end(), more.begin(), more.end()); }

attest::PcrValue extended(std::uint8_t index, ByteView measured) {
  return {index,
          attest::extend(attest::TpmAlgorithm::sha384, Bytes(48, 0), crypto::sha384(measured))};
}

}  // namespace

Result<std::vector<attest::PcrValue>> pcrs_of_eif(ByteView image) {
  if (image.size() > kEifBytesMax) return kMalformed;
  GBX_TRY_ASSIGN(const Header header, read_header(image));
  GBX_TRY_ASSIGN(const auto sections, read_sections(image, header));
  GBX_TRY_ASSIGN(const Parts parts, read_parts(sections));
  if (crc_of(image) != header.crc) return kMalformed;
  Bytes all;
  append(all, parts.kernel);
  append(all, parts.command_line);
  append(all, parts.ramdisks.front());
  const attest::PcrValue boot = extended(1, all);
  Bytes others;
  for (std::size_t i = 1; i < parts.ramdisks.size(); i++) append(others, parts.ramdisks[i]);
  append(all, others);
  return std::vector<attest::PcrValue>{extended(0, all), boot, extended(2, others)};
}

}  // namespace gbx::client
