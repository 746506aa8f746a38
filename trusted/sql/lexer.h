#pragma once

// Where things end in the analyst's text. DuckDB's tree says only where they begin; a caret wants
// both. Positions are byte offsets; every function is total, takes linear time and yields a
// position within the text, whatever the text is. Nothing here decides what a query means.

#include <cstdint>
#include <string_view>

namespace gbx::sql {

// The first position at or after `at` that is neither white space nor comment.
std::uint32_t skip_space(std::string_view sql, std::uint32_t at);

// The end of the token that begins at `at`: a word, a quoted name, a string, a number (with a sign
// just before it), a run of operator characters, or one character.
std::uint32_t token_end(std::string_view sql, std::uint32_t at);

// The end of `parts` names with dots between them.
std::uint32_t path_end(std::string_view sql, std::uint32_t at, std::size_t parts);

// The end of the token and, when a parenthesis follows it, of everything up to its partner.
std::uint32_t call_end(std::string_view sql, std::uint32_t at);

// The end of `word` (upper case) when it is what follows `at`; otherwise `at`.
std::uint32_t word_end(std::string_view sql, std::uint32_t at, std::string_view word);

}  // namespace gbx::sql
