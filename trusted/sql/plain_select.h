#pragma once

// What of the grammar (syntax.h) the binder does not take yet. It is refused here, by name and
// place, so that nothing that was parsed can be passed over.

#include "trusted/base/result.h"
#include "trusted/sql/syntax.h"

namespace gbx::sql {

// Fails with invalid_argument or policy_denied (star_not_released).
Status check_plain(const Select& select);

}  // namespace gbx::sql
