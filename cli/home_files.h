#pragma once

// What verbs share: this party's home and the packets that parties hand each other, with every
// failure in words.

#include <filesystem>

#include "cli/console.h"
#include "client/keys/home.h"
#include "client/keys/identity.h"
#include "trusted/packet/dsse.h"
#include "trusted/policy/policy.h"

namespace gbx::cli {

// `error` in words, for the files and packets of this folder.
Failure failure_of(const std::string& what, const std::string& where, const Error& error);

// Opens the home of --home with its passphrase. Throws Failure; nothing is then changed.
client::Home open_home(const Console& console);
// The public identity in a file, its signature checked. Throws Failure.
client::PublicIdentity read_identity(const std::filesystem::path& path);
// A signed packet in a file; no signature is checked. Throws Failure.
packet::Envelope read_packet(const std::filesystem::path& path);
// Writes a packet that others may read. Throws Failure; an older file is then untouched.
void write_packet(const std::filesystem::path& path, const packet::Envelope& envelope);
// The policy in a file, signed by every member. Throws Failure.
policy::VerifiedPolicy read_policy(const std::filesystem::path& path);

// This machine's clock, in seconds since 1970.
std::int64_t now_seconds();

}  // namespace gbx::cli
