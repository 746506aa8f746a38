#pragma once

// How an answer looks in a terminal: the table with +/- at 95 %, what the noise hides, what was
// withheld, what it cost and what is left. From verified values only.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "client/query/forecast.h"
#include "client/query/verify_answer.h"

namespace gbx::cli {

// The rows, aligned, and how many more the policy's result_rows cut; a noised cell is "1,204 ±
// 119", or "12.3 (10.0 .. 15.2)" where the interval is not symmetric. Control characters of values
// are shown as spaces.
std::string answer_table(const packet::AnswerTable& table);

// The lines under it, from the noise to the verification.
std::string answer_notes(const client::VerifiedAnswer& answer);

// How wide the columns will be in a row of so many people; empty when nobody said how many.
struct TypicalWidths {
  std::int64_t people = 0;
  std::vector<std::optional<std::int64_t>> widths = {};  // in the order of the columns
};

// The columns of a dry run with their +/-, the price in both accountings and what would be left.
std::string price_text(const client::VerifiedAnswer& answer, const TypicalWidths& typical);

// What to ask first where bounds are far apart; "" when none are.
std::string bounds_hint(const std::vector<client::WideColumn>& wide);

// "PASS (INSECURE-SIM: proves nothing about the machine): ..."
std::string verdict_line(const client::VerifiedAnswer& answer);

// The same for programs.
Json answer_json(const client::VerifiedAnswer& answer);
// Of a dry run: [{"column", "half_width"}] of the columns that have no width of their own.
Json typical_json(const packet::AnswerTable& table, const TypicalWidths& typical);

}  // namespace gbx::cli
