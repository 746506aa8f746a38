#include "trusted/packet/sealed_request.h"

#include "trusted/packet/padding.h"

namespace gbx::packet {
namespace {

constexpr Literal kMalformed = "request_malformed";
constexpr std::string_view kInfo = "glovebox/request/v1";
constexpr std::size_t kPaddedBytesMax = std::size_t{1} << 20;
// The longest SQL takes half of it, when each byte of it is escaped twice.
constexpr PaddingRule kPadding{.floor = 1024, .text_bytes_max = kPaddedBytesMax - 4};
constexpr std::size_t kSealBytes = 48;  // the encapsulated key and the tag

Result<SealedRequest> decode(std::string_view text) {
  GBX_TRY_ASSIGN(const Json json, Json::parse_canonical(text));
  Fields fields(json, kMalformed);
  SealedRequest out;
  out.binding = fields.hex_array<64>("binding");
  out.nonce = fields.hex_array<32>("nonce");
  out.sealed = fields.base64("sealed", kPaddedBytesMax + kSealBytes);
  GBX_TRY(fields.finish());
  return out;
}

}  // namespace

Result<std::string> seal_request(const Envelope& request, const Binding& room, Entropy& entropy) {
  const std::string text = print_envelope(request);
  if (text.size() > kPadding.text_bytes_max) {
    return Error{ErrorCode::invalid_argument, "query_too_long"};
  }
  const BindingDigest binding = digest(room);
  GBX_TRY_ASSIGN(const Bytes sealed, crypto::hpke_seal(room.sealing_key, as_bytes(kInfo), binding,
                                                       pad(text, kPadding), entropy));
  return Json::object({{"binding", to_hex(binding)},
                       {"nonce", to_hex(room.nonce)},
                       {"sealed", to_base64(sealed)}})
      .canonical();
}

Result<SealedRequest> parse_sealed_request(std::string_view packet) {
  auto out = decode(packet);
  if (!out) return Error{ErrorCode::invalid_argument, kMalformed};
  return out;
}

Result<Envelope> open_sealed_request(const SealedRequest& sealed, const crypto::SealingKey& room) {
  GBX_TRY_ASSIGN(const SecretBytes opened,
                 crypto::hpke_open(room, as_bytes(kInfo), sealed.binding, sealed.sealed));
  GBX_TRY_ASSIGN(const std::string_view text, unpad(opened.view(), kPadding, kMalformed));
  return parse_envelope(text);
}

}  // namespace gbx::packet
