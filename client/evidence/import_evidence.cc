#include "client/evidence/import_evidence.h"

#include <algorithm>
#include <optional>
#include <string>

#include "attest/azure_file.h"
#include "attest/chain_files.h"
#include "attest/snp_report.h"
#include "attest/tdx_event_log.h"
#include "attest/tpm_evidence.h"
#include "client/evidence/text_forms.h"
#include "trusted/base/json.h"

namespace gbx::client {
namespace {

using attest::Platform;
using attest::TpmAlgorithm;

constexpr std::size_t kPcrs = attest::kPcrCount;
constexpr std::size_t kFieldsMax = 256;  // of a protobuf message

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

// --- AMD SEV-SNP ---

// What the kernel answers to SNP_GET_REPORT: status 0, the size of a report, reserved words, the
// report, zeros to the end of its buffer.
std::optional<Bytes> from_report_response(ByteView bytes) {
  constexpr std::size_t kHeaderBytes = 32;
  constexpr std::size_t kBufferBytes = 4000;
  const std::size_t whole = kHeaderBytes + attest::kSnpReportBytes;
  if (bytes.size() < whole || bytes.size() > kBufferBytes) return std::nullopt;
  Reader in(bytes);
  const bool good = in.u32() == 0 && in.u32() == attest::kSnpReportBytes;
  const auto is_zero = [](std::uint8_t byte) { return byte == 0; };
  const ByteView reserved = in.view(kHeaderBytes - 8);
  const ByteView report = in.view(attest::kSnpReportBytes);
  const ByteView rest = in.view(in.left());
  if (!good || !std::all_of(reserved.begin(), reserved.end(), is_zero) ||
      !std::all_of(rest.begin(), rest.end(), is_zero)) {
    return std::nullopt;
  }
  return copy(report);
}

// An extended report, as go-sev-guest writes one: the table of certificates is behind the report.
EvidenceFile from_snp(EvidenceFile file) {
  if (auto report = from_report_response(file.evidence)) {
    file.evidence = std::move(*report);
    return file;
  }
  if (file.evidence.size() <= attest::kSnpReportBytes) return file;
  const ByteView table = ByteView(file.evidence).subspan(attest::kSnpReportBytes);
  if (!attest::is_certificate_table(table)) return file;
  append_chain(file.chain, copy(table));
  file.evidence.resize(attest::kSnpReportBytes);
  return file;
}

// --- JSON ---

const std::string* text_of(const Json* json, std::string_view key) {
  const Json* found = json == nullptr ? nullptr : json->find(key);
  return found == nullptr ? nullptr : found->string();
}

// Bytes as a member has them: text (hex, base64, PEM), or a list of numbers.
std::optional<Bytes> bytes_of(const Json* value) {
  if (value == nullptr) return std::nullopt;
  if (value->string() != nullptr) {
    const Bytes text = to_bytes(*value->string());
    if (auto decoded = from_text(text)) return decoded;
    return as_text(text).starts_with("-----BEGIN ") ? std::optional(text) : std::nullopt;
  }
  if (value->array() == nullptr || value->array()->size() > attest::kDocumentBytesMax) {
    return std::nullopt;
  }
  Bytes out;
  for (const Json& entry : *value->array()) {
    const std::int64_t* byte = entry.integer();
    if (byte == nullptr || *byte < 0 || *byte > 0xff) return std::nullopt;
    out.push_back(static_cast<std::uint8_t>(*byte));
  }
  return out;
}

// The member of one of two names.
const Json* member_of(const Json& json, std::string_view name, std::string_view older) {
  const Json* found = json.find(name);
  return found == nullptr ? json.find(older) : found;
}

// Our own form, printed otherwise: its members in another order, with white space.
std::optional<Bytes> reprinted(ByteView file) {
  const auto json = Json::parse(as_text(file));
  if (!json || json->object() == nullptr) return std::nullopt;
  return to_bytes(json->canonical());
}

// --- Intel's collateral ---

constexpr std::string_view kLists[] = {"root_ca_crl", "pck_crl"};
constexpr std::string_view kChains[] = {"tcb_info_issuer_chain", "qe_identity_issuer_chain",
                                        "pck_crl_issuer_chain"};

// Revocation lists in another spelling than hex, brought into it.
std::optional<Bytes> with_hex_lists(Json::Object members, Bytes& chain) {
  for (auto& [name, value] : members) {
    if (std::find(std::begin(kLists), std::end(kLists), name) == std::end(kLists)) continue;
    const auto list = bytes_of(&value);
    if (!list) return std::nullopt;
    const bool is_pem = as_text(*list).starts_with("-----BEGIN ");
    if (is_pem) append_chain(chain, *list);
    value = Json(is_pem ? std::string() : to_hex(*list));
  }
  return to_bytes(Json(std::move(members)).canonical());
}

// What Intel's quote provider library hands out: tcb_info and qe_identity are whole responses, with
// their signatures inside, and texts end with a NUL. Brought into those responses, and a chain.
std::optional<EvidenceFile> from_responses(const EvidenceFile& file, const Json& json) {
  EvidenceFile out = file;
  out.collateral.clear();
  for (const std::string_view name : {"tcb_info", "qe_identity"}) {
    const std::string* text = text_of(&json, name);
    if (text == nullptr || !text->starts_with('{')) return std::nullopt;
    const std::string whole = text->substr(0, text->find('\0'));
    out.collateral.insert(out.collateral.end(), whole.begin(), whole.end());
  }
  for (const std::string_view name : kChains) {
    const std::string* text = text_of(&json, name);
    if (text == nullptr) return std::nullopt;
    append_chain(out.chain, to_bytes(text->substr(0, text->find('\0'))));
  }
  for (const std::string_view name : kLists) {
    const std::string* text = text_of(&json, name);
    const Json trimmed(text == nullptr ? std::string() : text->substr(0, text->find('\0')));
    const auto list = bytes_of(&trimmed);
    if (!list) return std::nullopt;
    append_chain(out.chain, *list);
  }
  return out;
}

EvidenceFile from_dcap(EvidenceFile file) {
  const auto split = attest::split_domain_collateral(file.collateral);
  if (!split) return file;
  const auto json = Json::parse(as_text(split->intel));
  if (!json || json->object() == nullptr) return file;
  const Bytes log = split->log.value_or(Bytes());
  const std::string* tcb_info = text_of(&*json, "tcb_info");
  if (tcb_info != nullptr && tcb_info->starts_with("{\"tcbInfo\"")) {
    if (auto out = from_responses(file, *json)) return with_event_log(std::move(*out), log);
    return file;
  }
  if (auto text = with_hex_lists(*json->object(), file.chain)) {
    file.collateral = std::move(*text);
    return with_event_log(std::move(file), log);
  }
  return file;
}

// --- Azure ---

// {"message", "pcrs", "signature"}: RSASSA with SHA-256, without its TPM header.
std::optional<attest::TpmEvidence> azure_quote(const Json* json) {
  const Json* pcrs = json == nullptr ? nullptr : json->find("pcrs");
  if (pcrs == nullptr || pcrs->array() == nullptr || pcrs->array()->size() > kPcrs) {
    return std::nullopt;
  }
  const auto quote = bytes_of(json->find("message"));
  const auto raw = bytes_of(json->find("signature"));
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
    const auto value = bytes_of(&pcr);
    if (!value) return std::nullopt;
    out.pcrs.push_back({static_cast<std::uint8_t>(out.pcrs.size()), *value});
  }
  return out;
}

// The evidence of Trustee's az-snp-vtpm and az-tdx-vtpm: `hcl_report`, `tpm_quote`, and `vcek` or
// `td_quote`; in its oldest version `report` and `quote`.
bool read_azure(const Json& json, attest::AzureFile& azure, EvidenceFile& out) {
  const auto quote = azure_quote(member_of(json, "tpm_quote", "quote"));
  const auto report = bytes_of(member_of(json, "hcl_report", "report"));
  if (!quote || !report) return false;
  azure.quote = *quote;
  azure.hcl_report = *report;
  if (const auto leaf = bytes_of(json.find("vcek"))) append_chain(out.chain, *leaf);
  const Json* td_quote = json.find("td_quote");
  if (td_quote == nullptr) return true;
  const auto below = bytes_of(td_quote);
  if (below) azure.td_quote = *below;
  return below.has_value();
}

std::optional<EvidenceFile> from_azure(const EvidenceFile& file) {
  EvidenceFile out = file;
  attest::AzureFile azure;
  const Bytes evidence = from_text(file.evidence).value_or(file.evidence);
  const bool is_blob = as_text(evidence).starts_with("HCLA");
  const auto json = Json::parse(as_text(is_blob ? file.collateral : file.evidence));
  if (!json) return std::nullopt;
  if (is_blob) {
    const auto quote = azure_quote(&*json);
    if (!quote) return std::nullopt;
    azure.quote = *quote;
    azure.hcl_report = evidence;
    out.collateral.clear();
  } else if (!read_azure(*json, azure, out)) {
    return std::nullopt;
  }
  out.evidence = to_bytes(attest::print_azure_file(azure));
  return out;
}

}  // namespace

EvidenceFile import_evidence(EvidenceFile file, TpmAlgorithm bank) {
  file.chain = chain_from_text(file.chain);
  switch (file.platform) {
    case Platform::tpm:
      if (auto out = from_attestation(file, bank)) return std::move(*out);
      if (auto text = reprinted(file.evidence)) file.evidence = std::move(*text);
      return file;
    case Platform::azure:
      if (auto out = from_azure(file)) return from_dcap(std::move(*out));
      if (auto text = reprinted(file.evidence)) file.evidence = std::move(*text);
      return from_dcap(std::move(file));
    case Platform::snp:
    case Platform::sgx:
    case Platform::tdx:
    case Platform::nitro:
      if (auto bytes = from_text(file.evidence)) file.evidence = std::move(*bytes);
      if (file.platform == Platform::snp) return from_snp(std::move(file));
      return file.platform == Platform::nitro ? file : from_dcap(std::move(file));
    case Platform::sim:
      if (auto text = reprinted(file.evidence)) file.evidence = std::move(*text);
      return file;
  }
  GBX_CHECK(false);
}

EvidenceFile with_event_log(EvidenceFile file, ByteView log) {
  file.collateral = attest::join_domain_collateral(file.collateral, log);
  return file;
}

}  // namespace gbx::client
