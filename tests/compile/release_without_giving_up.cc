// A release takes the reservation away; it does not look at it.
// message: (cannot bind rvalue reference|no matching function)

#include <utility>

#include "trusted/privacy/release.h"

using gbx::privacy::Aggregate;
using gbx::privacy::Plan;
using gbx::privacy::Reservation;

auto run(Aggregate& exact, const Plan& plan, Reservation& reservation, gbx::Entropy& entropy) {
#ifdef MUST_NOT_COMPILE
  return gbx::privacy::Releaser::release(std::move(exact), plan, reservation, entropy);
#else
  return gbx::privacy::Releaser::release(std::move(exact), plan, std::move(reservation), entropy);
#endif
}
