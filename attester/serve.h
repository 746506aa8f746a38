#pragma once

// What an attester does all day: a room asks over its line, evidence goes back.

#include <filesystem>
#include <functional>

#include "attest/evidence_bundle.h"
#include "enclave/attester_line.h"

namespace gbx::attester {

// Evidence over 64 bytes.
using Attest = std::function<Result<attest::EvidenceBundle>(ByteView binding)>;

// Files whose contents go along with each evidence, read anew each time, so that whoever runs the
// machine can renew collateral under a running room.
struct Attachments {
  std::vector<std::filesystem::path> chain;
  std::vector<std::filesystem::path> collateral;
  std::filesystem::path event_log;  // of a trust domain's start, put behind the collateral
};

// Until the room hangs up. `platform` is what it is told.
void serve(enclave::AttesterLine& line, attest::Platform platform, const Attachments& files,
           const Attest& attest);

// Empty for no path. Fails with unavailable (attachment_unreadable), as the one below, which also
// fails as attest::replay_domain_log(): a log goes along without the filler of its area.
Result<Bytes> read_attachment(const std::filesystem::path& path);
Result<attest::EvidenceBundle> attach_files(attest::EvidenceBundle bundle,
                                            const Attachments& files);

}  // namespace gbx::attester
