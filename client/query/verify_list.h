#pragma once

// The part of an answer's verification that is about lists of persons (docs/spec/audience.md): an
// answer is a list exactly when it says so, and a list is one that its policy allows.
//
// An attacker who cannot sign as the room can change nothing here; what is checked is that a room
// which does sign keeps to the policy, and that nobody takes a list for something that has a
// guarantee. Pure.

#include "trusted/packet/answer.h"
#include "trusted/policy/policy.h"

namespace gbx::client {

// `table` is decoded, the tables that `predicate` charges are the policy's. Fails with unverified:
// statement_list_wrong (it says list and the columns do not, or its tables answer something else;
// its salt; its noise), request_member_may_not_list, result_list_wrong (rows out of order, twice or
// of no person; fewer persons than the least audience; withheld, with rows). Nothing of an answer
// that is no list is looked at but that it is none.
Status verify_list(const packet::AnswerTable& table, const packet::AnswerPredicate& predicate,
                   const policy::Policy& policy);

}  // namespace gbx::client
