#pragma once

// The signed manifest of an image as an entry of a public log, and a trust policy's demand that
// each of its images is in one. Who builds an image may sign another one for a single victim; what
// must stay true is that an image counts as logged only by a proof for the very bytes of its signed
// manifest. docs/spec/image-log.md. Pure and thread-safe.

#include "attest/log_proof.h"
#include "trusted/packet/dsse.h"

namespace gbx::attest {

// Of one entry: the largest signed manifest has less.
constexpr std::size_t kLoggedImageBytesMax = 32768;

// The entry of a signed manifest: its envelope in its one spelling. Fails with invalid_argument
// (image_manifest_malformed), or unverified (image_signature_missing: nobody has signed it).
Result<std::string> image_log_entry(const packet::Envelope& manifest);
// The signed manifest that an entry is. Fails with invalid_argument
// (image_log_entry_malformed).
Result<packet::Envelope> read_image_log_entry(std::string_view entry);

// Of a trust policy that takes an image only when its signed manifest is in this log.
struct ImageLog {
  LogKey key;
  std::vector<std::string> proofs;  // one for each of the builders' manifests, in their order
};

// {"key", "proofs"}. Fails with invalid_argument: trust_policy_malformed, or as parse_log_key()
// and parse_inclusion_proof() do. Verifies nothing.
Result<ImageLog> decode_image_log(const Json& json);
Json encode_image_log(const ImageLog& log);

// Each of `manifests` is in the log, by the proof at its place. Fails as verify_inclusion() does,
// or with unverified (image_log_proof_missing; image_log_forked: the log has signed two trees of
// one size), invalid_argument (trust_policy_malformed: more proofs than manifests).
Status check_image_log(const ImageLog& log, const std::vector<packet::Envelope>& manifests);

}  // namespace gbx::attest
