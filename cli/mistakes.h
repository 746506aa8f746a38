#pragma once

#include "cli/console.h"
#include "client/policy/mistake.h"
#include "client/policy/wording.h"
#include "client/room/meet.h"

namespace gbx::cli {

// The failure that says what `mistake` says.
Failure failure_of_mistake(const client::Mistake& mistake);

// Runs `verb`; a Mistake ends it as a Failure.
template <typename Verb>
void telling_mistakes(Verb verb) {
  try {
    verb();
  } catch (const client::Mistake& mistake) {
    throw failure_of_mistake(mistake);
  }
}

// The failure of `error` in words, with code and reason for --json.
Failure failure_in_words(const std::string& what, const std::string& where, const Error& error);

// The failure of a refusal of `sql` ("" where there is none), which this machine or a room has
// made.
Failure failure_of_refusal(const enclave::Refusal& refusal, const std::string& sql,
                           const policy::Policy& policy);

// The failure of a refusal that the room has not signed.
Failure failure_of_host(const std::string& what, const client::HostRefused& refused);

// What became of asking `sql` ("" where there is none) of the room at `where`: call it in a catch.
Failure failure_of_asking(const std::string& where, const std::string& sql,
                          const policy::Policy& policy);

}  // namespace gbx::cli
