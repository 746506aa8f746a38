#include "client/evidence/edit_trust.h"

#include <algorithm>

namespace gbx::client {
namespace {

using attest::Platform;
using attest::TrustPolicy;

Error untrusted() { return {ErrorCode::not_found, "platform_not_trusted"}; }

template <std::size_t N>
bool copy_into(std::array<std::uint8_t, N>& out, ByteView bytes) {
  if (bytes.size() != N) return false;
  std::copy(bytes.begin(), bytes.end(), out.begin());
  return true;
}

// Adds `image` to what `section` points to, if the platform has one.
template <typename Section, typename Image>
Status append(Section* section, const Image& image, bool complete) {
  if (section == nullptr) return untrusted();
  if (!complete) return Error{ErrorCode::invalid_argument, "image_values_missing"};
  section->images.insert(section->images.begin(), image);
  return {};
}

template <typename T>
T* section_of(std::optional<T>& section) {
  return section ? &*section : nullptr;
}

Status add_sim(TrustPolicy& trust, const NewImage& image) {
  return append(section_of(trust.sim), image.image_digest, true);
}

Status add_snp(TrustPolicy& trust, const NewImage& image) {
  attest::SnpImage out;
  out.image_digest = image.image_digest;
  out.vmpl = image.vmpl;
  const bool complete = copy_into(out.measurement, image.measurement);
  return append(section_of(trust.snp), out, complete);
}

Status add_sgx(TrustPolicy& trust, const NewImage& image) {
  attest::SgxImage out;
  out.image_digest = image.image_digest;
  Hash mrenclave{};
  const bool complete = copy_into(mrenclave, image.measurement);
  out.mrenclave = mrenclave;
  return append(section_of(trust.sgx), out, complete);
}

Status add_tdx(TrustPolicy& trust, const NewImage& image) {
  attest::TdxImage out;
  out.image_digest = image.image_digest;
  bool complete = copy_into(out.mr_td, image.measurement) && image.pcrs.size() == out.rtmrs.size();
  for (std::size_t i = 0; complete && i < out.rtmrs.size(); i++) {
    complete = image.pcrs[i].index == i && copy_into(out.rtmrs[i], image.pcrs[i].value);
  }
  return append(section_of(trust.tdx), out, complete);
}

Status add_nitro(TrustPolicy& trust, const NewImage& image) {
  const attest::NitroImage out{image.image_digest, image.pcrs};
  return append(section_of(trust.nitro), out, !image.pcrs.empty());
}

Status add_pcrs(attest::PcrRules* rules, const NewImage& image) {
  const attest::TpmImage out{image.image_digest, image.pcrs};
  return append(rules, out, !image.pcrs.empty());
}

Status add_unchecked(TrustPolicy& trust, const NewImage& image) {
  switch (image.platform) {
    case Platform::sim: return add_sim(trust, image);
    case Platform::snp: return add_snp(trust, image);
    case Platform::sgx: return add_sgx(trust, image);
    case Platform::tdx: return add_tdx(trust, image);
    case Platform::nitro: return add_nitro(trust, image);
    case Platform::tpm: return add_pcrs(trust.tpm ? &trust.tpm->pcrs : nullptr, image);
    case Platform::azure: return add_pcrs(trust.azure ? &trust.azure->pcrs : nullptr, image);
  }
  GBX_CHECK(false);
}

// The machine lists of a platform; nullptr for one that has none.
attest::Machines* machines_of(TrustPolicy& trust, Platform platform) {
  switch (platform) {
    case Platform::snp: return trust.snp ? &trust.snp->machines : nullptr;
    case Platform::sgx: return trust.sgx ? &trust.sgx->machines : nullptr;
    case Platform::tdx: return trust.tdx ? &trust.tdx->machines : nullptr;
    case Platform::tpm: return trust.tpm ? &trust.tpm->machines : nullptr;
    case Platform::azure:
      return trust.azure && trust.azure->snp ? &trust.azure->snp->machines : nullptr;
    case Platform::sim:
    case Platform::nitro: return nullptr;
  }
  GBX_CHECK(false);
}

// The signed manifest and its proof, unless another platform's image has brought them.
Status add_manifest(TrustPolicy& trust, const NewImage& image) {
  if (image.proof && !trust.image_log) {
    return Error{ErrorCode::invalid_argument, "image_log_proof_unasked"};
  }
  if (image.proof) GBX_TRY(attest::parse_inclusion_proof(*image.proof));
  if (!image.manifest) return {};
  if (!trust.builders) return Error{ErrorCode::invalid_argument, "image_signature_unasked"};
  auto& known = trust.builders->manifests;
  const std::string& payload = image.manifest->payload;
  const auto same = [&](const packet::Envelope& one) { return one.payload == payload; };
  if (std::any_of(known.begin(), known.end(), same)) return {};
  known.insert(known.begin(), *image.manifest);
  if (image.proof) {
    trust.image_log->proofs.insert(trust.image_log->proofs.begin(), *image.proof);
  }
  return {};
}

// Believes only what also holds when it is read back.
bool reads_back(const TrustPolicy& trust) {
  return attest::decode_trust_policy(attest::encode_trust_policy(trust)).has_value();
}

}  // namespace

Status add_image(TrustPolicy& trust, const NewImage& image) {
  NewImage sorted = image;
  std::sort(sorted.pcrs.begin(), sorted.pcrs.end(),
            [](const auto& a, const auto& b) { return a.index < b.index; });
  TrustPolicy changed = trust;
  GBX_TRY(add_unchecked(changed, sorted));
  GBX_TRY(add_manifest(changed, image));
  const auto back = attest::decode_trust_policy(attest::encode_trust_policy(changed));
  if (!back && back.error().code == ErrorCode::unverified) return back.error();
  if (!back) return Error{ErrorCode::invalid_argument, "image_values_missing"};
  trust = std::move(changed);
  return {};
}

Status pin_machine(TrustPolicy& trust, Platform platform, const Bytes& machine) {
  TrustPolicy changed = trust;
  attest::Machines* machines = machines_of(changed, platform);
  if (machines == nullptr) return untrusted();
  if (!*machines) *machines = std::vector<Bytes>{};
  if (std::find((*machines)->begin(), (*machines)->end(), machine) != (*machines)->end()) {
    return Error{ErrorCode::invalid_argument, "machine_repeated"};
  }
  (*machines)->insert((*machines)->begin(), machine);
  if (!reads_back(changed)) return Error{ErrorCode::invalid_argument, "machine_malformed"};
  trust = std::move(changed);
  return {};
}

Status enrol_key(TrustPolicy& trust, const attest::TpmKey& key) {
  if (!trust.tpm) return untrusted();
  TrustPolicy changed = trust;
  auto& keys = changed.tpm->keys;
  const auto same = [&](const attest::TpmKey& known) { return known.sha256 == key.sha256; };
  if (std::any_of(keys.begin(), keys.end(), same)) {
    return Error{ErrorCode::invalid_argument, "machine_repeated"};
  }
  keys.insert(keys.begin(), key);
  if (!reads_back(changed)) return Error{ErrorCode::invalid_argument, "trust_policy_malformed"};
  trust = std::move(changed);
  return {};
}

Result<TrustPolicy> parse_trust_file(std::string_view text) {
  const auto json = Json::parse(text);
  if (!json) return Error{ErrorCode::invalid_argument, "trust_policy_malformed"};
  return attest::decode_trust_policy(*json);
}

std::string print_trust_file(const TrustPolicy& trust) {
  return attest::encode_trust_policy(trust).pretty() + "\n";
}

}  // namespace gbx::client
