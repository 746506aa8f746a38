#include "attest/trust_policy.h"

#include <algorithm>

#include "attest/trust_fields.h"

namespace gbx::attest {
namespace {

constexpr std::int64_t kVersion = 1;
constexpr std::size_t kWordBytesMax = 128;

// SHA-256 of each root's DER, as its owner publishes the certificate.
constexpr KnownRoot kKnownRoots[] = {
    {"amd-genoa", "4c6598d19c18719c5dfd4a7d335f674e5bfe1d8f800cea2cf270c10d103db2f1"},
    {"amd-milan", "69d063b45344d26a2e94e1f4210de49ef555308287d4c174445c95639a540bcd"},
    {"amd-turin", "1f084161a44bb6d93778a904877d4819cafa5d05ef4193b2ded9dd9c73dd3f6a"},
    {"aws-nitro", "641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b"},
    {"google-ek-ak", "594759594b9b61524f6c8ef668f7177f7b9066bc0674f2f49fe9e052be78beb2"},
    {"google-tpm-ek", "9bd5285f8fb18502a7947e621ffd470266f49fcd3b73e19a190f690ad32a7caf"},
    {"intel-sgx", "44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3"},
};

// Optional sections: absent is not trusted.
template <typename T, typename Decode>
void take_section(Fields& fields, std::string_view key, std::optional<T>& into, Decode decode) {
  const Json* json = fields.optional(key);
  if (json == nullptr) return;
  auto section = decode(*json);
  if (!section) {
    fields.fail();
    return;
  }
  into = std::move(section).value();
}

template <typename T, typename Encode>
void put_section(Json& platforms, std::string_view key, const std::optional<T>& section,
                 Encode encode) {
  if (section) platforms.set(std::string(key), encode(*section));
}

template <typename Image>
std::vector<Hash> digests_of(const std::vector<Image>& images) {
  std::vector<Hash> out;
  for (const Image& image : images) out.push_back(image.image_digest);
  return out;
}

std::vector<Hash> all_images(const TrustPolicy& trust) {
  std::vector<Hash> out;
  for (const Platform platform : kPlatforms) {
    const std::vector<Hash> more = images_of(trust, platform);
    out.insert(out.end(), more.begin(), more.end());
  }
  return out;
}

}  // namespace

std::span<const KnownRoot> known_roots() { return kKnownRoots; }

Result<Bytes> decode_hex(const Json& json, std::size_t size) {
  const Error malformed{ErrorCode::invalid_argument, kTrustMalformed};
  if (json.string() == nullptr || json.string()->size() != 2 * size) return malformed;
  auto bytes = from_hex(*json.string());
  if (!bytes) return malformed;
  return bytes;
}

Result<std::string> decode_word(const Json& json) {
  if (json.string() == nullptr || json.string()->empty() || json.string()->size() > kWordBytesMax) {
    return Error{ErrorCode::invalid_argument, kTrustMalformed};
  }
  return *json.string();
}

Result<Hash> decode_root(const Json& json) {
  GBX_TRY_ASSIGN(const std::string text, decode_word(json));
  for (const KnownRoot& root : kKnownRoots) {
    if (text == root.sha256) return Error{ErrorCode::invalid_argument, kTrustMalformed};
    if (text == root.name) return decode_array<32>(Json(root.sha256));
  }
  return decode_array<32>(json);
}

Json encode_root(const Hash& root) {
  const std::string hex = to_hex(root);
  for (const KnownRoot& known : kKnownRoots) {
    if (hex == known.sha256) return Json(known.name);
  }
  return Json(hex);
}

std::uint64_t take_bits(Fields& fields, std::string_view key) {
  std::uint64_t out = 0;
  for (const std::uint8_t byte : fields.hex(key, 8)) out = out << 8U | byte;
  return out;
}

Json encode_bits(std::uint64_t bits) {
  std::array<std::uint8_t, 8> bytes{};
  for (std::size_t i = 0; i < 8; i++) bytes[7 - i] = static_cast<std::uint8_t>(bits >> 8U * i);
  return to_hex(bytes);
}

Machines take_machines(Fields& fields, std::size_t size) {
  const Json* json = fields.optional("machines");
  if (json == nullptr) fields.fail();
  if (json == nullptr || (json->string() != nullptr && *json->string() == "any")) {
    return json == nullptr ? Machines(std::vector<Bytes>{}) : Machines();
  }
  std::vector<Bytes> out;
  if (json->array() == nullptr || json->array()->size() > kTrustListMax) {
    fields.fail();
    return out;
  }
  for (const Json& entry : *json->array()) {
    const auto machine = decode_hex(entry, size);
    if (!machine) fields.fail();
    if (machine) out.push_back(*machine);
  }
  return out;
}

Json encode_machines(const Machines& machines) {
  if (!machines) return "any";
  return encode_list(*machines, [](const Bytes& machine) { return Json(to_hex(machine)); });
}

Result<TrustPolicy> decode_trust_policy(const Json& json) {
  TrustPolicy out;
  Fields fields(json, kTrustMalformed);
  fields.integer("version", kVersion, kVersion);
  const auto minimum = assurance_from(fields.text("min_assurance", kWordBytesMax));
  if (!minimum) fields.fail();
  out.min_assurance = minimum.value_or(Assurance::hw_enclave);
  out.collateral_age_max_s = fields.integer("collateral_age_max_s", 1, Json::kIntegerMax);
  out.crl_age_max_s = fields.integer("crl_age_max_s", 1, Json::kIntegerMax);
  out.revoked_certificates = take_list<Hash>(fields, "revoked_certificates", decode_array<32>);
  Fields platforms(fields.object("platforms"), kTrustMalformed);
  take_section(platforms, "azure", out.azure, decode_azure_trust);
  take_section(platforms, "nitro", out.nitro, decode_nitro_trust);
  take_section(platforms, "sgx", out.sgx, decode_sgx_trust);
  take_section(platforms, "sim", out.sim, decode_sim_trust);
  take_section(platforms, "snp", out.snp, decode_snp_trust);
  take_section(platforms, "tdx", out.tdx, decode_tdx_trust);
  take_section(platforms, "tpm", out.tpm, decode_tpm_trust);
  const Json* builders = fields.optional("builders");
  const Json* image_log = fields.optional("image_log");
  if (image_log != nullptr && builders == nullptr) fields.fail();  // no manifests that it is of
  GBX_TRY(platforms.finish());
  GBX_TRY(fields.finish());
  if (builders == nullptr) return out;
  GBX_TRY_ASSIGN(out.builders, decode_builders(*builders));
  GBX_TRY(check_builders(*out.builders, all_images(out)));
  if (image_log == nullptr) return out;
  GBX_TRY_ASSIGN(out.image_log, decode_image_log(*image_log));
  GBX_TRY(check_image_log(*out.image_log, out.builders->manifests));
  return out;
}

Json encode_trust_policy(const TrustPolicy& trust) {
  Json platforms = Json(Json::Object{});
  put_section(platforms, "azure", trust.azure, encode_azure_trust);
  put_section(platforms, "nitro", trust.nitro, encode_nitro_trust);
  put_section(platforms, "sgx", trust.sgx, encode_sgx_trust);
  put_section(platforms, "sim", trust.sim, encode_sim_trust);
  put_section(platforms, "snp", trust.snp, encode_snp_trust);
  put_section(platforms, "tdx", trust.tdx, encode_tdx_trust);
  put_section(platforms, "tpm", trust.tpm, encode_tpm_trust);
  Json out = Json::object(
      {{"collateral_age_max_s", trust.collateral_age_max_s},
       {"crl_age_max_s", trust.crl_age_max_s},
       {"min_assurance", assurance_word(trust.min_assurance)},
       {"platforms", platforms},
       {"revoked_certificates", encode_list(trust.revoked_certificates, encode_hex<32>)},
       {"version", kVersion}});
  if (trust.builders) out.set("builders", encode_builders(*trust.builders));
  if (trust.image_log) out.set("image_log", encode_image_log(*trust.image_log));
  return out;
}

std::vector<Hash> images_of(const TrustPolicy& trust, Platform platform) {
  switch (platform) {
    case Platform::sim: return trust.sim ? trust.sim->images : std::vector<Hash>{};
    case Platform::tpm: return trust.tpm ? digests_of(trust.tpm->pcrs.images) : std::vector<Hash>{};
    case Platform::snp: return trust.snp ? digests_of(trust.snp->images) : std::vector<Hash>{};
    case Platform::sgx: return trust.sgx ? digests_of(trust.sgx->images) : std::vector<Hash>{};
    case Platform::tdx: return trust.tdx ? digests_of(trust.tdx->images) : std::vector<Hash>{};
    case Platform::nitro:
      return trust.nitro ? digests_of(trust.nitro->images) : std::vector<Hash>{};
    case Platform::azure:
      return trust.azure ? digests_of(trust.azure->pcrs.images) : std::vector<Hash>{};
  }
  GBX_CHECK(false);
}

}  // namespace gbx::attest
