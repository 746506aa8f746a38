#include "attest/testing/dcap_maker.h"

#include <algorithm>

#include "attest/tdx_event_log.h"
#include "attest/testing/test_chain.h"
#include "trusted/base/value.h"
#include "trusted/crypto/hash.h"

namespace gbx::attest::testing {
namespace {

using crypto::testing::CertificateSpec;
using crypto::testing::TestKey;
constexpr std::uint8_t kFill = 0x5A;

enum Role : std::uint8_t {
  root_role,
  authority_role,
  pck_role,
  signer_role,
  attestation,
  stranger
};

const TestKey& key_of(Role role) {
  static const std::vector<TestKey> keys = [] {
    std::vector<TestKey> out;
    for (int i = 0; i <= stranger; i++) out.push_back(TestKey::make(crypto::KeyKind::p256));
    return out;
  }();
  return keys[role];
}

Bytes sign(Role role, ByteView message) {
  return key_of(role).sign(crypto::SignatureForm::ecdsa_raw, crypto::Digest::sha256, message);
}

void append(Bytes& out, ByteView more) { out.insert(out.end(), more.begin(), more.end()); }

// --- DER of the SGX extension -----------------------------------------------------------------

Bytes der(std::uint8_t tag, ByteView content) {
  Bytes out{tag};
  if (content.size() >= 0x100) {
    append(out, Bytes{0x82, static_cast<std::uint8_t>(content.size() >> 8U)});
    out.push_back(static_cast<std::uint8_t>(content.size()));
  } else if (content.size() >= 0x80) {
    append(out, Bytes{0x81, static_cast<std::uint8_t>(content.size())});
  } else {
    out.push_back(static_cast<std::uint8_t>(content.size()));
  }
  append(out, content);
  return out;
}

Bytes member(const Bytes& suffix, const Bytes& value) {
  Bytes oid{0x2A, 0x86, 0x48, 0x86, 0xF8, 0x4D, 0x01, 0x0D, 0x01};
  append(oid, suffix);
  Bytes content = der(6, oid);
  append(content, value);
  return der(0x30, content);
}

Bytes integer(std::uint8_t value) {
  return value < 0x80 ? Bytes{2, 1, value} : Bytes{2, 2, 0, value};
}

Bytes pck_extension(const PckFacts& facts, bool with_instance) {
  Bytes tcb;
  for (std::uint8_t i = 1; i <= 16; i++) {
    append(tcb, member({2, i}, integer(facts.component_svns[i - 1U])));
  }
  append(tcb, member({2, 17}, integer(static_cast<std::uint8_t>(facts.pce_svn))));
  append(tcb, member({2, 18}, der(4, facts.component_svns)));
  Bytes all = member({1}, der(4, facts.ppid));
  append(all, member({2}, der(0x30, tcb)));
  append(all, member({3}, der(4, facts.pce_id)));
  append(all, member({4}, der(4, facts.fmspc)));
  append(all, member({5}, Bytes{10, 1, 1}));
  if (with_instance) append(all, member({6}, der(4, *facts.platform_instance_id)));
  return der(0x30, all);
}

// --- Collateral as JSON -----------------------------------------------------------------------

std::string date(std::int64_t seconds) {
  std::string out = format_timestamp(seconds * 1'000'000);
  out[10] = 'T';
  out.resize(19);
  return out + "Z";
}

void put_outcome(Json& level, const TcbOutcome& outcome) {
  level.set("tcbDate", "2025-01-01T00:00:00Z");
  level.set("tcbStatus", tcb_status_word(outcome.status));
  if (outcome.advisories.empty()) return;
  Json::Array advisories;
  for (const std::string& entry : outcome.advisories) advisories.emplace_back(entry);
  level.set("advisoryIDs", advisories);
}

Json svns(const Svns& values) {
  Json::Array out;
  for (const std::uint8_t svn : values) out.push_back(Json::object({{"svn", int{svn}}}));
  return out;
}

Json isv_levels(const std::vector<IsvLevel>& levels) {
  Json::Array out;
  for (const IsvLevel& level : levels) {
    Json entry = Json::object({{"tcb", Json::object({{"isvsvn", int{level.isv_svn}}})}});
    put_outcome(entry, level.outcome);
    out.push_back(entry);
  }
  return out;
}

Json module_json(const TdxModule& module) {
  Json out = Json::object({{"attributes", to_hex(module.attributes)},
                           {"attributesMask", to_hex(module.attributes_mask)},
                           {"mrsigner", to_hex(module.mr_signer)}});
  if (!module.id.empty()) {
    out.set("id", module.id);
    out.set("tcbLevels", isv_levels(module.levels));
  }
  return out;
}

void put_dates(Json& out, const CollateralDates& dates) {
  out.set("issueDate", date(dates.issued));
  out.set("nextUpdate", date(dates.next_update));
  out.set("tcbEvaluationDataNumber", dates.evaluation_number);
}

std::string tcb_info_text(const TcbInfo& info, const std::string& extra) {
  Json out = Json::object({{"fmspc", to_hex(info.fmspc)},
                           {"id", info.id},
                           {"pceId", to_hex(info.pce_id)},
                           {"tcbType", 0},
                           {"version", 3}});
  put_dates(out, info.dates);
  Json::Array levels;
  for (const TcbLevel& level : info.levels) {
    Json tcb =
        Json::object({{"pcesvn", int{level.pce_svn}}, {"sgxtcbcomponents", svns(level.sgx)}});
    if (info.id == "TDX") tcb.set("tdxtcbcomponents", svns(level.tdx));
    Json entry = Json::object({{"tcb", tcb}});
    put_outcome(entry, level.outcome);
    levels.push_back(entry);
  }
  out.set("tcbLevels", levels);
  if (info.module) {
    out.set("tdxModule", module_json(*info.module));
    Json::Array modules;
    for (const TdxModule& module : info.modules) modules.push_back(module_json(module));
    out.set("tdxModuleIdentities", modules);
  }
  std::string text = out.canonical();
  return text.insert(text.size() - 1, extra);
}

std::string identity_text(const QeIdentity& identity) {
  Json out = Json::object({{"attributes", to_hex(identity.attributes)},
                           {"attributesMask", to_hex(identity.attributes_mask)},
                           {"id", identity.id},
                           {"isvprodid", int{identity.isv_prod_id}},
                           {"miscselect", to_hex(identity.misc_select)},
                           {"miscselectMask", to_hex(identity.misc_select_mask)},
                           {"mrsigner", to_hex(identity.mrsigner)},
                           {"tcbLevels", isv_levels(identity.levels)},
                           {"version", 2}});
  put_dates(out, identity.dates);
  return out.canonical();
}

// --- What is right -----------------------------------------------------------------------------

CertificateSpec intel(const std::string& subject, const std::string& issuer) {
  CertificateSpec out;
  out.subject = subject;
  out.issuer = issuer;
  out.not_before = kNow - 100 * kDay;
  out.not_after = kNow + 100 * kDay;
  out.usage = "digitalSignature";
  return out;
}

crypto::testing::CrlSpec list_of(const std::string& issuer) {
  crypto::testing::CrlSpec out;
  out.issuer = issuer;
  out.this_update = kNow - 2 * kDay;
  out.next_update = kNow + 2 * kDay;
  out.revoked = {1000};
  return out;
}

TdxModule right_module(const std::string& id) {
  TdxModule out;
  out.id = id;
  out.attributes_mask.fill(0xFF);
  if (!id.empty()) {
    out.levels = {{6, {TcbStatus::up_to_date, {}}}, {4, {TcbStatus::out_of_date, {"INTEL-SA-1"}}}};
  }
  return out;
}

TcbInfo right_info(bool is_tdx, const PckFacts& facts) {
  TcbInfo out;
  out.id = is_tdx ? "TDX" : "SGX";
  out.dates = {kNow - kDay, kNow + kDay, 17};
  out.fmspc = facts.fmspc;
  out.pce_id = facts.pce_id;
  TcbLevel best{facts.component_svns, 11, {}, {TcbStatus::up_to_date, {}}};
  best.tdx[0] = 5;
  best.tdx[2] = 2;
  TcbLevel old = best;
  for (std::uint8_t& svn : old.sgx) svn = std::min<std::uint8_t>(svn, 1);
  old.pce_svn = 5;
  old.outcome = {TcbStatus::out_of_date, {"INTEL-SA-00837"}};
  out.levels = {best, old};
  if (is_tdx) {
    out.module = right_module("");
    out.modules = {right_module("TDX_03"), right_module("TDX_01")};
  }
  return out;
}

QeIdentity right_identity(bool is_tdx) {
  QeIdentity out;
  out.id = is_tdx ? "TD_QE" : "QE";
  out.dates = {kNow - kDay, kNow + kDay, 17};
  out.misc_select_mask.fill(0xFF);
  out.attributes[0] = 0x11;
  out.attributes_mask.fill(0xFF);
  out.mrsigner.fill(0x77);
  out.isv_prod_id = 2;
  out.levels = {{4, {TcbStatus::up_to_date, {}}}, {2, {TcbStatus::out_of_date, {"INTEL-SA-2"}}}};
  return out;
}

void right_trust(DcapMaker& maker) {
  DcapTrust section;
  section.min_tcb_evaluation_data_number = 17;
  section.accepted_statuses = {TcbStatus::up_to_date};
  section.machines = std::vector<Bytes>{Bytes(16, 0x33)};
  maker.trust.min_assurance = Assurance::hw_cvm;
  maker.trust.collateral_age_max_s = 30 * kDay;
  maker.trust.crl_age_max_s = 300 * kDay;
  if (!maker.is_tdx()) {
    SgxImage image;
    image.image_digest.fill(1);
    image.mrenclave.emplace().fill(kFill);
    maker.trust.sgx.emplace(SgxTrust{section, {image}});
    return;
  }
  TdxImage image;
  image.image_digest.fill(1);
  image.mr_td.fill(kFill);
  image.rtmrs = replay_domain_log(maker.log.make()).value().rtmrs;
  maker.trust.tdx.emplace(TdxTrust{section, 0x602E7, 1ULL << 28, true, {image}});
}

Bytes right_body(std::uint16_t version) {
  if (version == 3) {
    Bytes out(384);
    out[kEnclaveAtAttributes] = 5;
    std::fill_n(out.begin() + kEnclaveAtMrEnclave, 32, kFill);
    std::fill_n(out.begin() + kEnclaveAtMrSigner, 32, 0x66);
    out[kEnclaveAtProdId] = 7;
    out[kEnclaveAtSvn] = 3;
    std::fill_n(out.begin() + kEnclaveAtReportData, 64, kFill);
    return out;
  }
  Bytes out(version == 4 ? 584 : 648);
  const Bytes svn{6, 1, 3};
  std::copy(svn.begin(), svn.end(), out.begin());
  out[kTdAtAttributes + 3] = 0x10;
  const Bytes xfam{0xE7, 0x02, 0x06};
  std::copy(xfam.begin(), xfam.end(), out.begin() + kTdAtXfam);
  std::fill_n(out.begin() + kTdAtMrTd, 48, kFill);
  std::fill_n(out.begin() + kTdAtMrConfigId, 32, kFill);
  std::fill_n(out.begin() + kTdAtReportData, 64, kFill);
  if (version == 5) std::copy(svn.begin(), svn.end(), out.begin() + kTdAtTeeTcbSvn2);
  return out;
}

// As OVMF writes it: the first event of register 1, and filler behind the last.
LogMaker right_log() {
  LogMaker out;
  out.banks = {TpmAlgorithm::sha384};
  out.first_pcr = 1;
  for (const std::uint32_t at : {1U, 2U, 1U, 3U}) {
    LoggedEvent event;
    event.pcr = at;
    event.digest = digest_bytes("event " + std::to_string(out.events.size()), 48);
    event.data = to_bytes("nobody's word");
    out.events.push_back(event);
  }
  out.trailing = Bytes(16, 0xff);
  return out;
}

void put_rtmrs(Bytes& body, const LogMaker& log) {
  const auto rtmrs = replay_domain_log(log.make()).value().rtmrs;
  auto at = body.begin() + kTdAtRtmr0;
  for (const Hash48& rtmr : rtmrs) at = std::copy(rtmr.begin(), rtmr.end(), at);
}

}  // namespace

DcapMaker::DcapMaker(std::uint16_t quote_version) : version(quote_version) {
  Writer writer;
  writer.u16(version);
  writer.u16(2);
  writer.u32(is_tdx() ? 0x81 : 0);
  writer.u32(0);
  writer.raw(from_hex("939a7233f79c4ca9940a0db3957f0607").value());
  writer.raw(Bytes(20));
  header = writer.take();
  body = right_body(version);
  log = right_log();
  if (is_tdx()) put_rtmrs(body, log);
  qe_report.resize(384);
  qe_report[kEnclaveAtAttributes] = 0x11;
  std::fill_n(qe_report.begin() + kEnclaveAtMrSigner, 32, 0x77);
  qe_report[kEnclaveAtProdId] = 2;
  qe_report[kEnclaveAtSvn] = 4;
  auth_data.resize(32);
  pck_facts.component_svns = {2, 2, 2, 2, 3, 1, 0, 5};
  pck_facts.pce_svn = 11;
  pck_facts.fmspc = {0xB0, 0xC0, 0x6F, 0, 0, 0};
  pck_facts.platform_instance_id.emplace().fill(0x33);
  root = intel("Intel SGX Root CA", "Intel SGX Root CA");
  root.authority = true;
  root.usage = "keyCertSign,cRLSign";
  authority = intel("Intel SGX PCK Platform CA", root.subject);
  authority.serial = 77;
  authority.authority = true;
  authority.path_length = 0;
  authority.usage = "keyCertSign,cRLSign";
  pck = intel("Intel SGX PCK Certificate", authority.subject);
  pck.serial = 78;
  signer = intel("Intel SGX TCB Signing", root.subject);
  signer.serial = 79;
  root_crl = list_of(root.subject);
  pck_crl = list_of(authority.subject);
  info = right_info(is_tdx(), pck_facts);
  identity = right_identity(is_tdx());
  right_trust(*this);
  expected.binding.assign(64, kFill);
  expected.policy_hash.fill(kFill);
  expected.now = kNow;
}

DcapTrust& DcapMaker::section() {
  if (is_tdx()) return *trust.tdx;
  return *trust.sgx;
}

struct DcapMaker::Chain {
  Bytes root;
  Bytes authority;
  Bytes leaf;
  Bytes signer;
};

DcapMaker::Chain DcapMaker::make_chain() const {
  CertificateSpec leaf = pck;
  if (with_pck_extension) {
    leaf.extensions.push_back({"1.2.840.113741.1.13.1", pck_extension(pck_facts, with_instance)});
  }
  return {issued(root, key_of(root_role), key_of(root_role)),
          issue(authority, key_of(authority_role), key_of(root_role)),
          issue(leaf, key_of(pck_role), key_of(authority_role)),
          issue(signer, key_of(signer_role), key_of(root_role))};
}

// The QE's report with what it vouches for, and the chain of the key that signs it.
Bytes DcapMaker::make_certification(const Chain& chain) const {
  using crypto::testing::to_pem;
  Bytes report = qe_report;
  Bytes vouched = key_of(attestation).point();
  append(vouched, auth_data);
  const Hash digest = crypto::sha256(vouched);
  if (key_bound) std::copy(digest.begin(), digest.end(), report.begin() + kEnclaveAtReportData);
  Writer out;
  out.raw(report);
  out.raw(sign(wrong == Signed::qe ? stranger : pck_role, report));
  out.u16(static_cast<std::uint16_t>(auth_data.size()));
  out.raw(auth_data);
  out.u16(certificate_type);
  Bytes pem = to_bytes(to_pem(chain.leaf) + (extra_certificate ? to_pem(chain.root) : "") +
                       to_pem(chain.authority) + to_pem(chain.root));
  append(pem, after_pem);
  out.block(pem);
  return out.take();
}

Bytes DcapMaker::make_quote(const Bytes& certification) const {
  Bytes quote = header;
  if (version == 5) {
    Writer descriptor;
    descriptor.u16(body.size() == 584 ? 2 : 3);
    descriptor.u32(static_cast<std::uint32_t>(body.size()));
    append(quote, descriptor.bytes());
  }
  append(quote, body);
  Writer data;
  data.raw(sign(wrong == Signed::quote ? stranger : attestation, quote));
  data.raw(key_of(attestation).point());
  if (is_tdx()) {
    data.u16(6);
    data.block(certification);
  } else {
    data.raw(certification);
  }
  Writer size;
  size.u32(static_cast<std::uint32_t>(data.bytes().size()) + signature_size_error);
  append(quote, size.bytes());
  append(quote, data.bytes());
  append(quote, trailing);
  return quote;
}

Json DcapMaker::make_collateral(const Chain& chain) const {
  using crypto::testing::to_pem;
  const auto by = [&](Signed what) { return wrong == what ? stranger : signer_role; };
  const std::string info_text = tcb_info_text(info, extra_member);
  const std::string qe_text = identity_text(identity);
  const std::string signer_chain = to_pem(chain.signer) + to_pem(chain.root);
  return Json::object(
      {{"pck_crl", to_hex(issue_crl(pck_crl, key_of(authority_role)))},
       {"pck_crl_issuer_chain", to_pem(chain.authority) + to_pem(chain.root)},
       {"qe_identity", qe_text},
       {"qe_identity_issuer_chain", signer_chain},
       {"qe_identity_signature", to_hex(sign(by(Signed::identity), as_bytes(qe_text)))},
       {"root_ca_crl", to_hex(issue_crl(root_crl, key_of(root_role)))},
       {"tcb_info", info_text},
       {"tcb_info_issuer_chain", signer_chain},
       {"tcb_info_signature", to_hex(sign(by(Signed::tcb_info), as_bytes(info_text)))}});
}

MadeEvidence DcapMaker::make() const {
  const Chain chain = make_chain();
  MadeEvidence out;
  out.platform = is_tdx() ? Platform::tdx : Platform::sgx;
  out.evidence = make_quote(make_certification(chain));
  if (with_collateral) out.collateral = to_bytes(make_collateral(chain).canonical());
  if (is_tdx() && with_log) out.collateral = join_domain_collateral(out.collateral, log.make());
  out.trust = trust;
  out.expected = expected;
  const std::vector<Hash> roots{crypto::sha256(chain.root)};
  if (pin_root && out.trust.tdx) out.trust.tdx->roots = roots;
  if (pin_root && out.trust.sgx) out.trust.sgx->roots = roots;
  return out;
}

}  // namespace gbx::attest::testing
