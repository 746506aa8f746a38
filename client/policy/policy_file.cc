#include "client/policy/policy_file.h"

#include <algorithm>
#include <system_error>

#include "client/keys/atomic_file.h"
#include "client/policy/wording.h"
#include "trusted/crypto/hash.h"

namespace gbx::client {
namespace {

constexpr std::string_view kWhat = "the policy cannot be used";
constexpr unsigned kPinMode = 0600;

[[noreturn]] void fail(const Error& error, const std::string& where) {
  const Wording* wording = find_wording(error.reason.view());
  const std::string reason(error.reason.view());
  throw Mistake(std::string(kWhat), where,
                wording == nullptr ? reason : std::string(wording->means),
                wording == nullptr ? "" : std::string(wording->next))
      .with(error);
}

std::vector<crypto::PublicKey> member_keys(const policy::Policy& policy) {
  std::vector<crypto::PublicKey> keys;
  for (const policy::Member& member : policy.members) keys.push_back(member.signing_key);
  return keys;
}

std::filesystem::path pin_path(const std::filesystem::path& home, const Hash& hash) {
  return home / "policies" / (to_hex(hash) + ".json");
}

}  // namespace

PolicyFile read_policy_envelope(packet::Envelope envelope, const std::string& where) {
  if (envelope.payload_type != policy::kPolicyType) {
    fail({ErrorCode::unverified, "packet_type_wrong"}, where);
  }
  const auto payload = Json::parse_canonical(envelope.payload);
  if (!payload) fail({ErrorCode::unverified, "payload_not_canonical"}, where);
  auto policy = policy::decode(*payload);
  if (!policy) fail(policy.error(), where);
  const Hash hash = crypto::sha256(as_bytes(envelope.payload));
  return {std::move(envelope), std::move(policy).value(), hash};
}

PolicyFile read_policy_file(const std::filesystem::path& path) {
  auto text = read_file(path, packet::kEnvelopeBytesMax);
  if (!text) fail(text.error(), path.string());
  std::string body = std::move(text).value();
  while (!body.empty() && body.back() == '\n') body.pop_back();  // an editor's last line end
  auto envelope = packet::parse_envelope(body);
  if (!envelope) fail(envelope.error(), path.string());
  return read_policy_envelope(std::move(envelope).value(), path.string());
}

std::vector<SignatureLine> signature_lines(const PolicyFile& file) {
  const std::vector<crypto::PublicKey> keys = member_keys(file.policy);
  const packet::SignatureReport report = packet::inspect_signatures(file.envelope, keys);
  std::vector<SignatureLine> out;
  std::vector<std::string> expected;
  for (std::size_t i = 0; i < keys.size(); i++) {
    std::string state;
    switch (report.of_key[i]) {
      case packet::SignatureState::valid: state = "valid"; break;
      case packet::SignatureState::missing: state = "missing"; break;
      case packet::SignatureState::wrong: state = "wrong"; break;
    }
    out.push_back({file.policy.members[i].name, std::move(state)});
    expected.push_back(packet::key_id(keys[i]));
  }
  std::vector<std::string> seen;
  for (const packet::EnvelopeSignature& entry : file.envelope.signatures) {
    const bool known = std::find(expected.begin(), expected.end(), entry.keyid) != expected.end();
    const bool twice = std::find(seen.begin(), seen.end(), entry.keyid) != seen.end();
    if (!known || twice) out.push_back({"key " + entry.keyid.substr(0, 16), "extra"});
    seen.push_back(entry.keyid);
  }
  return out;
}

std::vector<std::string> signature_faults(const PolicyFile& file) {
  std::vector<std::string> out;
  for (const SignatureLine& line : signature_lines(file)) {
    if (line.state == "missing") out.push_back(line.member + " has not signed");
    if (line.state == "wrong") out.push_back("the signature of " + line.member + " is wrong");
    if (line.state == "extra") out.push_back(line.member + " has signed and is no member's");
  }
  return out;
}

policy::VerifiedPolicy verify_policy_file(const PolicyFile& file, const std::string& where) {
  auto verified = policy::VerifiedPolicy::verify(file.envelope);
  if (verified) return std::move(verified).value();
  std::string why;
  for (const std::string& fault : signature_faults(file)) why += (why.empty() ? "" : "; ") + fault;
  if (why.empty()) fail(verified.error(), where);
  throw Mistake(std::string(kWhat), where, why,
                "every member signs the same file with `glovebox policy sign`, nobody else")
      .with(verified.error());
}

policy::VerifiedPolicy load_policy(const std::filesystem::path& path) {
  return verify_policy_file(read_policy_file(path), path.string());
}

void pin_policy(const std::filesystem::path& home, const PolicyFile& file) {
  const std::filesystem::path path = pin_path(home, file.hash);
  std::error_code failed;
  std::filesystem::create_directories(path.parent_path(), failed);
  const Json pin = Json::object({{"id", file.policy.id},
                                 {"name", file.policy.name},
                                 {"version", std::int64_t{file.policy.version}}});
  const Status written = write_file(path, pin.canonical() + "\n", kPinMode);
  if (!written) fail(written.error(), path.string());
}

bool is_pinned(const std::filesystem::path& home, const Hash& policy_hash) {
  std::error_code failed;
  return std::filesystem::is_regular_file(pin_path(home, policy_hash), failed);
}

}  // namespace gbx::client
