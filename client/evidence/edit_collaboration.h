#pragma once

// The same edits in a collaboration.yaml: the one list or word changes, and every other byte of
// the file, comments included, stays as its author wrote it. What must stay true: the edited file
// says exactly what edit_trust.h makes of the old one, or nothing was edited.

#include <string>

#include "client/evidence/edit_trust.h"

namespace gbx::client {

// `text` as read from `path`, with one image or machine more. Throw Mistake: also where the list
// is not written as a list that can be added to.
std::string add_image_to(const std::string& text, const std::string& path, const NewImage& image);
std::string pin_machine_in(const std::string& text, const std::string& path,
                           attest::Platform platform, const Bytes& machine);

std::string enrol_key_in(const std::string& text, const std::string& path,
                         const attest::TpmKey& key);

// What the collaboration's `trust` says. Throws Mistake.
attest::TrustPolicy read_trust_of(const std::string& text, const std::string& path);

}  // namespace gbx::client
