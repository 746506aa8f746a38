// Exact values have no way out but the release.
// message: (is private within this context|is a private member)

#include "trusted/privacy/aggregate.h"

std::size_t look(const gbx::privacy::Aggregate& exact) {
#ifdef MUST_NOT_COMPILE
  return exact.groups_.size();
#else
  return sizeof(exact);
#endif
}
