#include "trusted/packet/sealed_answer.h"

#include <algorithm>
#include <utility>

#include "trusted/base/json.h"
#include "trusted/crypto/aead.h"
#include "trusted/crypto/hash.h"
#include "trusted/packet/padding.h"

namespace gbx::packet {
namespace {

constexpr Literal kMalformed = "sealed_answer_malformed";
constexpr std::size_t kBodyBytesMax = std::size_t{32} << 20;
constexpr PaddingRule kPadding{.floor = 4096, .text_bytes_max = kBodyBytesMax};
constexpr std::size_t kSealedKeyBytesMax = 256;
constexpr std::size_t kNameBytesMax = 64;
constexpr std::size_t kReceiversMax = 64;
constexpr std::string_view kInfo = "glovebox/sealed-answer/v1";

// What each receiver's seal is bound to.
Bytes bound_to(ByteView context, ByteView ciphertext) {
  const Hash hash = crypto::sha256(ciphertext);
  Bytes out(hash.begin(), hash.end());
  out.insert(out.end(), context.begin(), context.end());
  return out;
}

struct Packet {
  Bytes body;
  std::vector<std::pair<std::string, Bytes>> keys;  // ascending by receiver
};

Result<Packet> decode(std::string_view text) {
  GBX_TRY_ASSIGN(const Json json, Json::parse_canonical(text));
  Fields fields(json, kMalformed);
  Packet out;
  out.body = fields.base64("body", 2 * kBodyBytesMax);
  const Json::Array& receivers = fields.array("receivers", kReceiversMax);
  GBX_TRY(fields.finish());
  for (const Json& item : receivers) {
    Fields receiver(item, kMalformed);
    Bytes sealed = receiver.base64("key", kSealedKeyBytesMax);
    std::string name = receiver.text("name", kNameBytesMax);
    GBX_TRY(receiver.finish());
    if (!out.keys.empty() && out.keys.back().first >= name) {
      return Error{ErrorCode::invalid_argument, kMalformed};
    }
    out.keys.emplace_back(std::move(name), std::move(sealed));
  }
  return out;
}

}  // namespace

Result<std::string> seal_answer(std::string_view body, std::span<const Receiver> receivers,
                                ByteView context, Entropy& entropy) {
  if (body.size() > kBodyBytesMax) return Error{ErrorCode::invalid_argument, "answer_too_large"};
  std::vector<Receiver> order(receivers.begin(), receivers.end());
  std::ranges::sort(order, {}, &Receiver::name);
  if (order.empty() || order.size() > kReceiversMax ||
      std::ranges::adjacent_find(order, {}, &Receiver::name) != order.end()) {
    return Error{ErrorCode::invalid_argument, "receivers_wrong"};
  }
  // The key seals one message, so a fixed nonce is used once.
  crypto::AeadKey key;
  GBX_TRY(entropy.fill(key.mutable_view()));
  const Bytes ciphertext = crypto::aead_seal(key, {}, context, pad(body, kPadding));
  const Bytes bound = bound_to(context, ciphertext);
  Json::Array sealed_keys;
  for (const Receiver& receiver : order) {
    GBX_TRY_ASSIGN(const Bytes sealed,
                   crypto::hpke_seal(receiver.key, as_bytes(kInfo), bound, key.view(), entropy));
    sealed_keys.push_back(Json::object({{"key", to_base64(sealed)}, {"name", receiver.name}}));
  }
  return Json::object({{"body", to_base64(ciphertext)}, {"receivers", std::move(sealed_keys)}})
      .canonical();
}

Result<std::string> open_answer(std::string_view packet, std::string_view name,
                                const crypto::SealingKey& key, ByteView context) {
  GBX_TRY_ASSIGN(const Packet parsed, decode(packet));
  const auto mine =
      std::ranges::find_if(parsed.keys, [&](const auto& entry) { return entry.first == name; });
  if (mine == parsed.keys.end()) return Error{ErrorCode::unverified, "not_a_receiver"};
  GBX_TRY_ASSIGN(
      const SecretBytes opened,
      crypto::hpke_open(key, as_bytes(kInfo), bound_to(context, parsed.body), mine->second));
  GBX_TRY_ASSIGN(const crypto::AeadKey content_key, crypto::AeadKey::from(opened.view()));
  GBX_TRY_ASSIGN(const Bytes padded, crypto::aead_open(content_key, {}, context, parsed.body));
  GBX_TRY_ASSIGN(const std::string_view body, unpad(padded, kPadding, kMalformed));
  return std::string(body);
}

}  // namespace gbx::packet
