#include "trusted/sql/bind.h"

#include <algorithm>
#include <cstdlib>

#include "trusted/sql/bind_aggregate.h"
#include "trusted/sql/bind_expression.h"
#include "trusted/sql/bind_flat.h"
#include "trusted/sql/bind_join.h"
#include "trusted/sql/bind_released_windows.h"
#include "trusted/sql/bind_rows.h"
#include "trusted/sql/bind_steps.h"
#include "trusted/sql/build.h"
#include "trusted/sql/formula.h"
#include "trusted/sql/nested_answer.h"
#include "trusted/sql/parse.h"
#include "trusted/sql/released_value.h"
#include "trusted/sql/released_windows.h"
#include "trusted/sql/row_leaves.h"
#include "trusted/sql/scope.h"

namespace gbx::sql {
namespace {

constexpr std::size_t kTriesMax = 1000;  // subtrees of HAVING and ORDER BY compared with groups

Error refuse(Literal reason, Span where) { return {ErrorCode::invalid_argument, reason, where}; }
Error deny(Literal reason, Span where) { return {ErrorCode::policy_denied, reason, where}; }

bool reads_a_column(const Expression& expression) {
  return expression.op == Op::column ||
         std::any_of(expression.children.begin(), expression.children.end(), reads_a_column);
}

bool is_ordinal(const Node& node) { return node.kind == NodeKind::number && node.scale == 0; }

class Binder {
 public:
  explicit Binder(const Select& select) : select_(&select) {}

  // Tables joined on the person, each once.
  Result<Query> bind_flat(const Catalog& catalog);
  Result<Query> bind_wide(const Catalog& catalog);

 private:
  // Released outputs, for HAVING and ORDER BY.
  class OutputLeaves final : public Leaves {
   public:
    explicit OutputLeaves(Binder& binder) : binder_(&binder) {}
    Result<std::optional<Expression>> resolve(const Node& node) override {
      return binder_->resolve_output(node);
    }

   private:
    Binder* binder_;
  };

  Status check_clauses() const;
  Status check_distinct() const;
  Status bind_outputs();
  GroupingSets grouping_sets();
  Status bind_groups();
  Status bind_items();
  Status bind_post();
  Status check_cost() const;
  void take_windows();
  Result<const Node*> group_node(const Node& node) const;
  Result<std::uint32_t> aggregate(const Node& node);
  Result<Item> item(const Node& node);
  Result<Expression> formula(const Node& node);
  Result<Expression> condition(const Node& node);
  Result<Expression> window(const Node& node);
  Result<std::optional<Expression>> of_item(const Item& item, Span where);
  [[nodiscard]] std::optional<std::uint32_t> matching_group(const Expression& expression) const;
  [[nodiscard]] const Item* item_called(const Node& node) const;
  Result<std::optional<Expression>> resolve_output(const Node& node);
  Result<std::optional<Expression>> resolve_name(const Node& node);
  Result<Expression> grouping(const Node& node);
  Result<Expression> order_key(const Node& node);
  [[nodiscard]] Expression output(std::uint32_t index, Span where) const;

  const Select* select_;
  Scope scope_;
  Query query_;
  std::vector<std::uint32_t> group_of_;  // by place in GROUP BY
  std::size_t tries_ = 0;
  std::size_t copied_ = 0;  // nodes of formulas that other expressions repeat
  bool in_items_ = true;    // where a column comes before an alias
  bool answers_ = false;    // it aggregates: its rows are released, so that windows may read them
  bool in_having_ = false;  // where windows are not known yet
  bool in_window_ = false;
  OutputLeaves leaves_{*this};
  ReleasedWindows windows_{leaves_};
};

Status Binder::check_clauses() const {
  if (!select_->united.empty() || select_->set_operation) {
    return refuse("set_operation_unsupported", {});
  }
  if (select_->items.size() > kItemsMax)
    return refuse("too_many_items", select_->items.back().node.where);
  if (select_->groups.size() > kGroupsMax)
    return refuse("too_many_groups", select_->groups.back().where);
  return {};
}

// Rows of different groups differ where all groups are shown.
Status Binder::check_distinct() const {
  if (!select_->distinct) return {};
  for (std::uint32_t group = 0; group < query_.groups.size(); group++) {
    const bool shown = std::any_of(query_.items.begin(), query_.items.end(), [&](const Item& item) {
      return !item.formula && item.output == group;
    });
    if (!shown) return refuse("distinct_unsupported", query_.items[0].where);
  }
  return {};
}

Status Binder::bind_outputs() {
  GBX_TRY(bind_groups());
  const auto& items = select_->items;
  answers_ = !select_->groups.empty() || select_->having ||
             std::any_of(items.begin(), items.end(),
                         [](const SelectItem& item) { return contains_aggregate(item.node); });
  std::vector<Expression> keys;
  for (std::uint32_t i = 0; i < query_.groups.size(); i++) keys.push_back(output(i, {}));
  windows_.set_keys(std::move(keys));
  GBX_TRY(bind_items());
  GBX_TRY(check_distinct());
  in_items_ = false;
  GBX_TRY(bind_post());
  take_windows();
  GBX_TRY(check_cost());
  add_inputs(query_);
  for (const Expression& group : query_.groups) query_.output_types.push_back(group.type);
  for (const AggregateCall& call : query_.aggregates) {
    query_.output_types.push_back(type_of(call));
  }
  for (const Window& window : query_.post.windows) {
    query_.output_types.push_back(window.value.type);
  }
  return {};
}

// Behind the aggregates, all of which are known by now.
void Binder::take_windows() {
  query_.post.windows = windows_.take();
  const auto base = static_cast<std::uint32_t>(query_.groups.size() + query_.aggregates.size());
  for (Item& item : query_.items) {
    if (!item.formula) continue;
    place_windows(*item.formula, base);
    if (item.formula->op != Op::output) continue;
    item.output = item.formula->column;
    item.formula.reset();
  }
  if (query_.post.has_qualify) place_windows(query_.post.qualify, base);
  for (SortKey& key : query_.post.order) place_windows(key.key, base);
}

// Of what is worked out for each row.
Status Binder::check_cost() const {
  double cost = query_.post.has_having ? formula_cost(query_.post.having) : 0;
  if (query_.post.has_qualify) cost += formula_cost(query_.post.qualify);
  for (const Window& window : query_.post.windows) cost += window_cost(window);
  for (const SortKey& key : query_.post.order) cost += formula_cost(key.key);
  for (const Item& item : query_.items) cost += item.formula ? formula_cost(*item.formula) : 0;
  if (cost <= kFormulasCostMax) return {};
  const bool having = query_.post.has_having;
  return refuse("expression_too_large", having ? query_.post.having.where : query_.items[0].where);
}

Result<Query> Binder::bind_flat(const Catalog& catalog) {
  GBX_TRY_ASSIGN(scope_, Scope::create(select_->tables, catalog));
  GBX_TRY(check_clauses());
  GBX_TRY(bind_flat_rows(*select_, scope_, catalog, query_));
  GBX_TRY(bind_outputs());
  return std::move(query_);
}

Result<Query> Binder::bind_wide(const Catalog& catalog) {
  GBX_TRY(check_clauses());
  Binding binding(catalog);
  GBX_TRY(bind_with(*select_, binding));
  GBX_TRY_ASSIGN(FromRows from, bind_from(*select_, Scope(), binding));
  scope_ = from.scope;
  query_.functions = std::move(binding.functions);
  GBX_TRY(bind_outputs());
  GBX_TRY(set_steps(std::move(from), binding, grouping_sets(), query_));
  return std::move(query_);
}

// By place in GROUP BY there, by place among the different groups here.
GroupingSets Binder::grouping_sets() {
  GroupingSets out;
  for (const std::vector<std::size_t>& set : select_->grouping_sets) {
    out.emplace_back();
    for (const std::size_t place : set) out.back().push_back(group_of_[place]);
  }
  return out;
}

// What a GROUP BY entry stands for: an ordinal or an alias is the item's expression.
Result<const Node*> Binder::group_node(const Node& node) const {
  if (is_ordinal(node)) {
    if (node.value < 1 || node.value > static_cast<std::int64_t>(select_->items.size())) {
      return refuse("ordinal_out_of_range", node.where);
    }
    return &select_->items[static_cast<std::size_t>(node.value - 1)].node;
  }
  if (node.kind != NodeKind::column || node.path.size() != 1 || scope_.find(node)) return &node;
  if (node.settled) return node.otherwise.empty() ? &node : node.otherwise.data();
  for (const SelectItem& item : select_->items) {
    if (!item.alias.empty() && same_name(item.alias, node.path[0])) return &item.node;
  }
  return &node;
}

Status Binder::bind_groups() {
  for (const Node& written : select_->groups) {
    GBX_TRY_ASSIGN(const Node* node, group_node(written));
    if (is_person(*node, scope_)) return deny("person_not_released", written.where);
    GBX_TRY_ASSIGN(Expression group,
                   bind_row(*node, scope_, "aggregate_in_group", query_.functions));
    if (!reads_a_column(group)) return refuse("group_constant", written.where);
    const auto known = matching_group(group);
    group_of_.push_back(known.value_or(static_cast<std::uint32_t>(query_.groups.size())));
    if (!known) query_.groups.push_back(std::move(group));
  }
  if (!select_->grouping_sets.empty()) {  // the set's number; set_steps() knows what it is
    query_.groups.push_back(make_literal(0, {Type::integer, 0}, {}));
  }
  return {};
}

std::optional<std::uint32_t> Binder::matching_group(const Expression& expression) const {
  for (std::size_t i = 0; i < query_.groups.size(); i++) {
    if (same(query_.groups[i], expression)) return static_cast<std::uint32_t>(i);
  }
  return std::nullopt;
}

Status Binder::bind_items() {
  const auto& items = select_->items;
  const bool aggregates = std::any_of(items.begin(), items.end(), [](const SelectItem& item) {
    return contains_aggregate(item.node);
  });
  for (const SelectItem& written : items) {
    Result<Item> bound = item(written.node);
    if (!bound) {
      const bool rows = select_->groups.empty() && !aggregates;
      if (!rows || bound.error().reason != Literal("column_not_grouped")) return bound.error();
      return deny("rows_not_released", written.node.where);
    }
    if (bound->formula && !is_released(*bound->formula) && select_->groups.empty() && !aggregates) {
      return refuse("item_constant", written.node.where);
    }
    GBX_TRY_ASSIGN(bound->name, item_name(written, query_.items));
    query_.items.push_back(std::move(*bound));
  }
  return {};
}

Result<Item> Binder::item(const Node& node) {
  Item out;
  out.where = node.where;
  if (is_aggregate(node)) {
    GBX_TRY_ASSIGN(out.output, aggregate(node));
    return out;
  }
  if (is_person(node, scope_)) return deny("person_not_released", node.where);
  GBX_TRY_ASSIGN(Expression value, formula(node));
  if (value.op == Op::null || value.type == kUntyped) return refuse("item_constant", node.where);
  if (value.op == Op::output && value.relation != kWindowOutputs) {
    out.output = value.column;
  } else {
    out.formula = std::move(value);
  }
  return out;
}

// Over released outputs.
Result<Expression> Binder::formula(const Node& node) {
  std::vector<FunctionUse> functions;  // post-processing needs nobody's leave
  GBX_TRY_ASSIGN(Expression out, ExpressionBinder(leaves_, functions).bind(node));
  if (!formula_fits(out)) return refuse("expression_too_large", node.where);
  return out;
}

Result<Expression> Binder::condition(const Node& node) {
  std::vector<FunctionUse> functions;
  GBX_TRY_ASSIGN(Expression out, ExpressionBinder(leaves_, functions).bind_condition(node));
  if (!formula_fits(out)) return refuse("expression_too_large", node.where);
  return out;
}

Result<Expression> Binder::window(const Node& node) {
  if (in_having_) return refuse("window_in_having", node.where);
  if (in_window_) return refuse("window_in_window", node.where);
  in_window_ = true;
  Result<Expression> out = windows_.bind(node);
  in_window_ = false;
  return out;
}

// The output that holds the aggregate; equal ones share it.
Result<std::uint32_t> Binder::aggregate(const Node& node) {
  GBX_TRY_ASSIGN(AggregateCall call, bind_aggregate(node, scope_, query_.functions));
  const auto base = static_cast<std::uint32_t>(query_.groups.size());
  for (std::size_t i = 0; i < query_.aggregates.size(); i++) {
    AggregateCall& known = query_.aggregates[i];
    if (!same(known, call)) continue;
    return base + static_cast<std::uint32_t>(i);
  }
  if (query_.aggregates.size() >= kAggregatesMax) {
    return refuse("too_many_aggregates", node.where);
  }
  query_.aggregates.push_back(std::move(call));
  return base + static_cast<std::uint32_t>(query_.aggregates.size() - 1);
}

Expression Binder::output(std::uint32_t index, Span where) const {
  Expression out;
  if (index < query_.groups.size()) {
    out = {};
    out.type = query_.groups[index].type;
    out.low = query_.groups[index].low;
    out.high = query_.groups[index].high;
  } else {
    out.type = type_of(query_.aggregates[index - query_.groups.size()]);
    out.low = is_never_negative(query_.aggregates[index - query_.groups.size()]) ? 0 : -kOutputMax;
    out.high = kOutputMax;
  }
  out.op = Op::output;
  out.column = index;
  out.where = where;
  return out;
}

const Item* Binder::item_called(const Node& node) const {
  if (node.kind != NodeKind::column || node.settled || node.path.size() != 1) return nullptr;
  if (in_items_ && scope_.find(node)) return nullptr;
  for (std::size_t i = 0; i < query_.items.size(); i++) {
    if (!select_->items[i].alias.empty() && same_name(select_->items[i].alias, node.path[0])) {
      return &query_.items[i];
    }
  }
  return nullptr;
}

// What an alias or an ordinal stands for.
Result<std::optional<Expression>> Binder::of_item(const Item& item, Span where) {
  if (!item.formula) return std::optional<Expression>(output(item.output, where));
  if ((in_having_ || in_window_) && reads_windows(*item.formula)) {
    return in_having_ ? refuse("window_in_having", where) : refuse("window_in_window", where);
  }
  copied_ += node_count(*item.formula);
  if (copied_ > kNodesMax) return refuse("expression_too_large", where);
  return item.formula;
}

// What a name means that is no column, or not first: a group comes before an alias.
Result<std::optional<Expression>> Binder::resolve_name(const Node& node) {
  if (!in_items_) {
    std::vector<FunctionUse> functions;
    const Result<Expression> bound = bind_row(node, scope_, "aggregate_nested", functions);
    const auto group = bound ? matching_group(*bound) : std::nullopt;
    if (group) return std::optional<Expression>(output(*group, node.where));
  }
  if (const Item* item = item_called(node); item != nullptr) return of_item(*item, node.where);
  if (node.otherwise.empty() || scope_.find(node)) return std::optional<Expression>();
  GBX_TRY_ASSIGN(Expression other, formula(node.otherwise[0]));
  copied_ += node_count(other);
  if (copied_ > kNodesMax) return refuse("expression_too_large", node.where);
  return std::optional<Expression>(std::move(other));
}

Result<std::optional<Expression>> Binder::resolve_output(const Node& node) {
  const auto resolved = [&](std::uint32_t index) {
    return std::optional<Expression>(output(index, node.where));
  };
  if (!node.over.empty() && answers_) {
    GBX_TRY_ASSIGN(Expression value, window(node));
    return std::optional<Expression>(std::move(value));
  }
  if (is_aggregate(node)) {
    GBX_TRY_ASSIGN(const std::uint32_t index, aggregate(node));
    return resolved(index);
  }
  if (node.kind == NodeKind::call && node.text == "grouping") {
    GBX_TRY_ASSIGN(Expression bits, grouping(node));
    return std::optional<Expression>(std::move(bits));
  }
  const bool is_column = node.kind == NodeKind::column;
  if (is_column) {
    GBX_TRY_ASSIGN(std::optional<Expression> named, resolve_name(node));
    if (named) return named;
  }
  if (is_person(node, scope_)) return deny("person_not_released", node.where);
  const bool is_composite = node.kind == NodeKind::call || node.kind == NodeKind::cast ||
                            node.kind == NodeKind::case_when;
  if (!is_column && (!is_composite || query_.groups.empty() || contains_aggregate(node))) {
    return std::optional<Expression>();
  }
  if (!is_column && ++tries_ > kTriesMax) return refuse("expression_too_large", node.where);
  std::vector<FunctionUse> functions;
  const Result<Expression> bound = bind_row(node, scope_, "aggregate_nested", functions);
  if (bound) {
    if (const auto group = matching_group(*bound)) return resolved(*group);
  }
  if (!is_column) {
    if (!bound && bound.error().code == ErrorCode::policy_denied) return bound.error();
    return std::optional<Expression>();
  }
  if (!bound) return bound.error();
  return refuse("column_not_grouped", node.where);
}

// GROUPING(a, b): a bit for each, the last one lowest: 1 where the row's set does not have it.
Result<Expression> Binder::grouping(const Node& node) {
  if (node.children.empty()) return refuse("argument_count", node.where);
  std::vector<std::uint32_t> groups;
  for (const Node& child : node.children) {
    std::vector<FunctionUse> functions;
    GBX_TRY_ASSIGN(const Expression bound, bind_row(child, scope_, "aggregate_nested", functions));
    const auto group = matching_group(bound);
    if (!group || groups.size() >= kGroupsMax) return refuse("column_not_grouped", child.where);
    groups.push_back(*group);
  }
  const auto number = static_cast<std::uint32_t>(query_.groups.size() - 1);
  return grouping_bits(grouping_sets(), groups, output(number, node.where));
}

Result<Expression> Binder::order_key(const Node& node) {
  if (is_ordinal(node)) {
    if (node.value < 1 || node.value > static_cast<std::int64_t>(query_.items.size())) {
      return refuse("ordinal_out_of_range", node.where);
    }
    GBX_TRY_ASSIGN(std::optional<Expression> item,
                   of_item(query_.items[static_cast<std::size_t>(node.value - 1)], node.where));
    return std::move(*item);
  }
  if (const Item* item = item_called(node); item != nullptr) {  // an alias alone comes first
    GBX_TRY_ASSIGN(std::optional<Expression> named, of_item(*item, node.where));
    return std::move(*named);
  }
  return formula(node);
}

Status Binder::bind_post() {
  PostProcessing& post = query_.post;
  post.groups = static_cast<std::uint32_t>(query_.groups.size());
  if (select_->having) {
    in_having_ = true;
    GBX_TRY_ASSIGN(post.having, condition(*select_->having));
    in_having_ = false;
    post.has_having = true;
  }
  if (select_->qualify) {
    if (!answers_) return refuse("window_unsupported", select_->qualify->where);
    GBX_TRY_ASSIGN(post.qualify, condition(*select_->qualify));
    post.has_qualify = true;
  }
  if (select_->order.size() > kSortKeysMax) {
    return refuse("too_many_sort_keys", select_->order.back().node.where);
  }
  for (const OrderItem& item : select_->order) {
    GBX_TRY_ASSIGN(Expression key, order_key(item.node));
    post.order.push_back({std::move(key), item.descending, item.nulls_first});
  }
  post.limit = select_->limit;
  post.offset = select_->offset;
  return {};
}

}  // namespace

Result<Query> bind(const Select& written, const Catalog& catalog) {
  // As it stands: SELECT DISTINCT of anything else is a GROUP BY.
  GBX_TRY_ASSIGN(std::optional<Query> list, bind_list(written, catalog));
  if (list) return std::move(*list);
  GBX_TRY_ASSIGN(const std::optional<Select> one, without_nesting(written));
  const Select select = with_distinct_groups(one ? *one : written);
  Binder binder(select);
  GBX_TRY_ASSIGN(Query query,
                 is_flat(select, catalog) ? binder.bind_flat(catalog) : binder.bind_wide(catalog));
  query.join_operators = join_operators_of(select);
  return query;
}

}  // namespace gbx::sql
