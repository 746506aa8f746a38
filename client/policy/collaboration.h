#pragma once

// collaboration.yaml, what the author of a policy writes, to the policy that everybody signs
// (docs/spec/policy.md has both). Every mistake is told with file, line, column, what is wrong and
// what to do; unknown keys are mistakes.

#include <filesystem>
#include <optional>
#include <string>

#include "client/policy/mistake.h"
#include "trusted/base/seams.h"
#include "trusted/policy/policy.h"

namespace gbx::client {

struct BuildOptions {
  std::optional<std::string> id;  // 32 hex digits; else the file's, else the previous, else fresh
  // The version before: the new one has its id, the next number and its hash.
  const policy::Policy* previous = nullptr;
  Hash previous_hash{};
  // For trying queries, not for signing: an identity whose file is not there is a member of the
  // file's name, with keys of nobody, and an image that is no digest is the image of zeros.
  bool rehearsal = false;
};

// Throws Mistake. Files that it names (identities, manifests) are looked for beside `path`.
// The same file and options give the same policy; without any id, `entropy` makes one.
policy::Policy read_collaboration(const std::filesystem::path& path, const BuildOptions& options,
                                  Entropy& entropy);
policy::Policy parse_collaboration(const std::string& text, const std::filesystem::path& path,
                                   const BuildOptions& options, Entropy& entropy);

}  // namespace gbx::client
