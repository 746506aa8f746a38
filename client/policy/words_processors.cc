#include <array>

#include "client/policy/wording.h"

namespace gbx::client::words {
namespace {

constexpr std::string_view kMachine = "do not trust this machine; ask its operator what changed";
constexpr std::string_view kFiles = "get the files again from the machine or its vendor";
constexpr std::string_view kTrust =
    "have the members agree on a trust policy that names it, if they want to";
constexpr std::string_view kUpdate = "update Glovebox";
constexpr std::string_view kClock = "check the time; get a fresh one from the vendor";
constexpr std::string_view kImage =
    "compare with the images that the members agreed on; tell them if it is another";
constexpr std::string_view kFirmware = "have the operator update and commit the firmware";
constexpr std::string_view kMachineList = "use a machine that the trust policy names";
constexpr std::string_view kCollateral = "get fresh collateral of this platform from Intel";

// What can be wrong with evidence of SEV-SNP, SGX and TDX.
constexpr std::array<Wording, 76> kWords = {{
    {"collateral_evaluation_too_old",
     "the collateral is of an evaluation before the trust policy's minimum", kCollateral},
    {"collateral_expired", "the collateral is no longer valid", kCollateral},
    {"collateral_malformed", "the collateral cannot be read, or has something that is not known",
     kCollateral},
    {"collateral_missing", "Intel's collateral is missing",
     "give TCB info, QE identity and revocation lists with --collateral"},
    {"collateral_not_yet_valid", "the collateral is from the future", kClock},
    {"collateral_too_old", "the collateral is older than the trust policy allows", kCollateral},
    {"dcap_advisory_not_accepted", "an advisory is open that the trust policy does not accept",
     kFirmware},
    {"dcap_fmspc_denied", "the trust policy denies this family of processors",
     "use a newer processor"},
    {"dcap_fmspc_mismatch", "the collateral is of another family of processors", kCollateral},
    {"dcap_key_binding_wrong", "the quoting enclave vouches for another key", kMachine},
    {"dcap_key_type_unknown", "the quote is signed with a kind of key that is not known", kUpdate},
    {"dcap_leaf_wrong", "the quote's certificate is not one that Intel gives processors", kMachine},
    {"dcap_malformed", "the quote cannot be read: a length does not fit",
     "give the quote as the machine made it"},
    {"dcap_pceid_mismatch", "the collateral is of another provisioning enclave", kCollateral},
    {"dcap_pck_malformed", "the processor's certificate lacks what Intel says of it", kFiles},
    {"dcap_qe_attributes_wrong", "the quoting enclave has other attributes than Intel's", kMachine},
    {"dcap_qe_debug", "the quoting enclave runs in debug mode", kMachine},
    {"dcap_qe_identity_kind_wrong", "the identity is of another kind of quoting enclave",
     kCollateral},
    {"dcap_qe_identity_signature_wrong",
     "the identity of the quoting enclave is not signed by Intel", kCollateral},
    {"dcap_qe_misc_select_wrong", "the quoting enclave has another MISCSELECT than Intel's",
     kMachine},
    {"dcap_qe_product_wrong", "the quoting enclave is another product than Intel's", kMachine},
    {"dcap_qe_signature_wrong", "the quoting enclave's report is not signed by the processor's key",
     kMachine},
    {"dcap_qe_signer_wrong", "the quoting enclave is not Intel's", kMachine},
    {"dcap_qe_tcb_not_supported", "the quoting enclave is older than any that Intel names",
     kFirmware},
    {"dcap_reserved_not_zero", "a report has something where nothing may be", kMachine},
    {"dcap_signature_wrong",
     "the quote is not signed by the key that the quoting enclave vouches for", kMachine},
    {"dcap_tcb_info_kind_wrong",
     "the TCB info is of SGX where TDX is needed, or the other way round", kCollateral},
    {"dcap_tcb_info_signature_wrong", "the TCB info is not signed by Intel", kCollateral},
    {"dcap_tcb_not_supported", "the platform is below every level that Intel names", kFirmware},
    {"dcap_tcb_signer_missing", "the certificate that signs Intel's collateral is missing",
     kCollateral},
    {"dcap_tcb_status_not_accepted",
     "the platform's status is not one that the trust policy accepts", kFirmware},
    {"dcap_trailing_bytes", "something other than zeros follows the quote",
     "give the quote as the machine made it"},
    {"dcap_vendor_unknown", "the quoting enclave is not of a vendor that is known", kMachine},
    {"dcap_version_not_allowed",
     "the quote has a version or body that is not taken: 3 for SGX, 4 and 5 for TDX", kUpdate},
    {"machine_not_allowed", "the machine is not among those of the trust policy", kMachineList},
    {"measurement_not_allowed", "the trust policy knows no image with this measurement", kImage},
    {"sgx_not_initialised", "the enclave was not initialised", kMachine},
    {"snp_algorithm_wrong", "the report is signed with an algorithm that is not known", kUpdate},
    {"snp_alias_check_missing", "the firmware has not checked the memory for aliases (BadRAM)",
     kFirmware},
    {"snp_chip_key_masked", "the chip hides which one it is",
     "have the operator unmask the chip key"},
    {"snp_csp_not_allowed",
     "the key is of a cloud that the trust policy does not name, or of none where one is needed",
     kTrust},
    {"snp_firmware_provisional", "firmware runs that is not committed and can be rolled back",
     kFirmware},
    {"snp_hwid_mismatch", "the certificate is of another chip than the report, or of none", kFiles},
    {"snp_key_kind_mismatch",
     "chip key and cloud key are mixed up between report, certificate and authority", kFiles},
    {"snp_launch_tcb_too_low",
     "the machine was started by firmware below the trust policy's minimum", kFirmware},
    {"snp_leaf_missing", "no certificate of a VCEK or VLEK is there, or more than one",
     "give the one of this chip with --chain"},
    {"snp_migration_allowed", "the guest may be moved by a migration agent",
     "start the guest without MIGRATE_MA"},
    {"snp_model_denied", "the trust policy denies this processor; reports of Milan can be forged",
     "use a newer processor"},
    {"snp_platform_bits_wrong", "PLATFORM_INFO is not as the trust policy demands", kMachine},
    {"snp_platform_info_unknown", "PLATFORM_INFO has bits that are not known", kUpdate},
    {"snp_policy_bits_wrong", "the guest's POLICY is not as the trust policy demands",
     "start the guest with the policy that the members agreed on"},
    {"snp_policy_malformed", "the guest's POLICY has bits that are not known", kUpdate},
    {"snp_product_mismatch", "chip, certificate and root are of different processors", kFiles},
    {"snp_product_not_allowed", "the trust policy does not name this processor", kTrust},
    {"snp_product_unknown",
     "the report does not say which processor it is of, or one that is not known", kUpdate},
    {"snp_reserved_not_zero", "the report has something where nothing may be", kMachine},
    {"snp_signature_wrong", "the report is not signed by the key of the certificate", kMachine},
    {"snp_signing_key_not_allowed",
     "the report is signed by a kind of key that the trust policy does not take", kTrust},
    {"snp_size_wrong", "an SEV-SNP report has 1184 bytes",
     "give the report as the firmware made it"},
    {"snp_tcb_layout_wrong", "the firmware versions are not in this processor's layout", kMachine},
    {"snp_tcb_mismatch", "the certificate is of other firmware than the report says",
     "get the certificate for the reported versions"},
    {"snp_tcb_over_current", "the report claims firmware above what runs", kMachine},
    {"snp_tcb_too_low", "the firmware is below the trust policy's minimum", kFirmware},
    {"snp_version_not_allowed", "the report has a version that is not taken: 3 to 5 are",
     "have the operator update the firmware"},
    {"snp_vmpl_wrong", "the report was asked for at another privilege level than the image's",
     kImage},
    {"tdx_attributes_not_allowed",
     "the trust domain has attributes that the trust policy does not allow", kImage},
    {"tdx_module_not_supported", "the TDX module is older than any that Intel names", kFirmware},
    {"tdx_module_signer_wrong", "the TDX module is not signed by Intel", kMachine},
    {"tdx_module_unknown", "the collateral does not name this TDX module", kCollateral},
    {"tdx_owner_wrong", "MROWNER or MROWNERCONFIG is not the image's", kImage},
    {"tdx_relaunch_advised", "the trust domain was started by an older TDX module than runs now",
     "start the trust domain anew"},
    {"tdx_rtmr_wrong", "a measured register is not the image's", kImage},
    {"tdx_seam_attributes_wrong", "the TDX module has attributes that are not known", kUpdate},
    {"tdx_sept_ve_enabled", "the host can inject exceptions for pages (SEPT_VE_DISABLE is off)",
     "start the trust domain with SEPT_VE_DISABLE"},
    {"tdx_service_td_bound", "a service domain is bound to the trust domain and may move it",
     "start the trust domain without one"},
    {"tdx_xfam_not_allowed",
     "the trust domain has processor features that the trust policy does not allow", kImage},
}};

}  // namespace

std::span<const Wording> of_processors() { return kWords; }

}  // namespace gbx::client::words
