#include <array>

#include "client/policy/wording.h"

namespace gbx::client::words {
namespace {

constexpr std::string_view kMachine = "do not trust this machine; ask its operator what changed";
constexpr std::string_view kFiles = "get the files again from the machine or its vendor";
constexpr std::string_view kTrust =
    "have the members agree on a trust policy that names it, if they want to";
constexpr std::string_view kUpdate = "update Glovebox";
constexpr std::string_view kImage =
    "compare with the images that the members agreed on; tell them if it is another";
constexpr std::string_view kFirmware = "have the operator update and commit the firmware";
constexpr std::string_view kMachineList = "use a machine that the trust policy names";

// What can be wrong with evidence of SEV-SNP, SGX and TDX.
constexpr std::array<Wording, 30> kWords = {{
    {"machine_not_allowed", "the machine is not among those of the trust policy", kMachineList},
    {"measurement_not_allowed", "the trust policy knows no image with this measurement", kImage},
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
}};

}  // namespace

std::span<const Wording> of_processors() { return kWords; }

}  // namespace gbx::client::words
