// The sections for sim, TPMs, Nitro enclaves and Azure's confidential VMs.

#include "attest/trust_fields.h"

namespace gbx::attest {
namespace {

constexpr std::int64_t kNitroPcrMax = 31;
constexpr std::int64_t kTpmPcrMax = kPcrCount - 1;
constexpr std::size_t kNitroDigestBytes = 48;
constexpr std::string_view kNoSection = "none";
constexpr std::size_t kInstanceBytes = 8;  // of a Google instance id

constexpr std::pair<NitroField, std::string_view> kNitroFields[] = {
    {NitroField::nonce, "nonce"},
    {NitroField::public_key, "public_key"},
    {NitroField::user_data, "user_data"},
};

Result<PcrValue> decode_pcr(const Json& json, std::int64_t index_max, std::size_t size) {
  Fields fields(json, kTrustMalformed);
  PcrValue out;
  out.index = static_cast<std::uint8_t>(fields.integer("index", 0, index_max));
  out.value = fields.hex("value", size);
  GBX_TRY(fields.finish());
  return out;
}

Json encode_pcr(const PcrValue& pcr) {
  return Json::object({{"index", pcr.index}, {"value", to_hex(pcr.value)}});
}

// Ascending and not empty: one spelling, and nothing that would match any machine.
std::vector<PcrValue> take_pcrs(Fields& fields, std::int64_t index_max, std::size_t size) {
  const auto decode = [&](const Json& json) { return decode_pcr(json, index_max, size); };
  std::vector<PcrValue> out = take_list<PcrValue>(fields, "pcrs", decode);
  for (std::size_t i = 1; i < out.size(); i++) {
    if (out[i - 1].index >= out[i].index) fields.fail();
  }
  if (out.empty()) fields.fail();
  return out;
}

template <typename Image>
Json encode_image(const Image& image) {
  return Json::object({{"image_digest", to_hex(image.image_digest)},
                       {"pcrs", encode_list(image.pcrs, encode_pcr)}});
}

PcrMask take_selection(Fields& fields) {
  PcrMask out = 0;
  for (const Json& entry : fields.array("selection", kPcrCount)) {
    const std::int64_t* index = entry.integer();
    const bool known = index != nullptr && *index >= 0 && *index <= kTpmPcrMax;
    const PcrMask bit = known ? PcrMask{1} << *index : 0;
    if (!known || bit <= out) fields.fail();  // ascending
    out |= bit;
  }
  if (out == 0) fields.fail();
  return out;
}

Json encode_selection(PcrMask selection) {
  Json::Array out;
  for (std::size_t i = 0; i < kPcrCount; i++) {
    if ((selection >> i & 1U) != 0) out.emplace_back(std::uint64_t{i});
  }
  return {std::move(out)};
}

Result<PcrRules> decode_pcr_rules(const Json& json) {
  Fields fields(json, kTrustMalformed);
  PcrRules out;
  const auto bank = bank_from(fields.text("bank", 8));
  if (!bank) fields.fail();
  out.bank = bank.value_or(TpmAlgorithm::sha256);
  out.selection = take_selection(fields);
  const PcrMask usable = out.selection & ~kResettablePcrs;
  const auto decode = [&](const Json& entry) -> Result<TpmImage> {
    Fields image(entry, kTrustMalformed);
    TpmImage one;
    one.image_digest = image.hex_array<32>("image_digest");
    one.pcrs = take_pcrs(image, kTpmPcrMax, digest_size(out.bank));
    for (const PcrValue& pcr : one.pcrs) {
      if ((usable >> pcr.index & 1U) == 0) image.fail();
    }
    GBX_TRY(image.finish());
    return one;
  };
  out.images = take_list<TpmImage>(fields, "images", decode);
  GBX_TRY(fields.finish());
  return out;
}

Json encode_pcr_rules(const PcrRules& rules) {
  return Json::object({{"bank", bank_name(rules.bank)},
                       {"images", encode_list(rules.images, encode_image<TpmImage>)},
                       {"selection", encode_selection(rules.selection)}});
}

Assurance take_tpm_assurance(Fields& fields) {
  const auto word = assurance_from(fields.text("assurance", 32));
  const bool known = word == Assurance::dev_tpm || word == Assurance::dev_vm ||
                     word == Assurance::cloud_tpm || word == Assurance::tpm;
  if (!known) fields.fail();
  return word.value_or(Assurance::dev_tpm);
}

Result<TpmRoot> decode_tpm_root(const Json& json) {
  Fields fields(json, kTrustMalformed);
  TpmRoot out;
  const auto root = decode_root(Json(fields.text("root", 64)));
  if (root) {
    out.sha256 = *root;
  } else {
    fields.fail();
  }
  out.assurance = take_tpm_assurance(fields);
  GBX_TRY(fields.finish());
  return out;
}

Json encode_tpm_root(const TpmRoot& root) {
  return Json::object(
      {{"assurance", assurance_word(root.assurance)}, {"root", encode_root(root.sha256)}});
}

Result<TpmKey> decode_tpm_key(const Json& json) {
  Fields fields(json, kTrustMalformed);
  TpmKey out;
  out.sha256 = fields.hex_array<32>("sha256");
  out.assurance = take_tpm_assurance(fields);
  GBX_TRY(fields.finish());
  return out;
}

Json encode_tpm_key(const TpmKey& key) {
  return Json::object(
      {{"assurance", assurance_word(key.assurance)}, {"sha256", to_hex(key.sha256)}});
}

// 0, 1 and 2 are what runs: whoever left one out would allow any.
Result<NitroImage> decode_nitro_image(const Json& json) {
  Fields fields(json, kTrustMalformed);
  NitroImage out;
  out.image_digest = fields.hex_array<32>("image_digest");
  out.pcrs = take_pcrs(fields, kNitroPcrMax, kNitroDigestBytes);
  for (std::size_t i = 0; i < 3; i++) {
    if (out.pcrs.size() <= i || out.pcrs[i].index != i) fields.fail();
  }
  GBX_TRY(fields.finish());
  return out;
}

// A section that is there, or the word for none. Files of before wrote null, which nobody can sign.
template <typename T, typename Decode>
std::optional<T> take_section(Fields& fields, std::string_view key, Decode decode) {
  const Json* json = fields.optional(key);
  if (json == nullptr) fields.fail();
  if (json == nullptr || json->is_null()) return std::nullopt;
  if (json->string() != nullptr && *json->string() == kNoSection) return std::nullopt;
  auto section = decode(*json);
  if (!section) {
    fields.fail();
    return std::nullopt;
  }
  return std::move(section).value();
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
  out.require_crl = fields.boolean("require_crl");
  out.require_event_log = fields.boolean("require_event_log");
  out.keys = take_list<TpmKey>(fields, "keys", decode_tpm_key);
  out.machines = take_machines(fields, kInstanceBytes);
  auto pcrs = decode_pcr_rules(fields.object("pcrs"));
  if (!pcrs) fields.fail();
  out.roots = take_list<TpmRoot>(fields, "roots", decode_tpm_root);
  GBX_TRY(fields.finish());
  out.pcrs = std::move(pcrs).value();
  return out;
}

Json encode_tpm_trust(const TpmTrust& trust) {
  return Json::object({{"require_crl", trust.require_crl},
                       {"require_event_log", trust.require_event_log},
                       {"keys", encode_list(trust.keys, encode_tpm_key)},
                       {"machines", encode_machines(trust.machines)},
                       {"pcrs", encode_pcr_rules(trust.pcrs)},
                       {"roots", encode_list(trust.roots, encode_tpm_root)}});
}

Result<NitroTrust> decode_nitro_trust(const Json& json) {
  Fields fields(json, kTrustMalformed);
  NitroTrust out;
  const std::string binding = fields.text("binding", 16);
  const auto named = [&](const auto& entry) { return entry.second == binding; };
  const auto* field = std::find_if(std::begin(kNitroFields), std::end(kNitroFields), named);
  if (field == std::end(kNitroFields)) {
    fields.fail();
  } else {
    out.binding = field->first;
  }
  out.require_crl = fields.boolean("require_crl");
  out.images = take_list<NitroImage>(fields, "images", decode_nitro_image);
  out.roots = take_list<Hash>(fields, "roots", decode_root);
  GBX_TRY(fields.finish());
  return out;
}

Json encode_nitro_trust(const NitroTrust& trust) {
  const auto named = [&](const auto& entry) { return entry.first == trust.binding; };
  const auto* field = std::find_if(std::begin(kNitroFields), std::end(kNitroFields), named);
  return Json::object({{"binding", field->second},
                       {"require_crl", trust.require_crl},
                       {"images", encode_list(trust.images, encode_image<NitroImage>)},
                       {"roots", encode_list(trust.roots, encode_root)}});
}

Result<AzureTrust> decode_azure_trust(const Json& json) {
  Fields fields(json, kTrustMalformed);
  AzureTrust out;
  out.allow_console = fields.boolean("allow_console");
  auto pcrs = decode_pcr_rules(fields.object("pcrs"));
  if (!pcrs) fields.fail();
  out.snp = take_section<SnpTrust>(fields, "snp", decode_snp_trust);
  out.tdx = take_section<TdxTrust>(fields, "tdx", decode_tdx_trust);
  GBX_TRY(fields.finish());
  out.pcrs = std::move(pcrs).value();
  return out;
}

Json encode_azure_trust(const AzureTrust& trust) {
  return Json::object({{"allow_console", trust.allow_console},
                       {"pcrs", encode_pcr_rules(trust.pcrs)},
                       {"snp", trust.snp ? encode_snp_trust(*trust.snp) : Json(kNoSection)},
                       {"tdx", trust.tdx ? encode_tdx_trust(*trust.tdx) : Json(kNoSection)}});
}

}  // namespace gbx::attest
