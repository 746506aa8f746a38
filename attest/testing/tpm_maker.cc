#include "attest/testing/tpm_maker.h"

namespace gbx::attest::testing {
namespace {

constexpr std::uint64_t kInstance = 0x0123456789abcdef;

Bytes le(std::uint64_t value, std::size_t size) {
  Bytes out;
  for (std::size_t i = 0; i < size; i++) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  return out;
}

Bytes alg(TpmAlgorithm algorithm) { return be(static_cast<std::uint16_t>(algorithm), 2); }
Bytes alg_le(TpmAlgorithm algorithm) { return le(static_cast<std::uint16_t>(algorithm), 2); }

// zone, project number, project id, instance id, instance name.
Bytes google_extension() {
  Bytes inner{0x0c, 1, 'z', 0x02, 1, 5, 0x0c, 1, 'p', 0x02, 8};
  inner = joined(inner, be(kInstance, 8), Bytes{0x0c, 1, 'n'});
  return joined(Bytes{0x30, static_cast<std::uint8_t>(inner.size())}, inner);
}

}  // namespace

Bytes be(std::uint64_t value, std::size_t size) {
  Bytes out;
  for (std::size_t i = size; i-- > 0;) {
    out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  }
  return out;
}

Bytes tpm2b(ByteView bytes) { return joined(be(bytes.size(), 2), bytes); }

QuoteMaker::QuoteMaker() : extra_data(digest_bytes("binding", 32)) {
  selections = {{TpmAlgorithm::sha256, 0x4017}};  // 0, 1, 2, 4, 14
  for (const std::uint8_t i : std::initializer_list<std::uint8_t>{0, 1, 2, 4, 14}) {
    pcrs[i] = Bytes(32, 0);
  }
}

Bytes QuoteMaker::attest() const {
  Bytes selected;
  Bytes banks = be(selections.size(), 4);
  for (const PcrSelection& selection : selections) {
    banks = joined(banks, alg(selection.bank), Bytes{3}, le(selection.pcrs, 3));
    for (const auto& [index, value] : pcrs) {
      if ((selection.pcrs >> index & 1U) != 0) selected = joined(selected, value);
    }
  }
  const Bytes digest = pcr_digest
                           ? *pcr_digest
                           : extend(digest_of(hash) ? hash : TpmAlgorithm::sha256, {}, selected);
  return joined(be(magic, 4), be(type, 2), tpm2b(digest_bytes("name", 34)), tpm2b(extra_data),
                be(clock_ms, 8), be(reset_count, 4), be(restart_count, 4), Bytes{safe},
                be(0x2016'0511'0016'2800, 8), banks, tpm2b(digest), trailing);
}

TpmEvidence QuoteMaker::make() const {
  TpmEvidence out;
  out.quote = attest();
  const auto digest = digest_of(hash).value_or(crypto::Digest::sha256);
  const auto& key = key_of(signer, kind);
  out.signature = joined(alg(scheme), alg(hash));
  if (kind == crypto::KeyKind::rsa) {
    const auto form = scheme == TpmAlgorithm::rsapss ? crypto::SignatureForm::rsa_pss
                                                     : crypto::SignatureForm::rsa_pkcs1;
    out.signature = joined(out.signature, tpm2b(key.sign(form, digest, out.quote)));
  } else {
    const Bytes raw = key.sign(crypto::SignatureForm::ecdsa_raw, digest, out.quote);
    const auto half = ByteView(raw).first(raw.size() / 2);
    out.signature = joined(out.signature, tpm2b(half), tpm2b(ByteView(raw).subspan(half.size())));
  }
  for (const auto& [index, value] : pcrs) out.pcrs.push_back({index, value});
  return out;
}

Bytes LogMaker::make() const {
  Bytes spec = joined(as_bytes(signature), le(0, 4), Bytes{0, 2, 0, 2}, le(banks.size(), 4));
  for (const TpmAlgorithm bank : banks) {
    spec = joined(spec, alg_le(bank), le(digest_size(bank), 2));
  }
  spec = joined(spec, Bytes{0});
  Bytes out = joined(le(first_pcr, 4), le(3, 4), Bytes(20, 0), le(spec.size(), 4), spec);
  for (const LoggedEvent& event : events) {
    out = joined(out, le(event.pcr, 4), le(event.type, 4), le(banks.size(), 4));
    for (const TpmAlgorithm bank : banks) {
      Bytes digest = event.digest;
      digest.resize(digest_size(bank), 0);
      out = joined(out, alg_le(bank), digest);
    }
    out = joined(out, le(event.data.size(), 4), event.data);
  }
  return joined(out, trailing);
}

Bytes public_area(const crypto::testing::TestKey& key, std::uint32_t attributes,
                  TpmAlgorithm scheme, TpmAlgorithm hash) {
  const bool is_rsa = key.kind() == crypto::KeyKind::rsa;
  const Bytes head =
      joined(alg(is_rsa ? TpmAlgorithm::rsa : TpmAlgorithm::ecc), alg(TpmAlgorithm::sha256),
             be(attributes, 4), tpm2b({}), alg(TpmAlgorithm::null), alg(scheme), alg(hash));
  if (is_rsa) return joined(head, be(2048, 2), be(0, 4), tpm2b(key.modulus()));
  const Bytes point = key.point();
  const auto x = ByteView(point).first(point.size() / 2);
  return joined(head, be(key.kind() == crypto::KeyKind::p256 ? 3 : 4, 2), alg(TpmAlgorithm::null),
                tpm2b(x), tpm2b(ByteView(point).subspan(x.size())));
}

TpmMaker::TpmMaker() : leaf(chain.leaf("")) {
  leaf.subject = "attestation key";
  leaf.extensions = {{"2.5.29.37", {0x30, 7, 6, 5, 0x67, 0x81, 5, 8, 3}, false},
                     {"1.3.6.1.4.1.11129.2.1.21", google_extension(), false}};
  for (const std::uint8_t pcr : std::initializer_list<std::uint8_t>{0, 4, 4, 14}) {
    LoggedEvent event;
    event.pcr = pcr;
    event.digest = digest_bytes("event " + std::to_string(log.events.size()), 32);
    event.data = to_bytes("nobody's word");
    quote.pcrs[pcr] = extend(TpmAlgorithm::sha256, quote.pcrs[pcr], event.digest);
    log.events.push_back(event);
  }
}

Bytes TpmMaker::ak_public() const {
  return public_area(key_of("ak", quote.kind), attributes, quote.scheme, quote.hash);
}

TpmFile TpmMaker::file() const { return {ak_public(), quote.make()}; }

Bytes TpmMaker::chain_file() const {
  if (enrolled) return {};
  return joined(chain.root_der(), chain.middle_der(),
                chain.leaf_der(leaf, key_of(certified, quote.kind)), chain.crls());
}

TrustPolicy TpmMaker::trust() {
  const TpmMaker good;
  TrustPolicy out;
  out.min_assurance = Assurance::dev_tpm;
  out.crl_age_max_s = 7 * kDay;
  out.collateral_age_max_s = 7 * kDay;
  TpmTrust tpm;
  tpm.roots = {{crypto::sha256(good.chain.root_der()), Assurance::cloud_tpm}};
  tpm.pcrs.bank = TpmAlgorithm::sha256;
  tpm.pcrs.selection = good.quote.selections[0].pcrs;
  TpmImage image;
  image.image_digest = crypto::sha256(as_bytes("tpm image"));
  for (const auto& [index, value] : good.quote.pcrs) {
    if (index != 1) image.pcrs.push_back({index, value});
  }
  tpm.pcrs.images = {image};
  tpm.machines = {be(kInstance, 8)};
  out.tpm = tpm;
  return out;
}

Expected TpmMaker::expected() { return expected_now(); }

MadeEvidence TpmMaker::make() const {
  return {Platform::tpm, to_bytes(print_tpm_file(file())),
          chain_file(),  event_log ? *event_log : log.make(),
          trust(),       expected()};
}

Verdict TpmMaker::verdict(const TrustPolicy& trust, const Expected& expected) const {
  return make().verdict(trust, expected);
}

MadeEvidence TpmMaker::make_enrolled() {
  TpmMaker maker;
  maker.enrolled = true;
  MadeEvidence out = maker.make();
  out.trust.tpm->keys = {{crypto::sha256(maker.ak_public()), Assurance::tpm}};
  return out;
}

}  // namespace gbx::attest::testing
