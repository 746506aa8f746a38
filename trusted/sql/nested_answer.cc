#include "trusted/sql/nested_answer.h"

#include <algorithm>
#include <utility>

#include "trusted/sql/bind_expression.h"
#include "trusted/sql/parse.h"
#include "trusted/sql/scope.h"

namespace gbx::sql {
namespace {

// A function on every part of a node, those of windows too.
template <typename N, typename F>
void each_part(N& node, const F& f) {
  for (auto& child : node.children) f(child);
  for (auto& condition : node.filter) f(condition);
  for (auto& over : node.over) {
    for (auto& key : over.partition) f(key);
    for (auto& key : over.order) f(key.node);
  }
}

bool is_or_holds(const Node& node, bool (*what)(const Node&)) {
  bool found = what(node);
  each_part(node, [&](const Node& part) { found = found || is_or_holds(part, what); });
  return found;
}

bool is_more_than_a_value(const Node& node) { return !node.select.empty() || is_aggregate(node); }
bool is_window(const Node& node) { return !node.over.empty(); }

bool aggregates(const Select& select) {
  return !select.groups.empty() || !select.grouping_sets.empty() || select.having ||
         std::any_of(select.items.begin(), select.items.end(), [](const SelectItem& item) {
           return contains_aggregate(item.node) || item.node.text == "grouping";
         });
}

bool is_plain(const Select& select) {
  if (!select.united.empty() || select.distinct || select.set_operation || aggregates(select)) {
    return false;
  }
  if (select.tables.size() != 1) return false;
  if (select.filter && is_or_holds(*select.filter, is_more_than_a_value)) return false;
  if (select.filter && is_or_holds(*select.filter, is_window)) return false;
  if (select.qualify && is_or_holds(*select.qualify, is_more_than_a_value)) return false;
  return std::none_of(select.items.begin(), select.items.end(), [](const SelectItem& item) {
    return is_or_holds(item.node, is_more_than_a_value);
  });
}

// How deep names in place of names have made an expression. Its parts are no deeper than
// kNodeDepthMax each, so it can be walked.
std::size_t depth_of(const Node& node) {
  std::size_t below = 0;
  each_part(node, [&](const Node& part) { below = std::max(below, depth_of(part)); });
  for (const Node& other : node.otherwise) below = std::max(below, depth_of(other));
  return below + 1;
}

// As deep as one that was written: the next level puts it into others.
Status check_depth(const Node& node, Span where) {
  if (depth_of(node) <= kNodeDepthMax) return {};
  return Error{ErrorCode::invalid_argument, "expression_too_deep", where};
}

// Nodes that one query repeats, all of which count: names of names of names could double without
// end.
class Copies {
 public:
  Result<Node> of(const Node& node, Span where) {
    std::vector<const Node*> open = {&node};
    while (!open.empty()) {
      if (++copied_ > kNodesMax) {
        return Error{ErrorCode::invalid_argument, "expression_too_large", where};
      }
      const Node& next = *open.back();
      open.pop_back();
      each_part(next, [&](const Node& part) { open.push_back(&part); });
      for (const Node& other : next.otherwise) open.push_back(&other);
    }
    return node;
  }

 private:
  std::size_t copied_ = 0;
};

// What ordinals and aliases of a SELECT mean, before its items give way to others: so none of them
// can come to mean one of those. Whether a name is a column first is for the binder to say.
class Settling {
 public:
  Settling(Select& select, Copies& copies) : select_(&select), copies_(&copies) {}

  Status run() {
    for (std::size_t i = 0; i < select_->items.size(); i++) {
      Node& item = select_->items[i].node;
      GBX_TRY(settle(item, i));  // those before it
      GBX_TRY(check_depth(item, item.where));
    }
    for (Node& group : select_->groups) GBX_TRY(settle_place(group));
    if (select_->having) GBX_TRY(settle(*select_->having, select_->items.size()));
    if (select_->qualify) GBX_TRY(settle(*select_->qualify, select_->items.size()));
    for (OrderItem& key : select_->order) {
      // An alias alone is the item, whatever columns there are.
      const SelectItem* item = called(key.node, select_->items.size());
      if (item == nullptr) {
        GBX_TRY(settle_place(key.node));
      } else {
        GBX_TRY_ASSIGN(key.node, copies_->of(item->node, key.node.where));
      }
    }
    return {};
  }

 private:
  // The first of so many items that has that alias.
  [[nodiscard]] const SelectItem* called(const Node& node, std::size_t items) const {
    if (node.kind != NodeKind::column || node.settled || node.path.size() != 1) return nullptr;
    for (std::size_t i = 0; i < items; i++) {
      const SelectItem& item = select_->items[i];
      if (!item.alias.empty() && same_name(item.alias, node.path[0])) return &item;
    }
    return nullptr;
  }

  // A number stands for an item.
  Status settle_place(Node& node) {
    if (node.kind != NodeKind::number || node.scale != 0)
      return settle(node, select_->items.size());
    const auto count = static_cast<std::int64_t>(select_->items.size());
    if (node.value < 1 || node.value > count) {
      return Error{ErrorCode::invalid_argument, "ordinal_out_of_range", node.where};
    }
    const Node& item = select_->items[static_cast<std::size_t>(node.value - 1)].node;
    GBX_TRY_ASSIGN(node, copies_->of(item, node.where));
    return {};
  }

  // Inside of aggregates names are columns.
  Status settle(Node& node, std::size_t items) {
    if (is_aggregate(node)) return {};
    Status parts;
    each_part(node, [&](Node& part) {
      if (parts) parts = settle(part, items);
    });
    GBX_TRY(parts);
    if (node.kind != NodeKind::column || node.settled) return {};
    if (const SelectItem* item = called(node, items)) {
      GBX_TRY_ASSIGN(Node other, copies_->of(item->node, node.where));
      node.otherwise.push_back(std::move(other));
    }
    node.settled = true;
    return {};
  }

  Select* select_;
  Copies* copies_;
};

std::string name_of(const SelectItem& item) {
  if (!item.alias.empty()) return item.alias;
  return item.node.kind == NodeKind::column ? item.node.path.back() : "";
}

bool has_windows(const Select& select) {
  return (select.qualify && is_or_holds(*select.qualify, is_window)) ||
         std::any_of(select.items.begin(), select.items.end(),
                     [](const SelectItem& item) { return is_or_holds(item.node, is_window); });
}

class Flattening {
 public:
  // `inner` is the sub-select that `outer` reads, called `name`.
  Flattening(const Select& outer, Select inner, std::string name, std::vector<std::string> columns)
      : outer_(&outer), inner_(std::move(inner)), name_(std::move(name)) {
    for (std::size_t i = 0; i < inner_.items.size(); i++) {
      names_.push_back(i < columns.size() ? columns[i] : name_of(inner_.items[i]));
    }
  }

  Result<Select> run() {
    GBX_TRY(Settling(inner_, copies_).run());
    const bool limited = inner_.limit || inner_.offset > 0;
    const bool windows = has_windows(*outer_);
    const bool chooses = outer_->filter || outer_->qualify || windows || !outer_->order.empty() ||
                         outer_->limit || outer_->offset > 0;
    if (limited && chooses) {
      return Error{ErrorCode::invalid_argument, "limit_in_subquery", outer_->tables[0].where};
    }
    Select out = inner_;
    out.items.clear();
    for (const SelectItem& item : outer_->items) GBX_TRY(add(item, out));
    // What windows inside have seen or chosen is no longer all that HAVING leaves.
    const bool after = inner_.qualify || has_windows(inner_);
    if (windows && (inner_.qualify || (after && outer_->filter))) {
      return Error{ErrorCode::invalid_argument, "window_in_window", outer_->tables[0].where};
    }
    if (outer_->filter) GBX_TRY(keep(*outer_->filter, after ? out.qualify : out.having));
    if (outer_->qualify) GBX_TRY(keep(*outer_->qualify, out.qualify));
    if (!outer_->order.empty()) {
      out.order.clear();
      for (const OrderItem& key : outer_->order) GBX_TRY(order_by(key, out));
    }
    if (limited) return out;
    out.limit = outer_->limit;
    out.offset = outer_->offset;
    return out;
  }

 private:
  Status add(const SelectItem& item, Select& out) {
    if (item.node.kind == NodeKind::star) {
      const bool all = item.node.path.empty() || same_name(item.node.path.back(), name_);
      if (!all) return Error{ErrorCode::not_found, "table_unknown", item.node.where};
      for (std::size_t i = 0; i < inner_.items.size(); i++) {
        GBX_TRY_ASSIGN(Node value, counted(i, item.node.where));
        out.items.push_back({std::move(value), names_[i]});
      }
      return {};
    }
    GBX_TRY_ASSIGN(Node value, replaced(item.node));
    GBX_TRY(check_depth(value, item.node.where));
    out.items.push_back({std::move(value), name_of(item)});
    return {};
  }

  Status keep(const Node& condition, std::optional<Node>& clause) {
    GBX_TRY_ASSIGN(Node value, replaced(condition));
    if (clause) {
      Node both;
      both.kind = NodeKind::call;
      both.text = "and";
      both.where = condition.where;
      both.children.push_back(std::move(*clause));
      both.children.push_back(std::move(value));
      value = std::move(both);
    }
    GBX_TRY(check_depth(value, condition.where));
    clause = std::move(value);
    return {};
  }

  // An ordinal counts the items, which are the outer ones; a name may be one of theirs.
  Status order_by(const OrderItem& key, Select& out) {
    OrderItem made = key;
    const bool simple = key.node.kind == NodeKind::column && key.node.path.size() == 1;
    const bool alias = simple && std::any_of(outer_->items.begin(), outer_->items.end(),
                                             [&](const SelectItem& item) {
                                               return same_name(item.alias, key.node.path[0]);
                                             });
    if (!alias && key.node.kind != NodeKind::number) {
      GBX_TRY_ASSIGN(made.node, replaced(key.node));
      GBX_TRY(check_depth(made.node, key.node.where));
    }
    out.order.push_back(std::move(made));
    return {};
  }

  // With the items of the sub-select in place of their names.
  Result<Node> replaced(const Node& node) {
    if (node.kind == NodeKind::column) {
      const bool qualified = node.path.size() == 2 && same_name(node.path[0], name_);
      for (std::size_t i = 0; i < names_.size() && (qualified || node.path.size() == 1); i++) {
        if (same_name(names_[i], node.path.back())) return counted(i, node.where);
      }
      return Error{ErrorCode::not_found, "column_unknown", node.where};
    }
    Node out = node;
    Status parts;
    each_part(out, [&](Node& part) {
      if (!parts) return;
      Result<Node> other = replaced(part);
      if (other) part = std::move(*other);
      if (!other) parts = other.error();
    });
    GBX_TRY(parts);
    return out;
  }

  Result<Node> counted(std::size_t item, Span where) {
    return copies_.of(inner_.items[item].node, where);
  }

  const Select* outer_;
  Select inner_;
  std::string name_;
  std::vector<std::string> names_;
  Copies copies_;
};

// The last of WITH that is called so.
std::optional<std::size_t> with_called(const Select& select, const TableName& table) {
  for (std::size_t i = select.with.size(); i > 0 && table.schema.empty(); i--) {
    if (same_name(select.with[i - 1].name, table.name)) return i - 1;
  }
  return std::nullopt;
}

// One level less, if there is one.
Result<std::optional<Select>> flattened(const Select& select) {
  if (!is_plain(select)) return std::optional<Select>();
  const TableName& table = select.tables[0];
  const auto with = table.select.empty() ? with_called(select, table) : std::nullopt;
  if (table.select.empty() && !with) return std::optional<Select>();
  Select inner = with ? select.with[*with].select[0] : table.select[0];
  const std::size_t before = with.value_or(select.with.size());
  inner.with.insert(inner.with.begin(), select.with.begin(),
                    select.with.begin() + static_cast<std::ptrdiff_t>(before));
  if (inner.with.size() > kSelectsMax || !inner.united.empty()) {
    return std::optional<Select>();
  }
  // An alias has new names for the first columns; the others keep those of WITH.
  std::vector<std::string> columns = with ? select.with[*with].columns : table.columns;
  if (with && columns.size() < table.columns.size()) columns.resize(table.columns.size());
  if (with) std::copy(table.columns.begin(), table.columns.end(), columns.begin());
  if (!aggregates(inner)) {  // perhaps it only names another that does
    GBX_TRY_ASSIGN(std::optional<Select> deeper, without_nesting(inner));
    if (!deeper) return std::optional<Select>();
    inner = std::move(*deeper);
  }
  if (columns.size() > inner.items.size()) {
    return Error{ErrorCode::invalid_argument, "column_alias_unsupported", table.where};
  }
  const std::string name = table.alias.empty() ? table.name : table.alias;
  GBX_TRY_ASSIGN(Select out, Flattening(select, std::move(inner), name, columns).run());
  return std::optional<Select>(std::move(out));
}

}  // namespace

Result<std::optional<Select>> without_nesting(const Select& select) { return flattened(select); }

Select with_distinct_groups(Select select) {
  if (!select.distinct || !select.united.empty() || select.set_operation || aggregates(select)) {
    return select;
  }
  for (const SelectItem& item : select.items) select.groups.push_back(item.node);
  select.distinct = false;
  return select;
}

}  // namespace gbx::sql
