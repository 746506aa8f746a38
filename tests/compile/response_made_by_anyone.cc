// What leaves a room is signed and sealed on the way.
// message: (is private within this context|private constructor)

#include "trusted/room/response.h"

#ifdef MUST_NOT_COMPILE
gbx::room::Response speak() { return gbx::room::Response(std::string("rows")); }
#endif
