#include "client/query/verify_answer.h"

#include <gtest/gtest.h>

#include <functional>

#include "client/policy/wording.h"
#include "client/query/answer_file.h"
#include "client/query/answer_fixture.h"
#include "client/room/snp_room_fixture.h"

namespace gbx::client {
namespace {

// The reason, "PASS", or "answer_malformed" of the parser. Each has words.
std::string verdict(const AnswerFile& file, const Hash& policy_hash) {
  const auto parsed = parse_answer_file(print_answer_file(file));
  if (!parsed) return std::string(parsed.error().reason.view());
  const auto answer = VerifiedAnswer::verify(*parsed, policy_hash, kTestNow);
  if (answer) return "PASS";
  const std::string reason(answer.error().reason.view());
  EXPECT_NE(find_wording(reason), nullptr) << reason;
  return reason;
}

// What becomes of an answer that a room signed after `spoil`.
std::string spoilt(const std::function<void(TestAnswer&)>& spoil) {
  TestAnswer answer;
  const Hash hash = answer.policy_hash();
  spoil(answer);
  return verdict(answer.file(), hash);
}

// The same for a policy that the reader trusts as it was changed.
std::string under(const std::function<void(policy::Policy&)>& change) {
  TestAnswer answer;
  const std::int64_t before = answer.policy.privacy.people_min;
  change(answer.policy);
  answer.sign_policy();
  answer.predicate.noise.people_min = before;
  return verdict(answer.file(), answer.policy_hash());
}

TEST(VerifyAnswer, AGoodOnePasses) {
  const TestAnswer answer;
  const auto verified = VerifiedAnswer::verify(answer.file(), answer.policy_hash(), kTestNow);
  ASSERT_TRUE(verified) << verified.error().reason.view();
  EXPECT_EQ(verified->assurance(), "INSECURE-SIM");
  EXPECT_EQ(verified->table().rows.size(), 1U);
  EXPECT_EQ(verified->request().sql, kTestSql);
  EXPECT_EQ(verified->predicate().log_size, 17U);
}

TEST(VerifyAnswer, ThePriceOfADryRunPasses) {
  EXPECT_EQ(spoilt([](TestAnswer& answer) {
              answer.request.dry_run = true;
              answer.table.dry_run = true;
              answer.table.rows.clear();
              answer.fill_predicate();
              answer.predicate.snapshots.clear();
            }),
            "PASS");
}

void repeat(TestAnswer& answer) {
  answer.predicate.repeat_of = Hash{5};
  for (packet::BudgetMove& move : answer.predicate.budget) move.after = move.before;
}

TEST(VerifyAnswer, ARepeatMovesNoBudget) {
  EXPECT_EQ(spoilt(repeat), "PASS");
  EXPECT_EQ(spoilt([](TestAnswer& answer) {
              repeat(answer);
              answer.predicate.budget[1].after.loss--;
            }),
            "statement_budget_wrong");
  EXPECT_EQ(spoilt([](TestAnswer& answer) { answer.predicate.repeat_of = Hash{5}; }),
            "statement_budget_wrong");
  EXPECT_EQ(spoilt([](TestAnswer& answer) {
              repeat(answer);
              answer.predicate.repeat_of.reset();
            }),
            "statement_budget_wrong");
}

TEST(VerifyAnswer, ARepeatIsOfAnotherRequest) {
  EXPECT_EQ(spoilt([](TestAnswer& answer) {
              repeat(answer);
              answer.predicate.repeat_of = answer.predicate.request_digest;
            }),
            "statement_repeat_wrong");
}

TEST(VerifyAnswer, ThePriceOfARepeatPasses) {
  EXPECT_EQ(spoilt([](TestAnswer& answer) {
              answer.request.dry_run = true;
              answer.table.dry_run = true;
              answer.table.rows.clear();
              answer.fill_predicate();
              answer.predicate.snapshots.clear();
              repeat(answer);
            }),
            "PASS");
}

TEST(VerifyAnswer, NoByteOfTheFileCanBeChanged) {
  const TestAnswer answer;
  const Hash hash = answer.policy_hash();
  const std::string good = print_answer_file(answer.file());
  ASSERT_TRUE(VerifiedAnswer::verify(parse_answer_file(good).value(), hash, kTestNow));
  for (std::size_t i = 0; i < good.size(); i += 5) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ (1 << (i % 7)));
    const auto parsed = parse_answer_file(bad);
    if (!parsed) continue;
    EXPECT_FALSE(VerifiedAnswer::verify(*parsed, hash, kTestNow)) << i << ": " << bad.substr(i, 20);
  }
}

TEST(VerifyAnswer, NoMemberOfTheFileCanBeMissingOrAdded) {
  const Json good = Json::parse(print_answer_file(TestAnswer().file())).value();
  for (std::size_t i = 0; i < good.object()->size(); i++) {
    Json::Object members = *good.object();
    members.erase(members.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_FALSE(parse_answer_file(Json(members).canonical())) << (*good.object())[i].first;
  }
  Json more = good;
  more.set("note", "x");
  EXPECT_FALSE(parse_answer_file(more.canonical()));
  Json newer = policy::with(good, "format", 2);
  EXPECT_EQ(parse_answer_file(newer.canonical()).error().reason, Literal("answer_format_unknown"));
  EXPECT_FALSE(parse_answer_file(good.pretty()));
  EXPECT_TRUE(parse_answer_file(good.canonical() + "\n"));
}

TEST(VerifyAnswer, ThePolicyIsTheReadersOwn) {
  const TestAnswer answer;
  EXPECT_EQ(verdict(answer.file(), Hash{1}), "policy_not_the_given");
  AnswerFile file = answer.file();
  file.policy.signatures.pop_back();
  EXPECT_EQ(verdict(file, answer.policy_hash()), "signature_missing");
  file = answer.file();
  file.policy.signatures.front().signature[3] ^= 1;
  EXPECT_EQ(verdict(file, answer.policy_hash()), "signature_wrong");
  file = answer.file();
  packet::sign(file.policy, policy::test_signing_key(77));
  EXPECT_EQ(verdict(file, answer.policy_hash()), "signature_extra");
  file = answer.file();
  file.policy.payload_type = "application/vnd.glovebox.request+json";
  EXPECT_EQ(verdict(file, answer.policy_hash()), "packet_type_wrong");
}

TEST(VerifyAnswer, TheRoomIsProvenByItsEvidence) {
  EXPECT_EQ(spoilt([](TestAnswer& answer) { answer.binding.policy_hash = Hash{1}; }),
            "policy_hash_wrong");
  EXPECT_EQ(spoilt([](TestAnswer& answer) { answer.binding.nonce[0] ^= 1; }), "binding_wrong");
  EXPECT_EQ(spoilt([](TestAnswer& answer) { answer.binding.log_origin = "x"; }), "binding_wrong");
  EXPECT_EQ(spoilt([](TestAnswer& answer) { answer.binding.sealing_key[0] ^= 1; }),
            "binding_wrong");
  EXPECT_EQ(spoilt([](TestAnswer& answer) { answer.report.debug = true; }), "debug_enabled");
  EXPECT_EQ(spoilt([](TestAnswer& answer) { answer.report.version = 2; }),
            "evidence_version_unknown");
  EXPECT_EQ(spoilt([](TestAnswer& answer) { answer.report.measurement = Hash{3}; }),
            "image_not_allowed");
  EXPECT_EQ(spoilt([](TestAnswer& answer) { answer.report.measurement = Hash{9}; }),
            "measurement_wrong");
  EXPECT_EQ(spoilt([](TestAnswer& answer) { answer.report.host_data = Hash{3}; }),
            "policy_hash_wrong");
  EXPECT_EQ(spoilt([](TestAnswer& answer) {
              answer.binding.image_digest = Hash{3};
              answer.report.measurement = Hash{3};
              answer.report.report_data = packet::digest(answer.binding);
            }),
            "image_not_allowed");
}

// An answer of a room on hardware, as somebody reads it at `now`.
std::string read_at(std::int64_t now, const std::function<void(policy::Policy&)>& agree) {
  const SnpRoom machine;
  TestAnswer answer;
  answer.policy.trust = machine.trust();
  agree(answer.policy);
  answer.sign_policy();
  answer.evidence = machine.evidence(answer.binding);
  answer.predicate.platform = "snp";
  const auto verified = VerifiedAnswer::verify(answer.file(), answer.policy_hash(), now);
  return std::string(verified ? verified->assurance() : verified.error().reason.view());
}

TEST(VerifyAnswer, EvidenceIsHeldAgainstTheReadersClock) {
  const auto as_it_is = [](policy::Policy&) {};
  EXPECT_EQ(read_at(kTestNow, as_it_is), "HW-CVM");
  EXPECT_EQ(read_at(kTestNow + 31'536'000, as_it_is), "certificate_expired");
  EXPECT_EQ(read_at(0, as_it_is), "expectation_not_set");
  const auto impatient = [](policy::Policy& policy) { policy.trust.crl_age_max_s = 1; };
  EXPECT_EQ(read_at(kTestNow, impatient), "crl_too_old");
  const auto demanding = [](policy::Policy& policy) {
    policy.trust.min_assurance = attest::Assurance::hw_enclave;
  };
  EXPECT_EQ(read_at(kTestNow, demanding), "assurance_too_low");
}

TEST(VerifyAnswer, AnotherRoomsSignatureIsNone) {
  EXPECT_EQ(spoilt([](TestAnswer& answer) { answer.room = policy::test_signing_key(51); }),
            "signature_missing");
}

TEST(VerifyAnswer, TheTableIsTheSignedOne) {
  const TestAnswer answer;
  for (const char* path : {"rows/0/0/0", "rows/0/1/0", "rows/0/1/1", "rows/0/2/2", "columns/0/name",
                           "columns/1/half_width"}) {
    AnswerFile file = answer.file();
    file.result = policy::with(file.result, path, "7");
    EXPECT_EQ(verdict(file, answer.policy_hash()), "result_digest_wrong") << path;
  }
  AnswerFile file = answer.file();
  file.result = policy::with(file.result, "withheld", 3);
  EXPECT_EQ(verdict(file, answer.policy_hash()), "result_digest_wrong");
}

TEST(VerifyAnswer, TheRequestIsOfAMemberWhoMayAsk) {
  EXPECT_EQ(spoilt([](TestAnswer& answer) { answer.predicate.member = "nobody"; }),
            "request_member_unknown");
  EXPECT_EQ(spoilt([](TestAnswer& answer) { answer.predicate.member = "agency"; }),
            "signature_missing");
  EXPECT_EQ(spoilt([](TestAnswer& answer) {
              answer.request.member = "agency";  // signed by newsnow all the same
              answer.fill_predicate();
              answer.predicate.member = "newsnow";
            }),
            "request_member_unknown");
  EXPECT_EQ(spoilt([](TestAnswer& answer) {
              answer.asker = 1;
              answer.request.member = "shopgood";
              answer.fill_predicate();
            }),
            "request_member_may_not_query");
}

TEST(VerifyAnswer, TheAnswerIsToTheSignedQuestion) {
  EXPECT_EQ(spoilt([](TestAnswer& answer) { answer.predicate.request_digest[0] ^= 1; }),
            "request_digest_wrong");
  EXPECT_EQ(spoilt([](TestAnswer& answer) { answer.predicate.request_id[0] ^= 1; }),
            "request_id_wrong");
  EXPECT_EQ(spoilt([](TestAnswer& answer) { answer.predicate.query_digest[0] ^= 1; }),
            "query_digest_wrong");
  EXPECT_EQ(spoilt([](TestAnswer& answer) { answer.request.sql += " "; }), "request_digest_wrong");
  EXPECT_EQ(spoilt([](TestAnswer& answer) {
              answer.request.dry_run = true;
              answer.fill_predicate();
            }),
            "answer_kind_wrong");
}

TEST(VerifyAnswer, TheStatementIsOfTheProvenRoom) {
  EXPECT_EQ(spoilt([](TestAnswer& answer) { answer.predicate.policy_hash = Hash{1}; }),
            "statement_policy_wrong");
  EXPECT_EQ(spoilt([](TestAnswer& answer) {
              answer.request.policy_hash = Hash{1};
              answer.fill_predicate();
            }),
            "statement_policy_wrong");
  EXPECT_EQ(spoilt([](TestAnswer& answer) { answer.predicate.binding[0] ^= 1; }),
            "statement_binding_wrong");
  EXPECT_EQ(spoilt([](TestAnswer& answer) {
              answer.request.binding[0] ^= 1;
              answer.fill_predicate();
            }),
            "statement_binding_wrong");
  EXPECT_EQ(spoilt([](TestAnswer& answer) { answer.predicate.image_digest = Hash{9}; }),
            "statement_image_wrong");
  EXPECT_EQ(spoilt([](TestAnswer& answer) { answer.predicate.platform = "snp"; }),
            "statement_platform_wrong");
}

TEST(VerifyAnswer, TheBudgetMovesByThePrice) {
  EXPECT_EQ(spoilt([](TestAnswer& answer) { answer.predicate.budget.clear(); }),
            "statement_budget_wrong");
  EXPECT_EQ(spoilt([](TestAnswer& answer) { answer.predicate.budget[0].table = "aaa"; }),
            "statement_table_unknown");
  for (auto side : {&packet::BudgetMove::before, &packet::BudgetMove::after}) {
    for (auto part : {&privacy::Price::loss, &privacy::Price::delta}) {
      EXPECT_EQ(spoilt([&](TestAnswer& answer) { answer.predicate.budget[1].*side.*part += 1; }),
                "statement_budget_wrong");
      EXPECT_EQ(spoilt([&](TestAnswer& answer) { answer.predicate.budget[1].*side.*part = 0; }),
                "statement_budget_wrong");
    }
  }
  EXPECT_EQ(spoilt([](TestAnswer& answer) { answer.predicate.snapshots.pop_back(); }),
            "statement_snapshots_wrong");
  EXPECT_EQ(spoilt([](TestAnswer& answer) { answer.predicate.budget.pop_back(); }),
            "statement_snapshots_wrong");
}

TEST(VerifyAnswer, ThePriceIsTheOneThatWasAsked) {
  const auto asking = [](const char* epsilon) {
    return spoilt([&](TestAnswer& answer) {
      answer.request.epsilon = epsilon;
      answer.fill_predicate();
    });
  };
  EXPECT_EQ(asking("0.1"), "PASS");
  EXPECT_EQ(asking("0.05"), "statement_price_wrong");
  EXPECT_EQ(asking("much"), "statement_price_wrong");
  EXPECT_EQ(spoilt([](TestAnswer& answer) {
              answer.predicate.noise.price.delta -= 1;
              for (auto& move : answer.predicate.budget) move.after.delta += 1;
            }),
            "statement_price_wrong");
}

TEST(VerifyAnswer, TheNoiseIsThePolicysOrStronger) {
  EXPECT_EQ(spoilt([](TestAnswer& answer) { answer.predicate.noise.people_min = 49; }),
            "statement_noise_too_weak");
  EXPECT_EQ(spoilt([](TestAnswer& answer) { answer.predicate.noise.people_min = 500; }), "PASS");
  EXPECT_EQ(under([](policy::Policy& policy) {
              policy.tables[1].rule.output_constraints = {{"hashed_email", 60}};
            }),
            "statement_noise_too_weak");
  EXPECT_EQ(spoilt([](TestAnswer& answer) {
              answer.predicate.noise.price.loss += 1;
              for (auto& move : answer.predicate.budget) move.after.loss -= 1;
            }),
            "statement_noise_too_weak");
  EXPECT_EQ(spoilt([](TestAnswer& answer) {
              answer.predicate.noise.price.delta += 1;
              for (auto& move : answer.predicate.budget) move.after.delta -= 1;
            }),
            "statement_noise_too_weak");
  EXPECT_EQ(spoilt([](TestAnswer& answer) { answer.predicate.noise.hides_people += 1; }),
            "statement_noise_wrong");
  EXPECT_EQ(spoilt([](TestAnswer& answer) { answer.predicate.noise.statistics.pop_back(); }),
            "statement_noise_wrong");
  EXPECT_EQ(spoilt([](TestAnswer& answer) { answer.predicate.noise.statistics.clear(); }),
            "statement_noise_wrong");
  EXPECT_EQ(spoilt([](TestAnswer& answer) {
              answer.predicate.noise.statistics[1].statistic.per_group = 5;
            }),
            "statement_noise_wrong");
  EXPECT_EQ(spoilt([](TestAnswer& answer) { answer.predicate.noise.groups_per_person = 1; }),
            "statement_noise_wrong");
  EXPECT_EQ(under([](policy::Policy& policy) { policy.privacy.groups_per_person = 5; }),
            "statement_noise_too_weak");
}

TEST(VerifyAnswer, NearQuestionsAreAnsweredOnlyWhereTheyAreFlagged) {
  const auto near = [](TestAnswer& answer) { answer.predicate.near = {Hash{3}}; };
  EXPECT_EQ(spoilt(near), "PASS");
  EXPECT_EQ(spoilt([&](TestAnswer& answer) {
              repeat(answer);
              near(answer);
            }),
            "statement_near_wrong");
  TestAnswer answer;
  answer.policy.privacy.differencing.refuse = true;
  answer.sign_policy();
  EXPECT_EQ(verdict(answer.file(), answer.policy_hash()), "PASS");
  near(answer);
  EXPECT_EQ(verdict(answer.file(), answer.policy_hash()), "statement_near_wrong");
}

TEST(VerifyAnswer, StandsOnDerivedTablesThatWereThere) {
  const auto until = [](std::int64_t more) {
    return spoilt([more](TestAnswer& answer) {
      answer.predicate.derived = {
          {{}, "agency", "buyers", "SELECT 1", answer.predicate.time + more}};
    });
  };
  EXPECT_EQ(until(1), "PASS");
  EXPECT_EQ(until(0), "statement_derived_wrong");
  EXPECT_EQ(until(-1), "statement_derived_wrong");
}

TEST(VerifyAnswer, OfARequestThatAskedForNoAnswerIsNone) {
  TestAnswer answer;
  answer.request.sql.clear();
  answer.request.derived = packet::DerivedCall{};
  answer.fill_predicate();
  EXPECT_EQ(verdict(answer.file(), answer.policy_hash()), "query_digest_wrong");
}

TEST(VerifyAnswer, ATreeOfAHistogramHasAsManyLevelsAsItSays) {
  const auto with_levels = [](std::uint32_t levels, std::uint32_t paid_for) {
    return spoilt([&](TestAnswer& answer) {
      packet::NoisedStatistic& noised = answer.predicate.noise.statistics[1];
      noised.statistic.levels = paid_for;
      const auto width = privacy::half_width(4, noised.statistic);
      noised.statistic.levels = levels;
      noised.half_width = width ? *width : 0;
      for (auto& row : answer.table.rows) row[2] = {};
      answer.table.columns[2].half_width.reset();
    });
  };
  EXPECT_EQ(with_levels(4, 4), "PASS");
  EXPECT_EQ(with_levels(4, 3), "statement_noise_wrong");
  EXPECT_EQ(with_levels(5, 4), "statement_noise_wrong");
}

TEST(VerifyAnswer, TheBoundOnGroupsIsThePolicys) {
  // Noise for fewer groups that is right in itself.
  const auto with_groups = [](TestAnswer& answer, std::uint32_t groups) {
    answer.predicate.noise.groups_per_person = groups;
    for (auto& statistic : answer.predicate.noise.statistics) {
      statistic.half_width = privacy::half_width(groups, statistic.statistic).value();
    }
    const auto& statistics = answer.predicate.noise.statistics;
    answer.predicate.noise.hides_people = statistics[0].half_width;
    for (std::size_t i = 0; i < statistics.size(); i++) {
      const std::int64_t width = statistics[i].half_width;
      const std::int64_t value = 1000;
      answer.table.columns[i + 1].half_width = width;
      answer.table.rows[0][i + 1] = {value, packet::Interval{value - width, value + width}};
    }
  };
  EXPECT_EQ(spoilt([&](TestAnswer& answer) { with_groups(answer, 4); }), "PASS");
  EXPECT_EQ(spoilt([&](TestAnswer& answer) { with_groups(answer, 1); }),
            "statement_noise_too_weak");
  const auto ungrouped = [&](TestAnswer& answer, std::uint32_t groups) {
    with_groups(answer, groups);
    answer.table.columns.erase(answer.table.columns.begin());
    answer.table.rows[0].erase(answer.table.rows[0].begin());
  };
  EXPECT_EQ(spoilt([&](TestAnswer& answer) { ungrouped(answer, 1); }), "PASS");
  EXPECT_EQ(spoilt([&](TestAnswer& answer) { ungrouped(answer, 3); }), "statement_noise_too_weak");
}

TEST(VerifyAnswer, AHalfWidthIsThatOfAStatistic) {
  for (const std::size_t column : {1U, 2U}) {
    for (const std::int64_t off : {-1, 1}) {
      EXPECT_EQ(
          spoilt([&](TestAnswer& answer) { *answer.table.columns[column].half_width += off; }),
          "result_half_width_wrong");
    }
  }
  EXPECT_EQ(spoilt([](TestAnswer& answer) {
              answer.request.dry_run = true;
              answer.table.dry_run = true;
              answer.table.rows.clear();
              *answer.table.columns[1].half_width -= 1;
              answer.fill_predicate();
              answer.predicate.snapshots.clear();
            }),
            "result_half_width_wrong");
}

TEST(VerifyAnswer, AnIntervalIsTheValueAndItsHalfWidth) {
  for (const std::size_t column : {1U, 2U}) {
    EXPECT_EQ(spoilt([&](TestAnswer& answer) { answer.table.rows[0][column].interval->low += 1; }),
              "result_interval_wrong");
    EXPECT_EQ(spoilt([&](TestAnswer& answer) { answer.table.rows[0][column].interval->high -= 1; }),
              "result_interval_wrong");
    EXPECT_EQ(spoilt([&](TestAnswer& answer) { answer.table.rows[0][column].interval.reset(); }),
              "result_interval_wrong");
  }
  // As of an average: no width, and the value inside.
  const auto average = [](TestAnswer& answer) { answer.table.columns[2].half_width.reset(); };
  EXPECT_EQ(spoilt(average), "PASS");
  EXPECT_EQ(spoilt([&](TestAnswer& answer) {
              average(answer);
              packet::OutputCell& cell = answer.table.rows[0][2];
              cell.interval->low = *std::get_if<std::int64_t>(&cell.value) + 1;
            }),
            "result_interval_wrong");
  EXPECT_EQ(spoilt([](TestAnswer& answer) {
              const std::int64_t value = privacy::kReleasedMax;
              const std::int64_t width = *answer.table.columns[1].half_width;
              answer.table.rows[0][1] = {value, packet::Interval{value - width, value}};
            }),
            "PASS");
}

TEST(VerifyAnswer, RowsAreWithinThePolicysBound) {
  const auto rows = [](std::size_t count, std::int64_t cut) {
    TestAnswer answer;
    answer.policy.limits.result_rows = 2;
    answer.sign_policy();
    answer.table.rows.resize(count, answer.table.rows.front());
    answer.table.rows_cut = cut;
    return verdict(answer.file(), answer.policy_hash());
  };
  EXPECT_EQ(rows(1, 0), "PASS");
  EXPECT_EQ(rows(2, 0), "PASS");
  EXPECT_EQ(rows(2, 5), "PASS");
  EXPECT_EQ(rows(3, 0), "result_rows_wrong");
  EXPECT_EQ(rows(1, 5), "result_rows_wrong");
}

}  // namespace
}  // namespace gbx::client
