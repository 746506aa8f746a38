#pragma once

// HAVING, ORDER BY, LIMIT and OFFSET, on released rows only: what is already noised and public to
// the receivers, so it costs nothing and can leak nothing.

#include <vector>

#include "trusted/sql/query.h"

namespace gbx::sql {

// Which rows stay, in which order. `rows` has one cell per output of the query (all of them, not
// only those selected); aggregates beyond +-kOutputMax count as that. Rows that compare equal keep
// their order.
std::vector<std::size_t> post_process(const PostProcessing& post,
                                      const std::vector<std::vector<Cell>>& rows);

}  // namespace gbx::sql
