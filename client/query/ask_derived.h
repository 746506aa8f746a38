#pragma once

// Asking a room about derived tables (docs/spec/derived.md): to define one, drop it, veto it, or
// list them. It travels like a question, and is answered with what there is after it.
//
// The host carries both and reads neither; what is believed is what the met room has signed about
// this very request. The texts of other members in the answer are for reading: nothing here parses
// them.

#include "client/query/ask.h"

namespace gbx::client {

// Opens and verifies the room's answer to `asked`. Fails with unverified (seal_broken,
// not_a_receiver, signature_wrong, ...; derived_answer_wrong) or invalid_argument (malformed).
Result<packet::DerivedList> open_derived_answer(const Asked& asked, std::string_view sealed,
                                                const Home& home);

// The whole conversation. Throws ConnectionError, RoomRefused or RoomUnverified, as ask() does.
packet::DerivedList ask_derived(const Line& line, const PolicyFile& policy, const Home& home,
                                const packet::DerivedCall& call);

}  // namespace gbx::client
