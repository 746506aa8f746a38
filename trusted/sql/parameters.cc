#include "trusted/sql/parameters.h"

#include <algorithm>

namespace gbx::sql {
namespace {

// The literal of a value as the parser would have made it: 1.50 and 1.5 are one number.
Node literal(const NamedValue& value, Span where) {
  Node out;
  out.where = where;
  out.type = value.type;
  if (const auto* text = std::get_if<std::string>(&value.value)) {
    out.kind = NodeKind::text;
    out.text = *text;
    return out;
  }
  const auto* number = std::get_if<std::int64_t>(&value.value);
  GBX_CHECK(number != nullptr);
  switch (value.type.type) {
    case Type::text: GBX_CHECK(false);
    case Type::boolean: out.kind = NodeKind::boolean; break;
    case Type::integer:
    case Type::decimal: out.kind = NodeKind::number; break;
    case Type::date:
    case Type::timestamp:
      out.kind = NodeKind::text;
      out.text = format_value(*number, value.type);
      return out;
  }
  out.value = *number;
  while (out.type.scale > 0 && out.value % 10 == 0) {
    out.value /= 10;
    out.type.scale--;
  }
  if (out.type.type == Type::decimal && out.type.scale == 0) out.type.type = Type::integer;
  out.scale = out.type.scale;
  return out;
}

// CAST(literal AS type): a date is one, and a number is no position.
Node typed(const NamedValue& value, Span where) {
  Node out;
  out.kind = NodeKind::cast;
  out.where = where;
  out.children.push_back(literal(value, where));
  out.type = out.children[0].type;
  return out;
}

// Recursion is as deep as parse.h lets selects and expressions nest.
class Setter {
 public:
  explicit Setter(std::span<const NamedValue> values)
      : values_(values), used_(values.size(), false) {}

  Status set(Select& select);
  Status finish() const {
    const bool all = std::all_of(used_.begin(), used_.end(), [](bool used) { return used; });
    return all ? Status() : Error{ErrorCode::invalid_argument, "parameter_unused"};
  }

 private:
  Status set(Node& node);
  Status set(std::vector<Node>& nodes);
  Status set(std::vector<Select>& selects);
  Status set(std::optional<Node>& node) { return node ? set(*node) : Status(); }
  Status set(std::vector<OrderItem>& order);

  std::span<const NamedValue> values_;
  std::vector<bool> used_;
};

Status Setter::set(Node& node) {
  if (node.kind == NodeKind::parameter) {
    const auto found = std::find_if(values_.begin(), values_.end(),
                                    [&](const NamedValue& one) { return one.name == node.text; });
    if (found == values_.end()) {
      return Error{ErrorCode::invalid_argument, "parameter_undeclared", node.where};
    }
    used_[static_cast<std::size_t>(found - values_.begin())] = true;
    node = typed(*found, node.where);
    return {};
  }
  GBX_TRY(set(node.children));
  GBX_TRY(set(node.filter));
  for (Over& over : node.over) {
    GBX_TRY(set(over.partition));
    GBX_TRY(set(over.order));
  }
  return set(node.select);
}

Status Setter::set(std::vector<Node>& nodes) {
  for (Node& node : nodes) GBX_TRY(set(node));
  return {};
}

Status Setter::set(std::vector<Select>& selects) {
  for (Select& select : selects) GBX_TRY(set(select));
  return {};
}

Status Setter::set(std::vector<OrderItem>& order) {
  for (OrderItem& item : order) GBX_TRY(set(item.node));
  return {};
}

Status Setter::set(Select& select) {
  for (WithTable& table : select.with) GBX_TRY(set(table.select));
  GBX_TRY(set(select.united));
  for (SelectItem& item : select.items) GBX_TRY(set(item.node));
  for (TableName& table : select.tables) GBX_TRY(set(table.select));
  for (Join& join : select.joins) GBX_TRY(set(join.condition));
  GBX_TRY(set(select.filter));
  GBX_TRY(set(select.groups));
  GBX_TRY(set(select.having));
  GBX_TRY(set(select.qualify));
  return set(select.order);
}

}  // namespace

Status set_parameters(Select& select, std::span<const NamedValue> values) {
  Setter setter(values);
  GBX_TRY(setter.set(select));
  return setter.finish();
}

}  // namespace gbx::sql
