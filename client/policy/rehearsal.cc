#include "client/policy/rehearsal.h"

#include "client/policy/collaboration.h"
#include "client/policy/policy_file.h"
#include "trusted/crypto/entropy.h"
#include "trusted/crypto/hash.h"

namespace gbx::client {
namespace {

// A key that anybody can make: it stands for a member in a rehearsal only.
Secret<32> seed_of(const std::string& member, std::string_view use) {
  return Secret<32>(crypto::sha256(as_bytes(std::string(use) + member)));
}

}  // namespace

policy::VerifiedPolicy rehearse(policy::Policy policy) {
  std::vector<crypto::SigningKey> keys;
  for (policy::Member& member : policy.members) {
    keys.push_back(crypto::SigningKey::from_seed(seed_of(member.name, "rehearsal signs ")));
    member.signing_key = keys.back().public_key();
    member.sealing_key =
        crypto::SealingKey::from_secret(seed_of(member.name, "rehearsal opens ")).public_key();
  }
  packet::Envelope envelope = packet::make_envelope(policy::kPolicyType, policy::encode(policy));
  for (const crypto::SigningKey& key : keys) packet::sign(envelope, key);
  auto verified = policy::VerifiedPolicy::verify(envelope);
  GBX_CHECK(verified);  // it was checked when it was read
  return std::move(verified).value();
}

policy::VerifiedPolicy rehearse_file(const std::filesystem::path& path) {
  const std::string extension = path.extension().string();
  if (extension != ".yaml" && extension != ".yml") return rehearse(read_policy_file(path).policy);
  crypto::SystemEntropy entropy;
  BuildOptions options;
  options.rehearsal = true;
  options.id = std::string(32, '0');
  return rehearse(read_collaboration(path, options, entropy));
}

}  // namespace gbx::client
