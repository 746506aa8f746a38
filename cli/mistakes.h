#pragma once

#include "cli/console.h"
#include "client/policy/mistake.h"
#include "client/policy/wording.h"

namespace gbx::cli {

// Runs `verb`; a Mistake ends it as the Failure that says the same.
template <typename Verb>
void telling_mistakes(Verb verb) {
  try {
    verb();
  } catch (const client::Mistake& mistake) {
    throw Failure(mistake.what(), mistake.where(), mistake.why(), mistake.next());
  }
}

// The failure of `error` in words, with code and reason for --json.
Failure failure_in_words(const std::string& what, const std::string& where, const Error& error);

}  // namespace gbx::cli
