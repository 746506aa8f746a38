#pragma once

// Are the computed columns of an answer what their formulas make of the columns beside them, and
// those of windows what these make of all rows?
//
// An attacker is a room that signs what it likes: formulas, inputs and cells are all hostile. Every
// size is bounded by the decoder and by sql::formula_fits(). What is not checked here: that the
// formula is the one that was asked for; docs/spec/result.md, 5, says what binds it. Pure.

#include "trusted/packet/answer.h"
#include "trusted/privacy/plan.h"

namespace gbx::client {

// `plan` is the statement's and has been checked. Fails with unverified: result_formula_wrong (what
// it reads is not there, or not what it says), result_computed_wrong (a value), or
// result_interval_wrong; or result_window_wrong (a window cannot be read, or a value is not its).
Status verify_computed(const packet::AnswerTable& table, const privacy::Plan& plan);

}  // namespace gbx::client
