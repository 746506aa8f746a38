#include "attest/chain_files.h"

#include <algorithm>

namespace gbx::attest {
namespace {

constexpr std::string_view kBegin = "-----BEGIN ";
constexpr std::string_view kEnd = "-----END ";
constexpr std::string_view kDashes = "-----";
constexpr std::string_view kCertificate = "CERTIFICATE";
constexpr std::string_view kCrl = "X509 CRL";
constexpr std::size_t kPemLines[] = {64, 76};  // Intel's, and those of others who hand out quotes

Error malformed() { return {ErrorCode::unverified, "chain_malformed"}; }

// The next line without its end; false at the end of the text.
bool next_line(std::string_view& text, std::string_view& line) {
  if (text.empty()) return false;
  const std::size_t end = std::min(text.find('\n'), text.size());
  line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return true;
}

struct Block {
  std::string_view label;
  Bytes der;
};

// The block at the front of `text`, which is then shortened by it.
Result<Block> take_block(std::string_view& text) {
  std::string_view line;
  Block out;
  if (!next_line(text, line) || !line.starts_with(kBegin) || !line.ends_with(kDashes) ||
      line.size() < kBegin.size() + kDashes.size()) {
    return malformed();
  }
  out.label = line.substr(kBegin.size(), line.size() - kBegin.size() - kDashes.size());
  std::string base64;
  while (next_line(text, line) && !line.starts_with('-')) base64 += line;
  const bool closed = line.starts_with(kEnd) && line.ends_with(kDashes) &&
                      line.size() == kEnd.size() + out.label.size() + kDashes.size() &&
                      line.substr(kEnd.size(), out.label.size()) == out.label;
  auto der = from_base64(base64);
  if (!closed || !der) return malformed();
  out.der = std::move(der).value();
  return out;
}

// The DER value at the front: 0x30, a length of one to three bytes more, the content.
Result<ByteView> take_der(ByteView& bytes) {
  if (bytes.size() < 4 || bytes[0] != 0x30) return malformed();
  std::size_t head = 2;
  std::size_t size = bytes[1];
  if (size > 0x80) {
    const std::size_t count = size - 0x80;
    if (count > 3 || bytes.size() < head + count) return malformed();
    size = 0;
    for (std::size_t i = 0; i < count; i++) size = size << 8U | bytes[head + i];
    head += count;
  } else if (size == 0x80) {
    return malformed();
  }
  if (size > bytes.size() - head) return malformed();
  const ByteView out = bytes.first(head + size);
  bytes = bytes.subspan(head + size);
  return out;
}

Status add_certificate(ChainFiles& out, ByteView der) {
  GBX_TRY_ASSIGN(crypto::Certificate certificate, crypto::Certificate::parse(der));
  out.certificates.push_back(std::move(certificate));
  return {};
}

Status add_crl(ChainFiles& out, ByteView der) {
  GBX_TRY_ASSIGN(crypto::Crl crl, crypto::Crl::parse(der));
  out.crls.push_back(std::move(crl));
  return {};
}

Status take_item(ByteView& bytes, ChainFiles& out) {
  std::string_view text = as_text(bytes);
  if (text.starts_with(kBegin)) {
    GBX_TRY_ASSIGN(const Block block, take_block(text));
    bytes = bytes.last(text.size());
    if (block.label == kCertificate) return add_certificate(out, block.der);
    if (block.label == kCrl) return add_crl(out, block.der);
    return malformed();
  }
  GBX_TRY_ASSIGN(const ByteView der, take_der(bytes));
  return crypto::Crl::parse(der) ? add_crl(out, der) : add_certificate(out, der);
}

Result<ChainFiles> parse_items(ByteView bytes) {
  ChainFiles out;
  while (!bytes.empty()) {
    if (bytes[0] == '\n' || bytes[0] == '\r') {
      bytes = bytes.subspan(1);
      continue;
    }
    if (out.certificates.size() + out.crls.size() == kChainItemsMax) return malformed();
    GBX_TRY(take_item(bytes, out));
  }
  return out;
}

using Guid = std::array<std::uint8_t, 16>;

// What an entry of a table of certificates can be (AMD 56421, GHCB); bytes as they are printed.
constexpr Guid kKinds[] = {
    {0x63, 0xDA, 0x75, 0x8D, 0xE6, 0x64, 0x45, 0x64, 0xAD, 0xC5, 0xF4, 0xB9, 0x3B, 0xE8, 0xAC,
     0xCD},  // VCEK
    {0xA8, 0x07, 0x4B, 0xC2, 0xA2, 0x5A, 0x48, 0x3E, 0xAA, 0xE6, 0x39, 0xC0, 0x45, 0xA0, 0xB8,
     0xA1},  // VLEK
    {0x4A, 0xB7, 0xB3, 0x79, 0xBB, 0xAC, 0x4F, 0xE4, 0xA0, 0x2F, 0x05, 0xAE, 0xF3, 0x27, 0xC7,
     0x82},  // ASK or ASVK
    {0xC0, 0xB4, 0x06, 0xA4, 0xA8, 0x03, 0x49, 0x52, 0x97, 0x43, 0x3F, 0xB6, 0x01, 0x4C, 0xD0,
     0xAE},  // ARK
    {0x92, 0xF8, 0x1B, 0xC3, 0x58, 0x11, 0x4D, 0x3D, 0x97, 0xFF, 0xD1, 0x9F, 0x88, 0xDC, 0x67,
     0xEA},  // revocation list
};

struct Entry {
  Guid guid{};
  std::size_t offset = 0;
  std::size_t size = 0;
};

bool is_kind(const Guid& guid) {
  return std::find(std::begin(kKinds), std::end(kKinds), guid) != std::end(kKinds);
}

// The table without its last entry.
Result<std::vector<Entry>> parse_entries(Reader& reader) {
  std::vector<Entry> out;
  while (true) {
    const Entry entry{reader.array<16>(), reader.u32(), reader.u32()};
    if (reader.failed()) return malformed();
    if (entry.guid == Guid{}) {
      if (entry.offset != 0 || entry.size != 0) return malformed();
      return out;
    }
    const bool known = is_kind(entry.guid) && std::ranges::none_of(out, [&](const Entry& other) {
                         return other.guid == entry.guid;
                       });
    if (!known) return malformed();
    out.push_back(entry);
  }
}

// Entries are known kinds, each once, and of one value; what no entry covers is zero.
Result<ChainFiles> parse_certificate_table(ByteView bytes) {
  Reader reader(bytes);
  GBX_TRY_ASSIGN(const std::vector<Entry> table, parse_entries(reader));
  const std::size_t begin = bytes.size() - reader.left();
  std::vector<bool> covered(bytes.size());
  std::fill_n(covered.begin(), begin, true);
  Bytes values;
  for (const Entry& entry : table) {
    if (entry.offset > bytes.size() || entry.size > bytes.size() - entry.offset) {
      return malformed();
    }
    for (std::size_t i = entry.offset; i < entry.offset + entry.size; i++) {
      if (covered[i]) return malformed();  // two values, or the table itself
      covered[i] = true;
    }
    const ByteView value = bytes.subspan(entry.offset, entry.size);
    values.insert(values.end(), value.begin(), value.end());
  }
  for (std::size_t i = 0; i < bytes.size(); i++) {
    if (!covered[i] && bytes[i] != 0) return malformed();
  }
  GBX_TRY_ASSIGN(ChainFiles files, parse_items(values));
  if (files.certificates.size() + files.crls.size() != table.size()) return malformed();
  return files;
}

std::string print_pem(const crypto::Certificate& certificate, std::size_t line) {
  const std::string base64 = to_base64(certificate.der());
  std::string out = std::string(kBegin) + std::string(kCertificate) + std::string(kDashes) + "\n";
  for (std::size_t i = 0; i < base64.size(); i += line) out += base64.substr(i, line) + "\n";
  return out + std::string(kEnd) + std::string(kCertificate) + std::string(kDashes) + "\n";
}

// Whether `text` is these certificates, each in lines of one of the lengths, and nothing else.
bool is_printed(std::string_view text, std::span<const crypto::Certificate> certificates) {
  for (const crypto::Certificate& certificate : certificates) {
    bool found = false;
    for (const std::size_t line : kPemLines) {
      const std::string printed = print_pem(certificate, line);
      if (found || !text.starts_with(printed)) continue;
      text.remove_prefix(printed.size());
      found = true;
    }
    if (!found) return false;
  }
  return text.empty();
}

void add(std::vector<Literal>& faults, bool holds, Literal word) {
  if (!holds && std::find(faults.begin(), faults.end(), word) == faults.end()) {
    faults.push_back(word);
  }
}

}  // namespace

bool is_certificate_table(ByteView bytes) { return is_kind(Reader(bytes).array<16>()); }

Result<ChainFiles> parse_chain_files(ByteView bytes) {
  return is_certificate_table(bytes) ? parse_certificate_table(bytes) : parse_items(bytes);
}

Result<std::vector<crypto::Certificate>> parse_strict_pem(std::string_view text) {
  GBX_TRY_ASSIGN(ChainFiles files, parse_chain_files(as_bytes(text)));
  if (!files.crls.empty() || files.certificates.empty() || !is_printed(text, files.certificates)) {
    return malformed();
  }
  return std::move(files.certificates);
}

std::vector<Literal> revocation_faults(std::span<const crypto::Certificate> chain,
                                       std::span<const crypto::Crl> crls,
                                       const RevocationRules& rules, std::size_t required_from) {
  std::vector<Literal> faults;
  for (const crypto::Certificate& certificate : chain) {
    const auto& revoked = rules.revoked;
    add(faults, std::ranges::find(revoked, certificate.fingerprint()) == revoked.end(),
        "certificate_revoked");
  }
  for (std::size_t i = 0; i + 1 < chain.size(); i++) {
    bool found = false;
    for (const crypto::Crl& crl : crls) {
      if (crl.issuer() != chain[i].issuer()) continue;
      found = true;
      for (const Literal fault : crl.faults(chain[i + 1], rules.now)) add(faults, false, fault);
      add(faults, rules.now - crl.this_update() <= rules.age_max_s, "crl_too_old");
      add(faults, !crl.revokes(chain[i]), "certificate_revoked");
    }
    add(faults, found || i < required_from, "crl_missing");
  }
  return faults;
}

}  // namespace gbx::attest
