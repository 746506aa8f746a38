#include "client/query/ask.h"

#include "trusted/packet/sealed_request.h"

namespace gbx::client {

Result<packet::Envelope> sign_question(const Question& question, const Home& home,
                                       const packet::BindingDigest& binding,
                                       const Hash& policy_hash, Entropy& entropy) {
  packet::Request request;
  request.member = home.identity().name;
  request.policy_hash = policy_hash;
  request.binding = binding;
  request.call = question.call;
  request.derived = question.derived;
  if (!question.call && !question.derived) request.sql = question.sql;
  request.dry_run = question.dry_run;
  request.epsilon = question.epsilon;
  GBX_TRY(entropy.fill(request.id));
  return packet::make_request(request, home.signing_key());
}

Result<AnswerFile> open_room_answer(const Asked& asked, std::string_view sealed, const Home& home) {
  const Hash context = packet::request_digest(asked.request);
  GBX_TRY_ASSIGN(const std::string body,
                 packet::open_answer(sealed, home.identity().name, home.sealing_key(), context));
  GBX_TRY_ASSIGN(packet::AnswerBody answer, packet::parse_answer_body(body));
  return AnswerFile{.binding = asked.room->binding,
                    .evidence = asked.room->evidence,
                    .policy = asked.policy->envelope,
                    .request = asked.request,
                    .result = std::move(answer.result),
                    .statement = std::move(answer.statement)};
}

Bytes put_to_room(const Line& line, const Question& question, const Home& home, RoomIdentity& room,
                  Asked& asked) {
  auto verified = policy::VerifiedPolicy::verify(asked.policy->envelope);
  if (!verified) throw RoomUnverified(verified.error());
  room = meet_room(*line.connection, {&*verified, line.now}, *line.entropy);
  auto request = sign_question(question, home, room.digest, asked.policy->hash, *line.entropy);
  if (!request) throw RoomUnverified(request.error());
  asked.room = &room;
  asked.request = std::move(request).value();
  const auto sealed = packet::seal_request(asked.request, room.binding, *line.entropy);
  if (!sealed) throw RoomUnverified(sealed.error());
  return call_room(*line.connection, room.binding, {enclave::Call::query, as_bytes(*sealed)});
}

AnswerFile ask(const Line& line, const PolicyFile& policy, const Home& home,
               const Question& question) {
  RoomIdentity room;
  Asked asked{.room = nullptr, .policy = &policy, .request = {}};
  const Bytes sealed = put_to_room(line, question, home, room, asked);
  auto answer = open_room_answer(asked, as_text(sealed), home);
  if (!answer) throw RoomUnverified(answer.error());
  return std::move(answer).value();
}

}  // namespace gbx::client
