#pragma once

// Is this evidence proof that the room we mean runs the code we allow? One pure function: no
// network, no clock, no globals. An attacker writes the evidence. Whatever the caller leaves out is
// a refusal, never "not checked"; the verdict is built only after the last check.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attest/evidence_verdict.h"
#include "trusted/base/bytes.h"
#include "trusted/packet/binding.h"

namespace gbx::attest {

// What the verifier demands; comes from the signed policy and from what it has itself made up or
// recomputed.
struct Expectation {
  packet::BindingDigest
      binding{};  // of {our nonce, the room's keys, our policy, its log, an image}
  Hash policy_hash{};
  Hash image_digest{};        // as in the binding
  std::vector<Hash> images;   // allowed image digests; empty allows none
  std::string min_assurance;  // the policy's word; sim is accepted only when it says INSECURE-SIM
};

// What the evidence says, once all of it holds.
struct Claims {
  Assurance assurance = Assurance::insecure_sim;
  Hash image_digest{};
  Hash policy_hash{};
};

constexpr std::size_t kEvidenceBytesMax = 65536;

// `evidence` is the packet of docs/spec/evidence.md. Fails with unverified and the first thing that
// is wrong: expectation_not_set (a field of `expected` was left zero), evidence_malformed,
// platform_unknown, evidence_signature_wrong, evidence_version_unknown, debug_enabled,
// binding_wrong, policy_hash_wrong, measurement_wrong, image_not_allowed, assurance_unknown,
// assurance_too_low. Thread-safe.
Result<Claims> verify(std::string_view evidence, const Expectation& expected);

// {"document": base64, "platform": word}: the outer form, the same for each platform.
std::string print_evidence(std::string_view platform, ByteView document);

}  // namespace gbx::attest
