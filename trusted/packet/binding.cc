#include "trusted/packet/binding.h"

#include "trusted/crypto/hash.h"

namespace gbx::packet {
namespace {

constexpr std::size_t kOriginBytesMax = 200;

}  // namespace

Json encode(const Binding& binding) {
  return Json::object({{"image_digest", to_hex(binding.image_digest)},
                       {"log_origin", binding.log_origin},
                       {"nonce", to_hex(binding.nonce)},
                       {"policy_hash", to_hex(binding.policy_hash)},
                       {"sealing_key", to_hex(binding.sealing_key)},
                       {"signing_key", to_hex(binding.signing_key)}});
}

Result<Binding> decode_binding(const Json& json) {
  Fields fields(json, "binding_malformed");
  Binding out;
  out.image_digest = fields.hex_array<32>("image_digest");
  out.log_origin = fields.text("log_origin", kOriginBytesMax);
  out.nonce = fields.hex_array<32>("nonce");
  out.policy_hash = fields.hex_array<32>("policy_hash");
  out.sealing_key = fields.hex_array<32>("sealing_key");
  out.signing_key = fields.hex_array<32>("signing_key");
  GBX_TRY(fields.finish());
  return out;
}

BindingDigest digest(const Binding& binding) {
  Bytes message = to_bytes("glovebox/binding/v1");
  message.push_back(0);
  const std::string text = encode(binding).canonical();
  message.insert(message.end(), text.begin(), text.end());
  return crypto::sha512(message);
}

}  // namespace gbx::packet
