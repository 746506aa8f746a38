// The whole line of one room, and every wrong turn that a host or a member can take in it.

#include <gtest/gtest.h>

#include "tests/sim/world.h"
#include "trusted/log/log.h"
#include "trusted/packet/close_request.h"
#include "trusted/packet/sealed_request.h"
#include "trusted/packet/statement.h"
#include "trusted/policy/policy_fixture.h"

namespace gbx::sim {
namespace {

using enclave::Call;
using enclave::Frame;

constexpr std::string_view kAttribution =
    "SELECT campaign_id, COUNT(DISTINCT hashed_email) AS users, SUM(total_spent) AS revenue "
    "FROM exposures JOIN purchases USING (hashed_email) GROUP BY campaign_id";

// Another question for each number.
std::string attribution_above(int spent) {
  return "SELECT campaign_id, COUNT(DISTINCT hashed_email) AS users FROM exposures JOIN purchases "
         "USING (hashed_email) WHERE total_spent > " +
         std::to_string(spent) + " GROUP BY campaign_id";
}

TEST(Flow, TheWholeLineGivesAThresholdedSignedAnswer) {
  World world(1);
  ASSERT_TRUE(world.open());
  const Frame answer = world.ask(kAttribution);
  ASSERT_EQ(refusal_of(answer), "");
  const auto read = world.read(answer);
  ASSERT_TRUE(read);
  ASSERT_EQ(read->table.rows.size(), 2U);  // jane is one person
  EXPECT_EQ(*std::get_if<std::string>(&read->table.rows[0][0].value), "autumn");
  EXPECT_EQ(*std::get_if<std::string>(&read->table.rows[1][0].value), "spring");
  const std::int64_t autumn = *std::get_if<std::int64_t>(&read->table.rows[0][1].value);
  EXPECT_NEAR(static_cast<double>(autumn), 300.0, 60.0);
  EXPECT_EQ(read->predicate.budget.size(), 2U);
  EXPECT_EQ(read->predicate.budget[0].before.loss, 3'000'000U);
  EXPECT_EQ(read->predicate.budget[0].after.loss, 3'000'000U - read->predicate.noise.price.loss);
  EXPECT_EQ(read->predicate.snapshots.size(), 2U);
}

TEST(Flow, RowsThatThePolicyCutsAreCounted) {
  World world(21);
  world.policy.limits.result_rows = 1;
  ASSERT_TRUE(world.open());
  const std::string sql =
      "SELECT campaign_id, COUNT(DISTINCT hashed_email) AS n FROM exposures GROUP BY campaign_id "
      "ORDER BY n DESC";
  const auto all = world.read(world.ask(sql));
  ASSERT_TRUE(all);
  ASSERT_EQ(all->table.rows.size(), 1U);
  EXPECT_EQ(all->table.rows[0][0].value, Cell(std::string("autumn")));
  EXPECT_EQ(all->table.rows_cut, 1);  // "spring"; nobody is told of "jane"
  const auto limited = world.read(world.ask(sql + " LIMIT 1"));
  ASSERT_TRUE(limited);
  EXPECT_EQ(limited->table.rows_cut, 0);
}

TEST(Flow, AMedianIsReleasedWithItsInterval) {
  World world(22);
  auto& purchases = world.policy.tables[1];
  purchases.rule.aggregate_columns.push_back(
      {{"total_spent"}, policy::AggregateFunction::quantile});
  world.policy.privacy.epsilon_per_query = 1'000'000;
  world.policy.privacy.groups_per_person = 1;
  ASSERT_TRUE(world.open());
  const auto read = world.read(
      world.ask("SELECT MEDIAN(total_spent), quantile_cont(total_spent, 0.9) FROM purchases"));
  ASSERT_TRUE(read);
  ASSERT_EQ(read->table.rows.size(), 1U);
  ASSERT_EQ(read->predicate.noise.statistics.size(), 2U);  // both from one histogram
  EXPECT_EQ(read->predicate.noise.statistics[1].statistic.levels, 4U);
  for (const packet::OutputCell& cell : read->table.rows[0]) {
    const auto* value = std::get_if<std::int64_t>(&cell.value);
    ASSERT_NE(value, nullptr);
    ASSERT_TRUE(cell.interval);
    EXPECT_LE(cell.interval->low, *value);
    EXPECT_GE(cell.interval->high, *value);
  }
  EXPECT_LT(*std::get_if<std::int64_t>(&read->table.rows[0][0].value),
            *std::get_if<std::int64_t>(&read->table.rows[0][1].value));
}

TEST(Flow, AutomaticBoundsAreReleasedWithTheirPowerOfTwo) {
  World world(24);
  ASSERT_TRUE(world.open());
  const auto read = world.read(world.ask("SELECT APPROX_BOUNDS_HIGH(total_spent) FROM purchases"));
  ASSERT_TRUE(read);
  const packet::OutputCell& cell = read->table.rows[0][0];
  ASSERT_TRUE(cell.interval);
  EXPECT_EQ(cell.value, Cell(cell.interval->high));
}

TEST(Flow, TheLedgerReplaysToTheHeadOfTheStatement) {
  World world(2);
  ASSERT_TRUE(world.open());
  const auto read = world.read(world.ask(kAttribution));
  ASSERT_TRUE(read);
  const auto replay = log::replay(world.binding.log_origin, world.store.entries);
  ASSERT_TRUE(replay);
  EXPECT_EQ(replay->head.hash, read->predicate.log_head);
  EXPECT_EQ(replay->head.size, read->predicate.log_size);
}

TEST(Flow, TheSameSeedGivesTheSameTranscript) {
  Bytes transcripts[2];
  for (Bytes& transcript : transcripts) {
    World world(3);
    ASSERT_TRUE(world.open());
    world.ask(kAttribution);
    world.ask("SELECT * FROM purchases");
    world.close();
    transcript = world.transcript;
  }
  EXPECT_EQ(transcripts[0], transcripts[1]);
}

TEST(Flow, ADryRunReadsNothingAndCostsNothing) {
  World world(4);
  ASSERT_TRUE(world.open());
  const std::size_t entries = world.store.entries.size();
  const auto read = world.read(world.ask(kAttribution, true));
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->table.dry_run);
  EXPECT_TRUE(read->table.rows.empty());
  EXPECT_TRUE(read->predicate.snapshots.empty());
  EXPECT_EQ(world.engine.runs, 0U);
  EXPECT_EQ(world.store.entries.size(), entries);
}

TEST(Flow, EveryNewQueryPaysUntilNothingIsLeft) {
  World world(5);
  ASSERT_TRUE(world.open());
  for (int i = 0; i < 3; i++) EXPECT_EQ(refusal_of(world.ask(attribution_above(i))), "");
  const std::size_t runs = world.engine.runs;
  EXPECT_EQ(refusal_of(world.ask(attribution_above(3))), "loss_exhausted");
  EXPECT_EQ(refusal_of(world.ask(attribution_above(3), true)), "loss_exhausted");
  EXPECT_EQ(world.engine.runs, runs);
}

TEST(Flow, AReplayedRequestIsRefused) {
  World world(6);
  ASSERT_TRUE(world.open());
  const std::string request = world.make_request(kAttribution);
  EXPECT_EQ(refusal_of(world.call(Call::query, request)), "");
  EXPECT_EQ(refusal_of(world.call(Call::query, request)), "request_replayed");
  EXPECT_EQ(world.engine.runs, 1U);
}

TEST(Flow, AReplayedReleaseIsRefused) {
  World world(7);
  world.boot();
  world.attach(world.exposures);
  world.hello();
  const std::string release = world.make_release(world.exposures);
  EXPECT_EQ(refusal_of(world.call(Call::release, release)), "");
  EXPECT_EQ(refusal_of(world.call(Call::release, release)), "already_released");
}

TEST(Flow, AReleaseForAnOldHeadIsRefused) {
  World world(8);
  world.boot();
  world.attach(world.exposures);
  world.attach(world.purchases);
  world.hello();
  const std::string old = world.make_release(world.purchases);
  EXPECT_EQ(refusal_of(world.release(world.exposures)), "");  // moves the head
  EXPECT_EQ(refusal_of(world.call(Call::release, old)), "log_head_wrong");
}

TEST(Flow, AReleaseForAnotherBootIsRefused) {
  World other(9);
  other.boot();
  other.attach(other.exposures);
  other.hello();
  const std::string release = other.make_release(other.exposures);
  World world(10);
  world.boot();
  world.attach(world.exposures);
  world.hello();
  EXPECT_EQ(refusal_of(world.call(Call::release, release)), "seal_broken");
}

TEST(Flow, AnAllotmentOverThePolicysBudgetIsRefused) {
  World world(11);
  world.boot();
  world.attach(world.exposures);
  world.hello();
  world.terms.allotment.loss = 3'000'001;
  EXPECT_EQ(refusal_of(world.release(world.exposures)), "allotment_over_ceiling");
  world.terms.allotment.loss = 0;
  EXPECT_EQ(refusal_of(world.release(world.exposures)), "allotment_empty");
}

TEST(Flow, NothingIsAnsweredBeforeTheKeyIsThere) {
  World world(12);
  EXPECT_EQ(refusal_of(world.call(Call::status, "")), "not_booted");
  world.boot();
  world.hello();
  EXPECT_EQ(refusal_of(world.ask(kAttribution)), "snapshot_missing");
  world.attach(world.exposures);
  EXPECT_EQ(refusal_of(world.ask(kAttribution)), "key_not_released");
  EXPECT_EQ(world.engine.runs, 0U);
}

TEST(Flow, ASnapshotCannotBeSwappedOnceItIsOpen) {
  World world(13);
  ASSERT_TRUE(world.open());
  EXPECT_EQ(refusal_of(world.attach(world.exposures)), "already_released");
}

TEST(Flow, OneChangedByteInTheSealedDataIsRefusedAtRelease) {
  World world(14);
  world.boot();
  world.exposures.bytes[world.exposures.bytes.size() / 2] ^= 1;
  world.attach(world.exposures);
  world.hello();
  EXPECT_EQ(world.release(world.exposures).call, Call::refusal);
  EXPECT_EQ(refusal_of(world.ask("SELECT COUNT(*) FROM exposures")), "key_not_released");
}

TEST(Flow, OneChangedByteInThePolicyIsRefused) {
  World world(15);
  packet::Envelope envelope = policy::signed_policy(world.policy);
  const std::size_t place = envelope.payload.find("autumn");
  ASSERT_NE(place, std::string::npos);
  envelope.payload[place] = 'A';
  const Frame answer = world.call(Call::boot, packet::print_envelope(envelope));
  EXPECT_EQ(refusal_of(answer), "signature_wrong");
}

TEST(Flow, APolicyIsTakenOnce) {
  World world(16);
  EXPECT_EQ(refusal_of(world.boot()), "");
  EXPECT_EQ(refusal_of(world.boot()), "already_booted");
}

TEST(Flow, AnImageThatNobodySignedDoesNotBoot) {
  World world(17);
  world.policy.trust.sim->images = {Hash{1}};
  EXPECT_EQ(refusal_of(world.boot()), "image_not_allowed");
}

TEST(Flow, AnExpiredPolicyAnswersNothing) {
  World world(18);
  ASSERT_TRUE(world.open());
  world.clock.now = world.policy.expires;
  EXPECT_EQ(refusal_of(world.ask(kAttribution)), "policy_expired");
  EXPECT_EQ(refusal_of(world.attach(world.exposures)), "policy_expired");
  EXPECT_TRUE(world.take_hello(world.hello()));
  EXPECT_EQ(world.close().call, Call::answer);  // what was not spent still goes back
}

TEST(Flow, DataPastItsRetentionIsGoneForGood) {
  World world(19);
  ASSERT_TRUE(world.open());
  world.clock.now = world.exposures.manifest.expires;
  EXPECT_EQ(refusal_of(world.ask(kAttribution)), "retention_ended");
  world.clock.now -= 1000;
  EXPECT_EQ(refusal_of(world.ask(kAttribution)), "retention_ended");
  EXPECT_EQ(world.engine.runs, 0U);
}

TEST(Flow, ASnapshotThatEndedBeforeItsKeyCameCanBeReplaced) {
  World world(191);
  ASSERT_EQ(refusal_of(world.boot()), "");
  ASSERT_TRUE(world.take_hello(world.hello()));
  EXPECT_EQ(refusal_of(world.attach(world.exposures)), "");
  const std::int64_t before = world.clock.now;
  world.clock.now = world.exposures.manifest.expires;
  EXPECT_EQ(refusal_of(world.attach(world.exposures)), "retention_ended");
  EXPECT_EQ(refusal_of(world.release(world.exposures)), "retention_ended");
  world.clock.now = before;
  EXPECT_EQ(refusal_of(world.attach(world.exposures)), "");
  EXPECT_EQ(refusal_of(world.release(world.exposures)), "");
}

TEST(Flow, ATableWithMoreRowsThanAgreedIsRefusedFromItsIndex) {
  World world(192);
  world.policy.limits.rows = 10;
  ASSERT_EQ(refusal_of(world.boot()), "");
  ASSERT_TRUE(world.take_hello(world.hello()));
  Sealed torn = world.exposures;
  torn.bytes[20] ^= 1;  // in a chunk that is read only when rows are
  EXPECT_EQ(refusal_of(world.attach(torn)), "");
  EXPECT_EQ(refusal_of(world.release(torn)), "too_many_rows");
}

TEST(Flow, AMemberWithoutTheAbilityMayNotAsk) {
  World world(20);
  for (policy::Member& member : world.policy.members) {
    if (member.name == "newsnow") member.abilities.query = false;
  }
  ASSERT_TRUE(world.open());
  EXPECT_EQ(refusal_of(world.ask(kAttribution)), "member_may_not_query");
}

TEST(Flow, ARequestForAnotherBootIsRefused) {
  World world(21);
  ASSERT_TRUE(world.open());
  world.binding.signing_key[0] ^= 1;
  EXPECT_EQ(refusal_of(world.ask(kAttribution)), "binding_unknown");
}

TEST(Flow, ARequestThatWasSealedForAnotherBootIsRefused) {
  World other(27);
  ASSERT_TRUE(other.open());
  World world(28);
  ASSERT_TRUE(world.open());
  EXPECT_EQ(refusal_of(world.call(Call::query, other.make_request(kAttribution))),
            "binding_unknown");
  world.binding.sealing_key = other.binding.sealing_key;  // as if the host had swapped the key
  EXPECT_EQ(refusal_of(world.ask(kAttribution)), "binding_unknown");
}

// The host puts a binding of this boot over what was sealed under another one.
TEST(Flow, ARequestMovedToAnotherBindingIsRefused) {
  World world(29);
  ASSERT_TRUE(world.open());
  const Json sealed = Json::parse(world.make_request(kAttribution)).value();
  world.hello();
  const Json moved = Json::object({{"binding", to_hex(packet::digest(world.binding))},
                                   {"nonce", to_hex(world.binding.nonce)},
                                   {"sealed", *sealed.find("sealed")}});
  EXPECT_EQ(refusal_of(world.call(Call::query, moved.canonical())), "seal_broken");
}

// A receiver of the answer has the signed request and can seal it again.
TEST(Flow, ARequestSealedAgainByAnotherIsRefused) {
  World world(30);
  ASSERT_TRUE(world.open());
  world.make_request(kAttribution);
  const packet::Envelope request = world.last_request;
  const auto again = [&] {
    return packet::seal_request(request, world.binding, world.party_entropy).value();
  };
  const std::string first = again();
  EXPECT_EQ(refusal_of(world.call(Call::query, first)), "");
  const std::string second = again();
  EXPECT_NE(first, second);
  EXPECT_EQ(refusal_of(world.call(Call::query, second)), "request_replayed");
  world.make_request(kAttribution);
  world.hello();
  EXPECT_EQ(
      refusal_of(world.call(
          Call::query,
          packet::seal_request(world.last_request, world.binding, world.party_entropy).value())),
      "request_resealed");
  EXPECT_EQ(world.engine.runs, 1U);
}

TEST(Flow, ARequestInPlainIsRefused) {
  World world(31);
  ASSERT_TRUE(world.open());
  world.make_request(kAttribution);
  EXPECT_EQ(refusal_of(world.call(Call::query, packet::print_envelope(world.last_request))),
            "request_malformed");
}

TEST(Flow, FramesThatAreNoRequestsAreRefused) {
  World world(22);
  ASSERT_TRUE(world.open());
  for (const Call call : {Call::append, Call::appended, Call::refusal}) {
    EXPECT_EQ(refusal_of(world.call(call, "x")), "frame_unexpected");
  }
}

TEST(Flow, GarbageInEveryCallIsARefusal) {
  World world(23);
  ASSERT_TRUE(world.open());
  for (const Call call : {Call::attach, Call::release, Call::query, Call::close}) {
    for (const std::string_view text : {"", "{}", "null", "[]", "\xff", "{\"payload\":\"\"}"}) {
      EXPECT_EQ(world.call(call, text).call, Call::refusal);
    }
  }
}

TEST(Flow, EveryTruncationOfARequestIsRefused) {
  World world(24);
  ASSERT_TRUE(world.open());
  const std::string request = world.make_request(kAttribution);
  for (std::size_t size = 0; size < request.size(); size += 7) {
    EXPECT_EQ(world.call(Call::query, request.substr(0, size)).call, Call::refusal);
  }
  EXPECT_EQ(refusal_of(world.call(Call::query, request)), "");
}

TEST(Flow, HellosOfOthersTakeNoBindingAway) {
  World world(32);
  ASSERT_EQ(refusal_of(world.boot()), "");
  world.attach(world.exposures);
  ASSERT_TRUE(world.take_hello(world.hello()));
  const std::string release = world.make_release(world.exposures);
  const std::string request = world.make_request("SELECT COUNT(*) AS n FROM exposures", true);
  for (int i = 0; i < 300; i++) world.hello();
  EXPECT_EQ(refusal_of(world.call(Call::release, release)), "");
  EXPECT_NE(refusal_of(world.call(Call::query, request)), "binding_unknown");
}

TEST(Flow, AnotherNonceBesideABindingIsRefused) {
  World world(33);
  ASSERT_EQ(refusal_of(world.boot()), "");
  world.attach(world.exposures);
  ASSERT_TRUE(world.take_hello(world.hello()));
  const packet::BindingDigest honest = packet::digest(world.binding);
  const Json sealed = Json::parse(world.make_request(kAttribution)).value();
  const Json other = Json::object({{"binding", to_hex(honest)},
                                   {"nonce", to_hex(Hash{1})},
                                   {"sealed", *sealed.find("sealed")}});
  EXPECT_EQ(refusal_of(world.call(Call::query, other.canonical())), "binding_unknown");
}

TEST(Flow, OnlyAMemberClosesTheRoom) {
  World world(34);
  ASSERT_TRUE(world.open());
  const std::string good = world.make_close();
  const auto refused = [&](std::string_view packet) {
    return refusal_of(world.call(Call::close, packet));
  };
  EXPECT_EQ(world.call(Call::close, "").call, Call::refusal);
  const packet::Envelope envelope = packet::parse_envelope(good).value();
  packet::Envelope bare = envelope;
  bare.signatures.clear();
  EXPECT_EQ(refused(packet::print_envelope(bare)), "signature_missing");
  packet::CloseRequest request{.member = "stranger",
                               .policy_hash = world.binding.policy_hash,
                               .binding = packet::digest(world.binding),
                               .nonce = world.binding.nonce};
  const auto signed_by = [&](std::uint8_t who) {
    return packet::print_envelope(
        packet::make_close_request(request, policy::test_signing_key(who)));
  };
  EXPECT_EQ(refused(signed_by(9)), "member_unknown");
  request.member = "shopgood";
  EXPECT_EQ(refused(signed_by(2)), "signature_missing");  // newsnow's is there, and not wanted
  request.policy_hash[0] ^= 1;
  EXPECT_EQ(refused(signed_by(1)), "policy_hash_wrong");
  request.policy_hash[0] ^= 1;
  request.nonce[0] ^= 1;
  EXPECT_EQ(refused(signed_by(1)), "binding_unknown");
  EXPECT_EQ(refusal_of(world.ask(kAttribution)), "");  // the room goes on
  EXPECT_EQ(refused(good), "");
  EXPECT_EQ(refusal_of(world.ask(kAttribution)), "room_closed");
}

TEST(Flow, ACloseForAnotherBootIsRefused) {
  World other(35);
  ASSERT_TRUE(other.open());
  World world(36);
  ASSERT_TRUE(world.open());
  EXPECT_EQ(refusal_of(world.call(Call::close, other.make_close())), "binding_unknown");
  EXPECT_EQ(refusal_of(world.ask(kAttribution)), "");
}

TEST(Flow, WhoNeitherProvidesNorAsksMayNotClose) {
  constexpr std::uint8_t kAgency = 3;  // who signs, as policy_fixture.h numbers them
  World world(37);
  ASSERT_EQ(world.policy.members.front().name, "agency");
  world.policy.members.front().abilities = {.receive = true, .audit = true};
  ASSERT_EQ(refusal_of(world.boot()), "");
  ASSERT_TRUE(world.take_hello(world.hello()));
  const packet::CloseRequest request{.member = "agency",
                                     .policy_hash = world.binding.policy_hash,
                                     .binding = packet::digest(world.binding),
                                     .nonce = world.binding.nonce};
  const packet::Envelope close =
      packet::make_close_request(request, policy::test_signing_key(kAgency));
  EXPECT_EQ(refusal_of(world.call(Call::close, packet::print_envelope(close))),
            "member_may_not_close");
  EXPECT_EQ(refusal_of(world.call(Call::close, world.make_close("newsnow"))), "");
}

TEST(Flow, CloseSignsWhatWasSpentAndEndsTheRoom) {
  World world(25);
  ASSERT_TRUE(world.open());
  ASSERT_EQ(refusal_of(world.ask(kAttribution)), "");
  const Frame closed = world.close();
  ASSERT_EQ(closed.call, Call::answer);
  const auto envelope = packet::parse_envelope(as_text(closed.payload));
  ASSERT_TRUE(envelope);
  const auto statement =
      packet::open_statement(*envelope, packet::kClosingPredicate, world.binding.signing_key);
  ASSERT_TRUE(statement);
  const Json* tables = statement->predicate.find("tables");
  ASSERT_NE(tables, nullptr);
  ASSERT_EQ(tables->array()->size(), 2U);
  EXPECT_EQ(*tables->array()->front().find("epsilon_spent")->string(), "1");
  EXPECT_EQ(*tables->array()->front().find("epsilon_left")->string(), "2");
  EXPECT_EQ(refusal_of(world.ask(kAttribution)), "room_closed");
  EXPECT_TRUE(world.take_hello(world.hello()));  // to be asked for the statement again
  EXPECT_EQ(world.close().payload, closed.payload);
}

}  // namespace
}  // namespace gbx::sim
