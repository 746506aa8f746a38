// Only an engine can make exact aggregates.
// message: (is private within this context|private constructor)

#include "trusted/privacy/aggregate.h"

std::vector<gbx::privacy::ExactGroup> groups();

#ifdef MUST_NOT_COMPILE
gbx::privacy::Aggregate aggregate() { return gbx::privacy::Aggregate(groups()); }
#endif
