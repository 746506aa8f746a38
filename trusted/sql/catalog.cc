#include "trusted/sql/catalog.h"

#include <limits>

namespace gbx::sql {
namespace {

constexpr std::int64_t kDayFirst = -719'162;  // 0001-01-01
constexpr std::int64_t kDayLast = 2'932'896;  // 9999-12-31
constexpr std::int64_t kMicrosPerDay = 86'400'000'000;

}  // namespace

Range storage_range(ValueType type) {
  switch (type.type) {
    case Type::boolean: return {0, 1};
    case Type::integer:
    case Type::decimal:
      return {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()};
    case Type::date: return {kDayFirst, kDayLast};
    case Type::timestamp: return {kDayFirst * kMicrosPerDay, (kDayLast + 1) * kMicrosPerDay - 1};
    case Type::text: return {0, 0};
  }
  GBX_CHECK(false);
}

}  // namespace gbx::sql
