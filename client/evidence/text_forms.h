#pragma once

// Binary files in the spellings in which people keep and send them. An attacker writes all of it.
// Nothing is decided here: what is in none of these spellings is given on as it is, for the
// verifier to refuse, and nothing is added that was not in the file.

#include <optional>
#include <string>

#include "trusted/base/bytes.h"

namespace gbx::client {

// Hex (either case, also behind 0x) or base64 (also its form for addresses, and without padding),
// in lines of any length. nullopt for anything else, and for nothing.
std::optional<Bytes> from_text(ByteView bytes);

// A file of certificates and revocation lists: hex or base64 of them, or PEM with lines of
// explanation around the blocks, as openssl prints them. A line of explanation is printable and has
// a space, a tab or a colon before its end, which no line of base64 has, so that no part of a block
// is lost as one. Also the JSON in which Azure's host hands a guest the VCEK and its chain (THIM).
// What is none of these stays as it is.
Bytes chain_from_text(const Bytes& file);

// Puts `file` behind `chain`, brought out of its spelling. Of a table of certificates, as the host
// of an SEV-SNP guest hands out, the values alone; a table that cannot be read stays as it is.
void append_chain(Bytes& chain, const Bytes& file);

}  // namespace gbx::client
