#include "engine/merge/steps_rows.h"

#include <algorithm>
#include <numeric>

namespace gbx::engine {
namespace {

constexpr std::size_t kRowsKept = std::size_t{1} << 18;

// The sources of the next chunk.
void move_on(std::span<const RowSource> from, std::size_t by, std::vector<RowSource>& to) {
  to.assign(from.begin(), from.end());
  for (RowSource& source : to) {
    if (source.rows != nullptr) {
      source.rows += by;
    } else {
      source.first += by;
    }
  }
}

void keep_rows(const std::vector<std::uint32_t>& rows, snapshot::ColumnData& column) {
  for (std::size_t i = 0; i < rows.size(); i++) column.values[i] = column.values[rows[i]];
  column.values.resize(rows.size());
  if (column.valid.empty()) return;
  for (std::size_t i = 0; i < rows.size(); i++) column.valid[i] = column.valid[rows[i]];
  column.valid.resize(rows.size());
}

}  // namespace

void reset(snapshot::Block& block, std::size_t columns) {
  if (block.rows() > kRowsKept) block = {};
  block.row_begin.clear();
  block.columns.resize(columns);
  for (snapshot::ColumnData& column : block.columns) {
    column.values.clear();
    column.valid.clear();
  }
}

void add_null_row(snapshot::Block& block) {
  for (snapshot::ColumnData& column : block.columns) {
    if (column.valid.empty()) column.valid.assign(column.values.size(), 1);
    column.values.push_back(0);
    column.valid.push_back(0);
  }
}

void append(Vector from, std::size_t count, snapshot::ColumnData& to) {
  const std::size_t before = to.values.size();
  to.values.insert(to.values.end(), from.values, from.values + count);
  if (from.valid == nullptr) {
    if (!to.valid.empty()) to.valid.resize(before + count, 1);
    return;
  }
  to.valid.resize(before, 1);
  to.valid.insert(to.valid.end(), from.valid, from.valid + count);
}

void ProgramRun::append_to(std::span<const RowSource> sources, std::size_t count,
                           std::span<const std::uint32_t> nodes,
                           std::span<snapshot::ColumnData* const> out) {
  for (std::size_t done = 0; done < count; done += kBatchRows) {
    const std::size_t chunk = std::min(kBatchRows, count - done);
    move_on(sources, done, sources_);
    evaluator_.run(sources_, chunk);
    for (std::size_t i = 0; i < nodes.size(); i++) {
      append(evaluator_.result(nodes[i]), chunk, *out[i]);
    }
  }
}

NodeColumns::NodeColumns(const Program& program, const std::set<std::uint32_t>& nodes)
    : program_(program), run_(program), columns_(program.nodes.size()) {
  for (const std::uint32_t node : nodes) {
    if (program.nodes[node].op != sql::Op::column) nodes_.push_back(node);
  }
}

void NodeColumns::evaluate(const RowsView& input) {
  input_ = input;
  if (nodes_.empty()) return;
  std::vector<snapshot::ColumnData*> to;
  for (const std::uint32_t node : nodes_) {
    to.push_back(&columns_[node]);
    columns_[node].values.clear();
    columns_[node].valid.clear();
  }
  const RowSource source = input.all();
  run_.append_to({&source, 1}, input.count(), nodes_, to);
}

Vector NodeColumns::of(std::uint32_t node) const {
  const Node& planned = program_.nodes[node];
  if (planned.op != sql::Op::column) return rows_of(columns_[node], 0);
  return rows_of(input_.block->columns[planned.column], input_.first());
}

FilterRun::FilterRun(const Filter& filter)
    : filter_(filter), evaluator_(filter.program), passes_(kBatchRows) {
  std::set<std::uint32_t> relations;
  for (const Node& node : filter.program.nodes) {
    if (node.op == sql::Op::column) relations.insert(node.relation);
  }
  relations_.assign(relations.begin(), relations.end());
}

void FilterRun::passing(std::span<const RowSource> sources, std::size_t count,
                        std::vector<std::uint32_t>& out) {
  for (std::size_t done = 0; done < count; done += kBatchRows) {
    const std::size_t chunk = std::min(kBatchRows, count - done);
    move_on(sources, done, sources_);
    evaluator_.run(sources_, chunk);
    std::fill_n(passes_.begin(), chunk, std::uint8_t{1});
    for (const std::uint32_t condition : filter_.conditions) {
      const Vector holds = evaluator_.result(condition);
      for (std::size_t i = 0; i < chunk; i++) {
        passes_[i] &= static_cast<std::uint8_t>(holds.values[i] != 0);
      }
      for (std::size_t i = 0; holds.valid != nullptr && i < chunk; i++) {
        passes_[i] &= holds.valid[i];
      }
    }
    std::size_t kept = out.size();
    out.resize(kept + chunk);
    for (std::size_t i = 0; i < chunk; i++) {
      out[kept] = static_cast<std::uint32_t>(done + i);
      kept += passes_[i];
    }
    out.resize(kept);
  }
}

SortColumn sort_column(Vector column) { return {.values = column.values, .valid = column.valid}; }

Vector rows_of(const snapshot::ColumnData& column, std::size_t first) {
  return {.values = column.values.data() + first,
          .valid = column.valid.empty() ? nullptr : column.valid.data() + first};
}

int compare(std::span<const SortColumn> columns, std::uint32_t a, std::uint32_t b) {
  for (const SortColumn& column : columns) {
    if (column.valid != nullptr) {
      const bool known = column.valid[a] != 0;
      if (known != (column.valid[b] != 0)) return known == column.nulls_first ? 1 : -1;
      if (!known) continue;
    }
    const std::int64_t x = column.values[a];
    const std::int64_t y = column.values[b];
    if (x != y) return (x < y) != column.descending ? -1 : 1;
  }
  return 0;
}

void sort_rows(std::span<const SortColumn> columns, std::span<std::uint32_t> rows) {
  if (rows.size() < 2) return;
  std::sort(rows.begin(), rows.end(), [&](std::uint32_t a, std::uint32_t b) {
    const int order = compare(columns, a, b);
    return order != 0 ? order < 0 : a < b;
  });
}

void make_distinct(snapshot::Block& block) {
  std::vector<SortColumn> columns;
  for (const snapshot::ColumnData& column : block.columns) {
    columns.push_back(sort_column(rows_of(column, 0)));
  }
  std::vector<std::uint32_t> order(block.rows());
  std::iota(order.begin(), order.end(), 0U);
  std::vector<std::uint32_t> kept;
  std::vector<std::uint32_t> begin = {0};
  for (std::size_t p = 0; p + 1 < block.row_begin.size(); p++) {
    const std::span rows =
        std::span(order).subspan(block.row_begin[p], block.row_begin[p + 1] - block.row_begin[p]);
    sort_rows(columns, rows);
    const std::size_t first = kept.size();
    for (std::size_t i = 0; i < rows.size(); i++) {
      if (i == 0 || compare(columns, rows[i - 1], rows[i]) != 0) kept.push_back(rows[i]);
    }
    // Ascending, so that columns can be compacted in place.
    std::sort(kept.begin() + static_cast<std::ptrdiff_t>(first), kept.end());
    begin.push_back(static_cast<std::uint32_t>(kept.size()));
  }
  if (kept.size() == block.rows()) return;
  for (snapshot::ColumnData& column : block.columns) keep_rows(kept, column);
  block.row_begin = std::move(begin);
}

}  // namespace gbx::engine
