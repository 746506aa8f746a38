// Only a budget gives the right to release.
// message: (is private within this context|private constructor)

#include "trusted/privacy/budget.h"

gbx::privacy::Price price();

#ifdef MUST_NOT_COMPILE
gbx::privacy::Reservation reservation() { return gbx::privacy::Reservation(price(), {}, {}); }
#endif
