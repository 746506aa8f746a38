#include "trusted/packet/sealed_answer.h"

#include <algorithm>
#include <bit>

#include "trusted/base/json.h"
#include "trusted/crypto/aead.h"

namespace gbx::packet {
namespace {

constexpr Literal kMalformed = "sealed_answer_malformed";
constexpr std::size_t kBodyBytesMin = 4096;
constexpr std::size_t kBodyBytesMax = std::size_t{64} << 20;
constexpr std::size_t kReceiversMax = 64;
constexpr std::string_view kInfo = "glovebox/sealed-answer/v1";

// A u32 length, the text, zeros up to the next power of two.
Bytes pad(std::string_view body) {
  Writer writer;
  writer.block(body);
  Bytes out = writer.take();
  out.resize(std::bit_ceil(std::max(out.size(), kBodyBytesMin)));
  return out;
}

Result<std::string> unpad(ByteView padded) {
  Reader reader(padded);
  const ByteView body = reader.block(kBodyBytesMax);
  const ByteView rest = reader.view(reader.left());
  const bool zeros =
      std::all_of(rest.begin(), rest.end(), [](std::uint8_t byte) { return byte == 0; });
  if (reader.failed() || !zeros) return Error{ErrorCode::invalid_argument, kMalformed};
  return std::string(as_text(body));
}

}  // namespace

Result<std::string> seal_answer(std::string_view body, std::span<const Receiver> receivers,
                                ByteView context, Entropy& entropy) {
  GBX_CHECK(body.size() <= kBodyBytesMax / 2);
  if (receivers.empty() || receivers.size() > kReceiversMax) {
    return Error{ErrorCode::invalid_argument, "receiver_not_set"};
  }
  // The key seals one message, so a fixed nonce is used once.
  crypto::AeadKey key;
  GBX_TRY(entropy.fill(key.mutable_view()));
  Json::Array sealed_keys;
  for (const Receiver& receiver : receivers) {
    GBX_TRY_ASSIGN(const Bytes sealed,
                   crypto::hpke_seal(receiver.key, as_bytes(kInfo), context, key.view(), entropy));
    sealed_keys.push_back(Json::object({{"key", to_base64(sealed)}, {"name", receiver.name}}));
  }
  const Bytes ciphertext = crypto::aead_seal(key, {}, context, pad(body));
  return Json::object({{"body", to_base64(ciphertext)}, {"receivers", std::move(sealed_keys)}})
      .canonical();
}

Result<std::string> open_answer(std::string_view packet, std::string_view name,
                                const crypto::SealingKey& key, ByteView context) {
  GBX_TRY_ASSIGN(const Json json, Json::parse_canonical(packet));
  Fields fields(json, kMalformed);
  const Bytes body = fields.base64("body", 2 * kBodyBytesMax);
  Bytes mine;
  for (const Json& item : fields.array("receivers", kReceiversMax)) {
    Fields receiver(item, kMalformed);
    Bytes sealed = receiver.base64("key", 256);
    const std::string whose = receiver.text("name", 64);
    GBX_TRY(receiver.finish());
    if (whose == name) mine = std::move(sealed);
  }
  GBX_TRY(fields.finish());
  if (mine.empty()) return Error{ErrorCode::unverified, "not_a_receiver"};
  GBX_TRY_ASSIGN(const SecretBytes opened, crypto::hpke_open(key, as_bytes(kInfo), context, mine));
  GBX_TRY_ASSIGN(const crypto::AeadKey content_key, crypto::AeadKey::from(opened.view()));
  GBX_TRY_ASSIGN(const Bytes padded, crypto::aead_open(content_key, {}, context, body));
  return unpad(padded);
}

}  // namespace gbx::packet
