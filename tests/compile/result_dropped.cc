// A failure cannot be dropped by not looking.
// message: ignoring return(ed)? value

#include "trusted/base/result.h"

gbx::Status append();

gbx::Status twice() {
#ifdef MUST_NOT_COMPILE
  append();
#else
  GBX_TRY(append());
#endif
  return append();
}
