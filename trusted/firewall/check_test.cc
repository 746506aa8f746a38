#include "trusted/firewall/check.h"

#include <gtest/gtest.h>

#include "trusted/policy/policy_fixture.h"
#include "trusted/sql/build.h"
#include "trusted/sql/evaluate.h"
#include "trusted/sql/task_codec.h"

// What queries the firewall lets pass is tests/sql; here is what it makes of those that pass.

namespace gbx::firewall {
namespace {

using policy::example_policy;

policy::VerifiedPolicy verified(const policy::Policy& policy) {
  return *policy::VerifiedPolicy::verify(policy::signed_policy(policy));
}

sql::Expression column(const policy::Policy& policy, std::uint32_t table, std::uint32_t index) {
  const sql::Catalog catalog = catalog_of(policy);
  const sql::CatalogColumn& found = catalog.tables[table].columns[index];
  sql::Expression out;
  out.op = sql::Op::column;
  out.type = found.type;
  out.column = index;
  out.low = found.low;
  out.high = found.high;
  return out;
}

// SELECT aggregate FROM purchases; shopgood's table is the second, total_spent its second column.
sql::Query query_of(const policy::Policy& policy, sql::AggregateKind kind) {
  sql::Query query;
  query.relations = {{1, "purchases", "shopgood", {}}};
  sql::AggregateCall call;
  call.kind = kind;
  call.relations = {0};
  if (kind != sql::AggregateKind::rows && kind != sql::AggregateKind::persons) {
    call.argument = column(policy, 1, 1);
  }
  query.aggregates = {call};
  query.output_types = {{Type::decimal, 4}};
  query.items = {{"x", 0, {}}};
  return query;
}

CheckedQuery checked(sql::AggregateKind kind) {
  const policy::Policy policy = example_policy();
  auto out = check(query_of(policy, kind), verified(policy), {"agency", 0});
  GBX_CHECK(out.has_value());
  return std::move(out).value();
}

// total_spent may be measured by its spread, too.
policy::Policy spread_policy() {
  policy::Policy policy = example_policy();
  policy.tables[1].rule.aggregate_columns.push_back(
      {{"total_spent"}, policy::AggregateFunction::variance});
  return policy;
}

TEST(check, the_catalog_leaves_out_the_person_column) {
  const sql::Catalog catalog = catalog_of(example_policy());
  ASSERT_EQ(catalog.tables.size(), 2u);
  EXPECT_EQ(catalog.tables[1].person, "hashed_email");
  ASSERT_EQ(catalog.tables[1].columns.size(), 2u);
  EXPECT_EQ(catalog.tables[1].columns[0].name, "purchase_date");
}

TEST(check, the_catalog_cuts_bounds_to_the_calendar) {
  policy::Policy policy = example_policy();
  policy.tables[1].columns[1].low = -9'000'000'000;
  policy.tables[1].columns[1].high = 9'000'000'000;
  const sql::CatalogColumn date = catalog_of(policy).tables[1].columns[0];
  EXPECT_EQ(date.low, *parse_date("0001-01-01"));
  EXPECT_EQ(date.high, *parse_date("9999-12-31"));
}

// A template that a rule names is for everybody who may query; other text is not.
TEST(check, a_named_template_needs_no_provider) {
  policy::Policy policy = example_policy();
  policy::Rule& rule = policy.tables[1].rule;
  rule = {};
  rule.kind = policy::RuleKind::custom;
  rule.analyses = {"overlap"};
  const policy::VerifiedPolicy law = verified(policy);
  const sql::Query query = query_of(policy, sql::AggregateKind::persons);
  const auto reason = [&](const char* analysis) {
    const auto out = check(query, law, {.member = "agency", .analysis = analysis});
    return out ? std::string("accepted") : std::string(out.error().reason.view());
  };
  EXPECT_EQ(reason("overlap"), "accepted");
  EXPECT_EQ(reason(""), "analysis_not_allowed");
  EXPECT_EQ(reason("reach"), "analysis_not_allowed");
  EXPECT_EQ(reason("ANY_QUERY"), "analysis_not_allowed");
}

TEST(check, sensitivities_follow_from_clamps) {
  const CheckedQuery sum = checked(sql::AggregateKind::sum);
  ASSERT_EQ(sum.plan().statistics.size(), 2u);
  EXPECT_EQ(sum.plan().statistics[0].per_group, 1);
  EXPECT_EQ(sum.plan().statistics[1].per_group, 50'000 * 20);
  EXPECT_EQ(sum.task().measures[0].high, 50'000 * 20);
  EXPECT_FALSE(sum.plan().grouped);
  EXPECT_EQ(sum.plan().groups_per_person, 1u);
  EXPECT_EQ(sum.plan().price(), (privacy::Price{100'000, std::uint64_t{1} << 36}));
}

TEST(check, an_average_is_a_count_and_a_centred_sum) {
  const CheckedQuery average = checked(sql::AggregateKind::average);
  ASSERT_EQ(average.task().measures.size(), 2u);
  EXPECT_EQ(average.task().measures[0].kind, sql::MeasureKind::rows);
  EXPECT_EQ(average.task().measures[1].kind, sql::MeasureKind::centred);
  EXPECT_EQ(average.plan().statistics[2].per_group, 50'000 * 20);
  EXPECT_EQ(average.outputs()[0].kind, OutputKind::average);
}

TEST(check, rows_of_a_person_are_no_more_than_the_snapshot_holds) {
  policy::Policy policy = example_policy();
  policy.tables[1].rows_per_person = 3;
  const auto out =
      check(query_of(policy, sql::AggregateKind::rows), verified(policy), {"agency", 0});
  ASSERT_TRUE(out);
  EXPECT_EQ(out->task().measures[0].high, 3);
}

TEST(check, constraints_of_a_table_raise_k) {
  policy::Policy policy = example_policy();
  policy.tables[1].rule.output_constraints = {{"hashed_email", 77}};
  const auto out =
      check(query_of(policy, sql::AggregateKind::persons), verified(policy), {"agency", 0});
  ASSERT_TRUE(out);
  EXPECT_EQ(out->plan().people_min, 77);
}

Literal refusal(const policy::Policy& policy, const sql::Query& query) {
  const auto out = check(query, verified(policy), {"newsnow", 0});
  return out ? Literal("accepted") : out.error().reason;
}

// purchases joined with exposures: what the one owner lists, the other need not.
TEST(check, counts_of_a_join_need_the_leave_of_every_table) {
  policy::Policy policy = example_policy();
  sql::Query persons = query_of(policy, sql::AggregateKind::persons);
  persons.relations.push_back({0, "exposures", "newsnow", {}});
  persons.aggregates[0].relations = {0};
  sql::Query rows = persons;
  rows.aggregates[0].kind = sql::AggregateKind::rows;
  sql::Query values = persons;
  values.aggregates[0].kind = sql::AggregateKind::values;
  values.aggregates[0].argument = column(policy, 1, 1);
  policy.tables[1].rule.aggregate_columns.push_back(
      {{"total_spent"}, policy::AggregateFunction::count});
  sql::Query groups = persons;
  groups.aggregates.clear();
  groups.groups = {column(policy, 0, 0)};
  groups.groups[0].relation = 1;
  groups.output_types = {groups.groups[0].type};
  for (const sql::Query* query : {&persons, &rows, &values, &groups}) {
    EXPECT_EQ(refusal(policy, *query), Literal("accepted"));
  }
  policy.tables[0].rule.aggregate_columns.clear();
  for (const sql::Query* query : {&persons, &rows, &values, &groups}) {
    EXPECT_EQ(refusal(policy, *query), Literal("aggregate_not_listed"));
  }
}

// A query whose work for one person could end it would tell who is there.
TEST(check, joined_rows_of_one_person_are_limited) {
  policy::Policy policy = example_policy();
  sql::Query query = query_of(policy, sql::AggregateKind::persons);
  query.relations.push_back({0, "exposures", "newsnow", {}});
  policy.tables[0].rows_per_person = 100;
  policy.tables[1].rows_per_person = 1'000'000;
  EXPECT_EQ(refusal(policy, query), Literal("accepted"));
  policy.limits.seconds = 1;  // of which one person may take a tenth
  EXPECT_EQ(refusal(policy, query), Literal("join_too_wide"));
  policy.limits.seconds = 60;
  policy.tables[0].rows_per_person = 101;
  EXPECT_EQ(refusal(policy, query), Literal("join_too_wide"));
}

// The same of memory: groups are as many as the tables that they are read from allow.
TEST(check, groups_of_one_person_are_limited) {
  policy::Policy policy = example_policy();
  sql::Query query = query_of(policy, sql::AggregateKind::sum);
  query.relations.push_back({0, "exposures", "newsnow", {}});
  query.groups = {column(policy, 0, 0)};
  query.groups[0].relation = 1;
  query.output_types = {query.groups[0].type, {Type::decimal, 4}};
  policy.tables[0].rows_per_person = 100'000;
  policy.limits.memory_mib = 64;
  EXPECT_EQ(refusal(policy, query), Literal("accepted"));  // 100,000 times 13 cells of 16 bytes
  policy.tables[0].rows_per_person = 200'000;
  EXPECT_EQ(refusal(policy, query), Literal("join_too_wide"));
  policy.limits.memory_mib = 128;
  EXPECT_EQ(refusal(policy, query), Literal("accepted"));
  policy.limits.memory_mib = 64;
  query.groups.clear();
  query.output_types.erase(query.output_types.begin());
  EXPECT_EQ(refusal(policy, query), Literal("accepted"));
}

// total_spent is a decimal of two digits in 0.00 .. 500.00, of which 20 rows count.
TEST(check, a_variance_is_an_average_and_centred_squares) {
  const policy::Policy policy = spread_policy();
  sql::Query query = query_of(policy, sql::AggregateKind::variance_sample);
  query.aggregates.push_back(query.aggregates[0]);
  query.aggregates[1].kind = sql::AggregateKind::deviation_population;
  query.aggregates.push_back(query.aggregates[0]);
  query.aggregates[2].kind = sql::AggregateKind::average;
  query.output_types.resize(3, query.output_types[0]);
  const auto checked = check(query, verified(policy), {"agency", 0});
  ASSERT_TRUE(checked);
  ASSERT_EQ(checked->task().measures.size(), 3u);  // all of them shared
  const std::int64_t square = std::int64_t{50'000} * 50'000;
  EXPECT_EQ(checked->plan().statistics[3].per_group, square * 20);
  const sql::Measure& squares = checked->task().measures[2];
  EXPECT_EQ(squares.low, -20 * square);
  EXPECT_EQ(squares.high, 20 * square);
  EXPECT_EQ(squares.row_low, -square);
  EXPECT_EQ(squares.row_high, square);
  for (const auto& [value, want] :
       {std::pair{0, square}, std::pair{25'000, -square}, std::pair{50'000, square}}) {
    const std::vector<std::vector<Cell>> row = {{Cell(), std::int64_t{value}}};
    EXPECT_EQ(sql::evaluate(squares.argument, row), Cell(want));
  }
  EXPECT_TRUE(sql::decode_task(sql::encode_task(checked->task())));
  // Two people, 0.00 and 500.00: variance 125000, deviation 250. In normal form the average is
  // first.
  const std::vector<Int128> sums = {2, 2, 0, 2 * square};
  const std::vector<Cell> cells = assemble(*checked, {}, sums);
  EXPECT_EQ(cells[2], Cell(std::int64_t{125'000'0000}));
  EXPECT_EQ(cells[1], Cell(std::int64_t{250'0000}));
  const Between around = moment_between(checked->outputs()[1], {2, 2}, {-1000, 1000},
                                        {2 * square - 1000, 2 * square + 1000});
  EXPECT_TRUE(around.low < 250'0000 && around.low > 249'0000);
  EXPECT_TRUE(around.high == 250'0001);
}

TEST(check, a_variance_of_a_wide_column_is_refused) {
  policy::Policy policy = spread_policy();
  sql::Query query = query_of(policy, sql::AggregateKind::variance_sample);
  query.aggregates[0].argument.high = 30'000'000;
  const auto refused = check(query, verified(policy), {"agency", 0});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason.view(), "aggregate_too_wide");
  policy.tables[1].columns[2].high = 30'000'000;
  const Status wide = policy::check(policy);
  ASSERT_FALSE(wide);
  EXPECT_EQ(wide.error().reason.view(), "policy_squares_too_wide");
}

Int128 average_of(Int128 persons, Int128 count, Int128 sum) {
  static const CheckedQuery query = checked(sql::AggregateKind::average);
  const std::vector<Int128> statistics = {persons, count, sum};
  const std::vector<Cell> cells = assemble(query, {}, statistics);
  return *std::get_if<std::int64_t>(cells.data());
}

// 0..500.00 in cents, released with four more digits: 10^-6.
TEST(assemble, averages) {
  EXPECT_EQ(average_of(1, 1, 0), 250'000'000);        // the centre
  EXPECT_EQ(average_of(1, 1, 50'000), 500'000'000);   // one value of 500.00
  EXPECT_EQ(average_of(1, 1, -50'000), 0);            // one value of 0
  EXPECT_EQ(average_of(2, 2, 0), 250'000'000);        // 0 and 500.00
  EXPECT_EQ(average_of(3, 3, -30'000), 200'000'000);  // 250 - 100 / 2
  EXPECT_EQ(average_of(3, 3, 1), 250'001'667);        // rounded half away from zero
  EXPECT_EQ(average_of(1, 0, 0), 250'000'000);        // noise may say that nobody is there
  EXPECT_EQ(average_of(1, -5, 50'000), 500'000'000);
  EXPECT_EQ(average_of(1, 1, Int128{1} << 100), 500'000'000);
  EXPECT_EQ(average_of(1, Int128{1} << 100, -(Int128{1} << 110)), 0);
}

TEST(assemble, numbers_are_saturated) {
  const CheckedQuery sum = checked(sql::AggregateKind::sum);
  const std::vector<Int128> much = {5, Int128{1} << 90};
  EXPECT_EQ(assemble(sum, {}, much)[0], Cell(sql::kOutputMax));
  const std::vector<Int128> little = {5, -(Int128{1} << 90)};
  EXPECT_EQ(assemble(sum, {}, little)[0], Cell(-sql::kOutputMax));
}

// total_spent lies in 0.00 .. 500.00: 17 magnitudes, from that of 0 to that of 32768 .. 65535.
TEST(check, automatic_bounds_are_counters_of_one_row_each) {
  const CheckedQuery query = checked(sql::AggregateKind::bound_high);
  const sql::Measure& measure = query.task().measures[0];
  EXPECT_EQ(measure.kind, sql::MeasureKind::magnitudes);
  EXPECT_EQ(measure.high, 1);
  EXPECT_EQ(measure.bins, 17U);
  EXPECT_EQ(query.plan().statistics[1].per_group, 1);
  EXPECT_EQ(query.plan().statistics[1].levels, 1U);
  ASSERT_EQ(query.plan().quantiles.size(), 1U);
  EXPECT_TRUE(query.plan().quantiles[0].bounds);
}

// Whoever had something cut off is one person, whatever it was.
TEST(check, people_bounded_are_counted_over_all_other_measures) {
  const policy::Policy policy = spread_policy();
  sql::Query query = query_of(policy, sql::AggregateKind::variance_sample);
  for (const auto kind : {sql::AggregateKind::bounded, sql::AggregateKind::bound_low}) {
    sql::AggregateCall call = query.aggregates[0];
    call.kind = kind;
    if (kind == sql::AggregateKind::bounded) call.argument = {};
    query.aggregates.push_back(call);
    query.output_types.push_back({Type::integer, 0});
  }
  const auto out = check(query, verified(policy), {"agency", 0});
  ASSERT_TRUE(out);
  ASSERT_EQ(out->plan().statistics.size(), 1 + out->task().measures.size());
  int found = 0;
  for (std::size_t i = 0; i < out->task().measures.size(); i++) {
    const sql::Measure& measure = out->task().measures[i];
    if (measure.kind != sql::MeasureKind::bounded) continue;
    found++;
    EXPECT_EQ(out->plan().statistics[i + 1].per_group, 1);
    EXPECT_EQ(measure.watched.size(), 3U);  // all but itself and the bounds
    EXPECT_TRUE(sql::watches_others(out->task().measures));
  }
  EXPECT_EQ(found, 1);
}

TEST(assemble, bounds_are_the_ends_of_their_bins) {
  Output low;
  Output high;
  low.kind = OutputKind::bound_low;
  high.kind = OutputKind::bound_high;
  low.high = high.high = 50'000;
  const auto ends = [](const Output& output, std::uint32_t bin) {
    const Between out = bound_between(output, {.low = bin, .high = bin});
    return std::pair{static_cast<std::int64_t>(out.low), static_cast<std::int64_t>(out.high)};
  };
  using Ends = std::pair<std::int64_t, std::int64_t>;
  EXPECT_EQ(ends(low, 0), (Ends{0, 0}));
  EXPECT_EQ(ends(low, 1), (Ends{1, 1}));
  EXPECT_EQ(ends(high, 4), (Ends{8, 15}));
  EXPECT_EQ(ends(high, 16), (Ends{32'768, 50'000}));
  low.low = high.low = -100;  // of magnitude -7
  EXPECT_EQ(ends(low, 0), (Ends{-100, -64}));
  EXPECT_EQ(ends(low, 6), (Ends{-1, -1}));
  EXPECT_EQ(ends(low, 7), (Ends{0, 0}));
  EXPECT_EQ(ends(high, 8), (Ends{1, 1}));
}

// Every value lies in the bin that the engine counts it in.
TEST(assemble, bounds_have_the_values_of_their_bins) {
  sql::Measure measure;
  measure.kind = sql::MeasureKind::magnitudes;
  measure.row_low = -1000;
  measure.row_high = 700;
  Output output;
  output.kind = OutputKind::bound_low;
  output.low = -1000;
  output.high = 700;
  for (std::int64_t value = -1000; value <= 700; value++) {
    const Between in = bound_between(output, {.low = bin_of(measure, value)});
    EXPECT_LE(in.low, value);
    EXPECT_GE(in.high, value);
  }
  EXPECT_EQ(bin_of(measure, 5000), sql::magnitudes_in(-1000, 700) - 1);
}

TEST(assemble, people) {
  const std::vector<Int128> statistics = {-3};
  EXPECT_EQ(assemble(checked(sql::AggregateKind::persons), {}, statistics)[0],
            Cell(std::int64_t{-3}));
}

TEST(checkDeathTest, a_query_bound_elsewhere_is_a_bug) {
  const policy::Policy policy = example_policy();
  sql::Query query = query_of(policy, sql::AggregateKind::sum);
  query.relations[0].table_name = "elsewhere";
  EXPECT_DEATH(static_cast<void>(check(query, verified(policy), {"agency", 0})), "invariant");
  query = query_of(policy, sql::AggregateKind::sum);
  query.aggregates[0].argument.column = 9;
  EXPECT_DEATH(static_cast<void>(check(query, verified(policy), {"agency", 0})), "invariant");
}

}  // namespace
}  // namespace gbx::firewall
