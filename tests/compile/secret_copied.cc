// Whoever wants a second copy of a key has to say so.
// message: deleted (function|constructor)

#include "trusted/base/secret.h"

gbx::Secret<32> second(const gbx::Secret<32>& key) {
#ifdef MUST_NOT_COMPILE
  return key;
#else
  return key.copy();
#endif
}
