#include "attest/logged_image.h"

#include <algorithm>

#include "attest/signed_image.h"

namespace gbx::attest {
namespace {

constexpr Error kTrust{ErrorCode::invalid_argument, "trust_policy_malformed"};
constexpr Error kEntry{ErrorCode::invalid_argument, "image_log_entry_malformed"};

}  // namespace

Result<std::string> image_log_entry(const packet::Envelope& manifest) {
  GBX_TRY(read_signed_image(manifest));
  if (manifest.signatures.empty()) {
    return Error{ErrorCode::unverified, "image_signature_missing"};
  }
  std::string out = packet::print_envelope(manifest);
  if (out.size() > kLoggedImageBytesMax) return kEntry;
  return out;
}

Result<packet::Envelope> read_image_log_entry(std::string_view entry) {
  if (entry.size() > kLoggedImageBytesMax) return kEntry;
  auto manifest = packet::parse_envelope(entry);
  if (!manifest || !image_log_entry(*manifest)) return kEntry;
  return manifest;
}

Result<ImageLog> decode_image_log(const Json& json) {
  Fields fields(json, kTrust.reason);
  const std::string key = fields.text("key", kLogProofBytesMax);
  const Json::Array& proofs = fields.array("proofs", kSignedImagesMax);
  GBX_TRY(fields.finish());
  ImageLog out;
  GBX_TRY_ASSIGN(out.key, parse_log_key(key));
  for (const Json& entry : proofs) {
    if (entry.string() == nullptr) return kTrust;
    GBX_TRY(parse_inclusion_proof(*entry.string()));
    out.proofs.push_back(*entry.string());
  }
  return out;
}

Json encode_image_log(const ImageLog& log) {
  Json::Array proofs;
  for (const std::string& proof : log.proofs) proofs.emplace_back(proof);
  return Json::object({{"key", print_log_key(log.key)}, {"proofs", Json(std::move(proofs))}});
}

Status check_image_log(const ImageLog& log, const std::vector<packet::Envelope>& manifests) {
  if (log.proofs.size() > manifests.size()) return kTrust;
  if (log.proofs.size() < manifests.size()) {
    return Error{ErrorCode::unverified, "image_log_proof_missing"};
  }
  std::vector<Checkpoint> seen;
  for (std::size_t i = 0; i < manifests.size(); i++) {
    GBX_TRY_ASSIGN(const std::string entry, image_log_entry(manifests[i]));
    GBX_TRY_ASSIGN(Checkpoint checkpoint,
                   verify_inclusion(log.proofs[i], log.key, as_bytes(entry)));
    const auto other = [&](const Checkpoint& one) {
      return one.size == checkpoint.size && one.root != checkpoint.root;
    };
    if (std::any_of(seen.begin(), seen.end(), other)) {
      return Error{ErrorCode::unverified, "image_log_forked"};
    }
    seen.push_back(std::move(checkpoint));
  }
  return {};
}

}  // namespace gbx::attest
