// What a member asks about derived tables: to define one, to drop its own, to veto those over its
// tables, to hear what there is. No row is read, and nothing is spent.

#include "trusted/room/room.h"

namespace gbx::room {
namespace {

// Only a member who may ask can define; only it can drop what it has defined.
Status may(const policy::Member& member, packet::DerivedAction action) {
  const bool asks =
      action == packet::DerivedAction::create || action == packet::DerivedAction::drop;
  if (!asks || member.abilities.query) return {};
  return Error{ErrorCode::policy_denied, "member_may_not_query"};
}

}  // namespace

Status Room::define(const Asked& asked) {
  const packet::DerivedCall& call = *asked.request.derived;
  GBX_TRY_ASSIGN(const std::string ast, seams_.parser->parse(call.sql));
  GBX_TRY_ASSIGN(firewall::DerivedTable made,
                 firewall::admit_derived({asked.request.member, call.name, call.sql, ast},
                                         policy_.policy(), derived_.in_scope()));
  packet::DerivedTable table{.id = asked.request.id,
                             .member = asked.request.member,
                             .name = call.name,
                             .sql = call.sql,
                             .until = call.until};
  GBX_TRY(derived_.check(table, made));
  Json entry = derived_.entry(table, made);
  entry.set("action", "create");
  entry.set("kind", "derived");
  entry.set("member", asked.request.member);
  GBX_TRY(log_.add(entry));  // or it is not there
  derived_.add(std::move(table), std::move(made));
  return {};
}

// Takes effect first: whatever the store says, it holds from the next question on.
Status Room::undefine(const Asked& asked) {
  const packet::DerivedCall& call = *asked.request.derived;
  const std::string& member = asked.request.member;
  const bool veto = call.action == packet::DerivedAction::veto;
  GBX_TRY_ASSIGN(const std::vector<Hash> gone,
                 veto ? derived_.veto(member, call.name) : derived_.drop(member, call.name));
  GBX_TRY(log_.add(Json::object({{"action", veto ? "veto" : "drop"},
                                 {"definitions", hex_list(gone)},
                                 {"kind", "derived"},
                                 {"member", member}})));
  return {};
}

Result<Response> Room::derive(const Asked& asked) {
  const policy::Member* member = policy_.policy().find_member(asked.request.member);
  GBX_CHECK(member != nullptr);
  const packet::DerivedAction action = asked.request.derived->action;
  GBX_TRY(may(*member, action));
  derived_.sweep(asked.now);
  switch (action) {
    case packet::DerivedAction::create: GBX_TRY(define(asked)); break;
    case packet::DerivedAction::drop:
    case packet::DerivedAction::veto: GBX_TRY(undefine(asked)); break;
    case packet::DerivedAction::list: break;
  }
  const packet::DerivedPredicate predicate{.binding = asked.request.binding,
                                           .policy_hash = policy_.hash(),
                                           .member = member->name,
                                           .request_id = asked.request.id,
                                           .request_digest = asked.digest,
                                           .log_head = log_.head().hash,
                                           .log_size = log_.head().size,
                                           .time = asked.now};
  const packet::Receiver receiver{member->name, member->sealing_key};
  return Responder::respond_derived(derived_.list(), predicate,
                                    {&keys_.signing, std::span(&receiver, 1), seams_.entropy});
}

}  // namespace gbx::room
