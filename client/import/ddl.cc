#include "client/import/ddl.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "client/import/draft.h"

namespace gbx::client {
namespace {

constexpr std::size_t kTokensMax = 100'000;

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$';
}

bool same_word(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::toupper(static_cast<unsigned char>(x)) ==
           std::toupper(static_cast<unsigned char>(y));
  });
}

class Lexer {
 public:
  Lexer(const ImportFile& file, bool triple_quotes)
      : file_(file), text_(file.text), triple_(triple_quotes) {}

  std::vector<DdlStatement> split() {
    std::vector<DdlStatement> out;
    std::vector<DdlToken> tokens;
    std::size_t count = 0;
    while (true) {
      skip_blanks();
      if (at_ >= text_.size()) break;
      if (++count > kTokensMax) stop("it has more than 100,000 words");
      DdlToken token = read();
      const bool ends = token.kind == DdlKind::sign && token.text == ";";
      if (!ends) tokens.push_back(std::move(token));
      if (ends && !tokens.empty()) out.emplace_back(file_.name, std::exchange(tokens, {}));
    }
    if (!tokens.empty()) out.emplace_back(file_.name, std::move(tokens));
    return out;
  }

 private:
  [[noreturn]] void stop(const std::string& why) const {
    stop_import(file_.name + ":" + std::to_string(line_), why,
                "name the file with the policies alone");
  }

  [[nodiscard]] bool starts(std::string_view with) const {
    return text_.substr(at_, with.size()) == with;
  }

  void pass(std::size_t count) {
    for (; count > 0 && at_ < text_.size(); count--) {
      if (text_[at_++] == '\n') line_++;
    }
  }

  void pass_to(std::string_view end) {
    const std::size_t found = text_.find(end, at_);
    if (found == std::string_view::npos) stop("something that begins here has no end");
    pass(found + end.size() - at_);
  }

  void skip_blanks() {
    while (at_ < text_.size()) {
      if (std::isspace(static_cast<unsigned char>(text_[at_])) != 0) {
        pass(1);
      } else if (starts("--") || starts("//") || (triple_ && starts("#"))) {
        const std::size_t end = text_.find('\n', at_);
        pass((end == std::string_view::npos ? text_.size() : end) - at_);
      } else if (starts("/*")) {
        pass_to("*/");
      } else {
        return;
      }
    }
  }

  DdlToken read() {
    DdlToken out{DdlKind::sign, "", line_};
    const char c = text_[at_];
    if (triple_ && (starts("'''") || starts("\"\"\""))) {
      const std::string_view quote = text_.substr(at_, 3);
      pass(3);
      const std::size_t begin = at_;
      pass_to(quote);
      return {DdlKind::text, std::string(text_.substr(begin, at_ - 3 - begin)), out.line};
    }
    if (c == '\'' || (triple_ && c == '"')) return {DdlKind::text, quoted(c, triple_), out.line};
    if (c == (triple_ ? '`' : '"')) return {DdlKind::quoted, quoted(c, false), out.line};
    if (!is_word(c)) {
      const std::size_t size = starts("->") || starts("=>") || starts("!=") ? 2 : 1;
      out.text = text_.substr(at_, size);
      pass(size);
      return out;
    }
    out.kind = std::isdigit(static_cast<unsigned char>(c)) != 0 ? DdlKind::number : DdlKind::word;
    while (at_ < text_.size() && is_word(text_[at_])) {
      out.text += text_[at_];
      pass(1);
    }
    return out;
  }

  // Between two `quote`, which stands for itself when it is doubled (or, escaped, after \).
  std::string quoted(char quote, bool escapes) {
    std::string out;
    pass(1);
    while (true) {
      if (at_ >= text_.size()) stop("a quote that begins before has no end");
      const char c = text_[at_];
      pass(1);
      if (c == quote) {
        if (escapes || at_ >= text_.size() || text_[at_] != quote) return out;
        pass(1);
      } else if (escapes && c == '\\') {
        if (at_ >= text_.size() || (text_[at_] != quote && text_[at_] != '\\')) {
          stop("an escape in this text is not understood");
        }
        out += text_[at_];
        pass(1);
        continue;
      }
      out += c;
    }
  }

  const ImportFile& file_;
  std::string_view text_;
  bool triple_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
};

}  // namespace

const DdlToken& DdlStatement::peek(std::size_t ahead) const {
  static const DdlToken kEnd;
  return at_ + ahead < tokens_.size() ? tokens_[at_ + ahead] : kEnd;
}

std::string DdlStatement::place() const {
  const DdlToken& token = done() && !tokens_.empty() ? tokens_.back() : peek();
  return file_ + ":" + std::to_string(token.line);
}

DdlToken DdlStatement::next() {
  DdlToken out = peek();
  if (!done()) at_++;
  return out;
}

bool DdlStatement::is(std::string_view words) const {
  std::size_t ahead = 0;
  while (!words.empty()) {
    const std::size_t end = std::min(words.find(' '), words.size());
    const DdlToken& token = peek(ahead++);
    if (token.kind != DdlKind::word && token.kind != DdlKind::sign) return false;
    if (!same_word(token.text, words.substr(0, end))) return false;
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return true;
}

bool DdlStatement::take(std::string_view words) {
  if (!is(words)) return false;
  at_ += static_cast<std::size_t>(std::count(words.begin(), words.end(), ' ')) + 1;
  return true;
}

void DdlStatement::demand(std::string_view words) {
  if (take(words)) return;
  stop_import(place(), "here " + std::string(words) + " was expected",
              "write the statement as the reference of its system has it");
}

std::string DdlStatement::name() {
  std::string out;
  do {
    const DdlToken token = next();
    if (token.kind != DdlKind::word && token.kind != DdlKind::quoted) {
      stop_import(place(), "here a name was expected", "");
    }
    out = token.text;
  } while (take("."));
  // `project.dataset.view` is one quoted name in BigQuery.
  const std::size_t dot = out.rfind('.');
  return checked_name(dot == std::string::npos ? out : out.substr(dot + 1), place());
}

std::int64_t DdlStatement::integer() {
  const DdlToken token = next();
  std::int64_t out = 0;
  const char* end = token.text.data() + token.text.size();
  const auto [read_to, error] = std::from_chars(token.text.data(), end, out);
  if (token.kind != DdlKind::number || error != std::errc{} || read_to != end) {
    stop_import(place(), "here a number was expected", "write the number itself");
  }
  return out;
}

std::string DdlStatement::text() {
  const DdlToken token = next();
  if (token.kind != DdlKind::text) stop_import(place(), "here a text in quotes was expected", "");
  return token.text;
}

std::vector<std::string> DdlStatement::name_list() {
  std::vector<std::string> out;
  demand("(");
  do {
    out.push_back(name());
  } while (take(","));
  demand(")");
  return out;
}

void DdlStatement::skip_parentheses() {
  if (!take("(")) return;
  for (int depth = 1; depth > 0;) {
    if (done()) stop_import(place(), "a parenthesis has no end", "");
    if (is("(")) depth++;
    if (is(")")) depth--;
    next();
  }
}

std::vector<DdlStatement> split_ddl(const ImportFile& file, bool triple_quotes) {
  return Lexer(file, triple_quotes).split();
}

}  // namespace gbx::client
