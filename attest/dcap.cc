#include "attest/dcap.h"

#include <algorithm>

#include "attest/dcap_tcb.h"
#include "attest/platforms.h"
#include "attest/tdx_event_log.h"
#include "trusted/crypto/hash.h"

namespace gbx::attest {
namespace {

constexpr std::array<std::uint8_t, 16> kIntelQe = {0x93, 0x9A, 0x72, 0x33, 0xF7, 0x9C, 0x4C, 0xA9,
                                                   0x94, 0x0A, 0x0D, 0xB3, 0x95, 0x7F, 0x06, 0x07};
constexpr std::string_view kPckName = "Intel SGX PCK Certificate";
constexpr std::string_view kPlatformCa = "Intel SGX PCK Platform CA";
constexpr std::string_view kProcessorCa = "Intel SGX PCK Processor CA";
constexpr std::string_view kTcbSigner = "Intel SGX TCB Signing";
constexpr std::uint64_t kTdDebug = 1;
constexpr std::uint64_t kTdSeptVeDisable = 1ULL << 28;
constexpr std::uint8_t kSgxInit = 1;

constexpr Literal kBoth[] = {"platform_not_trusted",
                             "dcap_vendor_unknown",
                             "dcap_reserved_not_zero",
                             "dcap_leaf_wrong",
                             "dcap_tcb_signer_missing",
                             "certificate_signature_wrong",
                             "crl_missing",
                             "dcap_tcb_info_signature_wrong",
                             "dcap_qe_identity_signature_wrong",
                             "collateral_not_yet_valid",
                             "collateral_expired",
                             "collateral_too_old",
                             "collateral_evaluation_too_old",
                             "dcap_tcb_info_kind_wrong",
                             "dcap_fmspc_mismatch",
                             "dcap_pceid_mismatch",
                             "dcap_fmspc_denied",
                             "dcap_qe_signature_wrong",
                             "dcap_key_binding_wrong",
                             "dcap_qe_identity_kind_wrong",
                             "dcap_qe_signer_wrong",
                             "dcap_qe_product_wrong",
                             "dcap_qe_misc_select_wrong",
                             "dcap_qe_attributes_wrong",
                             "dcap_qe_debug",
                             "dcap_qe_tcb_not_supported",
                             "dcap_signature_wrong",
                             "dcap_tcb_not_supported",
                             "dcap_tcb_status_not_accepted",
                             "dcap_advisory_not_accepted",
                             "debug_enabled",
                             "measurement_not_allowed",
                             "binding_wrong",
                             "machine_not_allowed",
                             "assurance_too_low"};
constexpr Literal kSgxOnly[] = {"sgx_not_initialised"};
constexpr Literal kTdxOnly[] = {"tdx_module_unknown",
                                "tdx_module_signer_wrong",
                                "tdx_seam_attributes_wrong",
                                "tdx_module_not_supported",
                                "tdx_relaunch_advised",
                                "tdx_sept_ve_enabled",
                                "tdx_attributes_not_allowed",
                                "tdx_xfam_not_allowed",
                                "tdx_service_td_bound",
                                "tdx_rtmr_wrong",
                                "tdx_owner_wrong",
                                "policy_hash_wrong",
                                "tdx_log_missing",
                                "tdx_log_mismatch",
                                "tdx_log_incomplete"};

template <typename T>
bool contains(const std::vector<T>& list, const T& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

template <std::size_t N>
bool equal_masked(const std::array<std::uint8_t, N>& has, const std::array<std::uint8_t, N>& mask,
                  const std::array<std::uint8_t, N>& wanted) {
  for (std::size_t i = 0; i < N; i++) {
    if ((has[i] & mask[i]) != wanted[i]) return false;
  }
  return true;
}

bool verifies(const crypto::VerifyingKey& key, ByteView message, ByteView signature) {
  const Status status =
      key.verify(crypto::SignatureForm::ecdsa_raw, crypto::Digest::sha256, message, signature);
  return key.kind() == crypto::KeyKind::p256 && status.has_value();
}

struct DcapQuestion {
  bool is_tdx = false;
  const DcapTrust& trust;
  const TrustPolicy& policy;
  const Expected& expected;
};

// What both kinds of quote have in common, taken step by step. Nothing returns early but what
// cannot be read: a revoked or wrong part never ends the list before signatures are checked.
class DcapCheck {
 public:
  DcapCheck(const DcapQuestion& question, const DcapQuote& quote, const DcapCollateral& collateral,
            Findings& findings)
      : question_(question), quote_(quote), collateral_(collateral), out_(findings) {}

  void run() {
    out_.require(quote_.vendor == kIntelQe, "dcap_vendor_unknown");
    out_.require(
        quote_.qe_report.reserved_zero && (!quote_.enclave || quote_.enclave->reserved_zero),
        "dcap_reserved_not_zero");
    check_chains();
    const auto pck = parse_pck(quote_.certificates.front());
    if (!pck) out_.refuse(pck.error());
    const auto info = parse_tcb_info(collateral_.tcb_info.text);
    if (!info) out_.refuse(info.error());
    const auto identity = parse_qe_identity(collateral_.qe_identity.text);
    if (!identity) out_.refuse(identity.error());
    check_quote_signatures();
    if (!pck || !info || !identity) return;
    check_dates(info->dates);
    check_dates(identity->dates);
    check_platform(*info, *pck);
    check_qe(*identity);
    if (quote_.td) check_module(*info);
    check_level(*info, *pck);
    check_status();
  }

 private:
  [[nodiscard]] std::int64_t now() const { return question_.expected.now; }

  void check_chain(std::span<const crypto::Certificate> chain) {
    out_.require("certificate_signature_wrong",
                 crypto::chain_faults(chain, question_.trust.roots, now()));
    const RevocationRules rules{now(), question_.policy.crl_age_max_s,
                                question_.policy.revoked_certificates};
    out_.require("crl_missing", revocation_faults(chain, collateral_.files.crls, rules, 0));
  }

  void check_chains() {
    const crypto::Certificate& leaf = quote_.certificates.front();
    const std::string issuer = leaf.issuer_common_name();
    out_.require(
        leaf.common_name() == kPckName && (issuer == kPlatformCa || issuer == kProcessorCa),
        "dcap_leaf_wrong");
    // As the quote has it, in order and nothing else: every byte of it counts.
    check_chain(quote_.certificates);
    check_signer(collateral_.tcb_info, "dcap_tcb_info_signature_wrong");
    check_signer(collateral_.qe_identity, "dcap_qe_identity_signature_wrong");
  }

  // Intel renews the certificate that signs collateral, so there may be two of the name.
  void check_signer(const SignedText& text, Literal reason) {
    const crypto::Certificate* signer = nullptr;
    bool is_signed = false;
    for (const crypto::Certificate& entry : collateral_.files.certificates) {
      if (entry.common_name() != kTcbSigner || is_signed) continue;
      signer = &entry;
      is_signed = verifies(entry.key(), as_bytes(text.text), text.signature);
    }
    out_.require(is_signed, reason);
    if (!out_.require(signer != nullptr, "dcap_tcb_signer_missing")) return;
    if (signer->fingerprint() == checked_signer_) return;
    check_chain(crypto::order_chain(*signer, collateral_.files.certificates));
    checked_signer_ = signer->fingerprint();
  }

  void check_dates(const CollateralDates& dates) {
    out_.require(dates.issued <= now(), "collateral_not_yet_valid");
    out_.require(now() <= dates.next_update, "collateral_expired");
    out_.require(now() - dates.issued <= question_.policy.collateral_age_max_s,
                 "collateral_too_old");
    const std::int64_t least = question_.trust.min_tcb_evaluation_data_number;
    out_.require(least > 0 && dates.evaluation_number >= least, "collateral_evaluation_too_old");
  }

  // The PCK signs the report of the quoting enclave, which vouches for the key that signs the
  // quote.
  void check_quote_signatures() {
    out_.require(
        verifies(quote_.certificates.front().key(), quote_.qe_report_bytes, quote_.qe_signature),
        "dcap_qe_signature_wrong");
    Bytes vouched = quote_.attestation_key;
    vouched.insert(vouched.end(), quote_.qe_auth_data.begin(), quote_.qe_auth_data.end());
    const Hash digest = crypto::sha256(vouched);
    std::array<std::uint8_t, 64> wanted{};
    std::copy(digest.begin(), digest.end(), wanted.begin());
    out_.require(quote_.qe_report.report_data == wanted, "dcap_key_binding_wrong");
    const auto key = crypto::VerifyingKey::from_point(quote_.attestation_key);
    out_.require(key && verifies(*key, quote_.signed_bytes, quote_.signature),
                 "dcap_signature_wrong");
  }

  void check_platform(const TcbInfo& info, const PckFacts& pck) {
    out_.claim("fmspc", pck.fmspc);
    out_.claim("pce_svn", std::uint64_t{pck.pce_svn});
    out_.claim("ppid", pck.ppid);
    out_.require(info.id == (question_.is_tdx ? "TDX" : "SGX"), "dcap_tcb_info_kind_wrong");
    out_.require(info.fmspc == pck.fmspc, "dcap_fmspc_mismatch");
    out_.require(info.pce_id == pck.pce_id, "dcap_pceid_mismatch");
    const Bytes fmspc(pck.fmspc.begin(), pck.fmspc.end());
    out_.require(!contains(question_.trust.denied_fmspc, fmspc), "dcap_fmspc_denied");
    const Machines& machines = question_.trust.machines;
    Bytes instance;
    if (pck.platform_instance_id) {
      instance.assign(pck.platform_instance_id->begin(), pck.platform_instance_id->end());
      out_.claim("platform_instance_id", instance);
    }
    out_.require(!machines || (!instance.empty() && contains(*machines, instance)),
                 "machine_not_allowed");
    out_.claim("tcb_evaluation_data_number",
               static_cast<std::uint64_t>(info.dates.evaluation_number));
  }

  void check_qe(const QeIdentity& identity) {
    const EnclaveReport& qe = quote_.qe_report;
    out_.require(identity.id == (question_.is_tdx ? "TD_QE" : "QE"), "dcap_qe_identity_kind_wrong");
    out_.require(qe.mrsigner == identity.mrsigner, "dcap_qe_signer_wrong");
    out_.require(qe.isv_prod_id == identity.isv_prod_id, "dcap_qe_product_wrong");
    out_.require(equal_masked(qe.misc_select, identity.misc_select_mask, identity.misc_select),
                 "dcap_qe_misc_select_wrong");
    out_.require(equal_masked(qe.attributes, identity.attributes_mask, identity.attributes),
                 "dcap_qe_attributes_wrong");
    out_.require(!qe.is_debug(), "dcap_qe_debug");
    const IsvLevel* level = find_isv_level(identity.levels, qe.isv_svn);
    if (!out_.require(level != nullptr, "dcap_qe_tcb_not_supported")) {
      has_status_ = false;
      return;
    }
    out_.claim("qe_status", std::string(tcb_status_word(level->outcome.status)));
    worst_ = converge(worst_, level->outcome);
  }

  void check_module(const TcbInfo& info) {
    const TdReport& td = *quote_.td;
    // SEAM attributes are all reserved today.
    out_.require(td.seam_attributes == 0, "tdx_seam_attributes_wrong");
    const TdxModule* module = find_module(info, td.tee_tcb_svn);
    if (!out_.require(module != nullptr, "tdx_module_unknown")) {
      has_status_ = false;
      return;
    }
    std::array<std::uint8_t, 8> attributes{};
    for (std::size_t i = 0; i < attributes.size(); i++) {
      attributes[i] = static_cast<std::uint8_t>(td.seam_attributes >> 8U * i);
    }
    out_.require(td.mr_signer_seam == module->mr_signer &&
                     equal_masked(attributes, module->attributes_mask, module->attributes),
                 "tdx_module_signer_wrong");
    if (module->id.empty()) {  // its SVN is one of the platform's
      out_.require(true, "tdx_module_not_supported");
      return;
    }
    const IsvLevel* level = find_isv_level(module->levels, td.tee_tcb_svn[0]);
    if (!out_.require(level != nullptr, "tdx_module_not_supported")) {
      has_status_ = false;
      return;
    }
    out_.claim("tdx_module", module->id);
    out_.claim("tdx_module_status", std::string(tcb_status_word(level->outcome.status)));
    worst_ = converge(worst_, level->outcome);
  }

  void check_level(const TcbInfo& info, const PckFacts& pck) {
    const Svns* svns = quote_.td ? &quote_.td->tee_tcb_svn : nullptr;
    const TcbLevel* level = find_tcb_level(info, pck, svns);
    if (out_.require(level != nullptr, "dcap_tcb_not_supported")) {
      worst_ = converge(worst_, level->outcome);
      out_.claim("platform_status", std::string(tcb_status_word(level->outcome.status)));
    } else {
      has_status_ = false;
    }
    if (!quote_.td) return;
    out_.require(!needs_relaunch(info, pck), "tdx_relaunch_advised");
  }

  // With TDX 1.5 a module is updated below a running domain: one that was started by an older
  // module keeps what that one got wrong.
  [[nodiscard]] bool needs_relaunch(const TcbInfo& info, const PckFacts& pck) const {
    if (!quote_.td->tee_tcb_svn2) return false;
    const Svns& start = quote_.td->tee_tcb_svn;
    const Svns& current = *quote_.td->tee_tcb_svn2;
    const TcbLevel* then = find_tcb_level(info, pck, &start);
    const TdxModule* first = find_module(info, start);
    if (then == nullptr || first == nullptr) return false;  // refused by that name
    const TdxModule* second = find_module(info, current);
    if (second == nullptr || find_tcb_level(info, pck, &current) != then) return true;
    return find_isv_level(first->levels, start[0]) != find_isv_level(second->levels, current[0]);
  }

  void check_status() {
    if (has_status_) out_.claim("tcb_status", std::string(tcb_status_word(worst_.status)));
    std::string advisories;
    bool accepted = true;
    for (const std::string& advisory : worst_.advisories) {
      accepted = accepted && contains(question_.trust.accepted_advisories, advisory);
      if (!is_advisory(advisory)) continue;
      advisories += (advisories.empty() ? "" : " ") + advisory;
    }
    out_.claim("advisories", advisories);
    out_.require(worst_.status != TcbStatus::revoked &&
                     contains(question_.trust.accepted_statuses, worst_.status),
                 "dcap_tcb_status_not_accepted");
    out_.require(accepted, "dcap_advisory_not_accepted");
  }

  // Claims are words only, whatever the collateral holds.
  static bool is_advisory(const std::string& text) {
    return text.size() <= 24 && std::all_of(text.begin(), text.end(), [](char c) {
             return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
           });
  }

  const DcapQuestion& question_;
  const DcapQuote& quote_;
  const DcapCollateral& collateral_;
  Findings& out_;
  TcbOutcome worst_{TcbStatus::up_to_date, {}};
  bool has_status_ = true;  // false once a part is below all that Intel names
  Hash checked_signer_{};
};

const SgxImage* check_enclave(const EnclaveReport& enclave, const SgxTrust& trust,
                              const Expected& expected, Findings& findings) {
  findings.claim("mrenclave", enclave.mrenclave);
  findings.claim("mrsigner", enclave.mrsigner);
  findings.claim("isv_prod_id", std::uint64_t{enclave.isv_prod_id});
  findings.claim("isv_svn", std::uint64_t{enclave.isv_svn});
  findings.claim("attributes", enclave.attributes);
  findings.claim("report_data", enclave.report_data);
  findings.require(!enclave.is_debug(), "debug_enabled");
  findings.require((enclave.attributes[0] & kSgxInit) != 0, "sgx_not_initialised");
  const auto image =
      std::find_if(trust.images.begin(), trust.images.end(), [&](const SgxImage& entry) {
        if (entry.mrenclave) return *entry.mrenclave == enclave.mrenclave;
        return entry.mrsigner && *entry.mrsigner == enclave.mrsigner &&
               entry.isv_prod_id == enclave.isv_prod_id && enclave.isv_svn >= entry.isv_svn_min;
      });
  findings.require(image != trust.images.end(), "measurement_not_allowed");
  findings.require(holds_binding(enclave.report_data, expected), "binding_wrong");
  return image == trust.images.end() ? nullptr : &*image;
}

// Who takes #VE of memory that the host takes away.
enum class SeptVe : std::uint8_t { nobody, paravisor };

void check_td_bits(const TdReport& td, const TdxTrust& trust, SeptVe handler, Findings& findings) {
  findings.require((td.td_attributes & kTdDebug) == 0, "debug_enabled");
  findings.require(handler == SeptVe::paravisor || (td.td_attributes & kTdSeptVeDisable) != 0,
                   "tdx_sept_ve_enabled");
  findings.require((td.td_attributes & ~(trust.td_attributes_allowed | kTdDebug)) == 0,
                   "tdx_attributes_not_allowed");
  findings.require((td.xfam & ~trust.xfam_allowed) == 0, "tdx_xfam_not_allowed");
  findings.require(td.mr_service_td == Hash48{}, "tdx_service_td_bound");
}

void add_td_claims(const TdReport& td, Findings& findings) {
  findings.claim("tee_tcb_svn", td.tee_tcb_svn);
  findings.claim("mr_seam", td.mr_seam);
  findings.claim("mr_td", td.mr_td);
  findings.claim("rtmr0", td.rtmrs[0]);
  findings.claim("rtmr1", td.rtmrs[1]);
  findings.claim("rtmr2", td.rtmrs[2]);
  findings.claim("rtmr3", td.rtmrs[3]);
  findings.claim("mr_config_id", td.mr_config_id);
  findings.claim("mr_owner", td.mr_owner);
  findings.claim("mr_owner_config", td.mr_owner_config);
  findings.claim("td_attributes", td.td_attributes);
  findings.claim("xfam", td.xfam);
  findings.claim("report_data", td.report_data);
}

// The entry that fits in all it says. Otherwise the first thing that no entry fits in.
const TdxImage* check_domain(const TdReport& td, const TdxTrust& trust, const Expected& expected,
                             Findings& findings) {
  add_td_claims(td, findings);
  bool measured = false;
  bool extended = false;
  bool owned = false;
  const TdxImage* found = nullptr;
  for (const TdxImage& image : trust.images) {
    if (image.mr_td != td.mr_td) continue;
    measured = true;
    if (image.rtmrs != td.rtmrs) continue;
    extended = true;
    if (image.mr_owner != td.mr_owner || image.mr_owner_config != td.mr_owner_config) continue;
    owned = true;
    const bool fits = image.mr_config_id.matches(td.mr_config_id, expected.policy_hash);
    if (found == nullptr && fits) found = &image;
  }
  findings.require(measured, "measurement_not_allowed");
  findings.require(extended || !measured, "tdx_rtmr_wrong");
  findings.require(owned || !extended, "tdx_owner_wrong");
  findings.require(found != nullptr || !owned, "policy_hash_wrong");
  findings.require(holds_binding(td.report_data, expected), "binding_wrong");
  return found;
}

// What both platforms begin with; nullopt when a part cannot be read.
std::optional<DcapQuote> check_quote(const EvidenceFiles& files, const DcapQuestion& question,
                                     Findings& findings) {
  auto quote = parse_dcap_quote(files.evidence, question.is_tdx);
  if (!quote) {
    findings.refuse(quote.error());
    return std::nullopt;
  }
  const auto collateral = parse_dcap_collateral(files.collateral, files.chain);
  if (!collateral) findings.refuse(collateral.error());
  if (collateral) DcapCheck(question, *quote, *collateral, findings).run();
  return std::move(quote).value();
}

std::vector<Literal> checklist_with(std::span<const Literal> more) {
  std::vector<Literal> out(kDcapChecklist.begin(), kDcapChecklist.end());
  out.insert(out.end(), more.begin(), more.end());
  return out;
}

}  // namespace

const std::span<const Literal> kDcapChecklist = kBoth;
const std::span<const Literal> kSgxChecklist = kSgxOnly;
const std::span<const Literal> kTdxChecklist = kTdxOnly;

Verdict verify_sgx(const EvidenceFiles& files, const TrustPolicy& trust, const Expected& expected,
                   Findings findings) {
  const SgxTrust nothing;
  findings.require(trust.sgx.has_value(), "platform_not_trusted");
  const SgxTrust& section = trust.sgx ? *trust.sgx : nothing;
  const auto quote = check_quote(files, {false, section, trust, expected}, findings);
  if (!quote) return std::move(findings).refused();
  const SgxImage* image = check_enclave(*quote->enclave, section, expected, findings);
  require_assurance(findings, trust, Assurance::hw_enclave);
  if (image == nullptr) return std::move(findings).refused();
  return std::move(findings).conclude(Assurance::hw_enclave, image->image_digest,
                                      checklist_with(kSgxChecklist));
}

namespace {

Verdict verify_domain(const EvidenceFiles& files, const TrustPolicy& trust,
                      const Expected& expected, SeptVe handler, Findings findings) {
  const TdxTrust nothing;
  findings.require(trust.tdx.has_value(), "platform_not_trusted");
  const TdxTrust& section = trust.tdx ? *trust.tdx : nothing;
  const auto collateral = split_domain_collateral(files.collateral);
  if (!collateral) findings.refuse(collateral.error());
  EvidenceFiles intel = files;
  if (collateral) intel.collateral = collateral->intel;
  const auto quote = check_quote(intel, {true, section, trust, expected}, findings);
  if (!quote) return std::move(findings).refused();
  if (collateral) {
    check_domain_log(findings, collateral->log, section.require_event_log, quote->td->rtmrs);
  }
  check_td_bits(*quote->td, section, handler, findings);
  const TdxImage* image = check_domain(*quote->td, section, expected, findings);
  require_assurance(findings, trust, Assurance::hw_cvm);
  if (image == nullptr) return std::move(findings).refused();
  return std::move(findings).conclude(Assurance::hw_cvm, image->image_digest,
                                      checklist_with(kTdxChecklist));
}

}  // namespace

Verdict verify_tdx(const EvidenceFiles& files, const TrustPolicy& trust, const Expected& expected,
                   Findings findings) {
  return verify_domain(files, trust, expected, SeptVe::nobody, std::move(findings));
}

Verdict verify_tdx_paravisor(const EvidenceFiles& files, const TrustPolicy& trust,
                             const Expected& expected, Findings findings) {
  return verify_domain(files, trust, expected, SeptVe::paravisor, std::move(findings));
}

}  // namespace gbx::attest
