#pragma once

// What to do next, where the wordings of several platforms' evidence say the same.

#include <string_view>

namespace gbx::client::words {

constexpr std::string_view kMachine = "do not trust this machine; ask its operator what changed";
constexpr std::string_view kFiles = "get the files again from the machine or its vendor";
constexpr std::string_view kTrust =
    "have the members agree on a trust policy that names it, if they want to";
constexpr std::string_view kLog =
    "get the log again from the machine, whole and of the same start as the quote";
constexpr std::string_view kUpdate = "update Glovebox";
constexpr std::string_view kClock = "check the time; get a fresh one from the vendor";

}  // namespace gbx::client::words
