// Rows of an answer come from released values, never from exact ones.
// message: (cannot convert|no matching function)

#include "trusted/room/response.h"

namespace gbx {

Result<room::ReleasedTable> rows(const firewall::CheckedQuery& query, const policy::Policy& policy,
                                 const privacy::Aggregate& exact,
                                 const privacy::Released& released) {
#ifdef MUST_NOT_COMPILE
  static_cast<void>(released);
  return room::ReleasedTable::make(query, policy, exact);
#else
  static_cast<void>(exact);
  return room::ReleasedTable::make(query, policy, released);
#endif
}

}  // namespace gbx
