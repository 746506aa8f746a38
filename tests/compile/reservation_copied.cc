// One charge, one release.
// message: (deleted function|deleted constructor)

#include <utility>

#include "trusted/privacy/budget.h"

gbx::privacy::Reservation once(gbx::privacy::Reservation& reservation) {
#ifdef MUST_NOT_COMPILE
  return reservation;
#else
  return std::move(reservation);
#endif
}
