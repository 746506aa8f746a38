#pragma once

// Lists of persons for any engine: the person's token becomes four columns of numbers of the first
// table, and a task that lists persons one that groups by them. So engines join, filter and group
// as ever, and know nothing of lists.

#include <memory>
#include <vector>

#include "trusted/snapshot/table.h"
#include "trusted/sql/task.h"

namespace gbx::engine {

// What a task comes to for an engine. Good as long as the tables that it was made of.
class Listing {
 public:
  Listing(const sql::Task& task, const std::vector<const snapshot::Table*>& tables);

  // Without `lists`: its groups are the words of the person, then those of the task.
  [[nodiscard]] const sql::Task& task() const { return task_; }
  [[nodiscard]] const std::vector<const snapshot::Table*>& tables() const { return tables_; }

 private:
  sql::Task task_;
  std::unique_ptr<const snapshot::Table> first_;  // with the words
  std::vector<const snapshot::Table*> tables_;
};

}  // namespace gbx::engine
