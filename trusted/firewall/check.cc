#include "trusted/firewall/check.h"

#include <algorithm>
#include <limits>

#include "trusted/firewall/constraints.h"
#include "trusted/firewall/rule.h"
#include "trusted/firewall/threshold_only.h"
#include "trusted/firewall/weights.h"
#include "trusted/sql/bind.h"
#include "trusted/sql/build.h"
#include "trusted/sql/print.h"
#include "trusted/sql/row_filter.h"
#include "trusted/sql/task_codec.h"

namespace gbx::firewall {
namespace {

using sql::AggregateCall;
using sql::AggregateKind;
using sql::Measure;
using sql::MeasureKind;

// What one person can change in one group stays below it; as the policy demands of its columns.
constexpr Int128 kContributionMax = policy::kContributionMax;
// Of public lists, more than these are selected like groups that rows decide.
constexpr std::size_t kPublicGroupsMax = 10'000;

bool same(const Measure& a, const Measure& b) {
  return a.kind == b.kind && sql::same(a.argument, b.argument) && a.row_low == b.row_low &&
         a.row_high == b.row_high && a.low == b.low && a.high == b.high && a.bins == b.bins;
}

// What is measured of an argument, and the bounds of one row's value.
struct Bounded {
  const sql::Expression& value;
  std::int64_t low;
  std::int64_t high;
};

// A measure clamps: CLAMP need not.
Bounded bounded(const sql::Expression& argument) {
  const bool clamps = argument.op == sql::Op::clamp;
  return {clamps ? argument.children[0] : argument, argument.low, argument.high};
}

// Turns aggregates into measures, each distinct one once.
class Measures {
 public:
  Measures(const RuleCheck& rules, std::int64_t rows) : rules_(&rules), rows_(rows) {}

  Result<Output> output(const AggregateCall& call) {
    switch (call.kind) {
      case AggregateKind::persons: return persons(call);
      case AggregateKind::rows: return count(MeasureKind::rows, {});
      case AggregateKind::values: return values(call);
      case AggregateKind::distinct: return distinct(call);
      case AggregateKind::bounded: return people_bounded();
      case AggregateKind::sum: return sum(call);
      case AggregateKind::average: return average(call);
      case AggregateKind::quantile: return quantile(call);
      case AggregateKind::bound_low: return bound(call, OutputKind::bound_low);
      case AggregateKind::bound_high: return bound(call, OutputKind::bound_high);
      case AggregateKind::variance_population: return moment(call, false, false);
      case AggregateKind::variance_sample: return moment(call, true, false);
      case AggregateKind::deviation_population: return moment(call, false, true);
      case AggregateKind::deviation_sample: return moment(call, true, true);
    }
    GBX_CHECK(false);
  }

  std::vector<Measure> take() {
    for (Measure& measure : measures_) {
      if (measure.kind == MeasureKind::bounded) measure.watched = watched_;
    }
    return std::move(measures_);
  }

  // For each measure that is a histogram its fractions; else none. In the order of measures; sets
  // the place of each quantile among the plan's.
  std::vector<std::vector<std::uint32_t>> take_fractions(std::vector<Output>& outputs) {
    std::vector<std::uint32_t> before(measures_.size() + 1, 0);
    std::uint32_t sum = 0;
    fractions_.resize(measures_.size());
    for (std::size_t i = 0; i < measures_.size(); i++) {
      before[i] = sum;
      sum += static_cast<std::uint32_t>(fractions_[i].size());
    }
    for (Output& output : outputs) {
      const bool of_bins = output.kind == OutputKind::quantile ||
                           output.kind == OutputKind::bound_low ||
                           output.kind == OutputKind::bound_high;
      if (of_bins) output.index += before[output.count - 1];
    }
    return std::move(fractions_);
  }

 private:
  static Output all_persons() {
    Output out;
    out.kind = OutputKind::persons;
    return out;
  }

  // With a FILTER: 1 for each person who has a row where it holds.
  Output persons(const AggregateCall& call) {
    if (call.argument.op == sql::Op::null) return all_persons();
    Measure measure;
    measure.kind = MeasureKind::values;
    measure.argument = call.argument;
    measure.high = 1;
    Output out;
    out.kind = OutputKind::count;
    out.index = statistic(std::move(measure));
    return out;
  }

  // Watches what is asked of rows and values as such: not whether somebody has one.
  Output people_bounded() {
    Measure measure;
    measure.kind = MeasureKind::bounded;
    measure.high = 1;
    Output out;
    out.kind = OutputKind::count;
    out.index = statistic(std::move(measure));
    return out;
  }

  // The same, of which COUNT_BOUNDED() tells when something is cut off.
  std::uint32_t watched(Measure measure) {
    const std::uint32_t out = statistic(std::move(measure));
    const auto place = std::lower_bound(watched_.begin(), watched_.end(), out - 1);
    if (place == watched_.end() || *place != out - 1) watched_.insert(place, out - 1);
    return out;
  }

  // The statistic of a measure; 0 is persons.
  std::uint32_t statistic(Measure measure) {
    std::size_t i = 0;
    while (i < measures_.size() && !same(measures_[i], measure)) i++;
    if (i == measures_.size()) measures_.push_back(std::move(measure));
    return static_cast<std::uint32_t>(i + 1);
  }

  Output count(MeasureKind kind, const sql::Expression& argument) {
    // One row per person and group at most: rows are persons.
    if (kind == MeasureKind::rows && rows_ == 1) return all_persons();
    Measure measure;
    measure.kind = kind;
    measure.argument = argument;
    measure.high = rows_;
    Output out;
    out.kind = OutputKind::count;
    out.index = watched(std::move(measure));
    return out;
  }

  // COUNT of a column that is never NULL is COUNT(*).
  Output values(const AggregateCall& call) {
    const sql::Expression& value = bounded(call.argument).value;  // NULL where the clamped is
    bool nullable = true;
    const bool present = rules_->passed(value, nullable) != nullptr && !nullable;
    return present ? count(MeasureKind::rows, {}) : count(MeasureKind::values, value);
  }

  // How many values there can be at all, cut at `rows_`.
  [[nodiscard]] std::int64_t values_of(const sql::Expression& argument) const {
    Int128 values = rows_;
    bool nullable = false;
    if (argument.type.type == Type::boolean) {
      values = 2;
    } else if (argument.type.type != Type::text) {
      values = Int128{argument.high} - argument.low + 1;
    } else if (const policy::Column* column = rules_->passed(argument, nullable);
               column != nullptr && !column->domain.empty()) {
      values = static_cast<Int128>(column->domain.size());
    }
    return static_cast<std::int64_t>(std::min(values, Int128{rows_}));
  }

  Output distinct(const AggregateCall& call) {
    Measure measure;
    measure.kind = MeasureKind::distinct;
    measure.argument = call.argument;
    measure.high = values_of(call.argument);
    Output out;
    out.kind = OutputKind::count;
    out.index = watched(std::move(measure));
    return out;
  }

  Result<Output> quantile(const AggregateCall& call) {
    GBX_TRY_ASSIGN(Measure measure, of_values(call, MeasureKind::histogram));
    measure.high = rows_;
    measure.bins = sql::bins_for(measure.row_low, measure.row_high);
    Output out = of_bins(OutputKind::quantile, std::move(measure));
    std::vector<std::uint32_t>& fractions = fractions_[out.count - 1];
    if (fractions.size() == privacy::kFractionsMax) return too_wide(call);
    out.index = static_cast<std::uint32_t>(fractions.size());
    fractions.push_back(static_cast<std::uint32_t>(call.fraction));
    return out;
  }

  // One value of a person: whoever has many counts no more than others.
  Result<Output> bound(const AggregateCall& call, OutputKind kind) {
    GBX_TRY_ASSIGN(Measure measure, of_values(call, MeasureKind::magnitudes));
    measure.high = 1;
    measure.bins = sql::magnitudes_in(measure.row_low, measure.row_high);
    Output out = of_bins(kind, std::move(measure));
    fractions_[out.count - 1] = {0};
    return out;
  }

  Output of_bins(OutputKind kind, Measure measure) {
    Output out;
    out.kind = kind;
    out.bins = measure.bins;
    out.low = measure.row_low;
    out.high = measure.row_high;
    out.count =
        kind == OutputKind::quantile ? watched(std::move(measure)) : statistic(std::move(measure));
    fractions_.resize(measures_.size());
    return out;
  }

  // A measure of single values, which are within what an answer can say.
  static Result<Measure> of_values(const AggregateCall& call, MeasureKind kind) {
    const auto [value, low, high] = bounded(call.argument);
    if (std::max(-Int128{low}, Int128{high}) > kContributionMax) return too_wide(call);
    Measure measure;
    measure.kind = kind;
    measure.argument = value;
    measure.row_low = low;
    measure.row_high = high;
    return measure;
  }

  Result<Output> sum(const AggregateCall& call) {
    const sql::Expression& argument = call.argument;
    const Int128 low = std::min(Int128{0}, Int128{argument.low} * rows_);
    const Int128 high = std::max(Int128{0}, Int128{argument.high} * rows_);
    if (-low > kContributionMax || high > kContributionMax) return too_wide(call);
    Measure measure;
    measure.kind = MeasureKind::sum;
    measure.argument = bounded(argument).value;
    measure.row_low = argument.low;
    measure.row_high = argument.high;
    measure.low = static_cast<std::int64_t>(low);
    measure.high = static_cast<std::int64_t>(high);
    Output out;
    out.kind = OutputKind::sum;
    out.index = watched(std::move(measure));
    out.low = argument.low;
    out.high = argument.high;
    return out;
  }

  Result<Output> average(const AggregateCall& call) {
    const sql::Expression& argument = call.argument;
    const Int128 width = Int128{argument.high} - argument.low;
    const Int128 reach = std::max(-Int128{argument.low}, Int128{argument.high});
    if (width * rows_ > kContributionMax || reach > kContributionMax) return too_wide(call);
    Measure measure;
    measure.kind = MeasureKind::centred;
    measure.argument = bounded(argument).value;
    measure.row_low = argument.low;
    measure.row_high = argument.high;
    measure.high = static_cast<std::int64_t>(width * rows_);
    measure.low = -measure.high;
    Output out;
    out.kind = OutputKind::average;
    out.count = values(call).index;
    out.index = watched(std::move(measure));
    out.low = argument.low;
    out.high = argument.high;
    out.more_digits =
        static_cast<std::uint8_t>(sql::average_type(argument).scale - argument.type.scale);
    return out;
  }

  Result<Output> moment(const AggregateCall& call, bool sample, bool root) {
    const sql::Expression& argument = call.argument;
    const Int128 width = Int128{argument.high} - argument.low;
    static_assert(kContributionMax <= kSquareMax);
    if (width > kContributionMax || width * width * rows_ > kContributionMax) return too_wide(call);
    GBX_TRY_ASSIGN(Output out, average(call));
    Measure measure;
    measure.kind = MeasureKind::sum;
    GBX_TRY_ASSIGN(measure.argument, sql::make_centred_square(argument));
    measure.row_low = measure.argument.low;
    measure.row_high = measure.argument.high;
    measure.low = measure.row_low * rows_;
    measure.high = measure.row_high * rows_;
    out.kind = OutputKind::moment;
    out.squares = watched(std::move(measure));
    out.sample = sample;
    out.root = root;
    out.scale = argument.type.scale;
    return out;
  }

  static Error too_wide(const AggregateCall& call) {
    return {ErrorCode::invalid_argument, "aggregate_too_wide", call.where};
  }

  const RuleCheck* rules_;
  std::int64_t rows_;
  std::vector<Measure> measures_;
  std::vector<std::uint32_t> watched_;
  std::vector<std::vector<std::uint32_t>> fractions_;  // by measure; of a histogram only
};

// The values that a group expression can have by the policy alone, ascending; nullopt when rows
// decide.
std::optional<std::vector<Cell>> public_values(const sql::Expression& group,
                                               const RuleCheck& rules) {
  bool nullable = false;
  const policy::Column* column = rules.passed(group, nullable);
  if (column == nullptr || column->domain.empty()) return std::nullopt;
  std::vector<Cell> out;
  if (nullable) out.emplace_back();
  for (const std::string& value : column->domain) out.emplace_back(value);
  std::sort(out.begin(), out.end());
  return out;
}

// Every key of a query whose groups all come from public lists; nullopt when they do not, or when
// the keys are too many to have a row each.
std::optional<std::vector<std::vector<Cell>>> public_groups(const sql::Task& task,
                                                            const RuleCheck& rules) {
  if (task.groups.empty()) return std::nullopt;
  std::vector<std::vector<Cell>> keys = {{}};
  for (const sql::Expression& group : task.groups) {
    const auto values = public_values(group, rules);
    if (!values || values->size() * keys.size() > kPublicGroupsMax) return std::nullopt;
    std::vector<std::vector<Cell>> longer;
    longer.reserve(values->size() * keys.size());
    for (const std::vector<Cell>& key : keys) {
      for (const Cell& value : *values) {
        longer.push_back(key);
        longer.back().push_back(value);
      }
    }
    keys = std::move(longer);
  }
  return keys;
}

// By relation, from a policy that has been checked: they bind.
std::vector<std::optional<sql::Expression>> row_filters(const sql::Query& query,
                                                        const policy::Policy& policy) {
  std::vector<std::optional<sql::Expression>> out;
  for (const sql::Relation& relation : query.relations) {
    const policy::Table* table = policy.find_table(relation.table_name);
    GBX_CHECK(table != nullptr);
    out.emplace_back();
    if (!table->row_filter) continue;
    auto bound = sql::bind_row_filter(*table->row_filter, policy::catalog_of(*table));
    GBX_CHECK(bound.has_value());
    out.back() = std::move(*bound);
  }
  return out;
}

// What a plan takes besides the task.
struct Terms {
  const RuleCheck& rules;
  const std::vector<std::vector<std::uint32_t>>& fractions;  // by measure
};

// What one person changes in one group at most, as plans count it: L0 groups, or 2 L0 when a person
// may move. Who moves may also stay in a group with another partial: up to high - low in L0 groups.
// That is at most 2 s in each, which L1 over 2 L0 groups covers; for L2 it needs
//   2 L0 s^2 >= L0 (high - low)^2,
// which holds when s >= (high - low) / sqrt(2). 5/7 is more than 1 / sqrt(2).
std::int64_t change_of(const Measure& measure, bool moves) {
  const std::int64_t size = std::max({std::int64_t{1}, -measure.low, measure.high});
  if (!moves || sql::keeps_values(measure.kind)) return size;
  const Int128 width = Int128{measure.high} - measure.low;
  return std::max(size, static_cast<std::int64_t>((width * 5 + 6) / 7));
}

Result<privacy::Plan> plan_of(const CheckedQuery& query, const policy::Policy& law,
                              const Terms& terms, const Request& request) {
  const sql::Task& task = query.task();
  const policy::Privacy& privacy = law.privacy;
  if (policy::threshold_only(privacy) && request.epsilon != 0) {
    return Error{ErrorCode::policy_denied, "threshold_only_epsilon"};
  }
  if (request.epsilon > privacy.epsilon_per_query) {
    return Error{ErrorCode::policy_denied, "epsilon_too_large"};
  }
  privacy::PlanRequest plan;
  plan.accounting = privacy.accounting;
  plan.laplace = privacy.laplace;
  plan.gaussian = privacy.gaussian;
  plan.geometric = privacy.geometric;
  plan.open_rows = privacy.open_rows;
  plan.grouped = !task.lists && !task.groups.empty();
  if (!task.lists) plan.public_groups = public_groups(task, terms.rules);
  if (task.lists) plan.open_rows = privacy::OpenRows::select;  // and persons are asked for
  plan.replaces = terms.rules.stability().moves;
  plan.persons_asked =
      task.lists ||
      std::any_of(query.outputs().begin(), query.outputs().end(), [](const Output& output) {
        const bool divides =
            output.kind == OutputKind::average || output.kind == OutputKind::moment;
        return output.kind == OutputKind::persons || (divides && output.count == 0);
      });
  plan.groups_per_person = task.groups_per_person;
  plan.people_min = terms.rules.people_min();
  const std::vector<std::uint32_t> weights =
      weights_of(query.outputs(), task.measures.size(), privacy.accounting);
  for (std::size_t i = 0; i < task.measures.size(); i++) {
    const Measure& measure = task.measures[i];
    plan.measures.push_back({.per_group = change_of(measure, plan.replaces),
                             .weight = weights[i],
                             .bins = measure.bins,
                             .fractions = terms.fractions[i],
                             .bounds = measure.kind == MeasureKind::magnitudes});
  }
  plan.price =
      policy::price_of(privacy, request.epsilon == 0 ? privacy.epsilon_per_query : request.epsilon);
  return privacy::make_plan(plan);
}

// Fail closed: whoever owns a table that a template reads has approved the template.
Status check_approvals(const sql::Query& query, const policy::TemplateUse& use) {
  for (const sql::Relation& relation : query.relations) {
    if (use.is_approved_by(relation.owner)) continue;
    return Error{ErrorCode::policy_denied, "template_not_approved", relation.where};
  }
  return {};
}

}  // namespace

Result<CheckedQuery> check(const sql::Query& asked, const policy::VerifiedPolicy& policy,
                           const Request& request) {
  const policy::Policy& law = policy.policy();
  const policy::Member* member = law.find_member(request.member);
  if (member == nullptr) return Error{ErrorCode::not_found, "member_unknown"};
  if (!member->abilities.query) return Error{ErrorCode::policy_denied, "member_may_not_query"};
  if (request.use != nullptr) GBX_TRY(check_approvals(asked, *request.use));
  GBX_TRY(RuleCheck(asked, law).allow(request));
  if (policy::threshold_only(law.privacy)) {
    GBX_TRY(check_threshold_only(asked, RuleCheck(asked, law)));
  }

  const sql::Catalog catalog = catalog_of(law);
  GBX_TRY_ASSIGN(const sql::Query held, with_minima(asked, law));
  GBX_TRY_ASSIGN(const sql::Query filtered, sql::with_row_filters(held, row_filters(held, law)));
  const sql::Query query = sql::normal_form(filtered, catalog);
  const RuleCheck rules(query, law);
  CheckedQuery out;
  for (const sql::Relation& relation : query.relations) {
    out.task_.tables.push_back(relation.table_name);
  }
  out.task_.steps = query.steps;
  out.stability_ = rules.stability();
  out.task_.has_filter = query.has_filter;
  out.task_.filter = query.filter;
  out.task_.groups = query.groups;
  out.task_.lists = query.lists;
  const auto all = static_cast<std::uint32_t>(rules.rows_of_person(kJoinedRowsMax));
  const std::uint32_t few = query.groups.empty() ? 1 : law.privacy.groups_per_person;
  out.task_.groups_per_person = query.lists ? all : few;
  // A limit that data could reach would be an exact test of whether one more person is there: with
  // a group for each person, an analyst can stand right below it. Memory ends a query long before.
  out.task_.groups_max = std::numeric_limits<std::uint32_t>::max();
  for (std::size_t i = 0; i < query.groups.size(); i++) {
    out.outputs_.push_back({.index = static_cast<std::uint32_t>(i)});
  }
  Measures measures(rules, rules.rows_of_person(law.privacy.rows_per_group));
  for (const AggregateCall& call : query.aggregates) {
    GBX_TRY_ASSIGN(const Output output, measures.output(call));
    out.outputs_.push_back(output);
    out.aggregates_.push_back(sql::print(call, query, catalog));
  }
  const auto fractions = measures.take_fractions(out.outputs_);
  out.outputs_.resize(query.output_types.size(), {OutputKind::window});
  for (std::size_t i = 0; i < out.outputs_.size(); i++) {
    out.outputs_[i].type = query.output_types[i];
  }
  out.task_.measures = measures.take();
  GBX_TRY(sql::check_size(out.task_));
  GBX_TRY_ASSIGN(out.plan_, plan_of(out, law, {rules, fractions}, request));
  out.items_ = query.items;
  out.post_ = query.post;
  out.canonical_ = sql::print(query, catalog);
  out.question_ = sql::question_of(query, catalog);
  const policy::Differencing& narrow = law.privacy.differencing;
  out.compared_ =
      sql::compared_of(query, catalog, {.values = narrow.values, .percent = narrow.percent});
  if (request.use != nullptr) out.call_ = request.use->call();
  return out;
}

}  // namespace gbx::firewall
