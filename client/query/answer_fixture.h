#pragma once

// Tests only: a good answer of a sim room under the tutorial's policy, and the room's key to sign
// other ones.

#include "attest/sim.h"
#include "client/query/answer_file.h"
#include "trusted/crypto/hash.h"
#include "trusted/packet/request.h"
#include "trusted/packet/statement.h"
#include "trusted/policy/policy_fixture.h"
#include "trusted/privacy/confidence.h"

namespace gbx::client {

inline constexpr std::int64_t kTestNow = 1'800'000'000;  // of whoever verifies
inline constexpr std::string_view kTestSql =
    "SELECT campaign_id, COUNT(DISTINCT hashed_email) AS people, SUM(total_spent) AS revenue FROM "
    "exposures JOIN purchases USING (hashed_email) GROUP BY campaign_id";

// Parts that a test changes before it calls file().
struct TestAnswer {
  policy::Policy policy = policy::example_policy();
  crypto::SigningKey room = policy::test_signing_key(50);
  packet::Binding binding;
  packet::Request request;
  packet::AnswerTable table;
  packet::AnswerPredicate predicate;
  attest::SimReport report;
  std::optional<Json> evidence;  // instead of that of the report
  std::uint8_t asker = 2;        // newsnow

  TestAnswer() { sign_policy(); }

  // Everything anew, of a changed policy.
  void sign_policy() {
    const Hash hash = policy_hash();
    binding = {.nonce = {1, 2, 3},
               .signing_key = room.public_key(),
               .sealing_key = policy::test_sealing_key(50).public_key(),
               .policy_hash = hash,
               .log_origin = "glovebox.dev/room/test",
               .image_digest = image()};
    report = {.measurement = binding.image_digest,
              .host_data = hash,
              .report_data = packet::digest(binding)};
    request = {.member = "newsnow",
               .policy_hash = hash,
               .binding = packet::digest(binding),
               .id = {9, 9},
               .sql = std::string(kTestSql),
               .epsilon = {}};
    fill_table();
    fill_predicate();
  }

  [[nodiscard]] Hash image() const {
    return policy.trust.sim ? policy.trust.sim->images.front()
                            : policy.trust.snp->images.front().image_digest;
  }

  [[nodiscard]] Hash policy_hash() const {
    return crypto::sha256(as_bytes(policy::encode(policy).canonical()));
  }

  void fill_table() {
    table.columns = {{"campaign_id", {Type::text, 0}, packet::OutputKind::group, {}},
                     {"people", {Type::integer, 0}, packet::OutputKind::noised, width(1)},
                     {"revenue", {Type::decimal, 2}, packet::OutputKind::noised, width(1'000'000)}};
    const std::int64_t people = 120'345;
    const std::int64_t revenue = 987'654'321;
    table.rows = {
        {{std::string("autumn"), {}},
         {people, packet::Interval{people - width(1), people + width(1)}},
         {revenue, packet::Interval{revenue - width(1'000'000), revenue + width(1'000'000)}}}};
    table.withheld = 2;
  }

  void fill_predicate() {
    const packet::Envelope envelope =
        packet::make_request(request, policy::test_signing_key(asker));
    predicate.member = request.member;
    predicate.request_id = request.id;
    predicate.request_digest = packet::request_digest(envelope);
    predicate.query_digest = crypto::sha256(as_bytes(request.sql));
    predicate.query_text = request.sql;
    predicate.policy_hash = binding.policy_hash;
    predicate.binding = packet::digest(binding);
    predicate.image_digest = binding.image_digest;
    predicate.platform = "sim";
    predicate.log_size = 17;
    predicate.time = 1'767'225'600;
    predicate.noise = {.price = {100'000, policy.privacy.delta_per_query},
                       .people_min = policy.privacy.people_min,
                       .groups_per_person = 4,
                       .hides_people = width(1),
                       .statistics = {noised(1), noised(1'000'000)}};
    const std::uint64_t delta = policy.privacy.delta;
    const std::uint64_t left = delta - policy.privacy.delta_per_query;
    predicate.budget = {{"exposures", {3'000'000, delta}, {2'900'000, left}},
                        {"purchases", {2'000'000, delta}, {1'900'000, left}}};
    predicate.snapshots = {{"exposures", Hash{1}}, {"purchases", Hash{2}}};
  }

  // The same of a room without noise.
  void make_exact() {
    policy::make_threshold_only(policy.privacy, 100);
    sign_policy();
    packet::NoiseParameters& noise = predicate.noise;
    noise.accounting = privacy::Accounting::queries;
    noise.selection = privacy::Selection::exact;
    noise.price = {1, 0};
    noise.hides_people = 0;
    for (packet::NoisedStatistic& entry : noise.statistics) {
      entry = {{entry.statistic.per_group, 1, privacy::NoiseKind::none, 0}, 0};
    }
    for (packet::Output& column : table.columns) {
      if (column.kind == packet::OutputKind::noised) column.kind = packet::OutputKind::exact;
      column.half_width.reset();
    }
    for (packet::OutputCell& cell : table.rows[0]) cell.interval.reset();
    for (packet::BudgetMove& move : predicate.budget) move = {move.table, {100, 0}, {99, 0}};
  }

  static std::int64_t width(std::int64_t per_group) {
    return privacy::half_width(4, statistic(per_group)).value();
  }
  static privacy::Statistic statistic(std::int64_t per_group) {
    return {per_group, 1, privacy::NoiseKind::laplace, 50'000};
  }
  static packet::NoisedStatistic noised(std::int64_t per_group) {
    return {statistic(per_group), width(per_group)};
  }

  // Signed anew by everybody: what a hostile room could hand out.
  [[nodiscard]] AnswerFile file() const {
    AnswerFile out;
    out.binding = binding;
    const attest::EvidenceBundle forged{
        attest::Platform::sim, attest::forge_sim_report(report), {}, {}};
    out.evidence = evidence.value_or(attest::encode(forged));
    out.policy = policy::signed_policy(policy);
    out.request = packet::make_request(request, policy::test_signing_key(asker));
    out.result = packet::encode(table);
    out.statement = packet::make_statement({.subject_name = "result",
                                            .subject_digest = packet::answer_digest(table),
                                            .predicate_type = std::string(packet::kAnswerPredicate),
                                            .predicate = packet::encode(predicate)},
                                           room);
    return out;
  }
};

}  // namespace gbx::client
