#pragma once

// Parquet at the owner, read by DuckDB: every cell as the text that CSV would have, so that one set
// of rules converts both. Rows are numbered from 1.

#include <memory>

#include "client/prepare/rows.h"

namespace gbx::prepare {

// Reads the columns of `path` named in `wanted`, in that order (all when empty). Throws Failure
// when the file cannot be read or lacks one.
std::unique_ptr<RowSource> open_parquet(const std::string& path,
                                        const std::vector<std::string>& wanted = {});

// Takes batches of cells apart.
class CellReader final : public RowReader {
 public:
  explicit CellReader(std::size_t columns) : columns_(columns) {}
  void start(Batch& batch) override;
  bool next(Row& row) override;

 private:
  std::size_t columns_;
  const Batch* batch_ = nullptr;
  std::size_t at_ = 0;
  std::uint64_t line_ = 1;
};

}  // namespace gbx::prepare
