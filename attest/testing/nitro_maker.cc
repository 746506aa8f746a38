#include "attest/testing/nitro_maker.h"

#include "attest/cbor.h"

namespace gbx::attest::testing {
namespace {

constexpr std::int64_t kThreeHours = 10'800;

Bytes field(std::string_view name, const std::optional<Bytes>& value) {
  return joined(cbor_text(name), value ? cbor_bytes(*value) : Bytes{0xf6});
}

}  // namespace

Bytes cbor_head(std::uint8_t major, std::uint64_t value) {
  const auto first = static_cast<std::uint8_t>(major << 5U);
  if (value < 24) return {static_cast<std::uint8_t>(first | value)};
  const unsigned bytes = value < 256 ? 1 : value < 65536 ? 2 : value < (1ULL << 32) ? 4 : 8;
  const std::uint8_t info = bytes == 1 ? 24 : bytes == 2 ? 25 : bytes == 4 ? 26 : 27;
  Bytes out{static_cast<std::uint8_t>(first | info)};
  for (unsigned i = bytes; i-- > 0;) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  return out;
}

Bytes cbor_bytes(ByteView bytes) { return joined(cbor_head(2, bytes.size()), bytes); }

Bytes cbor_text(std::string_view text) { return joined(cbor_head(3, text.size()), as_bytes(text)); }

NitroMaker::NitroMaker() : leaf(chain.leaf("test enclave")) {
  leaf.not_before = kNow - 60;
  leaf.not_after = kNow + kThreeHours;
  pcrs[4] = Bytes(48, 0);
  for (const std::uint8_t i : std::initializer_list<std::uint8_t>{0, 1, 2, 3, 8}) {
    pcrs[i] = digest_bytes("pcr " + std::to_string(i), 48);
  }
  user_data = expected().binding;
  protected_header = joined(Bytes{0xa1, 0x01}, cbor_head(1, 34));
}

Bytes NitroMaker::payload() const {
  Bytes pcr_map = cbor_head(5, pcrs.size());
  for (const auto& [index, value] : pcrs) {
    pcr_map = joined(pcr_map, cbor_head(0, index), cbor_bytes(value));
  }
  return joined(cbor_head(5, 9 + extra_members_count), field("user_data", user_data),
                cbor_text("module_id"), cbor_text(module_id), cbor_text("digest"),
                cbor_text(digest), cbor_text("timestamp"), cbor_head(0, timestamp_ms),
                cbor_text("pcrs"), pcr_map, cbor_text("certificate"),
                cbor_bytes(chain.leaf_der(leaf, key_of("leaf", leaf_kind))), cbor_text("cabundle"),
                cbor_head(4, 2), cbor_bytes(chain.root_der()), cbor_bytes(chain.middle_der()),
                field("public_key", public_key), field("nonce", nonce), extra_members);
}

Bytes NitroMaker::sign(const Bytes& payload) const {
  CoseSign1 message;
  message.protected_header = protected_header;
  message.payload = payload;
  const auto& key = key_of(signed_by_other ? "other" : "leaf", leaf_kind);
  const Bytes signature = key.sign(crypto::SignatureForm::ecdsa_raw, crypto::Digest::sha384,
                                   cose_signed_bytes(message));
  return joined(tagged ? Bytes{0xd2} : Bytes{}, cbor_head(4, 4), cbor_bytes(protected_header),
                unprotected_header, cbor_bytes(payload), cbor_bytes(signature));
}

Bytes NitroMaker::document() const { return sign(payload()); }

TrustPolicy NitroMaker::trust() const {
  TrustPolicy out;
  out.min_assurance = Assurance::hw_enclave;
  out.crl_age_max_s = 7 * kDay;
  out.collateral_age_max_s = 7 * kDay;
  const NitroMaker good;
  NitroTrust nitro;
  nitro.roots = {crypto::sha256(good.chain.root_der())};
  nitro.binding = NitroField::user_data;
  NitroImage image;
  image.image_digest = crypto::sha256(as_bytes("nitro image"));
  for (const auto& [index, value] : good.pcrs) {
    if (index < 4 || index == 8) image.pcrs.push_back({index, value});
  }
  nitro.images = {image};
  out.nitro = nitro;
  return out;
}

Expected NitroMaker::expected() { return expected_now(); }

MadeEvidence NitroMaker::make() const {
  return {Platform::nitro, document(), chain.crls(), {}, trust(), expected()};
}

Verdict NitroMaker::verdict(const TrustPolicy& trust, const Expected& expected) const {
  return make().verdict(trust, expected);
}

}  // namespace gbx::attest::testing
