// Exact values move from the engine to the release; nobody keeps a copy.
// message: deleted (function|constructor)

#include "trusted/privacy/aggregate.h"

gbx::privacy::Aggregate take(gbx::privacy::Aggregate aggregate) {
#ifdef MUST_NOT_COMPILE
  return gbx::privacy::Aggregate(static_cast<const gbx::privacy::Aggregate&>(aggregate));
#else
  return aggregate;
#endif
}
