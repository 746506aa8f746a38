#include "trusted/packet/list_terms.h"

#include "trusted/crypto/hash.h"

namespace gbx::packet {

Hash list_commitment(const Hash& salt, const Hash& answer) {
  Writer out;
  out.raw(as_bytes("glovebox/list/v1"));
  out.u8(0);
  out.raw(salt);
  out.raw(answer);
  return crypto::sha256(out.take());
}

Json encode(const ListTerms& terms) {
  Json out{Json::Object()};
  if (terms.salt) out.set("salt", to_hex(*terms.salt));
  return out;
}

Result<ListTerms> decode_list_terms(const Json& json, Literal reason) {
  Fields fields(json, reason);
  ListTerms out;
  if (json.find("salt") != nullptr) out.salt = fields.hex_array<32>("salt");
  GBX_TRY(fields.finish());
  return out;
}

}  // namespace gbx::packet
