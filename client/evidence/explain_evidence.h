#pragma once

// What evidence says, in words for people: which machine, which firmware, which code, what it is
// bound to, who vouches. The words are ours and the values are hex, numbers and names; an attacker
// who wrote the evidence cannot write a sentence here. Saying it is not believing it.

#include <string>
#include <vector>

#include "client/evidence/check_evidence.h"

namespace gbx::client {

struct EvidenceSection {
  std::string title;                                      // "Machine"
  std::vector<std::pair<std::string, std::string>> rows;  // label, value
};

// One sentence on what this kind of evidence is worth.
std::string platform_sentence(attest::Platform platform);
// One sentence on what an assurance word promises and what not.
std::string assurance_sentence(attest::Assurance assurance);
// The claims of a verdict by subject; sections without rows are left out. Roots that this version
// knows are named.
std::vector<EvidenceSection> explain_claims(const attest::Verdict& verdict);

}  // namespace gbx::client
