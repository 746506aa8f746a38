#include "trusted/sql/lexer.h"

namespace gbx::sql {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool starts_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

bool in_word(char c) { return starts_word(c) || is_digit(c) || c == '$'; }

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

bool is_operator(char c) {
  return std::string_view("+-*/<>=~!@#%^&|?:").find(c) != std::string_view::npos;
}

std::size_t after(std::string_view sql, std::string_view what, std::size_t from) {
  const std::size_t found = sql.find(what, from);
  return found == std::string_view::npos ? sql.size() : found + what.size();
}

// Past the quote that closes the one at `at`; a doubled quote does not close, nor does one after a
// backslash if `escapes`.
std::size_t quoted_end(std::string_view sql, std::size_t at, bool escapes) {
  const char quote = sql[at];
  for (std::size_t i = at + 1; i < sql.size(); i++) {
    if (escapes && sql[i] == '\\') {
      i++;
    } else if (sql[i] == quote) {
      if (i + 1 >= sql.size() || sql[i + 1] != quote) return i + 1;
      i++;
    }
  }
  return sql.size();
}

std::size_t number_end(std::string_view sql, std::size_t at) {
  std::size_t i = at + 1;
  while (i < sql.size()) {
    const bool exponent = (sql[i - 1] == 'e' || sql[i - 1] == 'E') && is_digit(sql[at]);
    if (!in_word(sql[i]) && sql[i] != '.' && !(exponent && (sql[i] == '+' || sql[i] == '-'))) break;
    i++;
  }
  return i;
}

std::size_t dollar_end(std::string_view sql, std::size_t at) {
  std::size_t tag = at + 1;
  while (tag < sql.size() && in_word(sql[tag]) && sql[tag] != '$') tag++;
  if (tag >= sql.size() || sql[tag] != '$') return tag;
  return after(sql, sql.substr(at, tag + 1 - at), tag + 1);
}

std::size_t token(std::string_view sql, std::size_t at) {
  if (at >= sql.size()) return sql.size();
  const char c = sql[at];
  const char next = at + 1 < sql.size() ? sql[at + 1] : ' ';
  if (c == '\'' || c == '"') return quoted_end(sql, at, false);
  if ((c == 'e' || c == 'E') && next == '\'') return quoted_end(sql, at + 1, true);
  if (c == '$') return dollar_end(sql, at);
  if (is_digit(c) || (c == '.' && is_digit(next))) return number_end(sql, at);
  if (c == '-' && is_digit(next)) return number_end(sql, at + 1);
  std::size_t end = at + 1;
  if (starts_word(c)) {
    while (end < sql.size() && in_word(sql[end])) end++;
  } else if (is_operator(c)) {
    while (end < sql.size() && is_operator(sql[end])) end++;
  }
  return end;
}

}  // namespace

std::uint32_t skip_space(std::string_view sql, std::uint32_t at) {
  std::size_t i = at;
  while (i < sql.size()) {
    if (is_space(sql[i])) {
      i++;
    } else if (sql.substr(i, 2) == "--") {
      i = after(sql, "\n", i);
    } else if (sql.substr(i, 2) == "/*") {
      i = after(sql, "*/", i + 2);
    } else {
      break;
    }
  }
  return static_cast<std::uint32_t>(i);
}

std::uint32_t token_end(std::string_view sql, std::uint32_t at) {
  return static_cast<std::uint32_t>(token(sql, at));
}

std::uint32_t path_end(std::string_view sql, std::uint32_t at, std::size_t parts) {
  std::uint32_t end = token_end(sql, at);
  for (std::size_t i = 1; i < parts; i++) {
    const std::uint32_t dot = skip_space(sql, end);
    if (dot >= sql.size() || sql[dot] != '.') break;
    end = token_end(sql, skip_space(sql, dot + 1));
  }
  return end;
}

std::uint32_t call_end(std::string_view sql, std::uint32_t at) {
  const std::uint32_t name_end = token_end(sql, at);
  std::uint32_t i = skip_space(sql, name_end);
  if (i >= sql.size() || sql[i] != '(') return name_end;
  std::size_t depth = 0;
  while (i < sql.size()) {
    if (sql[i] == '(') depth++;
    if (sql[i] == ')' && --depth == 0) return i + 1;
    i = skip_space(sql, token_end(sql, i));
  }
  return name_end;
}

std::uint32_t word_end(std::string_view sql, std::uint32_t at, std::string_view word) {
  const std::uint32_t begin = skip_space(sql, at);
  const std::uint32_t end = token_end(sql, begin);
  if (end - begin != word.size()) return at;
  for (std::size_t i = 0; i < word.size(); i++) {
    const char c = sql[begin + i];
    const char upper = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    if (upper != word[i]) return at;
  }
  return end;
}

}  // namespace gbx::sql
