#pragma once

// Steps as JSON (docs/spec/query.md), for the codec of tasks.

#include "trusted/sql/expression_codec.h"

namespace gbx::sql {

Json encode_step(const Step& step);

// Takes what is_well_formed() after these sources: the tables, and the steps before. Fails with
// invalid_argument (task_malformed).
Result<Step> decode_step(const Json& json, ExpressionDecoder& expressions, Sources sources);

// A window over released rows as it stands in answers (docs/spec/result.md): its expressions as
// decode_formula() takes them. Decoding takes what is_well_formed() and window_fits(). Fails with
// invalid_argument (task_malformed).
Json encode_released_window(const Window& window);
Result<Window> decode_released_window(const Json& json);

}  // namespace gbx::sql
