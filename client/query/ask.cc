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
  if (!question.call) request.sql = question.sql;
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

AnswerFile ask(const Line& line, const PolicyFile& policy, const Home& home,
               const Question& question) {
  auto verified = policy::VerifiedPolicy::verify(policy.envelope);
  if (!verified) throw RoomUnverified(verified.error());
  const RoomIdentity room = meet_room(*line.connection, {&*verified, line.now}, *line.entropy);
  auto request = sign_question(question, home, room.digest, policy.hash, *line.entropy);
  if (!request) throw RoomUnverified(request.error());
  const Asked asked{.room = &room, .policy = &policy, .request = std::move(request).value()};
  const auto question_sealed = packet::seal_request(asked.request, room.binding, *line.entropy);
  if (!question_sealed) throw RoomUnverified(question_sealed.error());
  const Bytes sealed =
      call_room(*line.connection, room.binding, {enclave::Call::query, as_bytes(*question_sealed)});
  auto answer = open_room_answer(asked, as_text(sealed), home);
  if (!answer) throw RoomUnverified(answer.error());
  return std::move(answer).value();
}

}  // namespace gbx::client
