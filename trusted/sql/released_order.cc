#include "trusted/sql/released_order.h"

namespace gbx::sql {
namespace {

bool is_null(const SortValue& value) { return std::holds_alternative<std::monostate>(value); }

}  // namespace

SortValue sort_value(const Expression& expression, std::span<const Known> outputs) {
  const Possible found = possible(expression, outputs);
  if (!found.some) return {};
  if (expression.type.type == Type::text) return found.text ? SortValue(*found.text) : SortValue();
  const bool read = expression.op == Op::output || expression.op == Op::column;
  if (!read) return found.low.value;
  const auto* number = std::get_if<std::int64_t>(&outputs[expression.column].low);
  return number == nullptr ? SortValue() : SortValue(*number);
}

int compare(SortDirection direction, const SortValue& a, const SortValue& b) {
  if (is_null(a) || is_null(b)) {
    const int order = (is_null(b) ? 1 : 0) - (is_null(a) ? 1 : 0);
    return direction.nulls_first ? order : -order;
  }
  const int order = a < b ? -1 : b < a ? 1 : 0;
  return direction.descending ? -order : order;
}

}  // namespace gbx::sql
