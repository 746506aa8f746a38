// Nobody hears of an answer that is not in the log.
// message: no matching function

#include "trusted/room/response.h"

namespace gbx {

Result<room::Response> speak(room::ReleasedTable table, const log::Receipt& receipt,
                             const packet::AnswerPredicate& predicate,
                             const room::Signatory& signatory) {
#ifdef MUST_NOT_COMPILE
  static_cast<void>(receipt);
  return room::Responder::respond(std::move(table), predicate, signatory);
#else
  return room::Responder::respond(std::move(table), receipt, predicate, signatory);
#endif
}

}  // namespace gbx
