#include "trusted/sql/step.h"

#include <algorithm>

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

bool is_weak(const Step& step, std::size_t input) {
  if (step.kind != StepKind::join) return false;
  const JoinKind own = step.inputs[input].kind;
  if (input > 0 && (own == JoinKind::left || own == JoinKind::full)) return true;
  for (std::size_t i = input + 1; i < step.inputs.size(); i++) {
    const JoinKind kind = step.inputs[i].kind;
    if (kind == JoinKind::right || kind == JoinKind::full) return true;
  }
  return false;
}

Int128 rows_of_join(JoinKind kind, Int128 left, Int128 right) {
  const Int128 pairs = left * right;
  switch (kind) {
    case JoinKind::inner: return pairs;
    case JoinKind::left: return std::max(pairs, left);
    case JoinKind::right: return std::max(pairs, right);
    case JoinKind::full: return std::max(pairs, left + right);
    case JoinKind::semi:
    case JoinKind::anti: return left;
  }
  GBX_CHECK(false);
}

}  // namespace gbx::sql
