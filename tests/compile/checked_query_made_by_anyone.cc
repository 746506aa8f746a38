// A query that no rule has judged does not run.
// message: (is private within this context|private constructor)

#include "trusted/firewall/check.h"

namespace gbx {

Result<firewall::CheckedQuery> judge(const sql::Query& query,
                                     const policy::VerifiedPolicy& policy) {
#ifdef MUST_NOT_COMPILE
  static_cast<void>(query);
  static_cast<void>(policy);
  return firewall::CheckedQuery();
#else
  return firewall::check(query, policy, {});
#endif
}

}  // namespace gbx
