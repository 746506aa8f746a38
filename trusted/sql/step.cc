#include "trusted/sql/step.h"

namespace gbx::sql {

bool has_argument(RowFunction function) {
  return function != RowFunction::rows && function != RowFunction::row_number &&
         function != RowFunction::rank && function != RowFunction::dense_rank;
}

bool is_for_windows(RowFunction function) { return function >= RowFunction::row_number; }

bool has_frame(RowFunction function) {
  return !is_for_windows(function) || function == RowFunction::first_value ||
         function == RowFunction::last_value;
}

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
