#pragma once

// Steps as JSON (docs/spec/query.md), for the codec of tasks.

#include "trusted/sql/expression_codec.h"

namespace gbx::sql {

Json encode_step(const Step& step);

// Takes what is_well_formed() after these sources: the tables, and the steps before. Fails with
// invalid_argument (task_malformed).
Result<Step> decode_step(const Json& json, ExpressionDecoder& expressions, Sources sources);

}  // namespace gbx::sql
