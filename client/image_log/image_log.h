#pragma once

// A public log of signed image manifests, as a folder of plain files that anybody can serve:
//
//   checkpoint    the signed note of the newest tree
//   entries/0     the first signed manifest, entries/1 the second, ...
//
// Who reads a log has it from anywhere; what must stay true is that nothing is said of it before
// its checkpoint holds under the key that the reader names and every entry is under its root. Who
// keeps a log signs with the key of a home, which remembers the last checkpoint that it has signed:
// no checkpoint is signed that is not consistent with that one and with the one in the folder, and
// a run that ends anywhere leaves the old log or the new one. docs/spec/image-log.md.

#include <filesystem>
#include <string>
#include <vector>

#include "attest/logged_image.h"
#include "client/image_log/merkle_tree.h"
#include "client/keys/home.h"

namespace gbx::client {

constexpr std::uint64_t kImageLogEntriesMax = 65536;

// A whole log, verified.
struct ImageLogCopy {
  std::string note;  // of the checkpoint
  attest::Checkpoint checkpoint;
  std::vector<std::string> entries;
  std::vector<Hash> leaves;
};

// Fails with not_found (image_log_missing, image_log_entry_missing), invalid_argument
// (image_log_checkpoint_malformed, image_log_entry_malformed, image_log_full: more than
// kImageLogEntriesMax), unverified (image_log_origin_wrong, image_log_signature_wrong,
// image_log_root_wrong) or unavailable.
Result<ImageLogCopy> read_image_log(const std::filesystem::path& folder, const attest::LogKey& key);

// What is in the folder, verifying nothing but its form. Fails as read_image_log() does.
Result<ImageLogCopy> peek_image_log(const std::filesystem::path& folder);

// Whether this log has only grown since `older`. Fails with unverified: image_log_forked;
// image_log_behind (`older` is the newer one; get the log again).
Status check_grown(const ImageLogCopy& log, const attest::Checkpoint& older);

// The proof that `entry` is in it. Fails with not_found (image_log_entry_unknown).
Result<std::string> prove_image(const ImageLogCopy& log, std::string_view entry);

// Begins a log of that name under the key of `home`. Fails with invalid_argument
// (image_log_origin_malformed), policy_denied (image_log_exists: in the folder, or this home keeps
// one of that name) or unavailable.
Status begin_image_log(const Home& home, const std::filesystem::path& folder,
                       const std::string& origin);

struct LoggedAt {
  std::uint64_t index = 0;
  bool is_new = false;  // false: it was in the log already
};

// Appends a signed manifest and signs the new tree. Fails as image_log_entry() and read_image_log()
// do; with not_found (image_log_record_missing: this home does not remember what it has signed),
// unverified (image_log_rolled_back: less is here than this home has signed; image_log_forked:
// something else), policy_denied (image_log_full) or unavailable. Nothing new is signed then, or
// what was signed is published by the next call.
Result<LoggedAt> log_image(const Home& home, const std::filesystem::path& folder,
                           const packet::Envelope& manifest);

// Where `home` remembers what it has signed for a log of that name.
std::filesystem::path image_log_record(const Home& home, const std::string& origin);

}  // namespace gbx::client
