#pragma once

// Is this evidence, of any platform, proof of what a person means? One call of attest's verifier,
// with everything the person gave; and a refusal by name for everything that was left out. An
// attacker writes evidence, chain and collateral.

#include <optional>
#include <string>

#include "client/evidence/import_evidence.h"

namespace gbx::client {

struct EvidenceQuestion {
  EvidenceFile file;
  std::optional<std::string> trust;  // the trust policy's JSON
  std::optional<Bytes> nonce;        // what the platform's field must hold, 1 to 1024 bytes
  std::optional<Hash> policy_hash;   // of the policy that was bound at the start, where it is
  std::int64_t now = 0;              // seconds since 1970, > 0
};

struct EvidenceAnswer {
  attest::Verdict verdict;
  std::vector<Literal> left_out;  // trust_policy_missing, nonce_missing
  [[nodiscard]] bool ok() const { return verdict.ok() && left_out.empty(); }
};

constexpr std::size_t kNonceBytesMax = 1024;

// Fails with invalid_argument (trust_policy_malformed). Without a trust policy all claims and
// findings are there, and the answer is no. Pure and thread-safe.
Result<EvidenceAnswer> check_evidence(const EvidenceQuestion& question);

// {"assurance", "claims", "image_digest", "ok", "platform", "reasons"}; docs/reference/evidence.md.
Json encode_answer(const EvidenceAnswer& answer, attest::Platform platform);

// An evidence packet, or an answer file or a room's hello with one in it; nullopt for anything
// else.
std::optional<EvidenceFile> read_evidence_packet(std::string_view text);

// "2024-09-07T14:37:36Z", or seconds since 1970. Fails with invalid_argument (time_malformed).
Result<std::int64_t> parse_time(std::string_view text);

}  // namespace gbx::client
