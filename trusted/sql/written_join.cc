#include "trusted/sql/written_join.h"

#include <algorithm>
#include <utility>

#include "trusted/sql/parse.h"
#include "trusted/sql/scope.h"

namespace gbx::sql {
namespace {

Error refuse(Literal reason, Span where) { return {ErrorCode::invalid_argument, reason, where}; }

std::size_t depth_of(const Node& node) {
  std::size_t below = 0;
  each_part_of(node, [&](const Node& part) { below = std::max(below, depth_of(part)); });
  return below + 1;
}

std::size_t size_of(const Node& node) {
  std::size_t out = 1;
  each_part_of(node, [&](const Node& part) { out += size_of(part); });
  return out;
}

bool holds_select(const Node& node) {
  bool found = !node.select.empty();
  each_part_of(node, [&](const Node& part) { found = found || holds_select(part); });
  return found;
}

Node call(std::string name, std::vector<Node> children, Span where) {
  Node out;
  out.kind = NodeKind::call;
  out.text = std::move(name);
  out.children = std::move(children);
  out.where = where;
  return out;
}

bool is_call(const Node& node, std::string_view name) {
  return node.kind == NodeKind::call && node.text == name;
}

// One condition of several; none is TRUE.
Node all_of(std::vector<Node> parts, std::string_view word, Span where) {
  if (parts.size() == 1) return std::move(parts[0]);
  return call(std::string(word), std::move(parts), where);
}

void conjuncts(Node node, std::vector<Node>& out) {
  if (!is_call(node, "and")) {
    out.push_back(std::move(node));
    return;
  }
  for (Node& child : node.children) conjuncts(std::move(child), out);
}

// Whether two texts can be spellings of one number or moment: '1' and '01', '2024-01-01' and
// '2024-01-01 00:00:00'. Of one shape, with digits at the same places, they are not.
bool may_be_one_value(std::string_view a, std::string_view b) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto is_alike = [&](char x, char y) { return x == y || (is_digit(x) && is_digit(y)); };
  const auto may_be_value = [&](std::string_view text) {
    constexpr std::string_view kBefore = " \t\n\v\f\r+-.";
    const std::size_t first = text.find_first_not_of(kBefore);
    return first != std::string_view::npos && is_digit(text[first]);
  };
  if (!may_be_value(a) || !may_be_value(b)) return false;
  return !std::equal(a.begin(), a.end(), b.begin(), b.end(), is_alike);
}

// Different literals of one kind: rows that one value could meet at once are for a join to repeat.
bool may_be_equal(const Node& a, const Node& b) {
  if (a.kind == NodeKind::text && b.kind == NodeKind::text) {
    return a.text == b.text || may_be_one_value(a.text, b.text);
  }
  const bool numbers = a.kind == NodeKind::number && b.kind == NodeKind::number;
  return !numbers || a.scale != b.scale || a.value == b.value;
}

// Such a table in the FROM of a SELECT gives way to conditions and CASE.
class Meeting {
 public:
  Meeting(Select& select, std::size_t place, WrittenTable table, std::size_t& copied)
      : select_(&select), place_(place), table_(std::move(table)), copied_(&copied) {
    const TableName& written = select.tables[place];
    alias_ = written.alias.empty() ? written.name : written.alias;
    where_ = written.where;
  }

  Status run();

 private:
  struct Key {
    Node value;  // of the rows that it meets
    std::size_t column = 0;
  };

  Status move_behind();
  Status find_keys(Join& join);
  bool take_key(const Node& node);
  [[nodiscard]] bool keys_differ() const;
  [[nodiscard]] std::optional<std::size_t> column_of(const Node& node) const;
  [[nodiscard]] bool mentions(const Node& node) const;
  Result<Node> copy(const Node& node);
  Result<Node> meets(const std::vector<Node>& row);
  Result<Node> condition();
  Result<Node> value_of(std::size_t column, Span where);
  Status replace(Node& node);
  Status replace_all();

  Select* select_;
  std::size_t place_;
  WrittenTable table_;
  std::size_t* copied_;
  std::string alias_;
  Span where_;
  bool outer_ = false;
  std::vector<std::string> using_;  // of these names the other table's column is meant
  std::vector<Key> keys_;
  std::vector<Node> others_;  // conditions that are no keys
};

std::optional<std::size_t> Meeting::column_of(const Node& node) const {
  if (node.kind != NodeKind::column || node.path.empty() || node.path.size() > 2) {
    return std::nullopt;
  }
  if (node.path.size() == 2 && !same_name(node.path[0], alias_)) return std::nullopt;
  const std::string& name = node.path.back();
  const auto called = [&](const std::string& other) { return same_name(name, other); };
  if (node.path.size() == 1 && std::any_of(using_.begin(), using_.end(), called)) {
    return std::nullopt;
  }
  const auto& columns = table_.columns;
  const auto found = std::find_if(columns.begin(), columns.end(), called);
  if (found == columns.end()) return std::nullopt;
  return static_cast<std::size_t>(found - columns.begin());
}

bool Meeting::mentions(const Node& node) const {
  bool found = column_of(node).has_value();
  each_part_of(node, [&](const Node& part) { found = found || mentions(part); });
  return found;
}

Result<Node> Meeting::copy(const Node& node) {
  *copied_ += size_of(node);
  if (*copied_ > kNodesMax) return refuse("expression_too_large", where_);
  return node;
}

// c.id = x, or x = c.id.
bool Meeting::take_key(const Node& node) {
  if (!is_call(node, "=") || node.children.size() != 2 || holds_select(node)) return false;
  for (std::size_t i = 0; i < 2; i++) {
    const auto column = column_of(node.children[i]);
    const Node& other = node.children[1 - i];
    if (!column || mentions(other)) continue;
    keys_.push_back({other, *column});
    return true;
  }
  return false;
}

// FROM c JOIN t is FROM t JOIN c.
Status Meeting::move_behind() {
  if (place_ > 0) return {};
  const bool alone = select_->tables.size() < 2;
  if (alone || select_->joins[0].word != JoinWord::inner || select_->joins[0].natural) {
    return refuse("written_rows_unsupported", where_);
  }
  std::swap(select_->tables[0], select_->tables[1]);
  place_ = 1;
  return {};
}

Status Meeting::find_keys(Join& join) {
  outer_ = join.word == JoinWord::left;
  if (join.natural || (join.word != JoinWord::inner && !outer_)) {
    return refuse("written_rows_unsupported", where_);
  }
  for (const std::string& name : join.using_columns) {
    Node column;
    column.kind = NodeKind::column;
    column.path = {name};
    column.where = join.where;
    const auto own = column_of(column);
    if (!own) return Error{ErrorCode::not_found, "column_unknown", join.where};
    keys_.push_back({column, *own});
  }
  using_ = join.using_columns;
  std::vector<Node> parts;
  const bool comma = !join.condition && using_.empty();
  if (join.condition) conjuncts(std::move(*join.condition), parts);
  if (comma && select_->filter) {
    conjuncts(std::move(*select_->filter), parts);
    select_->filter.reset();
  }
  for (Node& part : parts) {
    if (!take_key(part)) others_.push_back(std::move(part));
  }
  return outer_ && !others_.empty() ? Status(refuse("written_rows_unsupported", where_)) : Status();
}

bool Meeting::keys_differ() const {
  const auto& rows = table_.rows;
  for (std::size_t a = 0; a < rows.size(); a++) {
    for (std::size_t b = a + 1; b < rows.size(); b++) {
      const bool same = std::all_of(keys_.begin(), keys_.end(), [&](const Key& key) {
        return may_be_equal(rows[a][key.column], rows[b][key.column]);
      });
      if (same) return false;
    }
  }
  return true;
}

// The condition that a row of others is met by this one.
Result<Node> Meeting::meets(const std::vector<Node>& row) {
  std::vector<Node> parts;
  for (const Key& key : keys_) {
    std::vector<Node> sides;
    for (const Node* side : {&key.value, &row[key.column]}) {
      GBX_TRY_ASSIGN(Node one, copy(*side));
      sides.push_back(std::move(one));
    }
    parts.push_back(call("=", std::move(sides), where_));
  }
  return all_of(std::move(parts), "and", where_);
}

// That it is met by any.
Result<Node> Meeting::condition() {
  std::vector<Node> parts;
  if (keys_.size() > 1 || table_.rows.size() == 1) {
    for (const std::vector<Node>& row : table_.rows) {
      GBX_TRY_ASSIGN(Node met, meets(row));
      parts.push_back(std::move(met));
    }
    return all_of(std::move(parts), "or", where_);
  }
  GBX_TRY_ASSIGN(Node value, copy(keys_[0].value));
  parts.push_back(std::move(value));
  for (const std::vector<Node>& row : table_.rows) {
    GBX_TRY_ASSIGN(Node literal, copy(row[keys_[0].column]));
    parts.push_back(std::move(literal));
  }
  return call("in", std::move(parts), where_);
}

Result<Node> Meeting::value_of(std::size_t column, Span where) {
  const auto& rows = table_.rows;
  for (const Key& key : keys_) {
    if (key.column == column && !outer_) return copy(key.value);
  }
  if (rows.size() == 1 && !outer_) return copy(rows[0][column]);
  Node out;
  out.kind = NodeKind::case_when;
  out.where = where;
  for (std::size_t r = 0; r < rows.size(); r++) {
    const bool last = r + 1 == rows.size() && !outer_;
    if (!last) {
      GBX_TRY_ASSIGN(Node met, meets(rows[r]));
      out.children.push_back(std::move(met));
    }
    GBX_TRY_ASSIGN(Node value, copy(rows[r][column]));
    out.children.push_back(std::move(value));
  }
  if (outer_) {
    Node null;
    null.where = where;
    out.children.push_back(std::move(null));
  }
  return out;
}

Status Meeting::replace(Node& node) {
  if (const auto column = column_of(node)) {
    GBX_TRY_ASSIGN(Node value, value_of(*column, node.where));
    node = std::move(value);
    return {};
  }
  Status parts;
  each_part_of(node, [&](Node& part) {
    if (parts) parts = replace(part);
  });
  return parts;
}

Status Meeting::replace_all() {
  for (SelectItem& item : select_->items) {
    const bool star = item.node.kind == NodeKind::star;
    const bool other = star && !item.node.path.empty() && !same_name(item.node.path[0], alias_);
    if (star && !other) return refuse("written_rows_unsupported", item.node.where);
    if (item.alias.empty() && column_of(item.node)) item.alias = item.node.path.back();
  }
  const auto& items = select_->items;
  const auto is_alias = [&](const Node& node) {
    return node.kind == NodeKind::column && node.path.size() == 1 &&
           std::any_of(items.begin(), items.end(),
                       [&](const SelectItem& item) { return same_name(item.alias, node.path[0]); });
  };
  const auto is_place = [&](const Node& node) {
    const auto& groups = select_->groups;
    return std::any_of(groups.begin(), groups.end(),
                       [&](const Node& group) { return &group == &node; });
  };
  Status done;
  each_node(*select_, [&](Node& node) {
    const bool key = std::any_of(select_->order.begin(), select_->order.end(),
                                 [&](const OrderItem& item) { return &item.node == &node; });
    if (!done || (key && is_alias(node)) || !mentions(node)) return;
    done = replace(node);
    const bool number = node.kind == NodeKind::number;  // which would be the place of an item
    if (done && number && (key || is_place(node))) done = refuse("group_constant", where_);
    if (done && depth_of(node) > kNodeDepthMax) done = refuse("expression_too_deep", where_);
  });
  return done;
}

Status Meeting::run() {
  GBX_TRY(move_behind());
  for (std::size_t later = place_; later < select_->joins.size(); later++) {
    const JoinWord word = select_->joins[later].word;
    const bool natural = select_->joins[later].natural;
    if (natural || word == JoinWord::right || word == JoinWord::full) {
      return refuse("written_rows_unsupported", where_);
    }
  }
  GBX_TRY(find_keys(select_->joins[place_ - 1]));
  if (!keys_differ() || (keys_.empty() && outer_))
    return refuse("written_rows_unsupported", where_);
  const auto at = [&](auto& all, std::size_t i) {
    return all.begin() + static_cast<std::ptrdiff_t>(i);
  };
  select_->tables.erase(at(select_->tables, place_));
  select_->joins.erase(at(select_->joins, place_ - 1));
  for (Join& join : select_->joins) {
    if (join.right > place_) join.right--;
  }
  std::vector<Node> parts;
  if (select_->filter) conjuncts(std::move(*select_->filter), parts);
  for (Node& other : others_) parts.push_back(std::move(other));
  select_->filter.reset();
  if (!parts.empty()) select_->filter = all_of(std::move(parts), "and", where_);
  GBX_TRY(replace_all());
  if (keys_.empty() || outer_) return {};
  GBX_TRY_ASSIGN(Node met, condition());
  parts.clear();
  if (select_->filter) conjuncts(std::move(*select_->filter), parts);
  parts.push_back(std::move(met));
  select_->filter = all_of(std::move(parts), "and", where_);
  return {};
}

}  // namespace

Status meet(Select& select, std::size_t place, const WrittenTable& table, std::size_t& copied) {
  return Meeting(select, place, table, copied).run();
}

}  // namespace gbx::sql
