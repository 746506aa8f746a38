#include "trusted/sql/written_tables.h"

#include <algorithm>
#include <utility>

#include "trusted/sql/parse_expression.h"
#include "trusted/sql/scope.h"
#include "trusted/sql/written_join.h"

namespace gbx::sql {
namespace {

constexpr std::size_t kCellsMax = 4096;  // of one such table; each has a column

std::size_t cells(const WrittenTable& table) { return table.rows.size() * table.columns.size(); }

Error refuse(Literal reason, Span where) { return {ErrorCode::invalid_argument, reason, where}; }

// Recursion is as deep as parse.h lets selects and expressions nest.
class Removal {
 public:
  Status select(Select& select);

 private:
  [[nodiscard]] std::optional<WrittenTable> written(const Select& select) const;
  [[nodiscard]] std::optional<WrittenTable> chosen(const Select& select) const;
  [[nodiscard]] std::optional<WrittenTable> named(const TableName& table) const;
  Status with(Select& select);
  Status from(Select& select);
  Status node(Node& node);

  std::vector<WrittenTable> with_;
  std::size_t copied_ = 0;
};

void rename(const std::vector<std::string>& names, WrittenTable& table) {
  for (std::size_t i = 0; i < names.size() && i < table.columns.size(); i++) {
    table.columns[i] = names[i];
  }
}

std::optional<WrittenTable> Removal::named(const TableName& table) const {
  std::optional<WrittenTable> out;
  if (!table.select.empty()) {
    out = written(table.select[0]);
  } else if (table.schema.empty()) {
    const auto found = std::find_if(with_.rbegin(), with_.rend(), [&](const WrittenTable& other) {
      return same_name(other.name, table.name);
    });
    if (found != with_.rend() && !found->rows.empty()) out = *found;
  }
  if (out) rename(table.columns, *out);
  return out;
}

// SELECT a, b, 'x' AS c FROM such a table.
std::optional<WrittenTable> Removal::chosen(const Select& select) const {
  const bool plain = select.tables.size() == 1 && !select.filter && select.groups.empty() &&
                     !select.having && !select.qualify;
  if (!plain) return std::nullopt;
  const std::optional<WrittenTable> from = named(select.tables[0]);
  if (!from) return std::nullopt;
  WrittenTable out;
  out.rows.resize(from->rows.size());
  for (const SelectItem& item : select.items) {
    const bool star = item.node.kind == NodeKind::star;
    if (is_literal(item.node)) {
      out.columns.push_back(item.alias);
      for (std::vector<Node>& row : out.rows) row.push_back(item.node);
      continue;
    }
    if (!star && item.node.kind != NodeKind::column) return std::nullopt;
    bool found = false;
    for (std::size_t c = 0; c < from->columns.size(); c++) {
      if (!star && !same_name(item.node.path.back(), from->columns[c])) continue;
      found = true;
      out.columns.push_back(item.alias.empty() ? from->columns[c] : item.alias);
      for (std::size_t r = 0; r < from->rows.size(); r++) out.rows[r].push_back(from->rows[r][c]);
    }
    if (!found) return std::nullopt;
  }
  if (cells(out) > kCellsMax) return std::nullopt;
  return out;
}

std::optional<WrittenTable> Removal::written(const Select& select) const {
  const bool bare = select.with.empty() && select.order.empty() && !select.limit &&
                    select.offset == 0 && !select.set_operation;
  if (!bare) return std::nullopt;
  if (!select.rows.empty()) {
    WrittenTable out{"", select.row_names, select.rows};
    return cells(out) > kCellsMax ? std::nullopt : std::optional(std::move(out));
  }
  if (select.united.empty()) return chosen(select);
  std::optional<WrittenTable> out;
  for (const Select& branch : select.united) {
    std::optional<WrittenTable> one = written(branch);
    if (!one || (out && one->columns.size() != out->columns.size())) return std::nullopt;
    if (!out) {
      out = std::move(one);
      continue;
    }
    if (cells(*out) + cells(*one) > kCellsMax) return std::nullopt;
    for (std::vector<Node>& row : one->rows) out->rows.push_back(std::move(row));
  }
  return out;
}

Status Removal::with(Select& select) {
  std::vector<WithTable> kept;
  for (WithTable& table : select.with) {
    std::optional<WrittenTable> found;
    if (table.select.size() == 1) found = written(table.select[0]);
    if (found) {
      rename(table.columns, *found);
      found->name = table.name;
      with_.push_back(std::move(*found));
      continue;
    }
    for (Select& inner : table.select) GBX_TRY(this->select(inner));
    with_.push_back({table.name, {}, {}});
    kept.push_back(std::move(table));
  }
  select.with = std::move(kept);
  return {};
}

Status Removal::from(Select& select) {
  for (std::size_t i = 0; i < select.tables.size();) {
    std::optional<WrittenTable> found = named(select.tables[i]);
    if (!found) {
      for (Select& inner : select.tables[i].select) GBX_TRY(this->select(inner));
      i++;
      continue;
    }
    copied_ += cells(*found);
    if (copied_ > kNodesMax) {
      return refuse("expression_too_large", select.tables[i].where);
    }
    GBX_TRY(meet(select, i, *found, copied_));
    i = 0;  // those before it have moved
  }
  return {};
}

Status Removal::node(Node& node) {
  if (node.kind == NodeKind::in_select) {
    const std::optional<WrittenTable> found = written(node.select[0]);
    if (found && found->columns.size() == 1) {
      std::vector<Node> parts = std::move(node.children);
      for (const std::vector<Node>& row : found->rows) {
        if (++copied_ > kNodesMax) return refuse("expression_too_large", node.where);
        parts.push_back(row[0]);
      }
      Node in;
      in.kind = NodeKind::call;
      in.text = "in";
      in.where = node.where;
      in.children = std::move(parts);
      node = std::move(in);
    }
  }
  for (Select& inner : node.select) GBX_TRY(select(inner));
  Status parts;
  each_part_of(node, [&](Node& part) {
    if (parts) parts = this->node(part);
  });
  return parts;
}

Status Removal::select(Select& select) {
  if (!select.rows.empty()) return refuse("written_rows_unsupported", select.rows[0][0].where);
  const std::size_t before = with_.size();
  GBX_TRY(with(select));
  for (Select& branch : select.united) GBX_TRY(this->select(branch));
  GBX_TRY(from(select));
  Status done;
  each_node(select, [&](Node& node) {
    if (done) done = this->node(node);
  });
  GBX_TRY(done);
  with_.resize(before);
  return {};
}

}  // namespace

Status without_written_tables(Select& select) { return Removal().select(select); }

}  // namespace gbx::sql
