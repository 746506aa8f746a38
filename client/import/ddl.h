#pragma once

// A small reader of SQL statements that define things: words, names, numbers, texts and signs. It
// does not understand SQL; it lets importers match statement by statement what they know, and
// nothing else.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "client/import/import.h"

namespace gbx::client {

enum class DdlKind : std::uint8_t { word, quoted, number, text, sign, end };

struct DdlToken {
  DdlKind kind = DdlKind::end;
  std::string text;  // of words as written; of names and texts without quotes
  std::size_t line = 0;
};

class DdlStatement {
 public:
  DdlStatement(std::string file, std::vector<DdlToken> tokens)
      : file_(std::move(file)), tokens_(std::move(tokens)) {}

  // Where the next token stands: "file:line".
  [[nodiscard]] std::string place() const;
  [[nodiscard]] bool done() const { return peek().kind == DdlKind::end; }
  [[nodiscard]] const DdlToken& peek(std::size_t ahead = 0) const;
  DdlToken next();
  // Whether the next words are these, in any letter case; a sign is a word too.
  [[nodiscard]] bool is(std::string_view words) const;
  // The same, and passes over them.
  bool take(std::string_view words);
  void demand(std::string_view words);
  // A name, the last of those with dots between: a.b.c is c. Checked.
  std::string name();
  std::int64_t integer();
  std::string text();
  // The inside of ( ... ): names with commas.
  std::vector<std::string> name_list();
  // Passes over ( ... ), nested, when the next token is one.
  void skip_parentheses();

 private:
  std::string file_;
  std::vector<DdlToken> tokens_;
  std::size_t at_ = 0;
};

// Statements of a file, by semicolons. Comments are passed over. Throws Mistake for what has no end
// and for more than 100,000 tokens.
//   triple_quotes  BigQuery: '''text''', "text" is a text, `name` is a name; else "name" is a name
std::vector<DdlStatement> split_ddl(const ImportFile& file, bool triple_quotes);

}  // namespace gbx::client
