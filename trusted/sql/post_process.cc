#include "trusted/sql/post_process.h"

#include <algorithm>

#include "trusted/sql/evaluate.h"

namespace gbx::sql {
namespace {

bool is_null(const Cell& cell) { return std::holds_alternative<std::monostate>(cell); }

// Values of expressions, evaluated once per row.
Cell value(const Expression& expression, const std::vector<Cell>& outputs) {
  return evaluate(expression, RowView(&outputs, 1));
}

bool passes(const PostProcessing& post, const std::vector<Cell>& outputs) {
  if (!post.has_having) return true;
  const Cell cell = value(post.having, outputs);
  const auto* truth = std::get_if<std::int64_t>(&cell);
  return truth != nullptr && *truth != 0;
}

// Negative, zero, positive as `a` comes before, with or after `b`.
int compare(const SortKey& key, const Cell& a, const Cell& b) {
  if (is_null(a) || is_null(b)) {
    const int order = (is_null(b) ? 1 : 0) - (is_null(a) ? 1 : 0);
    return key.nulls_first ? order : -order;
  }
  const int order = a < b ? -1 : b < a ? 1 : 0;
  return key.descending ? -order : order;
}

std::vector<Cell> saturated(std::vector<Cell> outputs, std::size_t groups) {
  for (std::size_t i = groups; i < outputs.size(); i++) {
    if (auto* number = std::get_if<std::int64_t>(&outputs[i])) {
      *number = std::clamp(*number, -kOutputMax, kOutputMax);
    }
  }
  return outputs;
}

}  // namespace

std::vector<std::size_t> post_process(const PostProcessing& post,
                                      const std::vector<std::vector<Cell>>& rows) {
  struct Row {
    std::size_t index;
    std::vector<Cell> keys;
  };
  std::vector<Row> kept;
  for (std::size_t i = 0; i < rows.size(); i++) {
    const std::vector<Cell> outputs = saturated(rows[i], post.groups);
    if (!passes(post, outputs)) continue;
    Row row{i, {}};
    for (const SortKey& key : post.order) row.keys.push_back(value(key.key, outputs));
    kept.push_back(std::move(row));
  }
  std::sort(kept.begin(), kept.end(), [&](const Row& a, const Row& b) {
    for (std::size_t i = 0; i < post.order.size(); i++) {
      const int order = compare(post.order[i], a.keys[i], b.keys[i]);
      if (order != 0) return order < 0;
    }
    return a.index < b.index;
  });
  std::vector<std::size_t> out;
  const auto skipped = static_cast<std::uint64_t>(post.offset);
  for (std::uint64_t i = skipped; i < kept.size(); i++) {
    if (post.limit && i - skipped >= static_cast<std::uint64_t>(*post.limit)) break;
    out.push_back(kept[i].index);
  }
  return out;
}

}  // namespace gbx::sql
