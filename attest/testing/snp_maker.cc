#include "attest/testing/snp_maker.h"

#include <algorithm>

#include "attest/snp_report.h"
#include "trusted/crypto/hash.h"

namespace gbx::attest::testing {
namespace {

using crypto::testing::TestKey;

constexpr std::int64_t kNow = 1'800'000'000;
constexpr std::int64_t kDay = 86'400;
constexpr std::int64_t kYear = 31'536'000;
constexpr std::uint8_t kFill = 0x5A;

// Made once: RSA keys are slow to make.
const TestKey& root_key() {
  static const TestKey key = TestKey::make(crypto::KeyKind::rsa);
  return key;
}
const TestKey& authority_key() {
  static const TestKey key = TestKey::make(crypto::KeyKind::rsa);
  return key;
}
const TestKey& leaf_key() {
  static const TestKey key = TestKey::make(crypto::KeyKind::p384);
  return key;
}
const TestKey& another_key() {
  static const TestKey key = TestKey::make(crypto::KeyKind::p384);
  return key;
}

Bytes integer(std::uint8_t value) {
  if (value < 0x80) return {2, 1, value};
  return {2, 2, 0, value};
}

Bytes text(const std::string& value) {
  Bytes out{0x16, static_cast<std::uint8_t>(value.size())};
  out.insert(out.end(), value.begin(), value.end());
  return out;
}

std::string vendor_name(SnpProduct product) {
  switch (product) {
    case SnpProduct::milan: return "Milan";
    case SnpProduct::genoa: return "Genoa";
    case SnpProduct::turin: return "Turin";
  }
  GBX_CHECK(false);
}

crypto::testing::CertificateSpec amd(const std::string& subject, const std::string& issuer) {
  crypto::testing::CertificateSpec out;
  out.subject = subject;
  out.issuer = issuer;
  out.not_before = kNow - kYear / 2;
  out.not_after = kNow + kYear / 2;
  out.digest = crypto::Digest::sha384;
  out.pss = true;
  return out;
}

}  // namespace

SnpMaker::SnpMaker(SnpProduct product, SnpKeyKind kind) : product_(product) {
  const bool is_vlek = kind == SnpKeyKind::vlek;
  const bool is_turin = product == SnpProduct::turin;
  const std::string name = vendor_name(product);
  const SnpTcb tcb{static_cast<std::uint8_t>(is_turin ? 2 : 0), 9, 1, 24, 206};
  root = amd("ARK-" + name, "ARK-" + name);
  root.authority = true;
  root.usage = "keyCertSign,cRLSign";
  authority = amd((is_vlek ? "SEV-VLEK-" : "SEV-") + name, "ARK-" + name);
  authority.serial = 77;
  authority.authority = true;
  authority.path_length = 0;
  authority.usage = "keyCertSign";
  leaf = amd(is_vlek ? "SEV-VLEK" : "SEV-VCEK", authority.subject);
  leaf.serial = 0;  // as AMD has it
  Bytes chip(64);
  std::fill_n(chip.begin(), is_turin ? 8 : 64, kFill);
  const Bytes hwid(chip.begin(), chip.begin() + (is_turin ? 8 : 64));
  leaf.extensions = {{"1.3.6.1.4.1.3704.1.2", text(name + (is_vlek ? "" : "-B0"))},
                     {"1.3.6.1.4.1.3704.1.3.1", integer(tcb.bootloader)},
                     {"1.3.6.1.4.1.3704.1.3.2", integer(tcb.tee)},
                     {"1.3.6.1.4.1.3704.1.3.3", integer(tcb.snp)},
                     {"1.3.6.1.4.1.3704.1.3.8", integer(tcb.microcode)}};
  if (is_turin) leaf.extensions.push_back({"1.3.6.1.4.1.3704.1.3.9", integer(tcb.fmc)});
  if (is_vlek) leaf.extensions.push_back({"1.3.6.1.4.1.3704.1.5", text("cloud")});
  if (!is_vlek) leaf.extensions.push_back({"1.3.6.1.4.1.3704.1.4", hwid});
  crl.issuer = root.subject;
  crl.this_update = kNow - kDay;
  crl.next_update = kNow + kDay;
  crl.revoked = {76};
  crl.digest = crypto::Digest::sha384;
  crl.pss = true;

  report.resize(kSnpSignedBytes);
  set(kSnpAtVersion, is_turin ? 5 : 3, 4);
  set(kSnpAtPolicy, 0x30000, 8);
  set(kSnpAtAlgorithm, 1, 4);
  set(kSnpAtPlatformInfo, 0x25, 8);
  set(kSnpAtKeyInfo, is_vlek ? 4 : 0, 4);
  std::fill_n(report.begin() + kSnpAtReportData, 64, kFill);
  std::fill_n(report.begin() + kSnpAtMeasurement, 48, kFill);
  std::fill_n(report.begin() + kSnpAtHostData, 32, kFill);
  set(kSnpAtCpuid, is_turin ? 0x021A : product == SnpProduct::milan ? 0x0119 : 0xA019, 2);
  std::copy(chip.begin(), chip.end(), report.begin() + kSnpAtChipId);
  for (const std::size_t at :
       {kSnpAtCurrentTcb, kSnpAtReportedTcb, kSnpAtCommittedTcb, kSnpAtLaunchTcb}) {
    set_tcb(at, tcb);
  }
  set(kSnpAtCurrentVersion, 0x013728, 4);
  set(kSnpAtCommittedVersion, 0x013728, 4);

  trust.min_assurance = Assurance::hw_cvm;
  trust.crl_age_max_s = 30 * kDay;
  SnpImage image;
  image.image_digest.fill(1);
  image.measurement.fill(kFill);
  trust.snp = SnpTrust{.roots = {},
                       .products = {{product, tcb}},
                       .denied_models = {kMilanModels},
                       .signing_keys = {kind},
                       .csp_ids = {"cloud"},
                       .machines = std::vector<Bytes>{chip},
                       .images = {image}};
  expected.binding.assign(64, kFill);
  expected.policy_hash.fill(kFill);
  expected.now = kNow;
}

void SnpMaker::set(std::size_t offset, std::uint64_t value, std::size_t size) {
  for (std::size_t i = 0; i < size; i++) {
    report[offset + i] = static_cast<std::uint8_t>(value >> 8U * i);
  }
}

void SnpMaker::set_tcb(std::size_t offset, const SnpTcb& tcb) {
  const bool is_turin = product_ == SnpProduct::turin;
  Bytes bytes{tcb.bootloader, tcb.tee, 0, 0, 0, 0, tcb.snp, tcb.microcode};
  if (is_turin) bytes = {tcb.fmc, tcb.bootloader, tcb.tee, tcb.snp, 0, 0, 0, tcb.microcode};
  std::copy(bytes.begin(), bytes.end(), report.begin() + static_cast<std::ptrdiff_t>(offset));
}

Bytes& SnpMaker::extension(const std::string& oid) {
  for (auto& entry : leaf.extensions) {
    if (entry.oid == oid) return entry.value;
  }
  leaf.extensions.push_back({oid, {}});
  return leaf.extensions.back().value;
}

void SnpMaker::drop_extension(const std::string& oid) {
  std::erase_if(leaf.extensions, [&](const auto& entry) { return entry.oid == oid; });
}

Bytes SnpMaker::signed_report() const {
  Bytes out = report;
  const TestKey& key = signed_by_another ? another_key() : leaf_key();
  const Bytes raw = key.sign(crypto::SignatureForm::ecdsa_raw, crypto::Digest::sha384, report);
  Bytes padded(512);
  std::reverse_copy(raw.begin(), raw.begin() + 48, padded.begin());
  std::reverse_copy(raw.begin() + 48, raw.end(), padded.begin() + 72);
  if (!signature.empty()) padded = signature;
  out.insert(out.end(), padded.begin(), padded.end());
  return out;
}

MadeEvidence SnpMaker::make() const {
  const Bytes root_der = issue(root, root_key(), root_key());
  MadeEvidence out{Platform::snp, signed_report(), {}, {}, trust, expected};
  const auto append = [&](const Bytes& part) {
    out.chain.insert(out.chain.end(), part.begin(), part.end());
  };
  if (with_leaf) append(issue(leaf, leaf_key(), authority_key()));
  append(issue(authority, authority_key(), root_key()));
  append(root_der);
  if (with_crl) append(issue_crl(crl, root_key()));
  if (pin_root && out.trust.snp) out.trust.snp->roots = {crypto::sha256(root_der)};
  return out;
}

}  // namespace gbx::attest::testing
