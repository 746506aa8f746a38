#pragma once

// The derived tables that this program reads by itself, to say beforehand what a room will make of
// a question: those of the member who asks. The texts of others are hostile to the parser here;
// they are read in a cage, when an answer is verified (client/query/confirm_apart.h).

#include <string>
#include <vector>

#include "client/query/ask.h"
#include "client/query/static_check.h"

namespace gbx::cli {

// As the room has them now; none when no rule allows any, or the room does not say: then the
// question itself will say what is wrong.
std::vector<packet::DerivedTable> own_derived(const std::string& room,
                                              const client::PolicyFile& policy,
                                              const client::Home& home);

// question.known, as far as they stand on nobody else's.
void define_own(client::StaticCheck& checker, const client::Question& question);
std::vector<sql::Derived> defined(const policy::VerifiedPolicy& policy,
                                  const client::Question& question);

}  // namespace gbx::cli
