#include "trusted/room/response.h"

#include "trusted/crypto/hash.h"
#include "trusted/packet/statement.h"
#include "trusted/privacy/confidence.h"

namespace gbx::room {
namespace {

Result<std::string> sign_and_seal(const packet::AnswerTable& table,
                                  const packet::AnswerPredicate& predicate,
                                  const Signatory& signatory) {
  const packet::Statement statement{.subject_name = "result",
                                    .subject_digest = packet::answer_digest(table),
                                    .predicate_type = std::string(packet::kAnswerPredicate),
                                    .predicate = packet::encode(predicate)};
  const packet::Envelope envelope = packet::make_statement(statement, *signatory.key);
  return packet::seal_answer(packet::print_answer_body(packet::encode(table), envelope),
                             signatory.receivers, predicate.request_digest, *signatory.entropy);
}

}  // namespace

Result<packet::NoiseParameters> noise_parameters(const privacy::Plan& plan) {
  GBX_TRY_ASSIGN(const std::vector<std::int64_t> widths, privacy::half_widths(plan));
  GBX_TRY_ASSIGN(const std::int64_t hides, privacy::hides_people(plan));
  packet::NoiseParameters noise;
  noise.accounting = plan.accounting;
  noise.price = plan.price();
  noise.selection = plan.selection;
  noise.open = plan.open;
  noise.replaces = plan.replaces;
  noise.people_min = plan.people_min;
  noise.groups_per_person = plan.groups_per_person;
  noise.hides_people = hides;
  for (std::size_t i = 0; i < plan.statistics.size(); i++) {
    noise.statistics.push_back({plan.statistics[i], widths[i]});
  }
  return noise;
}

Result<Response> Responder::respond(ReleasedTable&& table, const log::Receipt& receipt,
                                    packet::AnswerPredicate predicate, const Signatory& signatory) {
  const ReleasedTable taken = std::move(table);
  predicate.log_head = receipt.head().hash;
  predicate.log_size = receipt.head().size;
  GBX_TRY_ASSIGN(std::string packet, sign_and_seal(taken.table(), predicate, signatory));
  return Response(std::move(packet));
}

Result<Response> Responder::respond_price(std::vector<packet::Output> columns,
                                          const packet::AnswerPredicate& predicate,
                                          const Signatory& signatory) {
  packet::AnswerTable table;
  table.dry_run = true;
  table.columns = std::move(columns);
  GBX_TRY_ASSIGN(std::string packet, sign_and_seal(table, predicate, signatory));
  return Response(std::move(packet));
}

Result<Response> Responder::respond_derived(const packet::DerivedList& list,
                                            const packet::DerivedPredicate& predicate,
                                            const Signatory& signatory) {
  const Json result = packet::encode(list);
  const packet::Statement statement{.subject_name = "derived",
                                    .subject_digest = crypto::sha256(as_bytes(result.canonical())),
                                    .predicate_type = std::string(packet::kDerivedPredicate),
                                    .predicate = packet::encode(predicate)};
  const packet::Envelope envelope = packet::make_statement(statement, *signatory.key);
  GBX_TRY_ASSIGN(
      std::string packet,
      packet::seal_answer(packet::print_answer_body(result, envelope), signatory.receivers,
                          predicate.request_digest, *signatory.entropy));
  return Response(std::move(packet));
}

}  // namespace gbx::room
