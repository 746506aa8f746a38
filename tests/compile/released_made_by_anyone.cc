// Only release() makes what can be shown.
// message: (is private within this context|private constructor)

#include "trusted/privacy/release.h"

std::vector<gbx::privacy::ReleasedGroup> groups();

#ifdef MUST_NOT_COMPILE
gbx::privacy::Released released() { return gbx::privacy::Released(groups()); }
#endif
