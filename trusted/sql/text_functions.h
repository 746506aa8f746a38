#pragma once

// What functions of text mean, and numbers written as text: the one definition, which engines use
// or are tested against, and which tells the room what texts an answer can hold.
//
// An attacker controls the literals, the texts are the owners'. Each function is total and takes
// time linear in its text (LIKE and REPLACE: at most the product of two lengths), and no result is
// longer than its expression's interval says.

#include <optional>
#include <string>
#include <string_view>

#include "trusted/sql/expression.h"

namespace gbx::sql {

// `text` LIKE `pattern`: % is any run of characters, _ one UTF-8 character. `escapes`: the
// character after a \ stands for itself. Time is at most the product of the two lengths.
bool like_matches(std::string_view text, std::string_view pattern, bool escapes = false);
// As the expression `like` says.
bool like_matches(const Expression& like, std::string_view text);

// What a text function (is_text_function) makes of a text; its further children are literals.
std::string text_function(const Expression& e, std::string_view text);
// A to Z in small letters.
std::string lowered(std::string_view text);

// The length in UTF-8 characters, and the first `count` of them.
std::int64_t text_length(std::string_view text);
std::string_view text_prefix(std::string_view text, std::int64_t count);
// Where `part` begins, in characters from 1; 0 when it is not there. An empty one is at 1.
std::int64_t text_position(std::string_view text, std::string_view part);

// `value` as the expression to_text says, which is well formed; `value` is in its child's interval.
std::string number_text(const Expression& to_text, std::int64_t value);

// The smallest unit that a format's fields tell apart; nothing where it is no format: 1 to 64 bytes
// of text with %Y %y %m %B %b %d %j %A %a %w %H %I %p %M %S %%, one of which is a field.
std::optional<TimeUnit> format_unit(std::string_view format);
// Which units of `unit` after 1970 lie in the calendar.
struct Units {
  std::int64_t low = 0;
  std::int64_t high = 0;
};
Units units_in_calendar(TimeUnit unit);

}  // namespace gbx::sql
