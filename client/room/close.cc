#include "client/room/close.h"

#include "trusted/packet/close_request.h"
#include "trusted/packet/statement.h"

namespace gbx::client {

Status check_closing(std::string_view text, const packet::Binding& room) {
  GBX_TRY_ASSIGN(const packet::Envelope envelope, packet::parse_envelope(text));
  GBX_TRY_ASSIGN(const packet::Statement statement,
                 packet::open_statement(envelope, packet::kClosingPredicate, room.signing_key));
  if (statement.subject_name != room.log_origin) {
    return Error{ErrorCode::unverified, "closing_malformed"};
  }
  return {};
}

std::string close_room(RoomConnection& connection, const Verifier& verifier, const Home& home,
                       Entropy& entropy) {
  const RoomIdentity room = meet_room(connection, verifier, entropy);
  packet::CloseRequest request{.member = home.identity().name,
                               .policy_hash = verifier.policy->hash(),
                               .binding = room.digest,
                               .nonce = room.binding.nonce};
  if (const Status filled = entropy.fill(request.id); !filled) throw RoomUnverified(filled.error());
  const std::string packet =
      packet::print_envelope(packet::make_close_request(request, home.signing_key()));
  const Bytes answer =
      call_room(connection, room.binding, {enclave::Call::close, as_bytes(packet)});
  std::string statement(as_text(answer));
  if (const Status holds = check_closing(statement, room.binding); !holds) {
    throw RoomUnverified(holds.error());
  }
  return statement;
}

}  // namespace gbx::client
