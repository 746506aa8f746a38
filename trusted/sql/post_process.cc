#include "trusted/sql/post_process.h"

#include <algorithm>

#include "trusted/sql/released_order.h"
#include "trusted/sql/released_windows.h"

namespace gbx::sql {
namespace {

bool holds(const Expression& condition, const std::vector<Cell>& row) {
  const Possible truth = possible(condition, known(row));
  return truth.some && truth.low.value.sign() > 0;
}

void saturate(std::vector<Cell>& outputs, std::size_t groups) {
  for (std::size_t i = groups; i < outputs.size(); i++) {
    if (auto* number = std::get_if<std::int64_t>(&outputs[i])) {
      *number = std::clamp(*number, -kOutputMax, kOutputMax);
    }
  }
}

// The windows of `kept`, into the last cells of these rows.
void add_windows(const std::vector<Window>& windows, const std::vector<std::size_t>& kept,
                 std::vector<std::vector<Cell>>& rows) {
  if (windows.empty() || kept.empty()) return;
  std::vector<std::vector<Cell>> read;
  read.reserve(kept.size());
  for (const std::size_t index : kept) read.push_back(rows[index]);
  const std::size_t first = read[0].size() - windows.size();
  for (std::size_t w = 0; w < windows.size(); w++) {
    std::vector<Cell> values = window_values(windows[w], read);
    for (std::size_t i = 0; i < kept.size(); i++) rows[kept[i]][first + w] = std::move(values[i]);
  }
}

// Those of `kept` in the order that the query asks for.
std::vector<std::size_t> ordered(const PostProcessing& post, std::vector<std::size_t> kept,
                                 const std::vector<std::vector<Cell>>& rows) {
  std::vector<std::vector<SortValue>> keys(rows.size());
  for (const std::size_t index : kept) {
    const std::vector<Known> outputs = known(rows[index]);
    for (const SortKey& key : post.order) keys[index].push_back(sort_value(key.key, outputs));
  }
  std::sort(kept.begin(), kept.end(), [&](std::size_t a, std::size_t b) {
    for (std::size_t i = 0; i < post.order.size(); i++) {
      const SortKey& key = post.order[i];
      const int order = compare({key.descending, key.nulls_first}, keys[a][i], keys[b][i]);
      if (order != 0) return order < 0;
    }
    return a < b;
  });
  return kept;
}

}  // namespace

PostProcessed post_process(const PostProcessing& post, std::vector<std::vector<Cell>> rows) {
  std::vector<std::size_t> kept;
  for (std::size_t i = 0; i < rows.size(); i++) {
    saturate(rows[i], post.groups);
    if (!post.has_having || holds(post.having, rows[i])) kept.push_back(i);
  }
  add_windows(post.windows, kept, rows);
  PostProcessed out;
  std::vector<std::size_t> qualified;
  for (const std::size_t i : kept) {
    (!post.has_qualify || holds(post.qualify, rows[i]) ? qualified : out.others).push_back(i);
  }
  qualified = ordered(post, std::move(qualified), rows);
  const auto skipped = static_cast<std::uint64_t>(post.offset);
  for (std::uint64_t i = 0; i < qualified.size(); i++) {
    const bool within =
        i >= skipped && (!post.limit || i - skipped < static_cast<std::uint64_t>(*post.limit));
    (within ? out.shown : out.others).push_back(qualified[i]);
  }
  std::sort(out.others.begin(), out.others.end());
  out.rows = std::move(rows);
  return out;
}

}  // namespace gbx::sql
