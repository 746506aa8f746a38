#pragma once

// An answer's table for other programs. Noised columns, and what is
// computed of them, bring <name>_low and <name>_high, their 95 %
// interval; NULL is an empty CSV field and NULL in Parquet.

#include <filesystem>
#include <string>

#include "trusted/packet/answer.h"

namespace gbx::client {

// RFC 4180, UTF-8, with a header line; lines end in \n.
std::string to_csv(const packet::AnswerTable& table);

// Replaces `path` or leaves it as it was. Throws Mistake.
void write_csv(const packet::AnswerTable& table, const std::filesystem::path& path);
void write_parquet(const packet::AnswerTable& table, const std::filesystem::path& path);

}  // namespace gbx::client
