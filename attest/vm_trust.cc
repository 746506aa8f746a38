// The sections for sim, TPMs, Nitro enclaves and Azure's confidential VMs.

#include "attest/trust_fields.h"

namespace gbx::attest {
namespace {

constexpr std::int64_t kPcrMax = 31;
constexpr std::size_t kInstanceBytes = 8;  // of a Google instance id

Result<PcrValue> decode_pcr(const Json& json) {
  Fields fields(json, kTrustMalformed);
  PcrValue out;
  out.index = static_cast<std::uint8_t>(fields.integer("index", 0, kPcrMax));
  const std::string value = fields.text("value", 96);
  auto bytes = from_hex(value);
  if (!bytes || (bytes->size() != 32 && bytes->size() != 48)) fields.fail();
  GBX_TRY(fields.finish());
  out.value = std::move(bytes).value();
  return out;
}

Json encode_pcr(const PcrValue& pcr) {
  return Json::object({{"index", pcr.index}, {"value", to_hex(pcr.value)}});
}

// Ascending and not empty: one spelling, and nothing that would match any machine.
template <typename Image>
Result<Image> decode_image(const Json& json) {
  Fields fields(json, kTrustMalformed);
  Image out;
  out.image_digest = fields.template hex_array<32>("image_digest");
  out.pcrs = take_list<PcrValue>(fields, "pcrs", decode_pcr);
  for (std::size_t i = 1; i < out.pcrs.size(); i++) {
    if (out.pcrs[i - 1].index >= out.pcrs[i].index) fields.fail();
  }
  if (out.pcrs.empty()) fields.fail();
  GBX_TRY(fields.finish());
  return out;
}

template <typename Image>
Json encode_image(const Image& image) {
  return Json::object({{"image_digest", to_hex(image.image_digest)},
                       {"pcrs", encode_list(image.pcrs, encode_pcr)}});
}

Result<TpmRoot> decode_tpm_root(const Json& json) {
  Fields fields(json, kTrustMalformed);
  TpmRoot out;
  const auto root = decode_root(Json(fields.text("root", 64)));
  if (!root) fields.fail();
  out.assurance = fields.text("assurance", 32);
  const bool known = out.assurance == "DEV-TPM" || out.assurance == "DEV-VM" ||
                     out.assurance == "CLOUD-TPM" || out.assurance == "TPM";
  if (!known) fields.fail();
  GBX_TRY(fields.finish());
  out.sha256 = *root;
  return out;
}

Json encode_tpm_root(const TpmRoot& root) {
  return Json::object({{"assurance", root.assurance}, {"root", encode_root(root.sha256)}});
}

}  // namespace

Result<SimTrust> decode_sim_trust(const Json& json) {
  Fields fields(json, kTrustMalformed);
  SimTrust out;
  out.images = take_list<Hash>(fields, "images", decode_array<32>);
  GBX_TRY(fields.finish());
  return out;
}

Json encode_sim_trust(const SimTrust& trust) {
  return Json::object({{"images", encode_list(trust.images, encode_hex<32>)}});
}

Result<TpmTrust> decode_tpm_trust(const Json& json) {
  Fields fields(json, kTrustMalformed);
  TpmTrust out;
  out.roots = take_list<TpmRoot>(fields, "roots", decode_tpm_root);
  out.images = take_list<TpmImage>(fields, "images", decode_image<TpmImage>);
  out.machines = take_machines(fields, kInstanceBytes);
  GBX_TRY(fields.finish());
  return out;
}

Json encode_tpm_trust(const TpmTrust& trust) {
  return Json::object({{"images", encode_list(trust.images, encode_image<TpmImage>)},
                       {"machines", encode_machines(trust.machines)},
                       {"roots", encode_list(trust.roots, encode_tpm_root)}});
}

Result<NitroTrust> decode_nitro_trust(const Json& json) {
  Fields fields(json, kTrustMalformed);
  NitroTrust out;
  out.roots = take_list<Hash>(fields, "roots", decode_root);
  out.images = take_list<NitroImage>(fields, "images", decode_image<NitroImage>);
  GBX_TRY(fields.finish());
  return out;
}

Json encode_nitro_trust(const NitroTrust& trust) {
  return Json::object({{"images", encode_list(trust.images, encode_image<NitroImage>)},
                       {"roots", encode_list(trust.roots, encode_root)}});
}

Result<AzureTrust> decode_azure_trust(const Json& json) {
  Fields fields(json, kTrustMalformed);
  AzureTrust out;
  auto snp = decode_snp_trust(fields.object("snp"));
  if (!snp) fields.fail();
  out.images = take_list<TpmImage>(fields, "images", decode_image<TpmImage>);
  GBX_TRY(fields.finish());
  out.snp = std::move(snp).value();
  return out;
}

Json encode_azure_trust(const AzureTrust& trust) {
  return Json::object({{"images", encode_list(trust.images, encode_image<TpmImage>)},
                       {"snp", encode_snp_trust(trust.snp)}});
}

}  // namespace gbx::attest
