#pragma once

// Ending a room: met first, so that what is signed ends this boot only; and over only by the
// statement that the room has signed, not by its host's word.

#include <string>

#include "client/keys/home.h"
#include "client/room/meet.h"

namespace gbx::client {

// The closing statement, an envelope as text, verified to be of this room. Throws ConnectionError,
// RoomRefused or RoomUnverified (HostRefused among them; closing_malformed, or as
// open_statement()).
std::string close_room(RoomConnection& connection, const Verifier& verifier, const Home& home,
                       Entropy& entropy);

// What a host gives as the closing statement of `room`: signed by it, for this boot. Fails as
// packet::parse_envelope() and open_statement() do, or with unverified (closing_malformed). Pure.
Status check_closing(std::string_view text, const packet::Binding& room);

}  // namespace gbx::client
