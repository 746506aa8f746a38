// The sections for processors: AMD SEV-SNP, Intel SGX and TDX.

#include "attest/trust_fields.h"

namespace gbx::attest {
namespace {

constexpr std::int64_t kByteMax = 255;
constexpr std::int64_t kVmplMax = 3;

struct ProductName {
  SnpProduct product;
  std::string_view name;
};
constexpr ProductName kProducts[] = {
    {SnpProduct::milan, "milan"}, {SnpProduct::genoa, "genoa"}, {SnpProduct::turin, "turin"}};

struct StatusName {
  TcbStatus status;
  std::string_view word;
};
constexpr StatusName kStatuses[] = {
    {TcbStatus::up_to_date, "UpToDate"},
    {TcbStatus::sw_hardening_needed, "SWHardeningNeeded"},
    {TcbStatus::configuration_needed, "ConfigurationNeeded"},
    {TcbStatus::configuration_and_sw_hardening_needed, "ConfigurationAndSWHardeningNeeded"},
    {TcbStatus::out_of_date, "OutOfDate"},
    {TcbStatus::out_of_date_configuration_needed, "OutOfDateConfigurationNeeded"},
    {TcbStatus::revoked, "Revoked"},
};

Error malformed() { return {ErrorCode::invalid_argument, kTrustMalformed}; }

std::uint8_t take_byte(Fields& fields, std::string_view key) {
  return static_cast<std::uint8_t>(fields.integer(key, 0, kByteMax));
}

Result<SnpProductTrust> decode_product(const Json& json) {
  Fields fields(json, kTrustMalformed);
  SnpProductTrust out;
  const auto product = snp_product_from(fields.text("product", 16));
  if (!product) fields.fail();
  out.product = product.value_or(SnpProduct::genoa);
  Fields tcb(fields.object("min_tcb"), kTrustMalformed);
  // Only Turin has a component of this name.
  if (out.product == SnpProduct::turin) out.min_tcb.fmc = take_byte(tcb, "fmc");
  out.min_tcb.bootloader = take_byte(tcb, "bootloader");
  out.min_tcb.tee = take_byte(tcb, "tee");
  out.min_tcb.snp = take_byte(tcb, "snp");
  out.min_tcb.microcode = take_byte(tcb, "microcode");
  GBX_TRY(tcb.finish());
  GBX_TRY(fields.finish());
  return out;
}

Json encode_product(const SnpProductTrust& trust) {
  Json tcb = Json::object({{"bootloader", trust.min_tcb.bootloader},
                           {"microcode", trust.min_tcb.microcode},
                           {"snp", trust.min_tcb.snp},
                           {"tee", trust.min_tcb.tee}});
  if (trust.product == SnpProduct::turin) tcb.set("fmc", trust.min_tcb.fmc);
  return Json::object({{"min_tcb", tcb}, {"product", snp_product_name(trust.product)}});
}

Result<SnpModels> decode_models(const Json& json) {
  Fields fields(json, kTrustMalformed);
  SnpModels out;
  out.family = take_byte(fields, "family");
  out.model_min = take_byte(fields, "model_min");
  out.model_max = take_byte(fields, "model_max");
  GBX_TRY(fields.finish());
  return out;
}

Json encode_models(const SnpModels& models) {
  return Json::object({{"family", models.family},
                       {"model_max", models.model_max},
                       {"model_min", models.model_min}});
}

Result<SnpKeyKind> decode_key_kind(const Json& json) {
  GBX_TRY_ASSIGN(const std::string word, decode_word(json));
  if (word == "vcek") return SnpKeyKind::vcek;
  if (word == "vlek") return SnpKeyKind::vlek;
  return malformed();
}

Json encode_key_kind(SnpKeyKind kind) { return kind == SnpKeyKind::vcek ? "vcek" : "vlek"; }

Result<SnpImage> decode_snp_image(const Json& json) {
  Fields fields(json, kTrustMalformed);
  SnpImage out;
  out.image_digest = fields.hex_array<32>("image_digest");
  out.measurement = fields.hex_array<48>("measurement");
  out.host_data = take_bound<32>(fields, "host_data");
  out.vmpl = static_cast<std::uint8_t>(fields.integer("vmpl", 0, kVmplMax));
  GBX_TRY(fields.finish());
  return out;
}

Json encode_snp_image(const SnpImage& image) {
  return Json::object({{"host_data", encode_bound(image.host_data)},
                       {"image_digest", to_hex(image.image_digest)},
                       {"measurement", to_hex(image.measurement)},
                       {"vmpl", image.vmpl}});
}

Result<TcbStatus> decode_status(const Json& json) {
  GBX_TRY_ASSIGN(const std::string word, decode_word(json));
  const auto status = tcb_status_from(word);
  if (!status || *status == TcbStatus::revoked) return malformed();
  return *status;
}

void take_dcap(Fields& fields, DcapTrust& out) {
  out.roots = take_list<Hash>(fields, "roots", decode_root);
  out.min_tcb_evaluation_data_number =
      fields.integer("min_tcb_evaluation_data_number", 1, Json::kIntegerMax);
  out.accepted_statuses = take_list<TcbStatus>(fields, "accepted_statuses", decode_status);
  out.accepted_advisories = take_list<std::string>(fields, "accepted_advisories", decode_word);
  out.denied_fmspc = take_list<Bytes>(fields, "denied_fmspc",
                                      [](const Json& json) { return decode_hex(json, 6); });
  out.machines = take_machines(fields, 16);
}

Json encode_dcap(const DcapTrust& trust) {
  return Json::object(
      {{"accepted_advisories",
        encode_list(trust.accepted_advisories, [](const std::string& word) { return Json(word); })},
       {"accepted_statuses",
        encode_list(trust.accepted_statuses,
                    [](TcbStatus status) { return Json(tcb_status_word(status)); })},
       {"denied_fmspc",
        encode_list(trust.denied_fmspc, [](const Bytes& fmspc) { return Json(to_hex(fmspc)); })},
       {"machines", encode_machines(trust.machines)},
       {"min_tcb_evaluation_data_number", trust.min_tcb_evaluation_data_number},
       {"roots", encode_list(trust.roots, encode_root)}});
}

// An enclave is named by its measurement, or by who signed it, which, and from which version on.
Result<SgxImage> decode_sgx_image(const Json& json) {
  Fields fields(json, kTrustMalformed);
  SgxImage out;
  out.image_digest = fields.hex_array<32>("image_digest");
  if (json.find("mrenclave") != nullptr) {
    out.mrenclave = fields.hex_array<32>("mrenclave");
  } else {
    out.mrsigner = fields.hex_array<32>("mrsigner");
    out.isv_prod_id = static_cast<std::uint16_t>(fields.integer("isv_prod_id", 0, 65535));
    out.isv_svn_min = static_cast<std::uint16_t>(fields.integer("isv_svn_min", 0, 65535));
  }
  GBX_TRY(fields.finish());
  return out;
}

Json encode_sgx_image(const SgxImage& image) {
  Json out = Json::object({{"image_digest", to_hex(image.image_digest)}});
  if (image.mrenclave) {
    out.set("mrenclave", to_hex(*image.mrenclave));
  } else {
    GBX_CHECK(image.mrsigner.has_value());
    out.set("mrsigner", to_hex(*image.mrsigner));
    out.set("isv_prod_id", image.isv_prod_id);
    out.set("isv_svn_min", image.isv_svn_min);
  }
  return out;
}

Result<TdxImage> decode_tdx_image(const Json& json) {
  Fields fields(json, kTrustMalformed);
  TdxImage out;
  out.image_digest = fields.hex_array<32>("image_digest");
  out.mr_td = fields.hex_array<48>("mr_td");
  out.mr_config_id = take_bound<48>(fields, "mr_config_id");
  out.mr_owner = fields.hex_array<48>("mr_owner");
  out.mr_owner_config = fields.hex_array<48>("mr_owner_config");
  const auto rtmrs = take_list<Hash48>(fields, "rtmrs", decode_array<48>);
  if (rtmrs.size() != out.rtmrs.size()) return malformed();
  std::copy(rtmrs.begin(), rtmrs.end(), out.rtmrs.begin());
  GBX_TRY(fields.finish());
  return out;
}

Json encode_tdx_image(const TdxImage& image) {
  Json::Array rtmrs;
  for (const Hash48& rtmr : image.rtmrs) rtmrs.emplace_back(to_hex(rtmr));
  return Json::object({{"image_digest", to_hex(image.image_digest)},
                       {"mr_config_id", encode_bound(image.mr_config_id)},
                       {"mr_owner", to_hex(image.mr_owner)},
                       {"mr_owner_config", to_hex(image.mr_owner_config)},
                       {"mr_td", to_hex(image.mr_td)},
                       {"rtmrs", rtmrs}});
}

}  // namespace

std::string_view snp_product_name(SnpProduct product) {
  for (const ProductName& entry : kProducts) {
    if (entry.product == product) return entry.name;
  }
  GBX_CHECK(false);
}

std::optional<SnpProduct> snp_product_from(std::string_view name) {
  for (const ProductName& entry : kProducts) {
    if (entry.name == name) return entry.product;
  }
  return std::nullopt;
}

bool SnpTcb::at_least(const SnpTcb& other) const {
  return fmc >= other.fmc && bootloader >= other.bootloader && tee >= other.tee &&
         snp >= other.snp && microcode >= other.microcode;
}

std::string_view tcb_status_word(TcbStatus status) {
  for (const StatusName& entry : kStatuses) {
    if (entry.status == status) return entry.word;
  }
  GBX_CHECK(false);
}

std::optional<TcbStatus> tcb_status_from(std::string_view word) {
  for (const StatusName& entry : kStatuses) {
    if (entry.word == word) return entry.status;
  }
  return std::nullopt;
}

Result<SnpTrust> decode_snp_trust(const Json& json) {
  Fields fields(json, kTrustMalformed);
  SnpTrust out;
  out.roots = take_list<Hash>(fields, "roots", decode_root);
  out.products = take_list<SnpProductTrust>(fields, "products", decode_product);
  out.denied_models = take_list<SnpModels>(fields, "denied_models", decode_models);
  out.signing_keys = take_list<SnpKeyKind>(fields, "signing_keys", decode_key_kind);
  out.csp_ids = take_list<std::string>(fields, "csp_ids", decode_word);
  out.policy_required = take_bits(fields, "policy_required");
  out.policy_forbidden = take_bits(fields, "policy_forbidden");
  out.platform_required = take_bits(fields, "platform_required");
  out.platform_forbidden = take_bits(fields, "platform_forbidden");
  out.require_crl = fields.boolean("require_crl");
  out.machines = take_machines(fields, 64);
  out.images = take_list<SnpImage>(fields, "images", decode_snp_image);
  GBX_TRY(fields.finish());
  return out;
}

Json encode_snp_trust(const SnpTrust& trust) {
  return Json::object(
      {{"csp_ids", encode_list(trust.csp_ids, [](const std::string& word) { return Json(word); })},
       {"denied_models", encode_list(trust.denied_models, encode_models)},
       {"images", encode_list(trust.images, encode_snp_image)},
       {"machines", encode_machines(trust.machines)},
       {"platform_forbidden", encode_bits(trust.platform_forbidden)},
       {"platform_required", encode_bits(trust.platform_required)},
       {"policy_forbidden", encode_bits(trust.policy_forbidden)},
       {"policy_required", encode_bits(trust.policy_required)},
       {"products", encode_list(trust.products, encode_product)},
       {"require_crl", trust.require_crl},
       {"roots", encode_list(trust.roots, encode_root)},
       {"signing_keys", encode_list(trust.signing_keys, encode_key_kind)}});
}

Result<SgxTrust> decode_sgx_trust(const Json& json) {
  Fields fields(json, kTrustMalformed);
  SgxTrust out;
  take_dcap(fields, out);
  out.images = take_list<SgxImage>(fields, "images", decode_sgx_image);
  GBX_TRY(fields.finish());
  return out;
}

Json encode_sgx_trust(const SgxTrust& trust) {
  Json out = encode_dcap(trust);
  out.set("images", encode_list(trust.images, encode_sgx_image));
  return out;
}

Result<TdxTrust> decode_tdx_trust(const Json& json) {
  Fields fields(json, kTrustMalformed);
  TdxTrust out;
  take_dcap(fields, out);
  out.xfam_allowed = take_bits(fields, "xfam_allowed");
  out.td_attributes_allowed = take_bits(fields, "td_attributes_allowed");
  out.require_event_log = fields.boolean("require_event_log");
  out.images = take_list<TdxImage>(fields, "images", decode_tdx_image);
  GBX_TRY(fields.finish());
  return out;
}

Json encode_tdx_trust(const TdxTrust& trust) {
  Json out = encode_dcap(trust);
  out.set("images", encode_list(trust.images, encode_tdx_image));
  out.set("require_event_log", trust.require_event_log);
  out.set("td_attributes_allowed", encode_bits(trust.td_attributes_allowed));
  out.set("xfam_allowed", encode_bits(trust.xfam_allowed));
  return out;
}

}  // namespace gbx::attest
