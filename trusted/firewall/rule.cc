#include "trusted/firewall/rule.h"

#include <algorithm>

#include "trusted/firewall/check.h"
#include "trusted/firewall/comparisons.h"

namespace gbx::firewall {
namespace {

using policy::AggregateFunction;
using sql::Expression;

Error deny(Literal reason, Span where) { return {ErrorCode::policy_denied, reason, where}; }

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_custom(const policy::Rule& rule) { return rule.kind == policy::RuleKind::custom; }
bool is_list(const policy::Rule& rule) { return rule.kind == policy::RuleKind::list; }

// A custom rule lists nothing: every column has every role, but that of an output if it is
// excepted.
bool lists(const policy::Table& table, AggregateFunction function, std::string_view column) {
  const policy::Rule& rule = table.rule;
  if (is_custom(rule)) return !contains(rule.disallowed_outputs, column);
  return std::any_of(rule.aggregate_columns.begin(), rule.aggregate_columns.end(),
                     [&](const policy::AggregateColumns& entry) {
                       return entry.function == function && contains(entry.columns, column);
                     });
}

bool is_dimension(const policy::Table& table, std::string_view column) {
  if (is_custom(table.rule)) return !contains(table.rule.disallowed_outputs, column);
  return contains(table.rule.dimension_columns, column);
}

// Persons are counted by k, whatever a custom rule excepts.
bool counts_persons(const policy::Table& table) {
  return is_custom(table.rule) || lists(table, AggregateFunction::count_distinct, table.person);
}

bool counts(const policy::Table& table) {
  if (counts_persons(table)) return true;
  return std::any_of(table.rule.aggregate_columns.begin(), table.rule.aggregate_columns.end(),
                     [](const policy::AggregateColumns& entry) {
                       return entry.function == AggregateFunction::count;
                     });
}

bool is_listed(const policy::Rule& rule, std::string_view column) {
  if (is_custom(rule) || contains(rule.dimension_columns, column)) return true;
  if (contains(rule.list_columns, column)) return true;
  return std::any_of(
      rule.aggregate_columns.begin(), rule.aggregate_columns.end(),
      [&](const policy::AggregateColumns& entry) { return contains(entry.columns, column); });
}

bool joins_on(const policy::Table& table) {
  return is_custom(table.rule) || contains(table.rule.join_columns, table.person);
}

// Why a column may not play a role in an output.
Literal unlisted(const policy::Table& table, Literal otherwise) {
  return is_custom(table.rule) ? Literal("output_column_disallowed") : otherwise;
}

// The column at `index` of the binder's catalog, which leaves out the person column.
const policy::Column* plain_column(const policy::Table& table, std::uint32_t index) {
  for (const policy::Column& column : table.columns) {
    if (column.name == table.person) continue;
    if (index == 0) return &column;
    index--;
  }
  return nullptr;
}

}  // namespace

RuleCheck::RuleCheck(const sql::Query& query, const policy::Policy& policy)
    : query_(&query), policy_(&policy), lineage_(query) {
  std::vector<std::int64_t> rows;
  for (const sql::Relation& relation : query.relations) {
    tables_.push_back(policy.find_table(relation.table_name));
    GBX_CHECK(tables_.back() != nullptr);
    rows.push_back(tables_.back()->rows_per_person);
  }
  stability_ = stability_of(query, rows, kJoinedRowsMax);
}

const policy::Column& RuleCheck::column(const Origin& origin) const {
  GBX_CHECK(origin.relation < tables_.size());
  const policy::Column* found = plain_column(*tables_[origin.relation], origin.column);
  GBX_CHECK(found != nullptr);
  return *found;
}

const policy::Column* RuleCheck::passed(const Expression& expression, bool& nullable) const {
  const std::optional<Passed> passed = lineage_.passed(expression);
  if (!passed) return nullptr;
  GBX_CHECK(passed->relation < tables_.size());
  const policy::Column* found = plain_column(*tables_[passed->relation], passed->column);
  GBX_CHECK(found != nullptr && found->type == expression.type);
  nullable = found->nullable || passed->nullable;
  return found;
}

Status RuleCheck::allow(const Request& request) const {
  GBX_TRY(analyses(request));
  GBX_TRY(joins(request.member));
  GBX_TRY(join_operators());
  GBX_TRY(moves());
  GBX_TRY(functions());
  if (query_->lists) {
    GBX_TRY(list(request.member));
  } else {
    for (const Expression& group : query_->groups) GBX_TRY(dimensions(group));
    for (const sql::AggregateCall& call : query_->aggregates) GBX_TRY(aggregate(call));
    // A list of groups tells that their people are enough, so it counts them.
    if (query_->aggregates.empty()) GBX_TRY(row_count(query_->items.front().where));
  }
  return conditions();
}

Status RuleCheck::allow_rows(const Request& request) const {
  GBX_TRY(analyses(request));
  GBX_TRY(join_columns());
  GBX_TRY(join_operators());
  GBX_TRY(functions());
  return conditions();
}

Status RuleCheck::conditions() const {
  if (query_->has_filter) GBX_TRY(filter(query_->filter));
  for (const Origin& origin : lineage_.read_by_steps()) GBX_TRY(filter(origin));
  return comparisons();
}

// Each table may leave members out: somebody must hear the answer.
Status RuleCheck::receivers() const {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < tables_.size(); i++) {
    names.push_back(tables_[i]->name);
    if (policy::receivers_of(*policy_, names).empty()) {
      return deny("receiver_not_set", query_->relations[i].where);
    }
  }
  return {};
}

// Who may ask what of a table at all.
Status RuleCheck::analyses(const Request& request) const {
  for (std::size_t i = 0; i < tables_.size(); i++) {
    const policy::Rule& rule = tables_[i]->rule;
    const Span where = query_->relations[i].where;
    if (rule.additional_analyses == policy::AdditionalAnalyses::required) {
      return deny("additional_analysis_required", where);
    }
    GBX_TRY(kind_of_answer(rule, where));
    if (!is_custom(rule)) continue;
    const bool by_name = !request.analysis.empty() && contains(rule.analyses, request.analysis);
    const bool by_text = contains(rule.analyses, policy::kAnyQuery) &&
                         contains(rule.analysis_providers, request.member);
    if (!by_name && !by_text) return deny("analysis_not_allowed", where);
  }
  return receivers();
}

// A table answers lists of persons or numbers of people, never both.
Status RuleCheck::kind_of_answer(const policy::Rule& rule, Span where) const {
  if (query_->lists && !is_list(rule)) return deny("list_not_allowed", where);
  if (!query_->lists && is_list(rule)) return deny("only_lists_allowed", where);
  return {};
}

// Persons are shown to who asks, and it must have them itself: each is in a table of its own, and
// of every table the owner has listed the columns, the person among them.
Status RuleCheck::list(std::string_view member) const {
  const Span where = query_->items.front().where;
  const policy::Member* asker = policy_->find_member(member);
  if (asker == nullptr || !asker->abilities.list) return deny("member_may_not_list", where);
  const bool has_own = std::any_of(tables_.begin(), tables_.end(),
                                   [&](const auto* table) { return table->owner == member; });
  if (!has_own || tables_.size() < 2) return deny("join_required", query_->relations[0].where);
  for (const Expression& shown : query_->groups) {
    for (const Origin& origin : lineage_.origins(shown)) {
      const std::string& name = column(origin).name;
      if (!contains(tables_[origin.relation]->rule.list_columns, name)) {
        return deny("column_not_listed", origin.where);
      }
    }
  }
  return {};
}

// Of several tables, each must allow the operator.
Status RuleCheck::join_operators() const {
  for (const sql::JoinOperator& use : query_->join_operators) {
    for (const policy::Table* table : tables_) {
      const std::optional<policy::JoinOperators>& allowed = table->rule.join_operators;
      if (allowed && !(use.is_or ? allowed->logical_or : allowed->logical_and)) {
        return deny("join_operator_not_allowed", use.where);
      }
    }
  }
  return {};
}

Status RuleCheck::comparisons() const {
  const bool controlled =
      std::any_of(tables_.begin(), tables_.end(),
                  [](const policy::Table* table) { return table->rule.comparisons.has_value(); });
  if (!controlled) return {};
  for (const Comparison& comparison : comparisons_of(*query_, lineage_)) {
    const Origin& origin = comparison.column;
    const auto& controls = tables_[origin.relation]->rule.comparisons;
    if (!controls) continue;
    const std::string& name = column(origin).name;
    if (comparison.with_column && !contains(controls->column_columns, name)) {
      return deny("column_comparison_not_allowed", origin.where);
    }
    if (!comparison.with_column && !contains(controls->literal_columns, name)) {
      return deny("literal_comparison_not_allowed", origin.where);
    }
  }
  return {};
}

// A person who leaves one table only may be in other groups then.
Status RuleCheck::moves() const {
  if (!stability_.moves || policy_->privacy.outer_joins) return {};
  for (std::size_t i = 0; i < tables_.size(); i++) {
    if (!stability_.support[i]) return deny("outer_joins_refused", query_->relations[i].where);
  }
  return {};
}

Status RuleCheck::join_columns() const {
  for (const sql::PersonJoin& join : query_->person_joins) {
    const policy::Table& table = *tables_[join.relation];
    if (!joins_on(table)) {
      return deny("join_column_not_listed", join.where);
    }
  }
  return {};
}

Status RuleCheck::joins(std::string_view member) const {
  GBX_TRY(join_columns());
  // Nobody is in the rows without rows in a table of the member who asks: then every table is
  // joined with it, directly or through others.
  bool has_own = false;
  for (std::size_t i = 0; i < tables_.size(); i++) {
    has_own = has_own || (stability_.support[i] && tables_[i]->owner == member);
  }
  for (std::size_t i = 0; i < tables_.size(); i++) {
    if (tables_[i]->rule.join_required && !has_own) {
      return deny("join_required", query_->relations[i].where);
    }
  }
  std::int64_t rows = 1;
  for (std::size_t i = 0; i < tables_.size() && query_->steps.empty(); i++) {
    rows *= tables_[i]->rows_per_person;
    if (rows > kJoinedRowsMax) return deny("join_too_wide", query_->relations[i].where);
  }
  // The binder has refused each that is wider; here all count, as it has made them.
  const Int128 memory = Int128{policy_->limits.memory_mib} << 20;
  const Int128 time = Int128{policy_->limits.seconds} * kWorkOfSecond;
  if (stability_.pairs > kJoinedRowsMax || cells_of_person() * kCellBytes > memory / 2 ||
      work_of_person() > time) {
    return deny("join_too_wide", query_->relations.back().where);
  }
  return {};
}

// Rows that are equal in the tables that groups read are in one group.
Int128 RuleCheck::groups_of_person() const {
  if (query_->groups.empty()) return 1;
  if (!query_->steps.empty()) return stability_.rows;
  std::vector<bool> reads(tables_.size(), false);
  for (const Expression& group : query_->groups) {
    sql::each_column(group, [&](const Expression& e) { reads[e.relation] = true; });
  }
  Int128 out = 1;
  for (std::size_t i = 0; i < tables_.size(); i++) {
    if (reads[i]) out = std::min(out * tables_[i]->rows_per_person, Int128{kJoinedRowsMax});
  }
  return std::min(out, Int128{stability_.rows});
}

// A group has its key; of each aggregate up to three sums of everybody and of this person; and of
// those that keep values, a few more than count before they are cut.
Int128 RuleCheck::cells_of_person() const {
  constexpr std::size_t kOfGroup = 4;
  constexpr std::size_t kOfAggregate = 8;
  constexpr std::int64_t kOfValue = 2;
  constexpr std::int64_t kUncut = 64;
  const Int128 groups = groups_of_person();
  const Int128 most = groups * (2 * Int128{policy_->privacy.rows_per_group} + kUncut);
  const auto keeps = std::count_if(query_->aggregates.begin(), query_->aggregates.end(),
                                   [](const sql::AggregateCall& call) {
                                     return call.kind == sql::AggregateKind::distinct ||
                                            call.kind == sql::AggregateKind::quantile ||
                                            call.kind == sql::AggregateKind::bound_low ||
                                            call.kind == sql::AggregateKind::bound_high;
                                   });
  const std::size_t each =
      query_->groups.size() + kOfGroup + kOfAggregate * query_->aggregates.size();
  return stability_.cells + groups * static_cast<Int128>(each) +
         std::min(most, Int128{stability_.rows}) * kOfValue * keeps;
}

Int128 RuleCheck::work_of_person() const {
  constexpr std::int64_t kOfAggregate = 4;  // clamped and added up, up to three times
  std::int64_t each = query_->has_filter ? work_of(query_->filter) : 0;
  for (const Expression& group : query_->groups) each += work_of(group);
  for (const sql::AggregateCall& call : query_->aggregates) {
    each += kOfAggregate + work_of(call.argument);
  }
  return stability_.work + Int128{stability_.rows} * each;
}

Status RuleCheck::functions() const {
  for (const sql::FunctionUse& use : query_->functions) {
    for (const policy::Table* table : tables_) {
      if (!is_custom(table->rule) && !contains(table->rule.scalar_functions, use.name)) {
        return deny("function_not_allowed", use.where);
      }
    }
  }
  return {};
}

// How often a column has a value inside one person tells less than the values do: a dimension may
// be counted so, too.
Status RuleCheck::counted(const Origin& origin) const {
  const policy::Table& table = *tables_[origin.relation];
  const policy::Column& found = column(origin);
  const auto function =
      (origin.ways & kDistinct) != 0 ? AggregateFunction::count_distinct : AggregateFunction::count;
  if (is_dimension(table, found.name) || lists(table, function, found.name)) return {};
  return deny(unlisted(table, "aggregate_not_listed"), origin.where);
}

Status RuleCheck::dimensions(const Expression& expression) const {
  for (const Origin& origin : lineage_.origins(expression)) {
    if (origin.rows) {
      GBX_TRY(row_count(expression.where));
      continue;
    }
    if ((origin.ways & (kCounted | kDistinct)) != 0) {
      GBX_TRY(counted(origin));
      continue;
    }
    const policy::Table& table = *tables_[origin.relation];
    const policy::Column& found = column(origin);
    if (found.label != Label::plain) return deny("column_not_dimension", origin.where);
    if (!is_dimension(table, found.name)) {
      return deny(unlisted(table, "column_not_dimension"), origin.where);
    }
  }
  return {};
}

Status RuleCheck::filter(const Origin& origin) const {
  if (origin.rows) return {};
  const policy::Column& found = column(origin);
  const bool enters = found.label == Label::plain || found.label == Label::sensitive;
  if (!enters || !is_listed(tables_[origin.relation]->rule, found.name)) {
    return deny("column_not_listed", origin.where);
  }
  return {};
}

Status RuleCheck::filter(const Expression& expression) const {
  for (const Origin& origin : lineage_.origins(expression)) GBX_TRY(filter(origin));
  return {};
}

// A column is listed for the aggregate it ends in, and for the one inside a person on its way.
Status RuleCheck::measured(const Origin& origin, AggregateFunction function) const {
  const policy::Column& found = column(origin);
  const policy::Table& table = *tables_[origin.relation];
  const bool enters = found.label == Label::plain || found.label == Label::sensitive;
  const bool summed =
      (origin.ways & kSummed) == 0 || lists(table, AggregateFunction::sum, found.name);
  const bool averaged =
      (origin.ways & kAveraged) == 0 || lists(table, AggregateFunction::avg, found.name);
  if (!enters || !summed || !averaged || !lists(table, function, found.name)) {
    return deny(unlisted(table, "aggregate_not_listed"), origin.where);
  }
  return {};
}

Status RuleCheck::measured(const Expression& expression, AggregateFunction function,
                           std::size_t& values) const {
  for (const Origin& origin : lineage_.origins(expression)) {
    if (origin.rows) continue;              // no column: the row count is asked for by the caller
    if ((origin.ways & kCondition) != 0) {  // a CASE's conditions choose rows, as WHERE does
      GBX_TRY(filter(origin));
    } else if ((origin.ways & (kCounted | kDistinct)) != 0) {
      GBX_TRY(counted(origin));
    } else {
      GBX_TRY(measured(origin, function));
      values++;
    }
  }
  return {};
}

// Bounds serve the aggregates that are noised by them: whoever may ask one may ask for bounds.
Status RuleCheck::bounds(const Expression& expression, std::size_t& values) const {
  for (const auto function :
       {AggregateFunction::sum, AggregateFunction::avg, AggregateFunction::variance}) {
    values = 0;
    if (measured(expression, function, values)) return {};
  }
  values = 0;
  return measured(expression, AggregateFunction::quantile, values);
}

// COUNT(*), and whatever comes to the same: joined rows are rows of every table, so each must let
// its people or rows be counted.
Status RuleCheck::row_count(Span where) const {
  const bool counted = std::all_of(tables_.begin(), tables_.end(),
                                   [](const policy::Table* table) { return counts(*table); });
  if (!counted) return deny("aggregate_not_listed", where);
  return {};
}

Status RuleCheck::aggregate(const sql::AggregateCall& call) const {
  std::size_t values = 0;
  switch (call.kind) {
    case sql::AggregateKind::rows:
    case sql::AggregateKind::bounded: return row_count(call.where);
    case sql::AggregateKind::persons: {
      // All tables are joined on the person: whosever column is named, everybody's is counted.
      const bool listed =
          std::all_of(tables_.begin(), tables_.end(),
                      [](const policy::Table* table) { return counts_persons(*table); });
      if (!listed) return deny("aggregate_not_listed", call.where);
      return measured(call.argument, AggregateFunction::count_distinct, values);  // its FILTER
    }
    case sql::AggregateKind::values:
      GBX_TRY(measured(call.argument, AggregateFunction::count, values));
      return row_count(call.where);
    case sql::AggregateKind::distinct:
      GBX_TRY(measured(call.argument, AggregateFunction::count_distinct, values));
      break;
    case sql::AggregateKind::sum:
      GBX_TRY(measured(call.argument, AggregateFunction::sum, values));
      break;
    case sql::AggregateKind::average:
      GBX_TRY(measured(call.argument, AggregateFunction::avg, values));
      break;
    case sql::AggregateKind::bound_low:
    case sql::AggregateKind::bound_high: GBX_TRY(bounds(call.argument, values)); break;
    case sql::AggregateKind::quantile:
      GBX_TRY(measured(call.argument, AggregateFunction::quantile, values));
      break;
    case sql::AggregateKind::variance_population:
    case sql::AggregateKind::variance_sample:
    case sql::AggregateKind::deviation_population:
    case sql::AggregateKind::deviation_sample:
      GBX_TRY(measured(call.argument, AggregateFunction::variance, values));
      break;
  }
  if (values == 0) return row_count(call.where);  // SUM(CASE WHEN ... THEN 1 END)
  return {};
}

std::int64_t RuleCheck::people_min() const {
  std::int64_t out = policy_->privacy.people_min;
  for (const policy::Table* table : tables_) {
    out = std::max(out, policy::people_min(*policy_, *table));
  }
  return out;
}

std::int64_t RuleCheck::rows_of_person(std::int64_t most) const {
  return std::min(stability_.rows, most);
}

}  // namespace gbx::firewall
