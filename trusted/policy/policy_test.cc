#include "trusted/policy/policy.h"

#include <gtest/gtest.h>

#include "tests/spec/examples.h"

#include "trusted/crypto/hash.h"
#include "trusted/policy/policy_fixture.h"

namespace gbx::policy {
namespace {

// Every packet below differs from a good one in one place.
struct Case {
  std::string_view path;
  Json value;  // null: the member is removed
  std::string_view reason;
};

class BadPacket : public testing::TestWithParam<Case> {};

TEST_P(BadPacket, IsRefused) {
  const Json spoilt = with(encode(example_policy()), GetParam().path, GetParam().value);
  const auto policy = decode(spoilt);
  ASSERT_FALSE(policy) << GetParam().path;
  EXPECT_EQ(policy.error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(policy.error().reason.view(), GetParam().reason) << GetParam().path;
}

Json list(std::initializer_list<Json> items) { return Json(Json::Array(items)); }

std::vector<Case> missing_and_unknown() {
  std::vector<Case> out;
  for (const char* path : {"format",
                           "id",
                           "name",
                           "version",
                           "expires",
                           "token_epoch",
                           "members",
                           "tables",
                           "privacy",
                           "trust",
                           "limits",
                           "members/0/name",
                           "members/0/signing_key",
                           "members/0/sealing_key",
                           "members/0/abilities",
                           "tables/0/name",
                           "tables/0/owner",
                           "tables/0/person",
                           "tables/0/identifier",
                           "tables/0/columns",
                           "tables/0/rows_per_person",
                           "tables/0/rule",
                           "tables/0/columns/0/name",
                           "tables/0/columns/0/type",
                           "tables/0/columns/0/label",
                           "tables/0/columns/0/nullable",
                           "tables/0/rule/aggregation/additionalAnalyses",
                           "tables/0/rule/aggregation/aggregateColumns",
                           "tables/0/rule/aggregation/dimensionColumns",
                           "tables/0/rule/aggregation/joinColumns",
                           "tables/0/rule/aggregation/outputConstraints",
                           "tables/0/rule/aggregation/scalarFunctions",
                           "tables/0/rule/aggregation/aggregateColumns/0/columnNames",
                           "tables/0/rule/aggregation/aggregateColumns/0/function",
                           "tables/0/rule/aggregation/outputConstraints/0/columnName",
                           "tables/0/rule/aggregation/outputConstraints/0/minimum",
                           "tables/0/rule/aggregation/outputConstraints/0/type",
                           "privacy/k",
                           "privacy/epsilon",
                           "privacy/epsilon_per_query",
                           "privacy/delta_2_60",
                           "privacy/delta_per_query_2_60",
                           "privacy/groups_per_person",
                           "privacy/rows_per_group",
                           "limits/memory_mib",
                           "limits/result_rows",
                           "limits/rows",
                           "limits/seconds"}) {
    out.push_back({path, Json(), "policy_malformed"});
  }
  for (const char* path :
       {"note", "members/0/note", "tables/0/note", "tables/0/columns/0/note",
        "tables/0/rule/aggregation/note", "tables/0/rule/aggregation/aggregateColumns/0/note",
        "tables/0/rule/aggregation/outputConstraints/0/note", "privacy/note", "limits/note"}) {
    out.push_back({path, "x", "policy_malformed"});
  }
  return out;
}
INSTANTIATE_TEST_SUITE_P(Shape, BadPacket, testing::ValuesIn(missing_and_unknown()));

INSTANTIATE_TEST_SUITE_P(
    Header, BadPacket,
    testing::Values(
        Case{"format", 2, "policy_format_unknown"}, Case{"format", 0, "policy_malformed"},
        Case{"id", "0011", "policy_id_malformed"},
        Case{"id", "00112233445566778899AABBCCDDEEFF", "policy_id_malformed"},
        Case{"name", "", "policy_name_malformed"},
        Case{"name", "a\x1b[31m", "policy_name_malformed"},
        Case{"name",
             "a\xC2\x9B"
             "31m",
             "policy_name_malformed"},
        Case{"name", std::string(201, 'a'), "policy_name_malformed"},
        Case{"version", 0, "policy_version_range"}, Case{"version", 2, "policy_previous_mismatch"},
        Case{"version", "1", "policy_malformed"},
        Case{"previous", std::string(64, '0'), "policy_previous_mismatch"},
        Case{"previous", std::string(63, '0'), "policy_malformed"},
        Case{"previous", 1, "policy_malformed"}, Case{"expires", 0, "policy_expires_range"},
        Case{"expires", std::int64_t{253'402'300'800}, "policy_expires_range"},
        Case{"token_epoch", 0, "policy_token_epoch_range"},
        Case{"token_epoch", std::int64_t{1} << 32, "policy_malformed"}));

INSTANTIATE_TEST_SUITE_P(
    Members, BadPacket,
    testing::Values(Case{"members", Json::Array{}, "policy_members_count"},
                    Case{"members/0/name", "Agency", "policy_member_name"},
                    Case{"members/0/name", "", "policy_member_name"},
                    Case{"members/0/name", "zebra", "policy_members_order"},
                    Case{"members/0/name", "newsnow", "policy_members_order"},
                    Case{"members/0/signing_key", "00", "policy_malformed"},
                    Case{"members/0/sealing_key", std::string(64, 'G'), "policy_malformed"},
                    Case{"members/0/abilities", Json::Array{}, "policy_ability_missing"},
                    Case{"members/0/abilities", list({"steal"}), "policy_ability_unknown"},
                    Case{"members/0/abilities", list({"receive", "query"}),
                         "policy_ability_unknown"},
                    Case{"members/0/abilities", list({"query", "query"}), "policy_ability_unknown"},
                    Case{"members/0/abilities", list({1}), "policy_ability_unknown"},
                    Case{"members/2/abilities", list({"audit"}), "policy_owner_may_not_provide"}));

INSTANTIATE_TEST_SUITE_P(
    Tables, BadPacket,
    testing::Values(Case{"tables", Json::Array{}, "policy_tables_count"},
                    Case{"tables/0/name", "1st", "policy_table_name"},
                    Case{"tables/0/name", "a.b.c", "policy_table_name"},
                    Case{"tables/0/name", "a.", "policy_table_name"},
                    Case{"tables/0/name", "zoo", "policy_tables_order"},
                    Case{"tables/0/name", "Purchases", "policy_table_repeated"},
                    Case{"tables/0/owner", "nobody", "policy_owner_unknown"},
                    Case{"tables/0/owner", "agency", "policy_owner_may_not_provide"},
                    Case{"tables/0/person", "campaign_id", "policy_person_missing"},
                    Case{"tables/0/person", "nothing", "policy_person_missing"},
                    Case{"tables/0/identifier", "passport", "policy_identifier_unknown"},
                    Case{"tables/0/rows_per_person", 0, "policy_rows_per_person_range"},
                    Case{"tables/0/rows_per_person", 1'000'001, "policy_rows_per_person_range"},
                    Case{"tables/0/columns", Json::Array{}, "policy_columns_count"},
                    Case{"tables/0/columns/0/label", "plain", "policy_person_missing"},
                    Case{"tables/0/columns/1/label", "person", "policy_person_not_unique"},
                    Case{"tables/0/columns/1/name", "Device", "policy_column_repeated"}));

INSTANTIATE_TEST_SUITE_P(
    Columns, BadPacket,
    testing::Values(
        Case{"tables/1/columns/1/name", "bad name", "policy_column_name"},
        Case{"tables/1/columns/1/name", std::string(64, 'a'), "policy_column_name"},
        Case{"tables/1/columns/1/type", "float", "policy_column_type"},
        Case{"tables/1/columns/1/scale", 2, "policy_column_type"},
        Case{"tables/1/columns/2/scale", 0, "policy_column_type"},
        Case{"tables/1/columns/2/scale", 13, "policy_column_type"},
        Case{"tables/1/columns/2/scale", "2", "policy_column_type"},
        Case{"tables/1/columns/1/label", "secret", "policy_label_unknown"},
        Case{"tables/1/columns/1/label", "pii", "policy_pii_column"},
        Case{"tables/1/columns/0/type", "integer", "policy_person_type"},
        Case{"tables/1/columns/0/nullable", true, "policy_person_type"},
        Case{"tables/1/columns/0/domain", list({"a"}), "policy_person_type"},
        Case{"tables/1/columns/2/bounds", list({"0.00"}), "policy_bounds_malformed"},
        Case{"tables/1/columns/2/bounds", list({"0", "500.00"}), "policy_bounds_malformed"},
        Case{"tables/1/columns/2/bounds", list({0, 500}), "policy_bounds_malformed"},
        Case{"tables/1/columns/2/bounds", list({"1.00", "0.00"}), "policy_bounds_order"},
        Case{"tables/0/columns/1/bounds", list({"a", "b"}), "policy_bounds_malformed"},
        Case{"tables/1/columns/1/bounds", list({"2024-02-30", "2024-03-01"}),
             "policy_bounds_malformed"},
        Case{"tables/0/columns/3/domain", Json::Array{}, "policy_domain_count"},
        Case{"tables/0/columns/3/domain", list({"b", "a"}), "policy_domain_order"},
        Case{"tables/0/columns/3/domain", list({"a", "a"}), "policy_domain_order"},
        Case{"tables/0/columns/3/domain", list({"a\n"}), "policy_domain_value"},
        Case{"tables/0/columns/3/domain", list({"a\xE2\x80\xAE"}), "policy_domain_value"},
        Case{"tables/0/columns/3/domain", list({1}), "policy_domain_value"},
        Case{"tables/1/columns/1/domain", list({"2024-01-01"}), "policy_domain_type"}));

INSTANTIATE_TEST_SUITE_P(
    Rules, BadPacket,
    testing::Values(
        Case{"tables/0/rule", Json::object({{"lists", Json::object({})}}),
             "policy_rule_kind_unknown"},
        Case{"tables/0/rule/aggregation/additionalAnalyses", "SOME", "policy_additional_analyses"},
        Case{"tables/0/rule/aggregation/joinRequired", "ALWAYS", "policy_join_required_unknown"},
        Case{"tables/0/rule/aggregation/joinColumns", Json::Array{},
             "policy_join_required_without_join"},
        Case{"tables/0/rule/aggregation/joinColumns", list({"campaign_id"}),
             "policy_join_not_person"},
        Case{"tables/0/rule/aggregation/joinColumns", list({"x"}), "policy_rule_column_unknown"},
        Case{"tables/0/rule/aggregation/joinColumns", list({"hashed_email", "hashed_email"}),
             "policy_join_repeated"},
        Case{"tables/0/rule/aggregation/dimensionColumns", list({"x"}),
             "policy_rule_column_unknown"},
        Case{"tables/0/rule/aggregation/dimensionColumns", list({"hashed_email"}),
             "policy_dimension_person"},
        Case{"tables/1/rule/aggregation/dimensionColumns", list({"total_spent"}),
             "policy_dimension_sensitive"},
        Case{"tables/0/rule/aggregation/dimensionColumns", list({"device", "device"}),
             "policy_dimension_repeated"},
        Case{"tables/0/rule/aggregation/dimensionColumns", list({1}), "policy_malformed"},
        Case{"tables/0/rule/aggregation/scalarFunctions", list({"EVAL"}),
             "policy_scalar_function_unknown"},
        Case{"tables/0/rule/aggregation/scalarFunctions", list({"lower"}),
             "policy_scalar_function_unknown"},
        Case{"tables/0/rule/aggregation/scalarFunctions", list({"UPPER", "LOWER"}),
             "policy_scalar_function_order"},
        Case{"tables/0/rule/aggregation/outputConstraints/0/columnName", "device",
             "policy_constraint_noised"},
        Case{"tables/0/rule/aggregation/outputConstraints/0/columnName", "shoe",
             "policy_rule_column_unknown"},
        Case{"tables/0/rule/aggregation/outputConstraints/0/minimum", 1, "policy_constraint_range"},
        Case{"tables/0/rule/aggregation/outputConstraints/0/minimum", 100'001,
             "policy_constraint_range"},
        Case{"tables/0/rule/aggregation/outputConstraints/0/type", "COUNT",
             "policy_constraint_type"},
        Case{"tables/0/rule/aggregation/outputConstraints/1",
             Json::object(
                 {{"columnName", "hashed_email"}, {"minimum", 60}, {"type", "COUNT_DISTINCT"}}),
             "policy_constraint_repeated"}));

INSTANTIATE_TEST_SUITE_P(
    Aggregates, BadPacket,
    testing::Values(Case{"tables/1/rule/aggregation/aggregateColumns/1/function", "MEDIAN",
                         "policy_aggregate_function_unknown"},
                    Case{"tables/1/rule/aggregation/aggregateColumns/1/function", "sum",
                         "policy_aggregate_function_unknown"},
                    Case{"tables/1/rule/aggregation/aggregateColumns/1/function", "AVG",
                         "policy_aggregate_repeated"},
                    Case{"tables/1/rule/aggregation/aggregateColumns/1/columnNames", Json::Array{},
                         "policy_aggregate_empty"},
                    Case{"tables/1/rule/aggregation/aggregateColumns/1/columnNames", list({"x"}),
                         "policy_rule_column_unknown"},
                    Case{"tables/1/rule/aggregation/aggregateColumns/1/columnNames",
                         list({"purchase_date"}), "policy_sum_not_numeric"},
                    Case{"tables/1/rule/aggregation/aggregateColumns/1/columnNames",
                         list({"hashed_email"}), "policy_sum_not_numeric"},
                    Case{"tables/1/columns/2/bounds", Json(), "policy_sum_not_bounded"},
                    Case{"tables/1/rule/aggregation/aggregateColumns/1",
                         Json::object({{"columnNames", list({"purchase_date"})},
                                       {"function", "VARIANCE"}}),
                         "policy_sum_not_numeric"},
                    Case{"tables/1/columns/2/bounds", list({"0.00", "90071992547409.00"}),
                         "policy_bounds_too_wide"},
                    Case{"tables/1/rule/aggregation/dimensionColumns", list({"purchase_date", "x"}),
                         "policy_rule_column_unknown"},
                    Case{"tables/0/rule/aggregation/aggregateColumns/0",
                         Json::object({{"columnNames", list({"device"})}, {"function", "COUNT"}}),
                         "policy_dimension_aggregated"}));

INSTANTIATE_TEST_SUITE_P(
    Numbers, BadPacket,
    testing::Values(Case{"privacy/k", 1, "policy_k_range"},
                    Case{"privacy/k", 100'001, "policy_k_range"},
                    Case{"privacy/k", -1, "policy_malformed"},
                    Case{"privacy/epsilon", "0", "policy_epsilon_range"},
                    Case{"privacy/epsilon", "1000.000001", "policy_malformed"},
                    Case{"privacy/epsilon", "3.0", "policy_malformed"},
                    Case{"privacy/epsilon", "-3", "policy_malformed"},
                    Case{"privacy/epsilon", "1e1", "policy_malformed"},
                    Case{"privacy/epsilon", "0.0000001", "policy_malformed"},
                    Case{"privacy/epsilon", 3, "policy_malformed"},
                    Case{"privacy/epsilon_per_query", "3.1", "policy_epsilon_per_query_range"},
                    Case{"privacy/epsilon_per_query", "0", "policy_epsilon_per_query_range"},
                    Case{"privacy/delta_2_60", 0, "policy_delta_range"},
                    Case{"privacy/delta_2_60", -1, "policy_malformed"},
                    Case{"privacy/delta_per_query_2_60", 0, "policy_delta_per_query_range"},
                    Case{"privacy/delta_per_query_2_60", std::int64_t{1} << 41,
                         "policy_delta_per_query_range"},
                    Case{"privacy/groups_per_person", 0, "policy_groups_per_person_range"},
                    Case{"privacy/groups_per_person", 10'001, "policy_groups_per_person_range"},
                    Case{"privacy/rows_per_group", 0, "policy_rows_per_group_range"},
                    Case{"privacy/rows_per_group", 1'000'001, "policy_rows_per_group_range"},
                    Case{"trust/min_assurance", "SURE", "trust_policy_malformed"},
                    Case{"trust/min_assurance", Json(), "trust_policy_malformed"},
                    Case{"trust/crl_age_max_s", Json(), "trust_policy_malformed"},
                    Case{"trust/note", "x", "trust_policy_malformed"},
                    Case{"trust/platforms/sgx2", Json(), "trust_policy_malformed"},
                    Case{"trust/platforms/sim/images", Json::Array{}, "policy_images_count"},
                    Case{"trust/platforms", Json::object({}), "policy_images_count"},
                    Case{"trust/platforms/sim/images", list({"00"}), "trust_policy_malformed"},
                    Case{"trust/platforms/sim/images", list({7}), "trust_policy_malformed"},
                    Case{"limits/rows", 0, "policy_limits_range"},
                    Case{"limits/seconds", 0, "policy_limits_range"},
                    Case{"limits/seconds", 86'401, "policy_limits_range"},
                    Case{"limits/memory_mib", 63, "policy_limits_range"},
                    Case{"limits/result_rows", 0, "policy_limits_range"}));

Json ration(const char* unit, const char* amount, const char* window) {
  return Json::object({{unit, std::string(amount)}, {"window", std::string(window)}});
}

TEST(Policy, OuterJoinsAreSaidOnlyWhereTheyAreAllowed) {
  Policy policy = example_policy();
  EXPECT_EQ(encode(policy).find("privacy")->find("outer_joins"), nullptr);
  EXPECT_FALSE(decode(encode(policy))->privacy.outer_joins);
  policy.privacy.outer_joins = true;
  const Json packet = encode(policy);
  const auto decoded = decode(packet);
  ASSERT_TRUE(decoded);
  EXPECT_TRUE(decoded->privacy.outer_joins);
  EXPECT_EQ(encode(*decoded).canonical(), packet.canonical());
  for (const char* word : {"refuse", "", "Doubled"}) {
    EXPECT_FALSE(decode(with(packet, "privacy/outer_joins", word))) << word;
  }
  EXPECT_FALSE(decode(with(packet, "privacy/outer_joins", true)));
}

TEST(Policy, ARationReadsBack) {
  Policy policy = example_policy();
  policy.members[0].rations = {{privacy::Window::day, privacy::Accounting::pure, 500'000},
                               {privacy::Window::lifetime, privacy::Accounting::pure, 2'000'000}};
  const Json packet = encode(policy);
  const auto decoded = decode(packet);
  ASSERT_TRUE(decoded) << decoded.error().reason.view();
  EXPECT_EQ(decoded->members[0].rations, policy.members[0].rations);
  EXPECT_EQ(encode(*decoded).canonical(), packet.canonical());
  policy.members[0].abilities = {.receive = true};
  EXPECT_EQ(check(policy).error().reason.view(), "policy_ration_malformed");
}

TEST(Policy, ARationThatIsNoneIsRefused) {
  const Json day = ration("epsilon", "0.5", "day");
  const auto reason = [](const Json& value) {
    Policy policy = example_policy();
    policy.members[0].rations = {{privacy::Window::day, privacy::Accounting::pure, 1}};
    const auto decoded = decode(with(encode(policy), "members/0/ration", value));
    return decoded ? std::string("accepted") : std::string(decoded.error().reason.view());
  };
  EXPECT_EQ(reason(list({day})), "accepted");
  EXPECT_EQ(reason(Json("day")), "policy_malformed");
  EXPECT_EQ(reason(list({})), "policy_ration_malformed");
  EXPECT_EQ(reason(list({day, day})), "policy_ration_malformed");
  EXPECT_EQ(reason(list({ration("epsilon", "1", "week"), day})), "policy_ration_malformed");
  EXPECT_EQ(reason(list({ration("epsilon", "1", "year")})), "policy_ration_malformed");
  EXPECT_EQ(reason(list({ration("epsilon", "1.0", "day")})), "policy_malformed");
  EXPECT_EQ(reason(list({ration("epsilon", "0", "day")})), "policy_ration_malformed");
  EXPECT_EQ(reason(list({ration("rho", "1", "day")})), "policy_ration_accounting");
  Json more = day;
  more.set("rho", "1");
  EXPECT_EQ(reason(list({more})), "policy_malformed");
}

TEST(Policy, EncodesToTheBytesItWasDecodedFrom) {
  const Json packet = encode(example_policy());
  const auto policy = decode(packet);
  ASSERT_TRUE(policy) << policy.error().reason.view();
  EXPECT_EQ(encode(*policy).canonical(), packet.canonical());
  EXPECT_TRUE(Json::parse_canonical(packet.canonical()));
  EXPECT_EQ(policy->tables[1].columns[2].high, 50000);
  EXPECT_EQ(policy->privacy.epsilon_per_query, 100'000U);
  EXPECT_TRUE(policy->tables[0].rule.join_required);
}

TEST(Policy, SaysWhatBecomesOfNearQuestions) {
  const Json packet = encode(example_policy());
  const auto reason = [&](std::string_view path, const Json& value) {
    const auto decoded = decode(with(packet, path, value));
    return decoded ? std::string("accepted") : std::string(decoded.error().reason.view());
  };
  EXPECT_EQ(reason("privacy/differencing/near", "refuse"), "accepted");
  EXPECT_EQ(reason("privacy/differencing/near", "allow"), "policy_malformed");
  EXPECT_EQ(reason("privacy/differencing", Json()), "policy_malformed");
  EXPECT_EQ(reason("privacy/differencing/values", 0), "policy_differencing_range");
  EXPECT_EQ(reason("privacy/differencing/values", 10'001), "policy_differencing_range");
  EXPECT_EQ(reason("privacy/differencing/percent", 0), "policy_differencing_range");
  EXPECT_EQ(reason("privacy/differencing/percent", 101), "policy_differencing_range");
}

TEST(Policy, ThePageHasAPacketThatHolds) {
  const auto blocks = spec::examples("policy.md");
  ASSERT_EQ(blocks.size(), 1U);
  const auto policy = decode(blocks[0]);
  ASSERT_TRUE(policy) << policy.error().reason.view();
  EXPECT_EQ(encode(*policy).canonical(), blocks[0].canonical());
}

TEST(Policy, ALaterVersionNamesTheOneBefore) {
  Policy policy = example_policy();
  policy.version = 2;
  policy.previous = Hash{1, 2, 3};
  const auto decoded = decode(encode(policy));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->previous, policy.previous);
}

TEST(Policy, NobodyMayShareAKey) {
  Policy policy = example_policy();
  policy.members[1].signing_key = policy.members[0].signing_key;
  EXPECT_EQ(check(policy).error().reason, Literal("policy_key_shared"));
  policy = example_policy();
  policy.members[1].sealing_key = policy.members[2].sealing_key;
  EXPECT_EQ(check(policy).error().reason, Literal("policy_key_shared"));
}

TEST(Policy, SomebodyAsksAndSomebodyReceives) {
  Policy policy = example_policy();
  for (Member& member : policy.members) member.abilities.query = false;
  EXPECT_EQ(check(policy).error().reason, Literal("policy_analyst_missing"));
  policy = example_policy();
  for (Member& member : policy.members) member.abilities.receive = false;
  EXPECT_EQ(check(policy).error().reason, Literal("policy_receiver_missing"));
}

TEST(Policy, FindsNamesAsWritten) {
  const Policy policy = example_policy();
  ASSERT_NE(policy.find_table("purchases"), nullptr);
  EXPECT_EQ(policy.find_table("Purchases"), nullptr);
  EXPECT_NE(policy.find_member("agency"), nullptr);
  EXPECT_EQ(policy.find_member(""), nullptr);
  EXPECT_NE(find_column(policy.tables[0], "device"), nullptr);
  EXPECT_EQ(find_column(policy.tables[0], "total_spent"), nullptr);
}

// --- signatures ---

Literal refusal_of(const packet::Envelope& envelope) {
  const auto verified = VerifiedPolicy::verify(envelope);
  if (verified) return "accepted";
  EXPECT_EQ(verified.error().code, ErrorCode::unverified);
  return verified.error().reason;
}

TEST(VerifiedPolicy, HoldsWhatEveryMemberSigned) {
  const packet::Envelope envelope = signed_policy(example_policy());
  const auto verified = VerifiedPolicy::verify(envelope);
  ASSERT_TRUE(verified) << verified.error().reason.view();
  EXPECT_EQ(verified->policy().id, example_policy().id);
  EXPECT_EQ(verified->hash(), crypto::sha256(as_bytes(envelope.payload)));
}

TEST(VerifiedPolicy, RefusesAMissingSignature) {
  for (std::size_t i = 0; i < 3; i++) {
    packet::Envelope envelope = signed_policy(example_policy());
    envelope.signatures.erase(envelope.signatures.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_EQ(refusal_of(envelope), Literal("signature_missing"));
  }
}

TEST(VerifiedPolicy, RefusesAWrongSignature) {
  packet::Envelope envelope = signed_policy(example_policy());
  envelope.signatures[1].signature[5] ^= 1;
  EXPECT_EQ(refusal_of(envelope), Literal("signature_wrong"));
}

TEST(VerifiedPolicy, RefusesASignatureOfNobodyExpected) {
  packet::Envelope envelope = signed_policy(example_policy());
  packet::sign(envelope, test_signing_key(9));
  EXPECT_EQ(refusal_of(envelope), Literal("signature_extra"));
}

TEST(VerifiedPolicy, RefusesAnotherType) {
  packet::Envelope envelope =
      packet::make_envelope("application/vnd.glovebox.request+json", encode(example_policy()));
  for (const std::uint8_t who : std::initializer_list<std::uint8_t>{1, 2, 3})
    packet::sign(envelope, test_signing_key(who));
  EXPECT_EQ(refusal_of(envelope), Literal("packet_type_wrong"));
}

TEST(VerifiedPolicy, RefusesASecondSpelling) {
  packet::Envelope envelope = signed_policy(example_policy());
  envelope.payload.push_back(' ');
  EXPECT_EQ(refusal_of(envelope), Literal("payload_not_canonical"));
}

TEST(VerifiedPolicy, RefusesOneChangedByte) {
  const packet::Envelope good = signed_policy(example_policy());
  for (std::size_t i = 0; i < good.payload.size(); i += 7) {
    packet::Envelope envelope = good;
    envelope.payload[i] = static_cast<char>(envelope.payload[i] ^ 1);
    EXPECT_FALSE(VerifiedPolicy::verify(envelope)) << i;
  }
}

}  // namespace
}  // namespace gbx::policy
