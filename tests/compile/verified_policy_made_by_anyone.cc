// A policy that nobody has verified is only data.
// message: (is private within this context|private constructor)

#include "trusted/policy/policy.h"

gbx::Result<gbx::policy::VerifiedPolicy> open(const gbx::packet::Envelope& envelope) {
#ifdef MUST_NOT_COMPILE
  return gbx::policy::VerifiedPolicy(gbx::policy::Policy(), gbx::Hash());
#else
  return gbx::policy::VerifiedPolicy::verify(envelope);
#endif
}
