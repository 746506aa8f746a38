#pragma once

// What `budget` and `room close` share: taking back what a closed room has not spent.

#include <string_view>

#include "cli/console.h"
#include "client/keys/home.h"

namespace gbx::cli {

// Holds a closing statement against the home ledger, and says what came back. `where` is for
// messages. Throws Failure: nothing came back.
void take_back(const Console& console, client::Home& home, std::string_view statement,
               const std::string& where);

}  // namespace gbx::cli
