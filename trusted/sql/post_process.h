#pragma once

// HAVING, window functions, QUALIFY, ORDER BY, LIMIT and OFFSET, on released rows only: what is
// already noised and public to the receivers, so it costs nothing and can leak nothing.

#include <vector>

#include "trusted/sql/query.h"

namespace gbx::sql {

struct PostProcessed {
  // One cell per output of the query, those of windows too; these are NULL in rows that HAVING
  // dropped.
  std::vector<std::vector<Cell>> rows;
  std::vector<std::size_t> shown;   // which rows stay, in which order
  std::vector<std::size_t> others;  // which HAVING leaves, and something after it does not
};

// `rows` has one cell per output of the query (all of them, not only those selected; what stands in
// those of windows does not matter). Aggregates beyond +-kOutputMax count as that, and are. Rows
// that compare equal keep their order.
PostProcessed post_process(const PostProcessing& post, std::vector<std::vector<Cell>> rows);

}  // namespace gbx::sql
