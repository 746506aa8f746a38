#include "client/query/ask_derived.h"

#include "trusted/crypto/hash.h"
#include "trusted/packet/statement.h"

namespace gbx::client {
namespace {

constexpr Literal kWrong = "derived_answer_wrong";

}  // namespace

Result<packet::DerivedList> open_derived_answer(const Asked& asked, std::string_view sealed,
                                                const Home& home) {
  const Hash digest = packet::request_digest(asked.request);
  GBX_TRY_ASSIGN(const std::string body,
                 packet::open_answer(sealed, home.identity().name, home.sealing_key(), digest));
  GBX_TRY_ASSIGN(const packet::AnswerBody answer, packet::parse_answer_body(body));
  GBX_TRY_ASSIGN(const packet::Statement statement,
                 packet::open_statement(answer.statement, packet::kDerivedPredicate,
                                        asked.room->binding.signing_key));
  const Error wrong{ErrorCode::unverified, kWrong};
  const Hash result = crypto::sha256(as_bytes(answer.result.canonical()));
  if (statement.subject_name != "derived" || statement.subject_digest != result) return wrong;
  const auto said = packet::decode_derived_predicate(statement.predicate, kWrong);
  const bool about_this = said && said->request_digest == digest &&
                          said->binding == packet::digest(asked.room->binding) &&
                          said->policy_hash == asked.policy->hash &&
                          said->member == home.identity().name;
  auto list = packet::decode_derived_list(answer.result, kWrong);
  if (!about_this || !list) return wrong;
  return std::move(list).value();
}

packet::DerivedList ask_derived(const Line& line, const PolicyFile& policy, const Home& home,
                                const packet::DerivedCall& call) {
  Question question;
  question.derived = call;
  RoomIdentity room;
  Asked asked{.room = nullptr, .policy = &policy, .request = {}};
  const Bytes sealed = put_to_room(line, question, home, room, asked);
  auto list = open_derived_answer(asked, as_text(sealed), home);
  if (!list) throw RoomUnverified(list.error());
  return std::move(list).value();
}

}  // namespace gbx::client
