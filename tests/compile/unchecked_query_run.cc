// An engine runs what the firewall has let through, and its own answer is checked on the way out.
// message: (is private within this context|is a private member)

#include "trusted/room/engine.h"

namespace gbx {

void run(room::Engine& engine, const sql::Task& task, const firewall::CheckedQuery& query) {
#ifdef MUST_NOT_COMPILE
  static_cast<void>(query);
  static_cast<void>(engine.compute(task, {}));
#else
  static_cast<void>(task);
  static_cast<void>(engine.run(query, {}, {}));
#endif
}

}  // namespace gbx
