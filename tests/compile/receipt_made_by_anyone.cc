// Only the log says that something was written down.
// message: (is private within this context|private constructor)

#include "trusted/log/log.h"

gbx::log::Head head();

#ifdef MUST_NOT_COMPILE
gbx::log::Receipt receipt() { return gbx::log::Receipt({}, head()); }
#endif
