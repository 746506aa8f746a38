#include "attest/snp.h"

#include <algorithm>

#include "attest/chain_files.h"
#include "attest/platforms.h"

namespace gbx::attest {
namespace {

constexpr std::uint64_t kPolicyMustBeOne = 1ULL << 17;
constexpr std::uint64_t kPolicyMigrate = 1ULL << 18;
constexpr std::uint64_t kPolicyDebug = 1ULL << 19;
constexpr std::uint64_t kPolicyKnown = (1ULL << 26) - 1;
constexpr std::uint64_t kPlatformAliasCheck = 1ULL << 5;
constexpr std::uint64_t kPlatformKnown = 0xBF;  // SMT, TSME, ECC, RAPL, CT, ALIAS_CHECK; TIO
constexpr std::uint32_t kKeyMasked = 1U << 1;
constexpr std::uint32_t kKeyKnown = 0x1F;
constexpr std::uint32_t kAlgorithmP384 = 1;
constexpr std::uint32_t kVersionMin = 3;  // version 2 does not say which processor it is of
constexpr std::uint32_t kVersionMax = 5;

constexpr const char* kOidProduct = "1.3.6.1.4.1.3704.1.2";
constexpr const char* kOidBootloader = "1.3.6.1.4.1.3704.1.3.1";
constexpr const char* kOidTee = "1.3.6.1.4.1.3704.1.3.2";
constexpr const char* kOidSnp = "1.3.6.1.4.1.3704.1.3.3";
constexpr const char* kOidMicrocode = "1.3.6.1.4.1.3704.1.3.8";
constexpr const char* kOidFmc = "1.3.6.1.4.1.3704.1.3.9";
constexpr const char* kOidHwid = "1.3.6.1.4.1.3704.1.4";
constexpr const char* kOidCsp = "1.3.6.1.4.1.3704.1.5";

constexpr Literal kChecklist[] = {"snp_version_not_allowed",
                                  "snp_reserved_not_zero",
                                  "snp_policy_malformed",
                                  "snp_platform_info_unknown",
                                  "snp_algorithm_wrong",
                                  "snp_signing_key_not_allowed",
                                  "snp_chip_key_masked",
                                  "snp_product_unknown",
                                  "snp_model_denied",
                                  "snp_product_not_allowed",
                                  "certificate_signature_wrong",
                                  "crl_missing",
                                  "snp_key_kind_mismatch",
                                  "snp_product_mismatch",
                                  "snp_signature_wrong",
                                  "snp_hwid_mismatch",
                                  "snp_csp_not_allowed",
                                  "snp_tcb_layout_wrong",
                                  "snp_tcb_mismatch",
                                  "snp_tcb_over_current",
                                  "snp_firmware_provisional",
                                  "snp_tcb_too_low",
                                  "snp_launch_tcb_too_low",
                                  "snp_alias_check_missing",
                                  "debug_enabled",
                                  "snp_migration_allowed",
                                  "snp_policy_bits_wrong",
                                  "snp_platform_bits_wrong",
                                  "measurement_not_allowed",
                                  "snp_vmpl_wrong",
                                  "policy_hash_wrong",
                                  "machine_not_allowed"};

// DER of a short INTEGER, 0 to 255.
std::optional<std::uint8_t> small_integer(const std::optional<Bytes>& der) {
  if (!der || der->size() < 3 || (*der)[0] != 2 || (*der)[1] != der->size() - 2) {
    return std::nullopt;
  }
  if (der->size() == 3 && (*der)[2] < 0x80) return (*der)[2];
  if (der->size() == 4 && (*der)[2] == 0 && (*der)[3] >= 0x80) return (*der)[3];
  return std::nullopt;
}

// DER of a short IA5String or UTF8String, as text; "" when it is neither.
std::string short_text(const std::optional<Bytes>& der) {
  const bool is_text = der && der->size() >= 2 && der->size() <= 66 &&
                       ((*der)[0] == 0x16 || (*der)[0] == 0x0C) && (*der)[1] == der->size() - 2;
  if (!is_text) return {};
  return std::string(as_text(ByteView(*der).subspan(2)));
}

// A name as clouds have it, "CN=cc-us-east-2.amazonaws.com", which can be shown as it is.
bool is_csp_id(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return is_letter || (c >= '0' && c <= '9') || c == '=' || c == '.' || c == '-' || c == '_';
  });
}

// "Milan-B0" and "Milan" alike. Siena and Bergamo are Genoa's: its authorities issue their
// certificates (AMD 57230), and CPUID does not tell the two apart.
std::optional<SnpProduct> product_of(const crypto::Certificate& leaf) {
  std::string name = short_text(leaf.extension(kOidProduct));
  name = name.substr(0, name.find('-'));
  if (!name.empty() && name[0] >= 'A' && name[0] <= 'Z') name[0] = static_cast<char>(name[0] + 32);
  if (name == "siena" || name == "bergamo") return SnpProduct::genoa;
  return snp_product_from(name);
}

// "Genoa", as AMD's authorities call themselves.
std::string vendor_name(SnpProduct product) {
  std::string out(snp_product_name(product));
  out[0] = static_cast<char>(out[0] - 32);
  return out;
}

// The TCB that the leaf certifies, nullopt when an extension is missing.
std::optional<SnpTcb> certified_tcb(const crypto::Certificate& leaf, SnpProduct product) {
  const auto fmc = small_integer(leaf.extension(kOidFmc));
  const auto bootloader = small_integer(leaf.extension(kOidBootloader));
  const auto tee = small_integer(leaf.extension(kOidTee));
  const auto snp = small_integer(leaf.extension(kOidSnp));
  const auto microcode = small_integer(leaf.extension(kOidMicrocode));
  if (!bootloader || !tee || !snp || !microcode) return std::nullopt;
  if (fmc.has_value() != (product == SnpProduct::turin)) return std::nullopt;
  return SnpTcb{fmc.value_or(0), *bootloader, *tee, *snp, *microcode};
}

// The chip that the leaf is of: raw, or wrapped in an OCTET STRING; 8 bytes on Turin, else 64.
std::optional<Bytes> hwid_of(const crypto::Certificate& leaf, SnpProduct product) {
  auto value = leaf.extension(kOidHwid);
  const std::size_t size = product == SnpProduct::turin ? 8 : 64;
  if (!value) return std::nullopt;
  if (value->size() == size) return value;
  const bool wrapped = value->size() == size + 2 && (*value)[0] == 4 && (*value)[1] == size;
  if (!wrapped) return std::nullopt;
  return Bytes(value->begin() + 2, value->end());
}

template <typename T>
bool contains(const std::vector<T>& list, const T& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

// One question, taken step by step.
class SnpCheck {
 public:
  SnpCheck(const SnpQuestion& question, SnpReport report, Findings& findings)
      : question_(question), trust_(*question.trust), report_(std::move(report)), out_(findings) {}

  SnpAnswer run() {
    check_form();
    const auto files = parse_chain_files(question_.chain);
    if (!files) out_.refuse(files.error());
    if (files) find_leaf(*files);
    check_product();
    check_key_kind();
    if (files && leaf_) check_chain(*files);
    if (product_) check_tcb();
    check_bits();
    const SnpImage* image = find_image();
    const Bytes chip(report_.chip_id.begin(), report_.chip_id.end());
    out_.require(!trust_.machines || contains(*trust_.machines, chip), "machine_not_allowed");
    return {report_, image};
  }

 private:
  void check_form() {
    out_.require(report_.version >= kVersionMin && report_.version <= kVersionMax,
                 "snp_version_not_allowed");
    out_.require(report_.reserved_zero && (report_.key_info & ~kKeyKnown) == 0,
                 "snp_reserved_not_zero");
    out_.require((report_.policy & kPolicyMustBeOne) != 0 && (report_.policy & ~kPolicyKnown) == 0,
                 "snp_policy_malformed");
    out_.require((report_.platform_info & ~kPlatformKnown) == 0, "snp_platform_info_unknown");
    out_.require(report_.algorithm == kAlgorithmP384, "snp_algorithm_wrong");
    out_.require((report_.key_info & kKeyMasked) == 0, "snp_chip_key_masked");
  }

  // The only certificate with AMD's name for a key that signs reports.
  void find_leaf(const ChainFiles& files) {
    for (const crypto::Certificate& entry : files.certificates) {
      const std::string name = entry.common_name();
      if (name != "SEV-VCEK" && name != "SEV-VLEK") continue;
      if (leaf_) {
        out_.refuse("snp_leaf_missing");
        leaf_.reset();
        return;
      }
      leaf_ = entry;
    }
    if (!leaf_) out_.refuse("snp_leaf_missing");
  }

  // A report of version 2 does not name its processor: the certificate's word is then taken to read
  // on, and the report stays refused.
  void check_product() {
    if (report_.version >= kVersionMin) {
      product_ = snp_product_of(report_.cpu_family, report_.cpu_model);
    } else if (leaf_) {
      product_ = product_of(*leaf_);
    }
    out_.require(product_.has_value(), "snp_product_unknown");
    bool denied = false;
    for (const SnpModels& models : trust_.denied_models) {
      const bool is_milan = report_.version < kVersionMin && product_ == SnpProduct::milan &&
                            models.family == kMilanModels.family &&
                            models.model_min <= kMilanModels.model_max;
      const bool is_named = models.family == report_.cpu_family &&
                            models.model_min <= report_.cpu_model &&
                            report_.cpu_model <= models.model_max;
      denied = denied || is_milan || is_named;
    }
    out_.require(!denied, "snp_model_denied");
    for (const SnpProductTrust& entry : trust_.products) {
      if (entry.product == product_) minimum_ = entry.min_tcb;
    }
    out_.require(minimum_.has_value(), "snp_product_not_allowed");
  }

  // What the report says that signed it, what the certificate is, and who issued it, agree.
  void check_key_kind() {
    const std::uint32_t word = report_.key_info >> 2U & 7U;
    if (word == 0) kind_ = SnpKeyKind::vcek;
    if (word == 1) kind_ = SnpKeyKind::vlek;
    out_.require(kind_ && contains(trust_.signing_keys, *kind_), "snp_signing_key_not_allowed");
    if (!leaf_ || !product_) return;
    const bool is_vlek = kind_ == SnpKeyKind::vlek;
    const std::string issuer = (is_vlek ? "SEV-VLEK-" : "SEV-") + vendor_name(*product_);
    out_.require(kind_ && leaf_->common_name() == (is_vlek ? "SEV-VLEK" : "SEV-VCEK") &&
                     leaf_->issuer_common_name() == issuer,
                 "snp_key_kind_mismatch");
  }

  void check_chain(const ChainFiles& files) {
    const auto chain = crypto::order_chain(*leaf_, files.certificates);
    const std::int64_t now = question_.expected->now;
    out_.require("certificate_signature_wrong", crypto::chain_faults(chain, trust_.roots, now));
    // AMD's list is the root's, and names intermediates only.
    const std::size_t required_from = trust_.require_crl ? 1 : chain.size();
    const RevocationRules rules{now, question_.policy->crl_age_max_s,
                                question_.policy->revoked_certificates};
    out_.require("crl_missing", revocation_faults(chain, files.crls, rules, required_from));
    const Status signature =
        leaf_->key().verify(crypto::SignatureForm::ecdsa_raw, crypto::Digest::sha384,
                            question_.report.first(kSnpSignedBytes), report_.signature);
    out_.require(leaf_->key().kind() == crypto::KeyKind::p384 && signature.has_value(),
                 "snp_signature_wrong");
    if (!product_) return;
    out_.require(chain.back().common_name() == "ARK-" + vendor_name(*product_) &&
                     product_of(*leaf_) == product_,
                 "snp_product_mismatch");
    check_chip();
  }

  // A VCEK is of one chip, a VLEK of one cloud; neither may pass for the other.
  void check_chip() {
    const bool has_hwid = leaf_->extension(kOidHwid).has_value();
    const auto hwid = hwid_of(*leaf_, *product_);
    Bytes chip(report_.chip_id.begin(), report_.chip_id.end());
    Bytes wanted = hwid.value_or(Bytes());
    wanted.resize(chip.size());
    const bool is_chip = hwid && wanted == chip;
    out_.require(kind_ == SnpKeyKind::vlek ? !has_hwid : is_chip, "snp_hwid_mismatch");
    const std::string csp = short_text(leaf_->extension(kOidCsp));
    out_.require(kind_ == SnpKeyKind::vlek ? contains(trust_.csp_ids, csp) : csp.empty(),
                 "snp_csp_not_allowed");
    if (hwid) out_.claim("hwid", *hwid);
    if (is_csp_id(csp)) out_.claim("csp_id", csp);
  }

  void check_tcb() {
    const auto current = decode_snp_tcb(report_.current_tcb, *product_);
    const auto reported = decode_snp_tcb(report_.reported_tcb, *product_);
    const auto committed = decode_snp_tcb(report_.committed_tcb, *product_);
    const auto launch = decode_snp_tcb(report_.launch_tcb, *product_);
    if (!out_.require(current && reported && committed && launch, "snp_tcb_layout_wrong")) return;
    if (leaf_) {
      out_.require(certified_tcb(*leaf_, *product_) == reported, "snp_tcb_mismatch");
    }
    out_.require(current->at_least(*reported), "snp_tcb_over_current");
    out_.require(*committed == *current && report_.committed == report_.current,
                 "snp_firmware_provisional");
    out_.require(minimum_ && reported->at_least(*minimum_), "snp_tcb_too_low");
    out_.require(minimum_ && launch->at_least(*minimum_), "snp_launch_tcb_too_low");
  }

  void check_bits() {
    out_.require((report_.platform_info & kPlatformAliasCheck) != 0, "snp_alias_check_missing");
    out_.require((report_.policy & kPolicyDebug) == 0, "debug_enabled");
    out_.require((report_.policy & kPolicyMigrate) == 0, "snp_migration_allowed");
    out_.require((report_.policy & trust_.policy_required) == trust_.policy_required &&
                     (report_.policy & trust_.policy_forbidden) == 0,
                 "snp_policy_bits_wrong");
    out_.require((report_.platform_info & trust_.platform_required) == trust_.platform_required &&
                     (report_.platform_info & trust_.platform_forbidden) == 0,
                 "snp_platform_bits_wrong");
  }

  // The entry that fits in all it says. Otherwise the first thing that no entry fits in.
  const SnpImage* find_image() {
    bool measured = false;
    bool at_vmpl = false;
    const SnpImage* found = nullptr;
    for (const SnpImage& image : trust_.images) {
      if (image.measurement != report_.measurement) continue;
      measured = true;
      if (image.vmpl != report_.vmpl) continue;
      at_vmpl = true;
      if (found == nullptr &&
          image.host_data.matches(report_.host_data, question_.expected->policy_hash)) {
        found = &image;
      }
    }
    out_.require(measured, "measurement_not_allowed");
    out_.require(at_vmpl || !measured, "snp_vmpl_wrong");
    out_.require(found != nullptr || !at_vmpl, "policy_hash_wrong");
    return found;
  }

  const SnpQuestion& question_;
  const SnpTrust& trust_;
  SnpReport report_;
  Findings& out_;
  std::optional<crypto::Certificate> leaf_;
  std::optional<SnpProduct> product_;
  std::optional<SnpKeyKind> kind_;
  std::optional<SnpTcb> minimum_;
};

void add_claims(const SnpReport& report, Findings& findings) {
  findings.claim("version", std::uint64_t{report.version});
  findings.claim("cpu_family", std::uint64_t{report.cpu_family});
  findings.claim("cpu_model", std::uint64_t{report.cpu_model});
  findings.claim("cpu_stepping", std::uint64_t{report.cpu_stepping});
  const auto product = snp_product_of(report.cpu_family, report.cpu_model);
  if (report.version >= kVersionMin && product) {
    findings.claim("product", std::string(snp_product_name(*product)));
  }
  findings.claim("chip_id", report.chip_id);
  findings.claim("vmpl", std::uint64_t{report.vmpl});
  findings.claim("guest_svn", std::uint64_t{report.guest_svn});
  findings.claim("policy", report.policy);
  findings.claim("platform_info", report.platform_info);
  findings.claim("measurement", report.measurement);
  findings.claim("host_data", report.host_data);
  findings.claim("report_data", report.report_data);
  findings.claim("current_tcb", report.current_tcb);
  findings.claim("reported_tcb", report.reported_tcb);
  findings.claim("committed_tcb", report.committed_tcb);
  findings.claim("launch_tcb", report.launch_tcb);
  findings.claim("id_key_digest", report.id_key_digest);
  findings.claim("author_key_digest", report.author_key_digest);
  findings.claim("report_id", report.report_id);
}

}  // namespace

const std::span<const Literal> kSnpChecklist = kChecklist;

std::optional<SnpAnswer> check_snp(const SnpQuestion& question, Findings& findings) {
  auto report = parse_snp_report(question.report);
  if (!report) {
    findings.refuse(report.error());
    return std::nullopt;
  }
  add_claims(*report, findings);
  return SnpCheck(question, std::move(report).value(), findings).run();
}

Verdict verify_snp(const EvidenceFiles& files, const TrustPolicy& trust, const Expected& expected,
                   Findings findings) {
  std::vector<Literal> checklist(kSnpChecklist.begin(), kSnpChecklist.end());
  checklist.insert(checklist.end(), {"platform_not_trusted", "binding_wrong", "assurance_too_low"});
  const SnpTrust nothing;
  findings.require(trust.snp.has_value(), "platform_not_trusted");
  const SnpTrust& section = trust.snp ? *trust.snp : nothing;
  const auto answer =
      check_snp({files.evidence, files.chain, &section, &trust, &expected}, findings);
  if (!answer) return std::move(findings).refused();
  findings.require(holds_binding(answer->report.report_data, expected), "binding_wrong");
  require_assurance(findings, trust, Assurance::hw_cvm);
  if (answer->image == nullptr) return std::move(findings).refused();
  return std::move(findings).conclude(Assurance::hw_cvm, answer->image->image_digest, checklist);
}

}  // namespace gbx::attest
