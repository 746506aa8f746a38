#pragma once

// The one place where a refusal becomes words for people. Trusted code says a code, a reason and a
// place; what that means and what would be allowed is said here, on the reader's own machine, from
// public facts: the reason, the signed policy, and the reader's own text.
// docs/reference/refusals.md is the same as a table; a test keeps both in step with the reasons in
// the sources.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "trusted/base/result.h"
#include "trusted/policy/policy.h"

namespace gbx::client {

struct Wording {
  std::string_view reason;  // the stable word
  std::string_view means;   // what is the case: one sentence without its full stop
  std::string_view next;    // what would be allowed, or what to do
};

// nullptr for a word that nobody knows (a newer or hostile room).
const Wording* find_wording(std::string_view reason);
// All, by reason.
std::vector<Wording> all_wordings();

struct Refusal {
  ErrorCode code = ErrorCode::unavailable;
  std::string reason;  // from a room it is text of another party: printed only when it is a word
  Span where;          // in the analyst's text
};

struct RefusalText {
  std::string what;   // "refused: policy_denied (column_not_listed)"
  std::string where;  // "line 1, column 8" and the line with a caret; empty when there is no place
  std::string why;
  std::string next;  // what would be allowed, from the policy when it is given
};

// `sql` is what the reader sent, `policy` may be null.
RefusalText explain_refusal(const Refusal& refusal, std::string_view sql,
                            const policy::Policy* policy);

// "line 2, column 8:\n    SELECT email\n           ^~~~~"; empty for the span {0, 0} or one that is
// not inside `text`, which is shown as printable() says.
std::string caret(std::string_view text, Span span);

// With a space for each byte of what is_printable() does not want to see.
std::string printable(std::string text);

// The nearest of `words` to `word`, upper and lower case being the same; "" when none is near.
std::string nearest_word(std::string_view word, std::span<const std::string> words);

// What each table gives, in words: the end of a refusal that is about columns or functions.
std::string allowed_in(const policy::Table& table);

// Whether a text names the table: what a refused query was about.
bool mentions(std::string_view sql, const policy::Table& table);

namespace words {
// By subject; each sorted by reason.
std::span<const Wording> of_policies();
std::span<const Wording> of_queries();
std::span<const Wording> of_proofs();
std::span<const Wording> of_rooms();
std::span<const Wording> of_evidence();
std::span<const Wording> of_processors();
std::span<const Wording> of_quotes();
std::span<const Wording> of_machine();
std::span<const Wording> of_templates();
// All of them.
std::span<const std::span<const Wording>> subjects();
}  // namespace words

}  // namespace gbx::client
