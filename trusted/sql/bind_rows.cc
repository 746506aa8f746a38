#include "trusted/sql/bind_rows.h"

#include <algorithm>

#include "trusted/sql/bind.h"
#include "trusted/sql/bind_row_values.h"
#include "trusted/sql/bind_windows.h"
#include "trusted/sql/build.h"
#include "trusted/sql/formula.h"
#include "trusted/sql/parse.h"
#include "trusted/sql/row_leaves.h"

namespace gbx::sql {
namespace {

constexpr std::size_t kTriesMax = 1000;  // subtrees compared with groups
// Until the columns before them are counted, windows are columns of this relation.
constexpr std::uint32_t kWindows = 0xffffffff;

Error refuse(Literal reason, Span where) { return {ErrorCode::invalid_argument, reason, where}; }
Error deny(Literal reason, Span where) { return {ErrorCode::policy_denied, reason, where}; }

std::optional<std::uint32_t> place_of(const std::vector<Expression>& all, const Expression& one) {
  for (std::size_t i = 0; i < all.size(); i++) {
    if (same(all[i], one)) return static_cast<std::uint32_t>(i);
  }
  return std::nullopt;
}

bool holds_window(const Node& node) {
  return !node.over.empty() ||
         std::any_of(node.children.begin(), node.children.end(), holds_window);
}

// A step over one source.
Step over(StepKind kind, std::uint32_t source) {
  Step out;
  out.kind = kind;
  out.inputs.push_back(input_of(source));
  return out;
}

Expression value_of(std::uint32_t relation, std::uint32_t column, const RowAggregate& value,
                    Span where) {
  NamedColumn read;
  read.column = column;
  read.type = value.type;
  read.low = value.low;
  read.high = value.high;
  return read_column(relation, read, where);
}

// Rows of one SELECT, in stages: FROM and WHERE; groups and HAVING, if any; windows and QUALIFY, if
// any; items. Expressions before the groups stand over relations of the scope, after them over
// relation 0, the group step.
class SelectRows final : public PersonColumns, public WindowBinder {
 public:
  SelectRows(const Select& select, Binding& binding, Span where)
      : select_(&select), binding_(&binding), where_(where) {
    if (where_ == Span{} && !select.items.empty()) where_ = select.items[0].node.where;
  }

  Result<NamedRows> bind();

  [[nodiscard]] bool is_person(const Node& node) const override {
    return sql::is_person(node, from_.scope);
  }
  [[nodiscard]] std::optional<Expression> presence(const Node& node) const override {
    Result<Found> found = from_.scope.find(node);
    if (!found || !found->person || !found->absent) return std::nullopt;
    return std::move(found->value);
  }

 private:
  // What stands after the groups; `windows`: and calls with OVER.
  class Late final : public Leaves {
   public:
    Late(SelectRows& rows, bool windows) : rows_(&rows), windows_(windows) {}
    Result<std::optional<Expression>> resolve(const Node& node) override {
      return rows_->resolve(node, windows_);
    }

   private:
    SelectRows* rows_;
    bool windows_;
  };

  Status check_clauses() const;
  Result<const Node*> group_node(const Node& node) const;
  Status bind_groups();
  Status bind_items();
  Status bind_star(const Node& node);
  Status bind_item(const Node& node, std::string name);
  Result<std::optional<Expression>> resolve(const Node& node, bool windows);
  Result<std::optional<Expression>> grouped(const Node& node);
  Result<Expression> aggregate(const Node& node);
  Result<Expression> window(const Node& node) override;
  Result<Expression> value(const Node& node) override {
    Late leaves(*this, false);
    return ExpressionBinder(leaves, binding_->functions).bind(node);
  }
  Status partition(const Node& node, Window& window);
  Result<std::optional<Expression>> aliased(const Node& node, bool windows);
  Result<Expression> condition(const Node& node, bool windows);
  Result<NamedRows> finish();
  Result<std::uint32_t> grouped_step();
  Result<std::uint32_t> raw_step(const std::vector<Expression*>& late);
  Result<Step> last_step();
  Result<std::uint32_t> windowed_step(std::uint32_t source, const std::vector<Expression*>& late);

  const Select* select_;
  Binding* binding_;
  Span where_;
  FromRows from_;
  bool groups_ = false;
  std::vector<Expression> keys_;
  std::vector<RowAggregate> aggregates_;
  std::vector<Window> windows_;
  std::optional<Expression> having_;
  std::optional<Expression> qualify_;
  std::vector<Expression> items_;
  std::vector<NamedColumn> names_;  // of all items, the person's too
  std::size_t tries_ = 0;
  std::size_t copied_ = 0;  // nodes of items that their aliases repeat
  bool in_alias_ = false;
};

Status SelectRows::check_clauses() const {
  if (!select_->order.empty()) return refuse("order_in_subquery", select_->order[0].node.where);
  if (select_->limit || select_->offset > 0) return refuse("limit_in_subquery", where_);
  if (!select_->grouping_sets.empty()) return refuse("grouping_sets_unsupported", where_);
  if (select_->items.size() > kItemsMax) return refuse("too_many_items", where_);
  if (select_->groups.size() > kGroupsMax) {
    return refuse("too_many_groups", select_->groups.back().where);
  }
  return {};
}

Result<NamedRows> SelectRows::bind() {
  GBX_TRY(check_clauses());
  GBX_TRY_ASSIGN(from_, bind_from(*select_, Scope(), *binding_));
  groups_ = !select_->groups.empty() || select_->having ||
            std::any_of(select_->items.begin(), select_->items.end(),
                        [](const SelectItem& item) { return contains_aggregate(item.node); });
  GBX_TRY(bind_groups());
  GBX_TRY(bind_items());
  if (select_->having) {
    GBX_TRY_ASSIGN(having_, condition(*select_->having, false));
  }
  if (select_->qualify) {
    GBX_TRY_ASSIGN(qualify_, condition(*select_->qualify, true));
  }
  return finish();
}

// What a GROUP BY entry stands for: an ordinal or an alias is the item's expression.
Result<const Node*> SelectRows::group_node(const Node& node) const {
  if (node.kind == NodeKind::number && node.scale == 0) {
    if (node.value < 1 || node.value > static_cast<std::int64_t>(select_->items.size())) {
      return refuse("ordinal_out_of_range", node.where);
    }
    return &select_->items[static_cast<std::size_t>(node.value - 1)].node;
  }
  const bool simple = node.kind == NodeKind::column && node.path.size() == 1;
  if (!simple || from_.scope.find(node)) return &node;
  for (const SelectItem& item : select_->items) {
    if (!item.alias.empty() && same_name(item.alias, node.path[0])) return &item.node;
  }
  return &node;
}

Status SelectRows::bind_groups() {
  if (!groups_) return {};
  bool person = false;
  for (const Node& written : select_->groups) {
    GBX_TRY_ASSIGN(const Node* node, group_node(written));
    if (is_person(*node)) {
      if (presence(*node)) return deny("person_may_be_absent", written.where);
      person = true;
      continue;
    }
    RowLeaves leaves(from_.scope, "aggregate_in_group");
    GBX_TRY_ASSIGN(Expression key, ExpressionBinder(leaves, binding_->functions).bind(*node));
    if (key.op == Op::null) return refuse("group_constant", written.where);
    if (!place_of(keys_, key)) keys_.push_back(std::move(key));
  }
  if (!person) {
    return deny("person_not_grouped", select_->groups.empty() ? where_ : select_->groups[0].where);
  }
  return {};
}

Status SelectRows::bind_items() {
  for (const SelectItem& item : select_->items) {
    if (item.node.kind == NodeKind::star) {
      GBX_TRY(bind_star(item.node));
      continue;
    }
    std::string name = item.alias;
    const Node& node = item.node;
    if (name.empty() && node.kind == NodeKind::column) name = node.path.back();
    if (name.empty() && node.kind == NodeKind::call) {
      name = node.text == "count_star" ? "count" : node.text;
    }
    GBX_TRY(bind_item(node, std::move(name)));
  }
  return {};
}

// * and t.*: what USING made one appears once.
Status SelectRows::bind_star(const Node& node) {
  const Scope& scope = from_.scope;
  bool any = false;
  std::vector<std::string> merged;
  for (std::size_t i = 0; i < scope.relations().size(); i++) {
    const NamedRelation& relation = scope.relations()[i];
    Node probe = node;
    probe.path.emplace_back("*");
    if (relation.hidden || !scope.is_called(i, probe)) continue;
    any = true;
    for (const NamedColumn& column : relation.columns) {
      Node one;
      one.kind = NodeKind::column;
      one.where = node.where;
      one.path = {column.name};
      const auto& all = scope.merged();
      const bool joint =
          node.path.empty() && std::any_of(all.begin(), all.end(), [&](const MergedColumn& m) {
            return same_name(m.name, column.name);
          });
      if (joint) {
        if (std::find(merged.begin(), merged.end(), column.name) != merged.end()) continue;
        merged.push_back(column.name);
      } else {
        const TableName& written = relation.written;
        one.path.insert(one.path.begin(), written.alias.empty() ? written.name : written.alias);
      }
      GBX_TRY(bind_item(one, column.name));
    }
  }
  if (!any) return Error{ErrorCode::not_found, "table_unknown", node.where};
  return {};
}

Status SelectRows::bind_item(const Node& node, std::string name) {
  NamedColumn out;
  out.name = std::move(name);
  if (is_person(node)) {
    // Of a relation that may be absent it can be told, yet it is not the person of every row.
    if (presence(node)) {
      const bool star = select_->items.size() == 1 && select_->items[0].node.kind == NodeKind::star;
      if (star) return {};
      return deny("person_may_be_absent", node.where);
    }
    out.person = true;
    names_.push_back(std::move(out));
    return {};
  }
  Late leaves(*this, true);
  GBX_TRY_ASSIGN(Expression item, ExpressionBinder(leaves, binding_->functions).bind(node));
  out.column = static_cast<std::uint32_t>(items_.size());
  out.type = item.type;
  if (item.type == kUntyped) item = make_null({Type::text, 0}, node.where);
  out.low = item.low;
  out.high = item.high;
  names_.push_back(std::move(out));
  items_.push_back(std::move(item));
  return {};
}

Result<Expression> SelectRows::condition(const Node& node, bool windows) {
  Late leaves(*this, windows);
  return ExpressionBinder(leaves, binding_->functions).bind_condition(node);
}

// An item's alias, where no column has that name.
Result<std::optional<Expression>> SelectRows::aliased(const Node& node, bool windows) {
  const bool simple = node.kind == NodeKind::column && node.path.size() == 1;
  if (!simple || in_alias_ || from_.scope.find(node)) return std::optional<Expression>();
  for (const SelectItem& item : select_->items) {
    if (item.alias.empty() || !same_name(item.alias, node.path[0])) continue;
    if (is_person(item.node)) return deny("person_column_in_expression", node.where);
    Late leaves(*this, windows);
    in_alias_ = true;
    Result<Expression> bound = ExpressionBinder(leaves, binding_->functions).bind(item.node);
    in_alias_ = false;
    if (!bound) return bound.error();
    copied_ += node_count(*bound);
    if (copied_ > kNodesMax) return refuse("expression_too_large", node.where);
    return std::optional<Expression>(std::move(*bound));
  }
  return std::optional<Expression>();
}

Result<std::optional<Expression>> SelectRows::resolve(const Node& node, bool windows) {
  if (!node.over.empty() && windows) {
    GBX_TRY_ASSIGN(Expression out, bind_windowed(node, *this));
    return std::optional<Expression>(std::move(out));
  }
  if (!node.over.empty()) return refuse("window_unsupported", node.where);
  GBX_TRY_ASSIGN(std::optional<Expression> alias, aliased(node, windows));
  if (alias) return alias;
  if (groups_) return grouped(node);
  return RowLeaves(from_.scope, "aggregate_nested").resolve(node);
}

Result<std::optional<Expression>> SelectRows::grouped(const Node& node) {
  if (is_aggregate(node)) {
    GBX_TRY_ASSIGN(Expression out, aggregate(node));
    return std::optional<Expression>(std::move(out));
  }
  const bool column = node.kind == NodeKind::column;
  const bool composite = node.kind == NodeKind::call || node.kind == NodeKind::cast ||
                         node.kind == NodeKind::case_when;
  const bool key = composite && !keys_.empty() && !contains_aggregate(node) && !holds_window(node);
  if (!column && !key) return std::optional<Expression>();
  if (!column && ++tries_ > kTriesMax) return refuse("expression_too_large", node.where);
  std::vector<FunctionUse> functions;  // those of a key were noted when it was bound
  Result<Expression> bound = bind_row(node, from_.scope, "aggregate_nested", functions);
  if (bound) {
    if (const auto place = place_of(keys_, *bound)) {
      bound->children.clear();
      bound->op = Op::column;
      bound->relation = 0;
      bound->column = *place;
      bound->value = 0;
      bound->text.clear();
      return std::optional<Expression>(std::move(*bound));
    }
  }
  if (column && !bound) return bound.error();
  if (column) return refuse("column_not_grouped", node.where);
  if (!bound && bound.error().code == ErrorCode::policy_denied) return bound.error();
  return std::optional<Expression>();
}

Result<Expression> SelectRows::aggregate(const Node& node) {
  RowLeaves leaves(from_.scope, "aggregate_nested");
  GBX_TRY_ASSIGN(RowAggregate bound,
                 bind_row_aggregate(node, {&leaves, this, &binding_->functions, from_.rows}));
  std::size_t i = 0;
  while (i < aggregates_.size() && !same(aggregates_[i], bound)) i++;
  const auto column = static_cast<std::uint32_t>(keys_.size() + i);
  Expression out = value_of(0, column, bound, node.where);
  if (i == aggregates_.size()) aggregates_.push_back(std::move(bound));
  return out;
}

Result<Expression> SelectRows::window(const Node& node) {
  if (windows_.size() >= kAggregatesMax) return refuse("too_many_aggregates", node.where);
  Late leaves(*this, false);
  const RowValues values{&leaves, this, &binding_->functions, from_.rows};
  for (const Node& child : node.children) {
    const bool person = groups_ && is_person(child);
    if (person) return deny("person_column_in_expression", child.where);
  }
  GBX_TRY_ASSIGN(Window out, bind_window_value(node, values));
  GBX_TRY(partition(node, out));
  std::size_t i = 0;
  while (i < windows_.size() && !same(windows_[i], out)) i++;
  Expression value = value_of(kWindows, static_cast<std::uint32_t>(i), out.value, node.where);
  if (i == windows_.size()) windows_.push_back(std::move(out));
  return value;
}

Status SelectRows::partition(const Node& node, Window& window) {
  const Over& over = node.over[0];
  bool person = false;
  for (const Node& part : over.partition) {
    if (is_person(part)) {
      if (presence(part)) return deny("person_may_be_absent", part.where);
      person = true;
      continue;
    }
    Late leaves(*this, false);
    GBX_TRY_ASSIGN(Expression key, ExpressionBinder(leaves, binding_->functions).bind(part));
    if (!place_of(window.partition, key)) window.partition.push_back(std::move(key));
  }
  if (!person) return deny("window_not_by_person", node.where);
  if (over.order.size() > kSortKeysMax) return refuse("too_many_sort_keys", node.where);
  for (const OrderItem& item : over.order) {
    if (is_person(item.node) && !presence(item.node)) continue;  // the same in all of these rows
    Late leaves(*this, false);
    GBX_TRY_ASSIGN(Expression key, ExpressionBinder(leaves, binding_->functions).bind(item.node));
    window.order.push_back({std::move(key), item.descending, item.nulls_first});
  }
  if (window.order.empty() && window.frame == Frame::peers) window.frame = Frame::partition;
  return {};
}

// The group step, over the rows of FROM.
Result<std::uint32_t> SelectRows::grouped_step() {
  ColumnPool pool(from_.step.columns);
  Step step = over(StepKind::group, 0);
  for (Expression& key : keys_) pool.lower(key);
  for (RowAggregate& value : aggregates_) pool.lower(value.argument);
  step.columns = std::move(keys_);
  step.aggregates = std::move(aggregates_);
  GBX_TRY_ASSIGN(step.inputs[0].source,
                 binding_->steps.add(std::move(from_.step), from_.rows, where_));
  const bool one = step.columns.empty();
  return binding_->steps.add(std::move(step), one ? 1 : from_.rows, where_);
}

void each_expression(Window& window, std::vector<Expression*>& out) {
  out.push_back(&window.value.argument);
  for (Expression& key : window.partition) out.push_back(&key);
  for (RowOrder& key : window.order) out.push_back(&key.key);
}

// Windows become the columns after `columns`.
void place_windows(Expression& e, std::size_t columns) {
  if (e.op == Op::column && e.relation == kWindows) {
    e.relation = 0;
    e.column += static_cast<std::uint32_t>(columns);
  }
  for (Expression& child : e.children) place_windows(child, columns);
}

Result<std::uint32_t> SelectRows::windowed_step(std::uint32_t source,
                                                const std::vector<Expression*>& late) {
  Step step = over(StepKind::window, source);
  step.columns = read_all(binding_->steps.columns(source), 0);
  step.windows = std::move(windows_);
  for (Expression* e : late) place_windows(*e, step.columns.size());
  const std::int64_t rows = binding_->steps.rows(source);
  return binding_->steps.add(std::move(step), rows, where_);
}

// Of all but windows, the place in the pool.
void lower(Expression& e, ColumnPool& pool) {
  if (e.op == Op::column && e.relation == kWindows) return;
  if (e.op == Op::column) pool.lower(e);
  for (Expression& child : e.children) lower(child, pool);
}

// The rows of FROM as a step of their own, for what comes after.
Result<std::uint32_t> SelectRows::raw_step(const std::vector<Expression*>& late) {
  ColumnPool pool(from_.step.columns);
  std::vector<Expression*> all = late;
  for (Window& window : windows_) each_expression(window, all);
  for (Expression* e : all) lower(*e, pool);
  return binding_->steps.add(std::move(from_.step), from_.rows, where_);
}

Status keep_where(Step& step, std::optional<Expression>& condition) {
  if (!condition) return {};
  std::vector<Expression> parts;
  if (step.has_filter) parts.push_back(std::move(step.filter));
  parts.push_back(std::move(*condition));
  condition.reset();
  GBX_TRY_ASSIGN(step.filter, all_of(std::move(parts)));
  step.has_filter = true;
  return {};
}

// All but the items, over whose inputs these stand.
Result<Step> SelectRows::last_step() {
  if (!groups_ && windows_.empty()) return std::move(from_.step);
  std::vector<Expression*> late;
  for (Expression& item : items_) late.push_back(&item);
  if (qualify_) late.push_back(&*qualify_);
  GBX_TRY_ASSIGN(std::uint32_t source, groups_ ? grouped_step() : raw_step(late));
  if (windows_.empty()) return over(StepKind::join, source);
  if (having_) {
    Step kept = over(StepKind::join, source);
    kept.columns = read_all(binding_->steps.columns(source), 0);
    GBX_TRY(keep_where(kept, having_));
    GBX_TRY_ASSIGN(source,
                   binding_->steps.add(std::move(kept), binding_->steps.rows(source), where_));
  }
  GBX_TRY_ASSIGN(source, windowed_step(source, late));
  return over(StepKind::join, source);
}

Result<NamedRows> SelectRows::finish() {
  NamedRows out;
  out.columns = std::move(names_);
  const bool person = std::any_of(out.columns.begin(), out.columns.end(),
                                  [](const NamedColumn& column) { return column.person; });
  // Rows are one person's whether it is shown or not; which of them are equal depends on it.
  if (!person && select_->distinct) return deny("subquery_without_person", where_);
  std::int64_t rows = from_.rows;
  if (groups_ && keys_.empty()) rows = 1;
  GBX_TRY_ASSIGN(Step last, last_step());
  GBX_TRY(keep_where(last, having_));
  GBX_TRY(keep_where(last, qualify_));
  last.columns = std::move(items_);
  last.distinct = select_->distinct;
  GBX_TRY_ASSIGN(out.source, binding_->steps.add(std::move(last), rows, where_));
  return out;
}

}  // namespace

Result<NamedRows> bind_select_rows(const Select& select, Binding& binding, Span where) {
  return SelectRows(select, binding, where).bind();
}

}  // namespace gbx::sql
