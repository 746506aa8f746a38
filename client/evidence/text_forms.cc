#include "client/evidence/text_forms.h"

#include <algorithm>

#include "attest/chain_files.h"
#include "trusted/base/json.h"

namespace gbx::client {
namespace {

constexpr std::string_view kSpaces = " \t\r\n";
constexpr std::string_view kDashes = "-----";
constexpr std::string_view kBegin = "-----BEGIN ";
constexpr std::string_view kEnd = "-----END ";

bool is_space(char c) { return kSpaces.find(c) != std::string_view::npos; }

std::string without_spaces(std::string_view text) {
  std::string out(text);
  std::erase_if(out, is_space);
  return out;
}

std::optional<Bytes> value_of(Result<Bytes> decoded) {
  if (!decoded || decoded->empty()) return std::nullopt;
  return std::move(decoded).value();
}

std::optional<Bytes> from_any_hex(std::string text) {
  if (text.starts_with("0x") || text.starts_with("0X")) text.erase(0, 2);
  for (char& c : text) {
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c + 32);
  }
  return value_of(from_hex(text));
}

std::optional<Bytes> from_any_base64(std::string text) {
  std::replace(text.begin(), text.end(), '-', '+');
  std::replace(text.begin(), text.end(), '_', '/');
  while (text.size() % 4 != 0) text.push_back('=');
  return value_of(from_base64(text));
}

// Printable, and with a space, a tab or a colon before its end.
bool is_explanation(std::string_view line) {
  while (!line.empty() && is_space(line.back())) line.remove_suffix(1);
  const auto is_printable = [](char c) { return c == '\t' || (c >= 0x20 && c <= 0x7e); };
  return std::all_of(line.begin(), line.end(), is_printable) &&
         line.find_first_of(" \t:") != std::string_view::npos &&
         line.find(kDashes) == std::string_view::npos;
}

// The blocks alone; nullopt when a line outside of them is neither empty nor an explanation, or
// when nothing is explained.
std::optional<Bytes> blocks_of(std::string_view text) {
  std::string out;
  bool inside = false;
  bool explained = false;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1);
    const std::string_view line = text.substr(0, end + 1);
    text.remove_prefix(line.size());
    if (line.starts_with(kBegin)) inside = true;
    if (inside) {
      out += line;
    } else if (is_explanation(line)) {
      explained = true;
    } else if (!std::all_of(line.begin(), line.end(), is_space)) {
      return std::nullopt;
    }
    if (line.starts_with(kEnd)) inside = false;
  }
  if (inside || !explained || out.empty()) return std::nullopt;
  return to_bytes(out);
}

// What the verifier would refuse in a table (other kinds, gaps that are not zero) is not lost here.
Bytes values_of_table(const Bytes& table) {
  if (!attest::parse_chain_files(table)) return table;
  Bytes out;
  Reader in(table);
  for (;;) {
    static_cast<void>(in.view(16));
    const std::size_t offset = in.u32();
    const std::size_t size = in.u32();
    if (in.failed() || (offset == 0 && size == 0)) return out;
    if (as_text(out).ends_with(kDashes)) out.push_back('\n');
    const ByteView value = ByteView(table).subspan(offset, size);
    out.insert(out.end(), value.begin(), value.end());
  }
}

// {"vcekCert", "certificateChain", ...}: texts of PEM.
std::optional<Bytes> from_thim(ByteView file) {
  const auto json = Json::parse(as_text(file));
  if (!json) return std::nullopt;
  std::string out;
  for (const std::string_view name : {"vcekCert", "certificateChain"}) {
    const Json* member = json->find(name);
    if (member == nullptr || member->string() == nullptr) return std::nullopt;
    out += *member->string() + "\n";
  }
  return to_bytes(out);
}

}  // namespace

std::optional<Bytes> from_text(ByteView bytes) {
  // The dashes of PEM are digits of base64 for addresses.
  if (as_text(bytes).find(kDashes) != std::string_view::npos) return std::nullopt;
  const std::string text = without_spaces(as_text(bytes));
  if (auto decoded = from_any_hex(text)) return decoded;
  return from_any_base64(text);
}

Bytes chain_from_text(const Bytes& file) {
  if (auto decoded = from_text(file)) return std::move(*decoded);
  if (auto blocks = blocks_of(as_text(file))) return std::move(*blocks);
  if (auto pem = from_thim(file)) return std::move(*pem);
  return file;
}

void append_chain(Bytes& chain, const Bytes& file) {
  const Bytes items = chain_from_text(file);
  if (!chain.empty() && attest::is_certificate_table(chain)) chain = values_of_table(chain);
  // A block of PEM ends its line before the next file begins; DER is told from it by its first
  // byte.
  if (as_text(chain).ends_with(kDashes)) chain.push_back('\n');
  const bool alone = chain.empty() || !attest::is_certificate_table(items);
  const Bytes more = alone ? items : values_of_table(items);
  chain.insert(chain.end(), more.begin(), more.end());
}

}  // namespace gbx::client
