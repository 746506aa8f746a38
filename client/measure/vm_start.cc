#include "client/measure/vm_start.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "attest/event_log.h"
#include "trusted/crypto/hash.h"

namespace gbx::client {
namespace {

const Error kMalformed{ErrorCode::invalid_argument, "vm_image_malformed"};

constexpr std::size_t kPeOffsetAt = 0x3c;
constexpr std::size_t kFileHeaderBytes = 20;
constexpr std::size_t kSectionHeaderBytes = 40;
constexpr std::size_t kSectionsMax = 32;
constexpr std::uint16_t kPe32Plus = 0x20b;
// From the beginning of the optional header.
constexpr std::size_t kHeadersSizeAt = 60;
constexpr std::size_t kChecksumAt = 64;
constexpr std::size_t kCertificatesAt = 112 + 4 * 8;

constexpr std::string_view kAction = "Calling EFI Application from Boot Option";
constexpr std::string_view kInvocation = "Exit Boot Services Invocation";
constexpr std::string_view kSuccess = "Exit Boot Services Returned with Success";
constexpr std::array<std::uint8_t, 4> kSeparator{};

struct Section {
  std::string_view name;
  std::size_t offset = 0;
  std::size_t raw_bytes = 0;
  std::size_t bytes = 0;  // in memory
};

struct Pe {
  std::size_t checksum_at = 0;
  std::size_t certificates_at = 0;
  std::size_t headers_bytes = 0;
  std::vector<Section> sections;  // in the order of the file
};

Reader at(ByteView bytes, std::size_t offset) {
  return Reader(offset <= bytes.size() ? bytes.subspan(offset) : ByteView());
}

std::string_view name_of(ByteView field) {
  return as_text(field).substr(0, as_text(field).find('\0'));
}

Result<std::vector<Section>> read_sections(ByteView table, std::size_t count) {
  std::vector<Section> out;
  Reader reader(table);
  for (std::size_t i = 0; i < count; i++) {
    Section one;
    one.name = name_of(reader.view(8));
    one.bytes = reader.u32();
    reader.u32();  // its address
    one.raw_bytes = reader.u32();
    one.offset = reader.u32();
    reader.view(16);
    if (one.raw_bytes > 0) out.push_back(one);
  }
  if (reader.failed()) return kMalformed;
  std::sort(out.begin(), out.end(),
            [](const Section& a, const Section& b) { return a.offset < b.offset; });
  return out;
}

// Sections lie one after the other, inside the file, from the headers on.
Result<Pe> read_pe(ByteView file) {
  const std::size_t pe = at(file, kPeOffsetAt).u32();
  Reader head = at(file, pe);
  if (head.u32() != 0x4550) return kMalformed;  // "PE"
  head.u16();
  const std::size_t count = head.u16();
  head.view(12);
  const std::size_t optional_bytes = head.u16();
  head.u16();
  const std::size_t optional = pe + 4 + kFileHeaderBytes;
  Pe out;
  out.checksum_at = optional + kChecksumAt;
  out.certificates_at = optional + kCertificatesAt;
  out.headers_bytes = at(file, optional + kHeadersSizeAt).u32();
  const std::size_t table = optional + optional_bytes;
  const std::size_t table_end = table + count * kSectionHeaderBytes;
  if (head.failed() || at(file, optional).u16() != kPe32Plus || count > kSectionsMax ||
      optional_bytes < kCertificatesAt + 8 || table_end > out.headers_bytes ||
      out.headers_bytes > file.size()) {
    return kMalformed;
  }
  GBX_TRY_ASSIGN(out.sections, read_sections(file.subspan(table, table_end - table), count));
  std::size_t end = out.headers_bytes;
  for (const Section& one : out.sections) {
    if (one.offset < end || one.offset > file.size()) return kMalformed;
    if (one.raw_bytes > file.size() - one.offset) return kMalformed;
    end = one.offset + one.raw_bytes;
  }
  return out;
}

// What a firmware measures of a program: all of it but the checksum and signatures.
Result<std::vector<ByteView>> authenticode(ByteView file, const Pe& pe) {
  Reader certificates = at(file, pe.certificates_at);
  certificates.u32();
  const std::size_t signature_bytes = certificates.u32();
  const std::size_t after = pe.checksum_at + 4;
  std::vector<ByteView> out{
      file.first(pe.checksum_at), file.subspan(after, pe.certificates_at - after),
      file.subspan(pe.certificates_at + 8, pe.headers_bytes - pe.certificates_at - 8)};
  std::size_t covered = pe.headers_bytes;
  for (const Section& one : pe.sections) {
    out.push_back(file.subspan(one.offset, one.raw_bytes));
    covered += one.raw_bytes;
  }
  if (covered > file.size() || signature_bytes > file.size() - covered) return kMalformed;
  out.push_back(file.subspan(covered, file.size() - covered - signature_bytes));
  return out;
}

Hash sha256_of(const std::vector<ByteView>& pieces) {
  crypto::Sha256 hash;
  for (const ByteView piece : pieces) hash.update(piece);
  return hash.finish();
}

attest::Hash48 sha384_of(const std::vector<ByteView>& pieces) {
  Bytes whole;
  for (const ByteView piece : pieces) whole.insert(whole.end(), piece.begin(), piece.end());
  return crypto::sha384(whole);
}

// The parts that systemd-stub takes from the image.
struct Parts {
  ByteView kernel;
  ByteView command_line;
  ByteView initramfs;
};

// What the stub measures and hands on in another form than it is in the file.
bool is_plain(ByteView command_line) {
  const std::string_view text = as_text(command_line);
  return !text.empty() && text.front() != ' ' && text.back() != ' ' &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

Result<Parts> read_parts(ByteView image, const Pe& pe) {
  // Of the stub itself: no part that it would measure.
  constexpr std::string_view kOwn[] = {".text",   ".reloc", ".data",   ".dynamic", ".rela",
                                       ".dynsym", ".sbat",  ".rodata", ".sdmagic"};
  Parts out;
  const std::pair<std::string_view, ByteView*> wanted[] = {
      {".linux", &out.kernel}, {".cmdline", &out.command_line}, {".initrd", &out.initramfs}};
  for (const Section& one : pe.sections) {
    const auto* part = std::find_if(std::begin(wanted), std::end(wanted),
                                    [&](const auto& entry) { return entry.first == one.name; });
    if (part == std::end(wanted)) {
      if (std::find(std::begin(kOwn), std::end(kOwn), one.name) == std::end(kOwn)) {
        return kMalformed;
      }
      continue;
    }
    if (!part->second->empty() || one.bytes > one.raw_bytes) return kMalformed;
    *part->second = image.subspan(one.offset, one.bytes);
  }
  if (out.kernel.empty() || out.initramfs.empty() || !is_plain(out.command_line)) {
    return kMalformed;
  }
  return out;
}

// UTF-16 with a final zero.
Bytes wide(std::string_view text) {
  Bytes out;
  for (const char c : text) {
    out.push_back(static_cast<std::uint8_t>(c));
    out.push_back(0);
  }
  out.insert(out.end(), 2, 0);
  return out;
}

// A section's name as the stub measures it, with a final zero.
Hash named(std::string name) {
  name.push_back('\0');
  return crypto::sha256(as_bytes(name));
}

// The two programs of a start, as firmware measures them.
struct Programs {
  Parts parts;
  std::vector<ByteView> image;
  std::vector<ByteView> kernel;
};

Result<Programs> read_programs(ByteView image) {
  Programs out;
  GBX_TRY_ASSIGN(const Pe pe, read_pe(image));
  GBX_TRY_ASSIGN(out.parts, read_parts(image, pe));
  GBX_TRY_ASSIGN(const Pe kernel, read_pe(out.parts.kernel));
  GBX_TRY_ASSIGN(out.image, authenticode(image, pe));
  GBX_TRY_ASSIGN(out.kernel, authenticode(out.parts.kernel, kernel));
  return out;
}

attest::PcrValue pcr(std::uint8_t index, std::initializer_list<Hash> measured) {
  Bytes value(Hash{}.size(), 0);
  for (const Hash& digest : measured) {
    value = attest::extend(attest::TpmAlgorithm::sha256, value, digest);
  }
  return {index, std::move(value)};
}

}  // namespace

Result<std::vector<attest::PcrValue>> pcrs_of_vm(ByteView image) {
  using crypto::sha256;
  GBX_TRY_ASSIGN(const Programs programs, read_programs(image));
  const Parts& parts = programs.parts;
  const Hash separator = sha256(kSeparator);
  const Hash initramfs = sha256(parts.initramfs);
  return std::vector<attest::PcrValue>{
      pcr(2, {separator}),
      pcr(4, {sha256_of(programs.image), sha256(as_bytes(kAction)), separator,
              sha256_of(programs.kernel)}),
      pcr(9, {sha256(wide(as_text(parts.command_line))), initramfs}),
      pcr(11, {named(".linux"), sha256(parts.kernel), named(".cmdline"), sha256(parts.command_line),
               named(".initrd"), initramfs}),
      pcr(12, {}),
      pcr(13, {}),
  };
}

Result<std::vector<attest::PcrValue>> rtmrs_of_vm(ByteView image, Separator separator) {
  using crypto::sha384;
  GBX_TRY_ASSIGN(const Programs programs, read_programs(image));
  std::vector<attest::Hash48> measured{sha384_of(programs.image), sha384(as_bytes(kAction))};
  if (separator == Separator::rtmr1) measured.push_back(sha384(kSeparator));
  measured.push_back(sha384_of(programs.kernel));
  measured.push_back(sha384(as_bytes(kInvocation)));
  measured.push_back(sha384(as_bytes(kSuccess)));
  const Bytes zeros(attest::Hash48{}.size(), 0);
  Bytes value = zeros;
  for (const attest::Hash48& digest : measured) {
    value = attest::extend(attest::TpmAlgorithm::sha384, value, digest);
  }
  return std::vector<attest::PcrValue>{{1, std::move(value)}, {2, zeros}, {3, zeros}};
}

}  // namespace gbx::client
