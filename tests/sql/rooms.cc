#include "tests/sql/rooms.h"

#include <array>

#include "trusted/policy/policy_fixture.h"

namespace gbx::testing {
namespace {

using policy::AggregateFunction;
using policy::Column;
using policy::Policy;
using policy::Table;

constexpr ValueType kText{Type::text, 0};
constexpr ValueType kInteger{Type::integer, 0};
constexpr ValueType kMoney{Type::decimal, 2};
constexpr ValueType kDate{Type::date, 0};
constexpr ValueType kTimestamp{Type::timestamp, 0};
constexpr ValueType kBoolean{Type::boolean, 0};

Column plain(std::string name, ValueType type, bool nullable = false) {
  Column column;
  column.name = std::move(name);
  column.type = type;
  column.nullable = nullable;
  return column;
}

Column between(Column column, std::int64_t low, std::int64_t high) {
  column.bounded = true;
  column.low = low;
  column.high = high;
  return column;
}

Column dates(std::string name) {
  return between(plain(std::move(name), kDate), *parse_date("2024-01-01"),
                 *parse_date("2026-12-31"));
}

Column person(std::string name) {
  Column column = plain(std::move(name), kText);
  column.label = Label::person;
  return column;
}

Table keyed(std::string name, std::string owner, std::string key) {
  Table table;
  table.name = std::move(name);
  table.owner = std::move(owner);
  table.person = key;
  table.identifier = "email";
  table.columns = {person(key)};
  table.rule.join_columns = {key};
  table.rule.aggregate_columns = {{{key}, AggregateFunction::count_distinct}};
  return table;
}

const std::vector<std::string> kFunctions = {
    "ABS",     "CASE",  "CAST",      "CEILING", "CLAMP",  "COALESCE", "DATEDIFF", "DATE_TRUNC",
    "EXTRACT", "FLOOR", "GREATEST",  "LEAST",   "LENGTH", "LOWER",    "LTRIM",    "ROUND",
    "RTRIM",   "SIGN",  "SUBSTRING", "TRIM",    "TRUNC",  "UPPER"};

Table exposures() {
  Table table = keyed("exposures", "newsnow", "hashed_email");
  table.columns.push_back(plain("campaign_id", kText));
  table.columns.push_back(dates("exposure_date"));
  table.columns.push_back(plain("device", kText, true));
  table.columns.push_back(between(plain("seconds", kInteger, true), 0, 3600));
  table.columns.push_back(plain("creative", kText));
  table.rule.join_required = true;
  table.rule.dimension_columns = {"campaign_id", "device", "exposure_date"};
  table.rule.aggregate_columns.push_back({{"seconds"}, AggregateFunction::count});
  table.rule.aggregate_columns.push_back({{"seconds"}, AggregateFunction::sum});
  table.rule.scalar_functions = kFunctions;
  table.rule.output_constraints = {{"hashed_email", 60}};
  table.rule.derived_hours = 48;
  return table;
}

Table purchases() {
  Table table = keyed("purchases", "shopgood", "hashed_email");
  table.columns.push_back(dates("purchase_date"));
  Column spent = between(plain("total_spent", kMoney), 0, 1'000'000);
  spent.label = Label::sensitive;
  table.columns.push_back(spent);
  table.columns.push_back(between(plain("balance", kMoney), -50'000, 200'000));
  table.columns.push_back(plain("store", kText));
  table.columns.push_back(between(plain("items", kInteger, true), 1, 100));
  table.columns.push_back(plain("score", kInteger));
  table.columns.push_back(plain("purchased_at", kTimestamp));
  table.columns.push_back(plain("loyal", kBoolean));
  Column income = between(plain("income", kInteger), 0, 1'000'000);
  income.label = Label::sensitive;
  table.columns.push_back(income);
  table.columns.push_back(
      between(plain("points", kInteger), -500'000'000'000'000, 500'000'000'000'000));
  table.columns.push_back(plain("product", kText, true));
  Column coupon = plain("coupon", kText);
  coupon.domain = {"none", "ten", "twenty"};
  table.columns.push_back(coupon);
  table.columns.push_back(plain("gift", kBoolean));
  table.rule.dimension_columns = {"loyal", "purchase_date", "purchased_at", "score", "store"};
  table.rule.aggregate_columns.push_back(
      {{"balance", "items", "points", "total_spent"}, AggregateFunction::sum});
  table.rule.aggregate_columns.push_back(
      {{"balance", "items", "total_spent"}, AggregateFunction::avg});
  table.rule.aggregate_columns.push_back(
      {{"balance", "items", "total_spent"}, AggregateFunction::variance});
  table.rule.aggregate_columns.push_back({{"items"}, AggregateFunction::quantile});
  table.rule.aggregate_columns.push_back({{"items", "total_spent"}, AggregateFunction::count});
  table.rule.aggregate_columns.push_back(
      {{"coupon", "gift", "items", "product"}, AggregateFunction::count_distinct});
  table.rule.scalar_functions = kFunctions;
  table.rule.derived_hours = 24;
  return table;
}

Policy base() {
  Policy policy;
  policy.id = "00112233445566778899aabbccddeeff";
  policy.name = "Test";
  policy.expires = 2'000'000'000;
  // L0 = 4, c = 5, k = 50; 0.3 of 3 for a query
  policy.privacy = {.people_min = 50,
                    .epsilon = 3'000'000,
                    .delta = std::uint64_t{1} << 40,
                    .epsilon_per_query = 300'000,
                    .delta_per_query = std::uint64_t{1} << 36,
                    .groups_per_person = 4,
                    .rows_per_group = 5};
  policy.trust.min_assurance = attest::Assurance::insecure_sim;
  policy.trust.collateral_age_max_s = 1;
  policy.trust.crl_age_max_s = 1;
  policy.trust.sim = attest::SimTrust{{Hash{7}}};
  policy.limits.rows = 100'000'000;
  return policy;
}

Policy two_parties() {
  Policy policy = base();
  policy.members = {policy::test_member("agency", 3, {false, true, true, false}),
                    policy::test_member("auditor", 4, {false, false, false, true}),
                    policy::test_member("newsnow", 2, {true, true, true, false}),
                    policy::test_member("shopgood", 1, {true, true, true, false})};
  policy.tables = {exposures(), purchases()};
  return policy;
}

// One row counts for each person in each group, and no function is allowed.
Policy strict() {
  Policy policy = two_parties();
  policy.privacy.rows_per_group = 1;
  for (Table& table : policy.tables) table.rule.scalar_functions.clear();
  return policy;
}

// The same as two_parties, where persons may move between groups, and exposures wants no join.
Policy moving() {
  Policy policy = two_parties();
  policy.privacy.outer_joins = true;
  policy.tables[0].rule.join_required = false;
  return policy;
}

// The same, where a person may have so many groups and rows that bounds do not bite in small data.
Policy exact() {
  Policy policy = moving();
  policy.privacy.groups_per_person = 1000;
  policy.privacy.rows_per_group = 1000;
  for (Column& column : policy.tables[1].columns) {
    if (column.name == "points") column = between(std::move(column), -1000, 1000);
  }
  return policy;
}

// No noise: exact numbers of k people or more.
Policy threshold() {
  Policy policy = two_parties();
  policy::make_threshold_only(policy.privacy, 1000);
  return policy;
}

// The same, where rows also need so many different values.
Policy minima() {
  Policy policy = threshold();
  for (Table& table : policy.tables) {
    if (table.name == "purchases") table.rule.output_constraints = {{"store", 3}, {"product", 10}};
    if (table.name == "exposures") table.rule.output_constraints.push_back({"creative", 2});
  }
  return policy;
}

Policy snowy_brand() {
  Policy policy = base();
  policy.members = {policy::test_member("brand", 1, {true, true, true, false}),
                    policy::test_member("snowy", 2, {true, true, true, false})};
  Table brand = keyed("brand.customers", "brand", "email_hash");
  brand.columns.push_back(dates("last_purchase"));
  brand.rule.dimension_columns = {"last_purchase"};
  Table snowy = keyed("snowy.customers", "snowy", "email_hash");
  snowy.columns.push_back(plain("region", kText));
  snowy.rule.dimension_columns = {"region"};
  snowy.rule.join_required = true;
  policy.tables = {brand, snowy};
  return policy;
}

// Three owners; the third names its person column otherwise, and lets nobody count or join the
// last.
Policy three_parties() {
  Policy policy = two_parties();
  policy.members = {policy::test_member("bank", 5, {true, false, false, false}),
                    policy::test_member("newsnow", 2, {true, true, true, false}),
                    policy::test_member("shopgood", 1, {true, true, true, false})};
  Table cards = keyed("cards", "bank", "customer");
  cards.columns.push_back(plain("store", kText));
  cards.rule.dimension_columns = {"store"};
  Table loans = keyed("loans", "bank", "customer");
  loans.columns.push_back(plain("kind", kText));
  loans.rule.dimension_columns = {"kind"};
  loans.rule.join_columns = {};
  loans.rule.aggregate_columns = {};
  Table clicks = keyed("clicks", "bank", "customer");
  clicks.rows_per_person = 1'000'000;
  policy.tables = {cards, clicks, exposures(), loans, purchases()};
  return policy;
}

// The same, where persons may move between groups.
Policy apart() {
  Policy policy = three_parties();
  policy.privacy.outer_joins = true;
  return policy;
}

sql::Node named(std::string column) {
  sql::Node out;
  out.kind = sql::NodeKind::column;
  out.path = {std::move(column)};
  return out;
}

sql::Node number(std::int64_t value, std::uint8_t scale) {
  sql::Node out;
  out.kind = sql::NodeKind::number;
  out.value = value;
  out.scale = scale;
  return out;
}

sql::Node text(std::string value) {
  sql::Node out;
  out.kind = sql::NodeKind::text;
  out.text = std::move(value);
  return out;
}

sql::Node call(std::string function, std::vector<sql::Node> children) {
  sql::Node out;
  out.kind = sql::NodeKind::call;
  out.text = std::move(function);
  out.children = std::move(children);
  return out;
}

// Both tables have row filters: kRowFilters in SQL.
Policy filtered(Policy policy) {
  policy.tables[0].row_filter = call(
      "or", {call("is null", {named("seconds")}), call("<", {named("seconds"), number(9, 0)})});
  policy.tables[1].row_filter = call(
      "and",
      {call(">=", {named("total_spent"), number(2, 2)}),
       call("or", {call("<>", {named("store"), text("x")}), call("is null", {named("items")})})});
  return policy;
}

// What may be compared is controlled, and what stands in ON.
Policy controlled() {
  Policy policy = moving();
  policy.tables[1].rule.comparisons = policy::ComparisonControls{
      .literal_columns = {"loyal", "purchase_date", "store"}, .column_columns = {"items", "store"}};
  policy.tables[0].rule.join_operators = policy::JoinOperators{.logical_and = true};
  return policy;
}

// Custom rules: shopgood and agency ask newsnow's table what they like, shopgood's is for its own
// questions and for a template, and its answers are for itself.
Policy custom() {
  Policy policy = two_parties();
  policy::Rule& exposures = policy.tables[0].rule;
  exposures = {};
  exposures.kind = policy::RuleKind::custom;
  exposures.analyses = {std::string(policy::kAnyQuery)};
  exposures.analysis_providers = {"agency", "shopgood"};
  exposures.disallowed_outputs = {"creative"};
  exposures.output_constraints = {{"hashed_email", 80}};
  exposures.needs_noise = true;
  exposures.derived_hours = 48;
  policy::Rule& purchases = policy.tables[1].rule;
  purchases = {};
  purchases.kind = policy::RuleKind::custom;
  purchases.analyses = {std::string(policy::kAnyQuery), "overlap"};
  purchases.analysis_providers = {"shopgood"};
  purchases.result_receivers = {"shopgood"};
  purchases.derived_hours = 12;
  return policy;
}

// Nobody hears of both tables; exposures may be had through additional analyses only.
Policy closed() {
  Policy policy = moving();
  policy.tables[1].rule.result_receivers = {"shopgood"};
  Table other = policy.tables[1];
  other.name = "returns";
  other.rule.result_receivers = {"newsnow"};
  policy.tables.push_back(other);
  policy.tables[0].rule.additional_analyses = policy::AdditionalAnalyses::required;
  return policy;
}

policy::Rule listing(std::vector<std::string> columns, std::int64_t minimum) {
  policy::Rule rule;
  rule.kind = policy::RuleKind::list;
  rule.join_columns = {"hashed_email"};
  rule.list_columns = std::move(columns);
  rule.list_columns.emplace_back("hashed_email");
  rule.output_constraints = {{"hashed_email", minimum}};
  rule.access_budget = {{privacy::Window::lifetime, privacy::Accounting::queries, 5}};
  return rule;
}

// Lists of persons for newsnow, of its exposures and shopgood's purchases; `visits` of newsnow have
// none, and agency, who may ask for lists, has no table.
Policy lists() {
  Policy policy = two_parties();
  for (policy::Member& member : policy.members) {
    member.abilities.list = member.name == "newsnow" || member.name == "agency";
  }
  Table visits = policy.tables[0];
  visits.name = "visits";
  policy.tables[0].rule = listing({"campaign_id", "device"}, 500);
  policy.tables[1].rule = listing({"purchase_date", "store"}, 1000);
  policy.tables[1].rule.join_operators = policy::JoinOperators{.logical_and = true};
  policy.tables[1].rule.comparisons = policy::ComparisonControls{
      .literal_columns = {"purchase_date", "store"}, .column_columns = {}};
  policy.tables.push_back(visits);
  return policy;
}

Policy without_noise(Policy policy) {
  policy::make_threshold_only(policy.privacy, 1000);
  return policy;
}

// Public rows show their numbers whatever they are, and a coin may select; not so a list.
Policy shown(Policy policy) {
  policy.privacy.open_rows = privacy::OpenRows::show;
  policy.privacy.geometric = true;
  return policy;
}

std::optional<policy::VerifiedPolicy> sign(const Policy& policy) {
  packet::Envelope envelope = packet::make_envelope(policy::kPolicyType, policy::encode(policy));
  for (std::uint8_t who = 1; who <= 5; who++) {
    const auto key = policy::test_signing_key(who);
    for (const policy::Member& member : policy.members) {
      if (member.signing_key == key.public_key()) packet::sign(envelope, key);
    }
  }
  auto verified = policy::VerifiedPolicy::verify(envelope);
  if (!verified) std::fprintf(stderr, "%s\n", std::string(verified.error().reason.view()).c_str());
  GBX_CHECK(verified.has_value());
  return std::move(verified).value();
}

}  // namespace

std::optional<policy::VerifiedPolicy> room_called(std::string_view name) {
  if (name == "two_parties") return sign(two_parties());
  if (name == "strict") return sign(strict());
  if (name == "exact") return sign(exact());
  if (name == "moving") return sign(moving());
  if (name == "filtered") return sign(filtered(moving()));
  if (name == "filtered_exact") return sign(filtered(exact()));
  if (name == "controlled") return sign(controlled());
  if (name == "custom") return sign(custom());
  if (name == "closed") return sign(closed());
  if (name == "lists") return sign(lists());
  if (name == "lists_shown") return sign(shown(lists()));
  if (name == "lists_threshold_only") return sign(without_noise(lists()));
  if (name == "threshold_only") return sign(threshold());
  if (name == "minima") return sign(minima());
  if (name == "snowy_brand") return sign(snowy_brand());
  if (name == "three_parties") return sign(three_parties());
  if (name == "apart") return sign(apart());
  return std::nullopt;
}

}  // namespace gbx::testing
