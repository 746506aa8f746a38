#pragma once

#include <string>

#include "cli/console.h"
#include "trusted/base/secret.h"

namespace gbx::cli {

// The passphrase of this party's key file: from --passphrase-file (its first line), else the
// environment's GLOVEBOX_PASSPHRASE, else asked on the terminal without echo; `confirm` asks twice.
// Echo is back on whatever ends the asking, Ctrl-C and Ctrl-Z too. Fails with a Failure when there
// is no terminal to ask, the two differ, it is empty or over 1024 bytes, or others may read its
// file.
SecretBytes read_passphrase(const Console& console, const std::string& prompt, bool confirm);

}  // namespace gbx::cli
