#pragma once

// policy.json on a party's machine: reading it, who has signed it, and which policies this party
// has seen and agreed to (its pins). The file may come from anybody; a pin is this party's own.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "client/policy/mistake.h"
#include "trusted/policy/policy.h"

namespace gbx::client {

struct PolicyFile {
  packet::Envelope envelope;
  policy::Policy policy;  // every field checked, no signature
  Hash hash{};            // SHA-256 of the payload
};

// Throws Mistake: no file, no policy packet, or one that is wrong in itself.
PolicyFile read_policy_file(const std::filesystem::path& path);
// The same from an envelope; `where` is for messages.
PolicyFile read_policy_envelope(packet::Envelope envelope, const std::string& where);

struct SignatureLine {
  std::string member;  // or, of a signature of nobody expected, its key id
  std::string state;   // "valid", "missing", "wrong", "extra"
};
// Each member by name, then what is extra.
std::vector<SignatureLine> signature_lines(const PolicyFile& file);
// One sentence for each that is not valid; empty when all members have signed and nobody else.
std::vector<std::string> signature_faults(const PolicyFile& file);

// The policy once every member has signed it and nobody else; else throws Mistake with names.
policy::VerifiedPolicy verify_policy_file(const PolicyFile& file, const std::string& where);
policy::VerifiedPolicy load_policy(const std::filesystem::path& path);

// Pins live in `home`/policies, one file each. pin_policy throws Mistake when it cannot write.
void pin_policy(const std::filesystem::path& home, const PolicyFile& file);
bool is_pinned(const std::filesystem::path& home, const Hash& policy_hash);

}  // namespace gbx::client
