#pragma once

// Why a query passes or not, for --explain: the rule that its tables have together, then what the
// checker makes of it.

#include <string>

#include "client/query/static_check.h"

namespace gbx::cli {

// Where a refusal is, why, and what would be allowed.
std::string refusal_text(const client::Verdict& verdict, std::string_view sql,
                         const policy::Policy& policy);
// An aggregate that only HAVING or ORDER BY reads, and what is paid for it alone.
std::string unseen_text(const client::Verdict::Column& column, privacy::Accounting accounting);
// One verdict in full: rule, privacy unit, what one person can touch, path and price; or the
// refusal.
std::string explained(const client::Verdict& verdict, std::string_view sql,
                      const policy::Policy& policy);
// {"rule"} of its tables; nothing when it names none.
void add_rule(Json& out, const client::Verdict& verdict, std::string_view sql,
              const policy::Policy& policy);
// {"canonical", "columns", "path", "price", ...} or {"code", "next", "reason", "span", "why"}.
void add_verdict(Json& out, const client::Verdict& verdict, std::string_view sql,
                 const policy::Policy& policy);

}  // namespace gbx::cli
