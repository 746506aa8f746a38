#include "attest/hcl.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "trusted/base/json.h"

namespace gbx::attest {
namespace {

constexpr std::string_view kSignature = "HCLA";
constexpr std::uint32_t kBlobVersions[] = {1, 2};
constexpr std::uint32_t kRequestTypeReport = 2;
constexpr std::uint32_t kRuntimeVersion = 1;
constexpr std::uint32_t kReportSnp = 2;
constexpr std::uint32_t kReportTdx = 4;
constexpr std::uint32_t kHashSha256 = 1;
constexpr std::size_t kRuntimeHeaderBytes = 20;
constexpr std::size_t kModulusBytesMax = 512;
constexpr std::size_t kUserDataBytes = 64;
constexpr std::size_t kKeysMax = 8;

// What Azure and OpenHCL put into vm-configuration. The second column: it is a boolean.
constexpr std::pair<std::string_view, bool> kConfiguration[] = {
    {"console-enabled", true},
    {"current-time", false},
    {"filtered-vpci-devices-allowed", true},
    {"interactive-console-enabled", true},
    {"root-cert-thumbprint", false},
    {"secure-boot", true},
    {"tpm-enabled", true},
    {"tpm-persisted", true},
    {"vmUniqueId", false},
};

Error refused(Literal reason) { return {ErrorCode::unverified, reason}; }

bool is_all_zero(ByteView bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t b) { return b == 0; });
}

// base64url without padding, as JSON web keys have it.
Result<Bytes> from_base64url(std::string text) {
  if (text.find_first_of("+/=") != std::string::npos) return refused("hcl_runtime_malformed");
  std::replace(text.begin(), text.end(), '-', '+');
  std::replace(text.begin(), text.end(), '_', '/');
  while (text.size() % 4 != 0) text.push_back('=');
  return from_base64(text);
}

const std::string* text_of(const Json& object, std::string_view key) {
  const Json* found = object.find(key);
  return found == nullptr ? nullptr : found->string();
}

// The one key that is named HCLAkPub.
bool read_ak(const Json* keys, HclRuntime& out) {
  if (keys == nullptr || keys->array() == nullptr || keys->array()->size() > kKeysMax) return false;
  const Json* ak = nullptr;
  for (const Json& key : *keys->array()) {
    const std::string* kid = text_of(key, "kid");
    if (kid == nullptr) return false;
    if (*kid != "HCLAkPub") continue;
    if (ak != nullptr) return false;
    ak = &key;
  }
  if (ak == nullptr) return false;
  const std::string* type = text_of(*ak, "kty");
  const std::string* n = text_of(*ak, "n");
  const std::string* e = text_of(*ak, "e");
  if (type == nullptr || *type != "RSA" || n == nullptr || e == nullptr) return false;
  const auto modulus = from_base64url(*n);
  const auto exponent = from_base64url(*e);
  if (!modulus || !exponent || modulus->empty() || modulus->size() > kModulusBytesMax) return false;
  if (exponent->empty() || exponent->size() > 4) return false;
  out.ak_modulus = *modulus;
  for (const std::uint8_t byte : *exponent) out.ak_exponent = out.ak_exponent << 8U | byte;
  return true;
}

std::optional<bool> flag(const Json& configuration, std::string_view key) {
  const Json* found = configuration.find(key);
  if (found == nullptr || found->boolean() == nullptr) return std::nullopt;
  return *found->boolean();
}

bool read_vm_id(const Json& configuration, HclRuntime& out) {
  const std::string* id = text_of(configuration, "vmUniqueId");
  if (id == nullptr || id->size() != 36) return false;
  for (const char c : *id) {
    const bool is_upper = c >= 'A' && c <= 'F';
    if (!is_upper && !(c >= 'a' && c <= 'f') && !(c >= '0' && c <= '9') && c != '-') return false;
    out.vm_id.push_back(is_upper ? static_cast<char>(c - 'A' + 'a') : c);
  }
  return true;
}

bool read_configuration(const Json* configuration, HclRuntime& out) {
  if (configuration == nullptr || configuration->object() == nullptr) return false;
  for (const auto& [name, value] : *configuration->object()) {
    const auto known = [&](const auto& entry) { return entry.first == name; };
    const auto* entry = std::find_if(std::begin(kConfiguration), std::end(kConfiguration), known);
    if (entry == std::end(kConfiguration)) return false;
    if (entry->second && value.boolean() == nullptr) return false;
  }
  out.secure_boot = flag(*configuration, "secure-boot");
  out.tpm_enabled = flag(*configuration, "tpm-enabled");
  out.console_enabled = flag(*configuration, "console-enabled");
  return read_vm_id(*configuration, out);
}

bool read_user_data(const std::string* text, HclRuntime& out) {
  if (text == nullptr) return false;
  std::string lower = *text;
  for (char& c : lower) {
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
  }
  const auto bytes = from_hex(lower);
  if (!bytes || bytes->size() != kUserDataBytes) return false;
  out.user_data = *bytes;
  return true;
}

}  // namespace

Result<HclBlob> parse_hcl_blob(ByteView blob) {
  const Error malformed = refused("hcl_malformed");
  Reader in(blob);
  if (as_text(in.view(kSignature.size())) != kSignature) return malformed;
  const std::uint32_t version = in.u32();
  const std::uint32_t report_size = in.u32();
  const std::uint32_t request_type = in.u32();
  const ByteView status = in.view(4 + 12);  // status and reserved words
  const ByteView report = in.view(kHclReportBytes);
  const std::size_t rest = in.left();
  const std::uint32_t data_size = in.u32();
  const std::uint32_t runtime_version = in.u32();
  const std::uint32_t report_type = in.u32();
  const std::uint32_t hash_type = in.u32();
  const std::uint32_t runtime_size = in.u32();
  if (in.failed()) return malformed;
  if (std::find(std::begin(kBlobVersions), std::end(kBlobVersions), version) ==
          std::end(kBlobVersions) ||
      runtime_version != kRuntimeVersion) {
    return refused("hcl_version_unknown");
  }
  if (report_type != kReportSnp && report_type != kReportTdx) {
    return refused("hcl_report_type_unknown");
  }
  if (hash_type != kHashSha256) return refused("hcl_hash_not_allowed");
  HclBlob out;
  out.kind = report_type == kReportSnp ? HclReportKind::snp : HclReportKind::tdx;
  out.report = out.kind == HclReportKind::snp ? report : report.first(kTdReportBytes);
  if (runtime_size == 0 || runtime_size > kHclRuntimeBytesMax) return malformed;
  out.runtime = in.view(runtime_size);
  const bool sizes = data_size == kRuntimeHeaderBytes + runtime_size && data_size <= rest &&
                     report_size == kHclHeaderBytes + kHclReportBytes + data_size;
  const bool padding = is_all_zero(status) && is_all_zero(report.subspan(out.report.size())) &&
                       is_all_zero(in.view(in.left()));
  if (in.failed() || !sizes || !padding || request_type != kRequestTypeReport) return malformed;
  return out;
}

Result<HclRuntime> parse_hcl_runtime(ByteView runtime) {
  const Error malformed = refused("hcl_runtime_malformed");
  const auto json = Json::parse(as_text(runtime));
  if (!json || json->object() == nullptr || json->object()->size() != 3) return malformed;
  HclRuntime out;
  const bool good = read_ak(json->find("keys"), out) &&
                    read_configuration(json->find("vm-configuration"), out) &&
                    read_user_data(text_of(*json, "user-data"), out);
  if (!good) return malformed;
  return out;
}

}  // namespace gbx::attest
