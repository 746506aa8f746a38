#include "tests/stat/chain.h"

#include "engine/duckdb/duckdb_engine.h"
#include "engine/duckdb/parse.h"
#include "engine/merge/merge.h"
#include "tests/stat/seams.h"
#include "trusted/crypto/hash.h"
#include "trusted/policy/policy_fixture.h"
#include "trusted/privacy/release.h"
#include "trusted/room/engine.h"
#include "trusted/room/response.h"

namespace gbx::stat {
namespace {

constexpr std::uint64_t kDelta = std::uint64_t{1} << 52;  // 1/256

policy::VerifiedPolicy policy_for(const Terms& terms) {
  using Function = policy::AggregateFunction;
  policy::Policy policy = policy::example_policy();
  policy.privacy = {
      .people_min = kPeopleMin,
      .accounting = terms.gaussian ? privacy::Accounting::zcdp : privacy::Accounting::pure,
      .laplace = !terms.gaussian,
      .gaussian = terms.gaussian,
      .geometric = terms.geometric,
      .open_rows = terms.open_rows,
      .outer_joins = terms.outer_joins,
      .epsilon = 100'000'000,
      .delta = 2 * kDelta - 1,  // half of it is for selections
      .epsilon_per_query = terms.epsilon,
      .delta_per_query = kDelta,
      .groups_per_person = terms.groups_per_person,
      .rows_per_group = 2};
  for (policy::Table& table : policy.tables) {
    for (auto& constraint : table.rule.output_constraints) constraint.minimum = kPeopleMin;
    table.rule.join_required = false;
    if (table.name == "purchases") {
      table.rule.aggregate_columns = {{{"hashed_email"}, Function::count_distinct},
                                      {{"total_spent"}, Function::count_distinct},
                                      {{"total_spent"}, Function::sum},
                                      {{"total_spent"}, Function::avg},
                                      {{"total_spent"}, Function::variance},
                                      {{"total_spent"}, Function::quantile}};
    }
    for (policy::Column& column : table.columns) {
      if (column.name == "campaign_id") column.domain = terms.campaigns;
      if (column.name == "total_spent") column.high = terms.cents_max;
    }
  }
  return policy::VerifiedPolicy::verify(policy::signed_policy(policy)).value();
}

firewall::CheckedQuery check(std::string_view sql, const policy::VerifiedPolicy& policy) {
  const auto database = engine::Database::open({}).value();
  const std::string ast = engine::parse_sql(*database, sql).value();
  return firewall::admit(ast, sql, policy, {.member = "newsnow", .epsilon = 0}).value();
}

// Spread as tokens are; groups are kept by their first bytes.
Token token_of(std::uint64_t person) {
  Writer number;
  number.u64(person);
  const Hash hash = crypto::sha256(number.bytes());
  Token token{};
  std::copy_n(hash.begin(), token.size(), token.begin());
  return token;
}

engine::MemoryTable exposures_of(const Data& data) {
  std::vector<engine::MemoryRow> rows;
  for (const Exposure& row : data.exposures) {
    rows.push_back(
        {token_of(row.person), {row.campaign, std::int64_t{19500}, std::string("phone")}});
  }
  return {{{"campaign_id", {Type::text, 0}},
           {"exposure_date", {Type::date, 0}},
           {"device", {Type::text, 0}, true}},
          std::move(rows),
          1024};
}

engine::MemoryTable purchases_of(const Data& data) {
  std::vector<engine::MemoryRow> rows;
  for (const Purchase& row : data.purchases) {
    rows.push_back({token_of(row.person), {std::int64_t{19600}, row.cents}});
  }
  return {{{"purchase_date", {Type::date, 0}}, {"total_spent", {Type::decimal, 2}}},
          std::move(rows),
          1024};
}

class FaultyEngine final : public room::Engine {
 public:
  explicit FaultyEngine(const Terms& terms) : terms_(terms) {}

 private:
  Result<std::vector<sql::GroupRow>> compute(
      const sql::Task& task, std::span<const room::Dataset> datasets) noexcept override {
    sql::Task done = task;
    if (terms_.fault == Fault::groups_unbounded) done.groups_per_person = 1'000'000;
    for (sql::Measure& measure : done.measures) {
      if (terms_.fault != Fault::partials_unclamped) break;
      measure.low = -(std::int64_t{1} << 40);
      measure.high = std::int64_t{1} << 40;
    }
    std::vector<const snapshot::Table*> tables;
    for (const room::Dataset& dataset : datasets) tables.push_back(dataset.table);
    auto groups = terms_.answerer == Answerer::merge ? engine::run_merge(done, tables, {})
                                                     : engine::run_duckdb(done, tables, {});
    if (!groups) return groups;
    for (sql::GroupRow& group : *groups) misreport(group);
    return groups;
  }

  // Release compares n - (k - 1) + X with T; more persons than there are undo a part of that.
  void misreport(sql::GroupRow& group) const {
    const bool without_k = terms_.fault == Fault::selection_without_k;
    if (without_k && group.persons >= kPeopleMin) group.persons += kPeopleMin - 1;
    if (terms_.fault == Fault::selection_skipped) group.persons += 1000;
  }

  Terms terms_;
};

privacy::Plan plan_for(const firewall::CheckedQuery& query, Fault fault) {
  privacy::Plan plan = query.plan();
  if (fault == Fault::moves_not_doubled) plan.replaces = false;
  for (privacy::Statistic& statistic : plan.statistics) {
    const bool gaussian = statistic.noise == privacy::NoiseKind::gaussian;
    if (fault == Fault::noise_halved) statistic.share *= gaussian ? 4 : 2;
  }
  return plan;
}

privacy::Reservation reserve(const std::vector<std::string>& tables, const privacy::Plan& plan) {
  const privacy::Price price = plan.price();
  const privacy::Price budgeted = privacy::add(price, {0, 1});  // no budget is without delta
  std::vector<privacy::TableCeiling> ceilings;
  for (const std::string& table : tables) ceilings.push_back({table, budgeted});
  auto budget = privacy::Budget::make(plan.accounting, ceilings).value();
  for (const std::string& table : tables) GBX_CHECK(budget.allot(table, budgeted));
  KeepingStore store;
  return budget.reserve({tables, price, {}}, store).value();
}

// As the room draws it: uniform in [1, 2^31 - 2].
std::uint32_t multiplier(Entropy& entropy) {
  while (true) {
    std::array<std::uint8_t, 4> bytes{};
    GBX_CHECK(entropy.fill(bytes));
    const std::uint32_t value = Reader(bytes).u32() & 0x7fffffffU;
    if (value >= 1 && value <= 0x7ffffffeU) return value;
  }
}

}  // namespace

Chain::Chain(std::string_view sql, const Data& data, const Terms& terms)
    : terms_(terms),
      policy_(policy_for(terms)),
      query_(check(sql, policy_)),
      exposures_(exposures_of(data)),
      purchases_(purchases_of(data)) {}

std::vector<sql::GroupRow> Chain::exact(const sql::Task& task, const Data& data) {
  const engine::MemoryTable exposures = exposures_of(data);
  const engine::MemoryTable purchases = purchases_of(data);
  std::vector<const snapshot::Table*> tables;
  for (const std::string& table : task.tables) {
    tables.push_back(table == "exposures" ? &exposures : &purchases);
  }
  return engine::run_merge(task, tables, {}).value();
}

packet::AnswerTable Chain::release(Entropy& entropy) const {
  std::vector<room::Dataset> datasets;
  for (const std::string& table : query_.task().tables) {
    room::Dataset& dataset = datasets.emplace_back();
    dataset.table = table == "exposures" ? &exposures_ : &purchases_;
    dataset.persons = 1'000'000;  // planted faults report more than there are
  }
  const privacy::Plan plan = plan_for(query_, terms_.fault);
  auto reservation = reserve(query_.task().tables, plan);
  sql::SamplingKey sampling;
  sampling.a = multiplier(entropy);
  sampling.b = multiplier(entropy);
  sampling.d = multiplier(entropy);
  FaultyEngine engine(terms_);
  auto exact = engine.run(query_, sampling, datasets).value();
  const auto released =
      privacy::Releaser::release(std::move(exact), plan, std::move(reservation), entropy).value();
  return room::ReleasedTable::make(query_, policy_.policy(), released)->table();
}

}  // namespace gbx::stat
