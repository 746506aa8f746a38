#pragma once

// What an answer to a task can hold at most, whatever the rows are: persons and texts. Looks at the
// task and the tables' declared sides only (persons, dictionaries), never at rows.
//
// An attacker writes the expressions: a dictionary of 256 MiB, each of its texts 4 KiB longer, must
// not end the room, which holds everybody's budget. So there is a bound on what is made.

#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "trusted/room/engine.h"

namespace gbx::room {

// How many persons can have a row in the join, or in the last step: no more than the smallest table
// that they must be in has. `datasets` by table of the task.
Int128 persons_max(const sql::Task& task, std::span<const Dataset> datasets);

// Of all texts that one task makes, with a std::string for each: a dictionary of the largest size
// fits, in another spelling.
constexpr std::size_t kPossibleBytesMax = std::size_t{768} << 20U;

// Ascending, each once.
using Texts = std::shared_ptr<const std::vector<std::string>>;

// The texts that group expressions can yield. One object per task.
class PossibleTexts {
 public:
  // Both must outlive it.
  PossibleTexts(const sql::Task& task, std::span<const Dataset> datasets,
                std::size_t bytes_max = kPossibleBytesMax);

  // Of type text: every text that `group` can be on any row; perhaps more, as no condition is
  // looked at. Fails with unavailable (engine_failed) beyond `bytes_max`, as an engine does
  // that has no room for them.
  Result<Texts> of_group(const sql::Expression& group) { return of(group, group_sources_); }

 private:
  using Sources = std::vector<std::uint32_t>;  // by relation
  Result<Texts> of(const sql::Expression& e, const Sources& sources);
  Result<Texts> of_concat(const sql::Expression& e, const Sources& sources);
  Result<Texts> of_column(std::uint32_t source, std::uint32_t column);
  Result<Texts> of_step(const sql::Step& step, std::uint32_t column);
  Result<Texts> any(const std::set<Texts>& several);
  Status add(std::vector<std::string>& words, std::string text);

  const sql::Task& task_;
  std::span<const Dataset> datasets_;
  Sources group_sources_;
  std::size_t bytes_left_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, Texts> known_;  // of columns, by source
};

}  // namespace gbx::room
