#include "client/evidence/import_evidence.h"

#include <algorithm>
#include <optional>
#include <string>

#include "attest/azure_file.h"
#include "attest/tdx_event_log.h"
#include "attest/tpm_evidence.h"
#include "trusted/base/json.h"

namespace gbx::client {
namespace {

using attest::Platform;
using attest::TpmAlgorithm;

constexpr std::size_t kPcrs = attest::kPcrCount;
constexpr std::size_t kFieldsMax = 256;  // of a protobuf message

std::string_view trimmed(ByteView bytes) {
  std::string_view text = as_text(bytes);
  const auto is_space = [](char c) { return c == '\n' || c == '\r' || c == ' '; };
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  return text;
}

// A binary document that was kept as text.
std::optional<Bytes> from_text(ByteView bytes) {
  const std::string_view text = trimmed(bytes);
  if (text.empty()) return std::nullopt;
  if (auto decoded = from_hex(text)) return std::move(decoded).value();
  if (auto decoded = from_base64(text)) return std::move(decoded).value();
  return std::nullopt;
}

// base64, also in its form for addresses and without padding.
std::optional<Bytes> from_any_base64(std::string text) {
  std::replace(text.begin(), text.end(), '-', '+');
  std::replace(text.begin(), text.end(), '_', '/');
  while (text.size() % 4 != 0) text.push_back('=');
  auto decoded = from_base64(text);
  if (!decoded) return std::nullopt;
  return std::move(decoded).value();
}

// --- go-tpm-tools: protobuf ---

struct Field {
  std::uint64_t number = 0;
  std::uint64_t value = 0;  // of a number
  ByteView bytes;           // of anything with a length
};

std::optional<std::uint64_t> take_varint(ByteView& in) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 63 && !in.empty(); shift += 7) {
    const std::uint8_t byte = in.front();
    in = in.subspan(1);
    value |= std::uint64_t{byte & 0x7fU} << shift;
    if (byte < 0x80) return value;
  }
  return std::nullopt;
}

// The fields of a message; nullopt for one that has other kinds than numbers and lengths.
std::optional<std::vector<Field>> message_fields(ByteView in) {
  std::vector<Field> out;
  while (!in.empty()) {
    const auto tag = take_varint(in);
    const auto value = tag ? take_varint(in) : std::nullopt;
    if (!value || out.size() == kFieldsMax) return std::nullopt;
    Field field;
    field.number = *tag >> 3U;
    field.value = *value;
    if ((*tag & 7U) == 2) {
      if (*value > in.size()) return std::nullopt;
      field.bytes = in.first(static_cast<std::size_t>(*value));
      in = in.subspan(field.bytes.size());
    } else if ((*tag & 7U) != 0) {
      return std::nullopt;
    }
    out.push_back(field);
  }
  return out;
}

Bytes copy(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

// message PCRs { HashAlgo hash = 1; map<uint32, bytes> pcrs = 2; }
bool read_pcrs(ByteView message, TpmAlgorithm bank, std::vector<attest::PcrValue>& out) {
  const auto fields = message_fields(message);
  if (!fields) return false;
  bool right_bank = false;
  for (const Field& field : *fields) {
    if (field.number == 1) right_bank = field.value == static_cast<std::uint64_t>(bank);
    if (field.number != 2) continue;
    const auto entry = message_fields(field.bytes);
    if (!entry) return false;
    attest::PcrValue pcr;
    for (const Field& part : *entry) {
      if (part.number == 1 && part.value >= kPcrs) return false;
      if (part.number == 1) pcr.index = static_cast<std::uint8_t>(part.value);
      if (part.number == 2) pcr.value = copy(part.bytes);
    }
    out.push_back(std::move(pcr));
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.index < b.index; });
  return right_bank;
}

// message Attestation { ak_pub = 1; repeated Quote quotes = 2; event_log = 3; ... ak_cert = 6;
// repeated intermediate_certs = 7; }, message Quote { quote = 1; raw_sig = 2; pcrs = 3; }
std::optional<EvidenceFile> from_attestation(const EvidenceFile& file, TpmAlgorithm bank) {
  const auto fields = message_fields(file.evidence);
  if (!fields) return std::nullopt;
  EvidenceFile out = file;
  attest::TpmFile tpm;
  bool found = false;
  for (const Field& field : *fields) {
    if (field.number == 1) tpm.ak_public = copy(field.bytes);
    if (field.number == 3 && out.collateral.empty()) out.collateral = copy(field.bytes);
    if (field.number == 6 || field.number == 7) {
      out.chain.insert(out.chain.end(), field.bytes.begin(), field.bytes.end());
    }
    if (field.number != 2 || found) continue;
    const auto quote = message_fields(field.bytes);
    if (!quote) return std::nullopt;
    attest::TpmEvidence one;
    for (const Field& part : *quote) {
      if (part.number == 1) one.quote = copy(part.bytes);
      if (part.number == 2) one.signature = copy(part.bytes);
      if (part.number == 3) found = read_pcrs(part.bytes, bank, one.pcrs);
    }
    if (found) tpm.quote = std::move(one);
  }
  if (!found || tpm.ak_public.empty()) return std::nullopt;
  out.evidence = to_bytes(attest::print_tpm_file(tpm));
  return out;
}

// --- Azure ---

const std::string* text_of(const Json* json, std::string_view key) {
  const Json* found = json == nullptr ? nullptr : json->find(key);
  return found == nullptr ? nullptr : found->string();
}

// {"message": hex, "pcrs": [hex], "signature": hex}: RSASSA with SHA-256, without its TPM header.
std::optional<attest::TpmEvidence> azure_quote(const Json* json) {
  const std::string* message = text_of(json, "message");
  const std::string* signature = text_of(json, "signature");
  const Json* pcrs = json == nullptr ? nullptr : json->find("pcrs");
  if (message == nullptr || signature == nullptr || pcrs == nullptr || pcrs->array() == nullptr ||
      pcrs->array()->size() > kPcrs) {
    return std::nullopt;
  }
  const auto quote = from_hex(*message);
  const auto raw = from_hex(*signature);
  if (!quote || !raw || raw->size() > 512) return std::nullopt;
  attest::TpmEvidence out;
  out.quote = *quote;
  out.signature = {0x00,
                   0x14,
                   0x00,
                   0x0b,
                   static_cast<std::uint8_t>(raw->size() >> 8U),
                   static_cast<std::uint8_t>(raw->size())};
  out.signature.insert(out.signature.end(), raw->begin(), raw->end());
  for (const Json& pcr : *pcrs->array()) {
    const auto value = pcr.string() == nullptr ? Result<Bytes>(Bytes()) : from_hex(*pcr.string());
    if (!value) return std::nullopt;
    out.pcrs.push_back({static_cast<std::uint8_t>(out.pcrs.size()), *value});
  }
  return out;
}

std::optional<EvidenceFile> from_azure(const EvidenceFile& file) {
  EvidenceFile out = file;
  attest::AzureFile azure;
  const bool is_blob = as_text(file.evidence).starts_with("HCLA");
  const auto json = Json::parse(as_text(is_blob ? file.collateral : file.evidence));
  if (!json) return std::nullopt;
  const auto quote = azure_quote(is_blob ? &*json : json->find("tpm_quote"));
  if (!quote) return std::nullopt;
  azure.quote = *quote;
  if (is_blob) {
    azure.hcl_report = file.evidence;
    out.collateral.clear();
  } else {
    const std::string* blob = text_of(&*json, "hcl_report");
    const std::string* vcek = text_of(&*json, "vcek");
    const auto report = blob == nullptr ? std::nullopt : from_any_base64(*blob);
    const auto leaf = vcek == nullptr ? std::nullopt : from_any_base64(*vcek);
    if (!report) return std::nullopt;
    azure.hcl_report = *report;
    if (leaf) out.chain.insert(out.chain.end(), leaf->begin(), leaf->end());
  }
  out.evidence = to_bytes(attest::print_azure_file(azure));
  return out;
}

}  // namespace

EvidenceFile import_evidence(EvidenceFile file, TpmAlgorithm bank) {
  switch (file.platform) {
    case Platform::tpm:
      if (auto out = from_attestation(file, bank)) return std::move(*out);
      return file;
    case Platform::azure:
      if (auto out = from_azure(file)) return std::move(*out);
      return file;
    case Platform::snp:
    case Platform::sgx:
    case Platform::tdx:
    case Platform::nitro:
      if (auto bytes = from_text(file.evidence)) file.evidence = std::move(*bytes);
      return file;
    case Platform::sim: return file;
  }
  GBX_CHECK(false);
}

EvidenceFile with_event_log(EvidenceFile file, ByteView log) {
  file.collateral = attest::join_domain_collateral(file.collateral, log);
  return file;
}

}  // namespace gbx::client
