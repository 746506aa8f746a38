// Nothing is released that was not charged before.
// message: (no matching function|too few arguments|could not convert|cannot convert)

#include "trusted/privacy/release.h"

namespace gbx {

Result<privacy::Released> open_door(privacy::Aggregate exact, const privacy::Plan& plan,
                                    privacy::Reservation paid, Entropy& entropy) {
#ifdef MUST_NOT_COMPILE
  return privacy::Releaser::release(std::move(exact), plan, entropy);
#else
  return privacy::Releaser::release(std::move(exact), plan, std::move(paid), entropy);
#endif
}

}  // namespace gbx
