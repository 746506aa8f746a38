#include "trusted/sql/step.h"

namespace gbx::sql {

std::vector<StepColumn> columns_of(const Step& step) {
  std::vector<StepColumn> out;
  for (const Expression& column : step.columns)
    out.push_back({column.type, column.low, column.high});
  for (const RowAggregate& value : step.aggregates) {
    out.push_back({value.type, value.low, value.high});
  }
  for (const Window& window : step.windows) {
    out.push_back({window.value.type, window.value.low, window.value.high});
  }
  return out;
}

}  // namespace gbx::sql
