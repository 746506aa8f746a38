#include "attest/evidence_verdict.h"

#include <algorithm>

#include "attest/platforms.h"
#include "attest/trust_policy.h"

namespace gbx::attest {
namespace {

struct Word {
  Assurance assurance;
  std::string_view word;
};
constexpr Word kWords[] = {
    {Assurance::insecure_sim, "INSECURE-SIM"},
    {Assurance::dev_tpm, "DEV-TPM"},
    {Assurance::dev_vm, "DEV-VM"},
    {Assurance::cloud_tpm, "CLOUD-TPM"},
    {Assurance::tpm, "TPM"},
    {Assurance::hw_cvm_paravisor, "HW-CVM-PARAVISOR"},
    {Assurance::hw_cvm, "HW-CVM"},
    {Assurance::hw_enclave, "HW-ENCLAVE"},
};

struct Name {
  Platform platform;
  std::string_view name;
};
constexpr Name kNames[] = {
    {Platform::sim, "sim"},     {Platform::tpm, "tpm"}, {Platform::snp, "snp"},
    {Platform::sgx, "sgx"},     {Platform::tdx, "tdx"}, {Platform::nitro, "nitro"},
    {Platform::azure, "azure"},
};

void add(std::vector<Literal>& list, Literal word) {
  if (std::find(list.begin(), list.end(), word) == list.end()) list.push_back(word);
}

}  // namespace

std::string_view assurance_word(Assurance assurance) {
  for (const Word& entry : kWords) {
    if (entry.assurance == assurance) return entry.word;
  }
  GBX_CHECK(false);
}

std::optional<Assurance> assurance_from(std::string_view word) {
  for (const Word& entry : kWords) {
    if (entry.word == word) return entry.assurance;
  }
  return std::nullopt;
}

std::string_view platform_name(Platform platform) {
  for (const Name& entry : kNames) {
    if (entry.platform == platform) return entry.name;
  }
  GBX_CHECK(false);
}

std::optional<Platform> platform_from(std::string_view name) {
  for (const Name& entry : kNames) {
    if (entry.name == name) return entry.platform;
  }
  return std::nullopt;
}

Assurance Verdict::assurance() const {
  GBX_CHECK(assurance_.has_value());
  return *assurance_;
}

const Hash& Verdict::image_digest() const {
  GBX_CHECK(assurance_.has_value());
  return image_digest_;
}

bool Verdict::has_reason(std::string_view reason) const {
  return std::any_of(reasons_.begin(), reasons_.end(),
                     [&](Literal entry) { return entry.view() == reason; });
}

const std::string* Verdict::claim(std::string_view name) const {
  const auto found = std::find_if(claims_.begin(), claims_.end(),
                                  [&](const Claim& entry) { return entry.name.view() == name; });
  return found == claims_.end() ? nullptr : &found->value;
}

bool Findings::require(bool holds, Literal reason) {
  add(made_, reason);
  if (!holds) add(verdict_.reasons_, reason);
  return holds;
}

bool Findings::require(Literal step, const std::vector<Literal>& faults) {
  add(made_, step);
  for (const Literal fault : faults) add(verdict_.reasons_, fault);
  return faults.empty();
}

void Findings::refuse(Literal reason) { add(verdict_.reasons_, reason); }

void Findings::claim(Literal name, std::string value) {
  verdict_.claims_.push_back({name, std::move(value)});
}

Verdict Findings::refused() && {
  if (verdict_.reasons_.empty()) refuse("verifier_incomplete");
  return std::move(verdict_);
}

Verdict Findings::conclude(Assurance assurance, const Hash& image_digest,
                           std::span<const Literal> checklist) && {
  if (!verdict_.reasons_.empty()) return std::move(verdict_);
  const bool complete = std::all_of(checklist.begin(), checklist.end(), [&](Literal item) {
    return std::find(made_.begin(), made_.end(), item) != made_.end();
  });
  if (!complete || checklist.empty() || image_digest == Hash{}) return std::move(*this).refused();
  verdict_.assurance_ = assurance;
  verdict_.image_digest_ = image_digest;
  return std::move(verdict_);
}

bool holds_binding(ByteView field, const Expected& expected) {
  const Bytes& wanted = expected.binding;
  if (wanted.empty() || wanted.size() > field.size()) return false;
  const auto is_zero = [](std::uint8_t byte) { return byte == 0; };
  if (std::all_of(wanted.begin(), wanted.end(), is_zero)) return false;
  return std::equal(wanted.begin(), wanted.end(), field.begin()) &&
         std::all_of(field.begin() + static_cast<std::ptrdiff_t>(wanted.size()), field.end(),
                     is_zero);
}

Json encode_verdict(const Verdict& verdict, Platform platform) {
  Json::Array claims;
  for (const Claim& entry : verdict.claims()) {
    claims.push_back(Json::object({{"name", entry.name.view()}, {"value", entry.value}}));
  }
  Json::Array reasons;
  for (const Literal reason : verdict.reasons()) reasons.emplace_back(reason.view());
  Json out = Json::object({{"claims", claims},
                           {"ok", verdict.ok()},
                           {"platform", platform_name(platform)},
                           {"reasons", reasons}});
  if (verdict.ok()) {
    out.set("assurance", assurance_word(verdict.assurance()));
    out.set("image_digest", to_hex(verdict.image_digest()));
  }
  return out;
}

Verdict verify_evidence(const EvidenceFiles& files, const TrustPolicy& trust,
                        const Expected& expected) {
  Findings findings;
  const bool readable = files.evidence.size() <= kDocumentBytesMax &&
                        files.chain.size() <= kCollateralBytesMax &&
                        files.collateral.size() <= kCollateralBytesMax;
  if (!findings.require(readable, "evidence_too_large")) return std::move(findings).refused();
  findings.require(expected.now > 0 && !expected.binding.empty(), "expectation_not_set");
  switch (files.platform) {
    case Platform::sim: return verify_sim(files, trust, expected, std::move(findings));
    case Platform::snp: return verify_snp(files, trust, expected, std::move(findings));
    case Platform::sgx: return verify_sgx(files, trust, expected, std::move(findings));
    case Platform::tdx: return verify_tdx(files, trust, expected, std::move(findings));
    case Platform::tpm: return verify_tpm(files, trust, expected, std::move(findings));
    case Platform::nitro: return verify_nitro(files, trust, expected, std::move(findings));
    case Platform::azure: return verify_azure(files, trust, expected, std::move(findings));
  }
  GBX_CHECK(false);
}

}  // namespace gbx::attest
