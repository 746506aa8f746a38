#include "trusted/sql/nested_answer.h"

#include <algorithm>
#include <utility>

#include "trusted/sql/bind_expression.h"
#include "trusted/sql/parse.h"
#include "trusted/sql/scope.h"

namespace gbx::sql {
namespace {

bool is_or_holds(const Node& node, bool (*what)(const Node&)) {
  return what(node) || std::any_of(node.children.begin(), node.children.end(),
                                   [&](const Node& child) { return is_or_holds(child, what); });
}

bool is_more_than_a_value(const Node& node) {
  return !node.over.empty() || !node.select.empty() || is_aggregate(node);
}

bool aggregates(const Select& select) {
  return !select.groups.empty() || select.having ||
         std::any_of(select.items.begin(), select.items.end(), [](const SelectItem& item) {
           return contains_aggregate(item.node) || item.node.text == "grouping";
         });
}

bool is_plain(const Select& select) {
  if (!select.united.empty() || select.distinct || select.set_operation || aggregates(select)) {
    return false;
  }
  if (select.qualify || select.tables.size() != 1) return false;
  if (select.filter && is_or_holds(*select.filter, is_more_than_a_value)) return false;
  return std::none_of(select.items.begin(), select.items.end(), [](const SelectItem& item) {
    return is_or_holds(item.node, is_more_than_a_value);
  });
}

// How deep names in place of names have made an expression. Its parts are no deeper than
// kNodeDepthMax each, so it can be walked.
std::size_t depth_of(const Node& node) {
  std::size_t below = 0;
  for (const Node& child : node.children) below = std::max(below, depth_of(child));
  return below + 1;
}

std::string name_of(const SelectItem& item) {
  if (!item.alias.empty()) return item.alias;
  return item.node.kind == NodeKind::column ? item.node.path.back() : "";
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
    const bool limited = inner_.limit || inner_.offset > 0;
    const bool chooses =
        outer_->filter || !outer_->order.empty() || outer_->limit || outer_->offset > 0;
    if (limited && chooses) {
      return Error{ErrorCode::invalid_argument, "limit_in_subquery", outer_->tables[0].where};
    }
    Select out = inner_;
    out.items.clear();
    for (const SelectItem& item : outer_->items) GBX_TRY(add(item, out));
    if (outer_->filter) GBX_TRY(keep(*outer_->filter, out));
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
  // As deep as one that was written: the next level puts it into others.
  static Status check_depth(const Node& node, Span where) {
    if (depth_of(node) <= kNodeDepthMax) return {};
    return Error{ErrorCode::invalid_argument, "expression_too_deep", where};
  }

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

  Status keep(const Node& condition, Select& out) {
    GBX_TRY_ASSIGN(Node value, replaced(condition));
    if (out.having) {
      Node both;
      both.kind = NodeKind::call;
      both.text = "and";
      both.where = condition.where;
      both.children.push_back(std::move(*out.having));
      both.children.push_back(std::move(value));
      value = std::move(both);
    }
    GBX_TRY(check_depth(value, condition.where));
    out.having = std::move(value);
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
    if (++copied_ > kNodesMax) {
      return Error{ErrorCode::invalid_argument, "expression_too_large", node.where};
    }
    if (node.kind == NodeKind::column) {
      const bool qualified = node.path.size() == 2 && same_name(node.path[0], name_);
      for (std::size_t i = 0; i < names_.size() && (qualified || node.path.size() == 1); i++) {
        if (same_name(names_[i], node.path.back())) return counted(i, node.where);
      }
      return Error{ErrorCode::not_found, "column_unknown", node.where};
    }
    Node out = node;
    for (Node& child : out.children) {
      GBX_TRY_ASSIGN(child, replaced(child));
    }
    return out;
  }

  // The item again, all of which counts: names of names of names could double without end.
  Result<Node> counted(std::size_t item, Span where) {
    std::vector<const Node*> open = {&inner_.items[item].node};
    while (!open.empty() && copied_ <= kNodesMax) {
      copied_++;
      const Node& next = *open.back();
      open.pop_back();
      for (const Node& child : next.children) open.push_back(&child);
    }
    if (copied_ > kNodesMax) {
      return Error{ErrorCode::invalid_argument, "expression_too_large", where};
    }
    return inner_.items[item].node;
  }

  const Select* outer_;
  Select inner_;
  std::string name_;
  std::vector<std::string> names_;
  std::size_t copied_ = 0;
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
  if (inner.with.size() > kSelectsMax || !inner.united.empty() || inner.qualify) {
    return std::optional<Select>();
  }
  std::vector<std::string> columns = table.columns;
  if (columns.empty() && with) columns = select.with[*with].columns;
  if (!aggregates(inner)) {  // perhaps it only names another that does
    GBX_TRY_ASSIGN(std::optional<Select> deeper, without_nesting(inner));
    if (!deeper) return std::optional<Select>();
    inner = std::move(*deeper);
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
