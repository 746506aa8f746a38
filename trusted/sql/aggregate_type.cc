#include <algorithm>

#include "trusted/sql/bind.h"
#include "trusted/sql/catalog.h"

namespace gbx::sql {
namespace {

// A number of at most `most` units of 10^-scale, with up to four more digits.
ValueType with_more_digits(Int128 most, std::uint8_t scale) {
  constexpr int kMoreDigits = 4;
  most = std::max(most, Int128{1});
  for (int i = 0; i < kMoreDigits && scale < kScaleMax && most * 10 <= kOutputMax; i++) {
    most *= 10;
    scale++;
  }
  return {scale > 0 ? Type::decimal : Type::integer, scale};
}

}  // namespace

ValueType average_type(const Expression& argument) {
  return with_more_digits(std::max(-Int128{argument.low}, Int128{argument.high}),
                          argument.type.scale);
}

ValueType variance_type(const Expression& argument) {
  const Int128 width = Int128{argument.high} - argument.low;
  Int128 most = std::min(width, Int128{kOutputMax}) * std::min(width, Int128{kOutputMax});
  int scale = 2 * argument.type.scale;
  for (; scale > kScaleMax; scale--) most /= 10;
  return with_more_digits(most, static_cast<std::uint8_t>(scale));
}

ValueType deviation_type(const Expression& argument) {
  return with_more_digits(Int128{argument.high} - argument.low, argument.type.scale);
}

ValueType type_of(const AggregateCall& call) {
  switch (call.kind) {
    case AggregateKind::rows:
    case AggregateKind::values:
    case AggregateKind::persons:
    case AggregateKind::bounded:
    case AggregateKind::distinct: break;
    case AggregateKind::sum:
    case AggregateKind::bound_low:
    case AggregateKind::bound_high:
    case AggregateKind::quantile: return call.argument.type;
    case AggregateKind::average: return average_type(call.argument);
    case AggregateKind::variance_population:
    case AggregateKind::variance_sample: return variance_type(call.argument);
    case AggregateKind::deviation_population:
    case AggregateKind::deviation_sample: return deviation_type(call.argument);
  }
  return {Type::integer, 0};
}

}  // namespace gbx::sql
