#include "trusted/sql/post_process.h"

#include <algorithm>

#include "trusted/sql/released_value.h"

namespace gbx::sql {
namespace {

// What rows are ordered by: cells, and fractions that are not rounded. Of one key all are alike.
using Value = std::variant<std::monostate, std::int64_t, std::string, Ratio>;

bool is_null(const Value& value) { return std::holds_alternative<std::monostate>(value); }

Value value(const Expression& expression, const std::vector<Known>& outputs) {
  const Possible found = possible(expression, outputs);
  if (!found.some) return {};
  if (expression.type.type == Type::text) return *found.text;
  if (expression.op != Op::output) return found.low.value;
  const auto* number = std::get_if<std::int64_t>(&outputs[expression.column].low);
  return number == nullptr ? Value() : Value(*number);
}

bool passes(const PostProcessing& post, const std::vector<Known>& outputs) {
  if (!post.has_having) return true;
  const Possible truth = possible(post.having, outputs);
  return truth.some && truth.low.value.sign() > 0;
}

// Negative, zero, positive as `a` comes before, with or after `b`.
int compare(const SortKey& key, const Value& a, const Value& b) {
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
    std::vector<Value> keys;
  };
  std::vector<Row> kept;
  for (std::size_t i = 0; i < rows.size(); i++) {
    const std::vector<Known> outputs = known(saturated(rows[i], post.groups));
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
