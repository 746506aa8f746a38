#pragma once

// What an answer to a task can hold at most, whatever the rows are: persons and texts. Looks at the
// task and the tables' declared sides only (persons, dictionaries), never at rows.

#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "trusted/room/engine.h"

namespace gbx::room {

// How many persons can have a row in the join, or in the last step: no more than the smallest table
// that they must be in has. `datasets` by table of the task.
Int128 persons_max(const sql::Task& task, std::span<const Dataset> datasets);

// Ascending, each once.
using Texts = std::shared_ptr<const std::vector<std::string>>;

// The texts that group expressions can yield. One object per task.
class PossibleTexts {
 public:
  // Both must outlive it.
  PossibleTexts(const sql::Task& task, std::span<const Dataset> datasets);

  // Of type text: every text that `group` can be on any row; perhaps more, as no condition is
  // looked at.
  Texts of_group(const sql::Expression& group) { return of(group, group_sources_); }

 private:
  using Sources = std::vector<std::uint32_t>;  // by relation
  Texts of(const sql::Expression& e, const Sources& sources);
  Texts of_column(std::uint32_t source, std::uint32_t column);
  Texts of_step(const sql::Step& step, std::uint32_t column);

  const sql::Task& task_;
  std::span<const Dataset> datasets_;
  Sources group_sources_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, Texts> known_;  // of columns, by source
};

}  // namespace gbx::room
