#pragma once

// What every platform's verifier takes and gives. An attacker writes evidence, chain and
// collateral; the party that verifies writes the trust policy and what it expects. What must stay
// true: no network, no clock, no globals; whatever was left out is a refusal; a verdict says yes
// only when a verifier has gone through its whole list of checks and none of them has failed.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "trusted/base/bytes.h"
#include "trusted/base/json.h"

namespace gbx::attest {

// How strong a platform's word is, weakest first. The wire names are the words that every answer
// carries.
enum class Assurance : std::uint8_t {
  insecure_sim,      // anybody can forge it
  dev_tpm,           // a software TPM: whoever owns the machine can forge it
  dev_vm,            // the measured start of production, on a software TPM
  cloud_tpm,         // a cloud's virtual TPM: trusts the cloud
  tpm,               // a TPM of the machine: trusts firmware and kernel
  hw_cvm_paravisor,  // a confidential VM under a vendor's paravisor
  hw_cvm,            // a confidential VM
  hw_enclave,        // an enclave
};

constexpr Assurance kAssurances[] = {
    Assurance::insecure_sim, Assurance::dev_tpm,          Assurance::dev_vm, Assurance::cloud_tpm,
    Assurance::tpm,          Assurance::hw_cvm_paravisor, Assurance::hw_cvm, Assurance::hw_enclave};

std::string_view assurance_word(Assurance assurance);  // "INSECURE-SIM", "HW-CVM", ...
std::optional<Assurance> assurance_from(std::string_view word);

// The enumerator is the wire name.
enum class Platform : std::uint8_t { sim, tpm, snp, sgx, tdx, nitro, azure };
constexpr Platform kPlatforms[] = {Platform::sim, Platform::tpm,   Platform::snp,  Platform::sgx,
                                   Platform::tdx, Platform::nitro, Platform::azure};

std::string_view platform_name(Platform platform);
std::optional<Platform> platform_from(std::string_view name);

constexpr std::size_t kDocumentBytesMax = std::size_t{1} << 20;    // evidence
constexpr std::size_t kCollateralBytesMax = std::size_t{4} << 20;  // chain, or collateral

// The platform's own raw bytes, as docs/spec/evidence.md says for each of them.
struct EvidenceFiles {
  Platform platform = Platform::sim;
  ByteView evidence;    // report, quote or document
  ByteView chain;       // certificates and revocation lists, PEM or DER, one after the other
  ByteView collateral;  // what else the platform needs: Intel's JSON, a TPM's event log, ...
};

// What only the caller can know.
struct Expected {
  Bytes binding;         // 1 to 64 bytes; the platform's field must hold it, then zeros
  Hash policy_hash{};    // of the policy that the room must obey; zero when there is none
  std::int64_t now = 0;  // seconds since 1970-01-01, > 0
};

// A fact of the evidence. The value is hex, decimal or a word, never text of the evidence itself.
struct Claim {
  Literal name;
  std::string value;
};

class Verdict {
 public:
  // True only when every check was made and held.
  [[nodiscard]] bool ok() const { return assurance_.has_value(); }
  // Of an ok verdict only; anything else is a bug and ends the process.
  [[nodiscard]] Assurance assurance() const;
  // The image that the trust policy knows by this measurement, of an ok verdict only.
  [[nodiscard]] const Hash& image_digest() const;
  // What the evidence says, believed or not; in the platform's order.
  [[nodiscard]] const std::vector<Claim>& claims() const { return claims_; }
  // Everything found wrong, each once; empty exactly when ok().
  [[nodiscard]] const std::vector<Literal>& reasons() const { return reasons_; }
  [[nodiscard]] bool has_reason(std::string_view reason) const;
  [[nodiscard]] const std::string* claim(std::string_view name) const;

 private:
  friend class Findings;
  Verdict() = default;
  std::optional<Assurance> assurance_;
  Hash image_digest_{};
  std::vector<Claim> claims_;
  std::vector<Literal> reasons_;
};

// What a verifier writes down as it goes. Verdicts come only from here.
class Findings {
 public:
  // Records that this check was made; `reason` is written down when it does not hold.
  bool require(bool holds, Literal reason);
  // The same for a check with reasons of its own: records `step` as made.
  bool require(Literal step, const std::vector<Literal>& faults);
  // Evidence that cannot be read any further.
  void refuse(Literal reason);
  void refuse(const Error& error) { refuse(error.reason); }
  void claim(Literal name, std::string value);
  void claim(Literal name, ByteView value) { claim(name, to_hex(value)); }
  void claim(Literal name, std::uint64_t value) { claim(name, std::to_string(value)); }

  // A verdict that says no. Without any reason written down: verifier_incomplete.
  Verdict refused() &&;
  // The end of a verifier: yes only if every item of `checklist` was made, nothing was refused, and
  // an image was found; verifier_incomplete when an item is missing.
  Verdict conclude(Assurance assurance, const Hash& image_digest,
                   std::span<const Literal> checklist) &&;

 private:
  std::vector<Literal> made_;
  Verdict verdict_;
};

// The platform's 64-byte field (or a shorter one) holds exactly what was expected, then zeros.
// False for nothing expected, all zeros, or more than fits.
bool holds_binding(ByteView field, const Expected& expected);

// {"assurance", "claims", "ok", "platform", "reasons"}; docs/spec/evidence.md#verdict.
Json encode_verdict(const Verdict& verdict, Platform platform);

struct TrustPolicy;

// Dispatches to the platform's verifier. A platform without a section in `trust` is refused
// (platform_not_trusted), one below its minimum (assurance_too_low). Pure and thread-safe.
Verdict verify_evidence(const EvidenceFiles& files, const TrustPolicy& trust,
                        const Expected& expected);

}  // namespace gbx::attest
