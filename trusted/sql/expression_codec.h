#pragma once

// Expressions as JSON (docs/spec/query.md), for the codec of tasks.

#include "trusted/base/json.h"
#include "trusted/sql/well_formed.h"

namespace gbx::sql {

constexpr Literal kTaskMalformed = "task_malformed";
constexpr Error kMalformedTask{ErrorCode::invalid_argument, kTaskMalformed};

// Numbers may pass 2^53, which JSON integers here may not: they are strings.
Json encode_number(std::int64_t value);
std::int64_t take_number(Fields& fields, std::string_view key);

Json encode_expression(const Expression& expression);

// Adds `type`, `scale`, `low` and `high`, which every value has.
void encode_value(const StepColumn& value, Json& out);
StepColumn take_value(Fields& fields);

// A formula over released rows as it stands in answers: over columns of relation 0, with Op::ratio
// (docs/spec/result.md). Decoding takes what is well formed and formula_fits(); which columns there
// are is the caller's to check. Fails with invalid_argument (task_malformed).
Result<Expression> decode_formula(const Json& json);

// The expressions of one task.
class ExpressionDecoder {
 public:
  // Takes what is_well_formed() over these relations, and no more than kTaskNodesMax over all
  // calls. Fails with invalid_argument (task_malformed).
  Result<Expression> decode(const Json& json, Sources relations) {
    return decode_at(json, relations, 0);
  }

 private:
  Result<Expression> decode_at(const Json& json, Sources relations, std::size_t depth);

  std::size_t nodes_ = 0;
};

}  // namespace gbx::sql
