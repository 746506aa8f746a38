#include "attest/nitro_document.h"

#include <algorithm>

namespace gbx::attest {
namespace {

constexpr std::string_view kDigest = "SHA384";
constexpr std::size_t kCertificateBytesMax = 1024;

constexpr std::array<std::string_view, 9> kMembers = {"cabundle",   "certificate", "digest",
                                                      "module_id",  "nonce",       "pcrs",
                                                      "public_key", "timestamp",   "user_data"};

bool only_known_members(const Cbor& document) {
  for (std::size_t i = 0; i < document.items().size(); i += 2) {
    const auto key = document.items()[i].text();
    if (!key || std::find(kMembers.begin(), kMembers.end(), *key) == kMembers.end()) return false;
  }
  return true;
}

bool read_certificate(const Cbor* item, ByteView& out) {
  const auto bytes = item == nullptr ? std::nullopt : item->bytes();
  if (!bytes || bytes->empty() || bytes->size() > kCertificateBytesMax) return false;
  out = *bytes;
  return true;
}

bool read_bundle(const Cbor* item, std::vector<ByteView>& out) {
  if (item == nullptr || item->kind() != Cbor::Kind::array) return false;
  if (item->items().empty() || item->items().size() > kNitroBundleMax) return false;
  for (const Cbor& certificate : item->items()) {
    out.emplace_back();
    if (!read_certificate(&certificate, out.back())) return false;
  }
  return true;
}

bool read_pcrs(const Cbor* item, NitroDocument& out) {
  if (item == nullptr || item->kind() != Cbor::Kind::map || item->items().empty()) return false;
  for (std::size_t i = 0; i < item->items().size(); i += 2) {
    const auto index = item->items()[i].integer();
    const auto value = item->items()[i + 1].bytes();
    if (!index || *index < 0 || *index >= static_cast<std::int64_t>(kNitroPcrs)) return false;
    if (!value || value->size() != kNitroDigestBytes) return false;
    out.pcrs[static_cast<std::size_t>(*index)] = *value;
  }
  return true;
}

// Letters, digits, '.', '_' and '-'.
bool is_name(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

// Absent and null are the same: the enclave filled nothing in.
bool read_field(const Cbor* item, std::optional<ByteView>& out) {
  if (item == nullptr || item->is_null()) return true;
  out = item->bytes();
  return out.has_value() && out->size() <= kNitroFieldBytesMax;
}

bool read_header(const Cbor& document, NitroDocument& out) {
  const Cbor* module_id = document.find("module_id");
  const Cbor* digest = document.find("digest");
  const Cbor* timestamp = document.find("timestamp");
  if (module_id == nullptr || digest == nullptr || timestamp == nullptr) return false;
  out.module_id = module_id->text().value_or("");
  out.timestamp_ms = timestamp->integer().value_or(0);
  return !out.module_id.empty() && is_name(out.module_id) &&
         out.module_id.size() <= kNitroModuleIdBytesMax && digest->text() == kDigest &&
         out.timestamp_ms > 0;
}

}  // namespace

Result<NitroDocument> parse_nitro_document(ByteView payload) {
  GBX_TRY_ASSIGN(const Cbor document, Cbor::parse(payload));
  NitroDocument out;
  const bool good = document.kind() == Cbor::Kind::map && only_known_members(document) &&
                    read_header(document, out) && read_pcrs(document.find("pcrs"), out) &&
                    read_certificate(document.find("certificate"), out.certificate) &&
                    read_bundle(document.find("cabundle"), out.bundle) &&
                    read_field(document.find("public_key"), out.public_key) &&
                    read_field(document.find("user_data"), out.user_data) &&
                    read_field(document.find("nonce"), out.nonce);
  if (!good) return Error{ErrorCode::unverified, "nitro_document_malformed"};
  return out;
}

}  // namespace gbx::attest
