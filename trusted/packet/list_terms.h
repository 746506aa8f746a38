#pragma once

// What a room says of a list of persons (docs/spec/audience.md): that it is no privacy guarantee,
// and by what the ledger's entry of it can be held against it.
//
// The host and every member read the ledger, and may guess a list: all customers but one, say. So
// the entry commits to the answer under a salt that stands in the sealed answer alone.

#include <optional>
#include <string_view>

#include "trusted/base/bytes.h"
#include "trusted/base/json.h"

namespace gbx::packet {

// What `guarantee` says in the predicate of a list's answer, and in no other.
constexpr std::string_view kListGuarantee = "none: a list of persons, not a privacy guarantee";

struct ListTerms {
  std::optional<Hash> salt;  // 32 random bytes; none of a dry run, of which the ledger has no entry
};

// SHA-256 of "glovebox/list/v1", a zero byte, the salt and the answer's digest.
Hash list_commitment(const Hash& salt, const Hash& answer);

Json encode(const ListTerms& terms);
// Fails with invalid_argument (`reason`).
Result<ListTerms> decode_list_terms(const Json& json, Literal reason);

}  // namespace gbx::packet
