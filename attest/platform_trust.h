#pragma once

// The sections of a trust policy, one for each platform. Default values trust nothing.

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "attest/evidence_verdict.h"
#include "attest/tpm_structures.h"
#include "trusted/base/bytes.h"

namespace gbx::attest {

using Hash48 = std::array<std::uint8_t, 48>;

// A root that is known by name in policies, and printed by it. Naming one is a choice of the
// policy: none of them is trusted unless it is named.
struct KnownRoot {
  std::string_view name;    // "amd-genoa", "intel-sgx", "aws-nitro", "google-ek-ak", ...
  std::string_view sha256;  // of the DER, in hex
};
std::span<const KnownRoot> known_roots();

// What the room was started with must equal: the hash of the policy that the caller names, or a
// fixed value.
template <std::size_t N>
struct BoundData {
  std::optional<std::array<std::uint8_t, N>> fixed;  // nullopt: the policy's hash, then zeros
  [[nodiscard]] bool matches(ByteView field, const Hash& policy_hash) const {
    std::array<std::uint8_t, N> wanted{};
    if (!fixed && policy_hash == Hash{}) return false;
    for (std::size_t i = 0; i < wanted.size(); i++) {
      wanted[i] = fixed ? (*fixed)[i] : (i < policy_hash.size() ? policy_hash[i] : 0);
    }
    return std::equal(field.begin(), field.end(), wanted.begin(), wanted.end());
  }
};

// nullopt: "any", said in so many letters; an empty list allows no machine.
using Machines = std::optional<std::vector<Bytes>>;

struct SimTrust {
  std::vector<Hash> images;  // image digests
};

// --- AMD SEV-SNP ------------------------------------------------------------------------------

enum class SnpProduct : std::uint8_t { milan, genoa, turin };
std::string_view snp_product_name(SnpProduct product);  // "genoa"
std::optional<SnpProduct> snp_product_from(std::string_view name);
enum class SnpKeyKind : std::uint8_t { vcek, vlek };

struct SnpTcb {
  std::uint8_t fmc = 0;  // Turin only
  std::uint8_t bootloader = 0;
  std::uint8_t tee = 0;
  std::uint8_t snp = 0;
  std::uint8_t microcode = 0;
  friend bool operator==(const SnpTcb&, const SnpTcb&) = default;
  // No component is less.
  [[nodiscard]] bool at_least(const SnpTcb& other) const;
};

struct SnpProductTrust {
  SnpProduct product = SnpProduct::genoa;
  SnpTcb min_tcb;
};

struct SnpModels {  // CPUID family and model of chips that are never believed
  std::uint8_t family = 0;
  std::uint8_t model_min = 0;
  std::uint8_t model_max = 0;
};
// Milan: its endorsement seed can be extracted in software (arXiv 2605.12990), so that any report
// of any such chip can be forged. A policy without it in denied_models says so on purpose.
constexpr SnpModels kMilanModels{0x19, 0x00, 0x0F};

struct SnpImage {
  Hash image_digest{};
  Hash48 measurement{};
  BoundData<32> host_data;
  std::uint8_t vmpl = 0;
};

struct SnpTrust {
  std::vector<Hash> roots;
  std::vector<SnpProductTrust> products;  // those not named are not trusted
  std::vector<SnpModels> denied_models;
  std::vector<SnpKeyKind> signing_keys;
  std::vector<std::string> csp_ids;     // who may hold a VLEK
  std::uint64_t policy_required = 0;    // bits of the guest's POLICY
  std::uint64_t policy_forbidden = 0;   // besides DEBUG and MIGRATE_MA, which always are
  std::uint64_t platform_required = 0;  // bits of PLATFORM_INFO, besides ALIAS_CHECK
  std::uint64_t platform_forbidden = 0;
  bool require_crl = true;
  Machines machines;  // CHIP_ID
  std::vector<SnpImage> images;
};

// --- Intel DCAP -------------------------------------------------------------------------------

// The enumerator's word on the wire is Intel's.
enum class TcbStatus : std::uint8_t {
  up_to_date,
  sw_hardening_needed,
  configuration_needed,
  configuration_and_sw_hardening_needed,
  out_of_date,
  out_of_date_configuration_needed,
  revoked,
};
std::string_view tcb_status_word(TcbStatus status);  // "UpToDate"
std::optional<TcbStatus> tcb_status_from(std::string_view word);

struct DcapTrust {
  std::vector<Hash> roots;
  std::int64_t min_tcb_evaluation_data_number = 0;  // > 0
  std::vector<TcbStatus> accepted_statuses;         // never revoked
  std::vector<std::string> accepted_advisories;     // "INTEL-SA-00615"
  std::vector<Bytes> denied_fmspc;                  // 6 bytes each
  Machines machines;                                // platform instance id, 16 bytes each
};

struct SgxImage {
  Hash image_digest{};
  std::optional<Hash> mrenclave;  // or the three below
  std::optional<Hash> mrsigner;
  std::uint16_t isv_prod_id = 0;
  std::uint16_t isv_svn_min = 0;
};

struct SgxTrust : DcapTrust {
  std::vector<SgxImage> images;
};

struct TdxImage {
  Hash image_digest{};
  Hash48 mr_td{};
  std::array<Hash48, 4> rtmrs{};
  BoundData<48> mr_config_id;
  Hash48 mr_owner{};
  Hash48 mr_owner_config{};
};

struct TdxTrust : DcapTrust {
  std::uint64_t xfam_allowed = 0;           // bits that may be set
  std::uint64_t td_attributes_allowed = 0;  // bits that may be set; DEBUG never is
  bool require_event_log = true;            // of the start (tdx_event_log.h)
  std::vector<TdxImage> images;
};

// --- TPM, Nitro, Azure ------------------------------------------------------------------------

struct PcrValue {
  std::uint8_t index = 0;
  Bytes value;  // as long as the bank's digest
};

struct TpmImage {
  Hash image_digest{};
  std::vector<PcrValue> pcrs;  // ascending, all selected; never what software can reset (16, 23)
};

// Which PCRs are quoted, and which values are whose.
struct PcrRules {
  TpmAlgorithm bank = TpmAlgorithm::null;  // sha256, sha384 or sha512
  PcrMask selection = 0;                   // the quote selects exactly these
  std::vector<TpmImage> images;
};

struct TpmRoot {  // of attestation keys' certificates
  Hash sha256{};  // of the DER
  Assurance assurance = Assurance::dev_tpm;
};

struct TpmKey {   // an attestation key that was enrolled, with the TPM's own proof
  Hash sha256{};  // of its TPMT_PUBLIC
  Assurance assurance = Assurance::dev_tpm;
};

struct TpmTrust {
  std::vector<TpmRoot> roots;
  std::vector<TpmKey> keys;
  PcrRules pcrs;
  bool require_event_log = true;
  bool require_crl = true;
  Machines machines;  // Google's instance ids; an enrolled key is a machine of its own
};

// What the enclave puts the binding into.
enum class NitroField : std::uint8_t { nonce, public_key, user_data };

struct NitroImage {
  Hash image_digest{};
  std::vector<PcrValue> pcrs;  // 0, 1 and 2, and what else must match: 3 (role), 8 (signer)
};

struct NitroTrust {
  std::vector<Hash> roots;
  NitroField binding = NitroField::nonce;
  bool require_crl = true;
  std::vector<NitroImage> images;
};

struct AzureTrust {
  std::optional<SnpTrust> snp;  // of the report below the paravisor; its images are paravisors
  std::optional<TdxTrust> tdx;
  PcrRules pcrs;               // of the virtual TPM
  bool allow_console = false;  // Azure's serial console is on in every public sample
};

}  // namespace gbx::attest
