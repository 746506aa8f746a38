#pragma once

// What a room signed at its end: how much of each table's allotment it has spent
// (docs/spec/room.md#close).
//
// Anybody may hand one over. It counts only under the key that the room's evidence proved when it
// was given the allotment. Pure.

#include <string>
#include <utility>
#include <vector>

#include "trusted/crypto/sign.h"
#include "trusted/log/log.h"
#include "trusted/packet/dsse.h"
#include "trusted/privacy/amount.h"

namespace gbx::client {

struct Closing {
  Hash policy{};
  std::string log_origin;
  log::Head head;    // the last of the room's log
  Hash statement{};  // SHA-256 of the payload
  privacy::Accounting accounting = privacy::Accounting::pure;
  std::vector<std::pair<std::string, privacy::Price>> spent;  // by table
};

// Which boot it says it ended, before anything is verified: only good for finding the key. Fails
// with unverified (closing_malformed).
Result<std::string> peek_closed_origin(const packet::Envelope& closing);

// Fails with unverified (closing_malformed; the signature) or as packet::open_statement() does.
Result<Closing> open_closing(const packet::Envelope& closing, const crypto::PublicKey& room);

}  // namespace gbx::client
