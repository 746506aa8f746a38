#include "client/import/row_access.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "client/import/draft.h"

namespace gbx::client {
namespace {

constexpr std::size_t kConditionMax = 1000;  // tokens
constexpr std::array<std::string_view, 10> kWords = {"AND",  "BETWEEN", "FALSE", "IN", "IS",
                                                     "LIKE", "NOT",     "NULL",  "OR", "TRUE"};
constexpr std::array<std::string_view, 9> kSigns = {"(", ")", ",", "=", "!=", "<", ">", "-", "."};

std::string upper(std::string word) {
  for (char& c : word) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return word;
}

std::string quoted(const std::string& where, const std::string& text) {
  std::string out = "'";
  for (const char c : text) {
    if (std::iscntrl(static_cast<unsigned char>(c)) != 0) {
      stop_import(where, "a text in this condition has control characters", "");
    }
    out += c == '\'' ? "''" : std::string(1, c);
  }
  return out + "'";
}

template <typename List>
bool holds(const List& list, const std::string& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

}  // namespace

RowAccess read_row_access(DdlStatement& ddl) {
  RowAccess out;
  ddl.demand("AS (");
  while (!ddl.take(")")) {
    out.parameters.push_back(upper(ddl.name()));
    ddl.next();  // its type
    ddl.skip_parentheses();
    if (!ddl.take(",") && !ddl.is(")")) stop_import(ddl.place(), "these have no end", "");
  }
  ddl.demand("RETURNS BOOLEAN ->");
  while (!ddl.done()) {
    if (ddl.take("COMMENT =")) {
      ddl.text();
      continue;
    }
    const std::string where = ddl.place();
    const DdlToken token = ddl.next();
    const bool word = token.kind == DdlKind::word || token.kind == DdlKind::quoted;
    const bool known =
        token.kind == DdlKind::number || token.kind == DdlKind::text ||
        holds(kSigns, upper(token.text)) ||
        (word && (holds(out.parameters, upper(token.text)) || holds(kWords, upper(token.text))));
    if (!known || out.condition.size() >= kConditionMax) {
      stop_import(where,
                  "this condition depends on more than the row, or is not understood: a room's row "
                  "filter holds for everybody",
                  "write what shall hold for everybody: comparisons of columns with values");
    }
    out.condition.push_back(token);
  }
  if (out.condition.empty()) stop_import(ddl.place(), "this policy has no condition", "");
  return out;
}

std::string row_filter_over(const std::string& where, const RowAccess& policy,
                            const std::vector<std::string>& columns) {
  if (columns.size() != policy.parameters.size()) {
    stop_import(where, "it has not as many columns as the policy has parameters", "");
  }
  std::string out;
  const DdlToken* before = nullptr;
  for (const DdlToken& token : policy.condition) {
    std::string text = token.text;
    const auto parameter =
        std::find(policy.parameters.begin(), policy.parameters.end(), upper(token.text));
    const bool word = token.kind == DdlKind::word || token.kind == DdlKind::quoted;
    if (word && parameter != policy.parameters.end()) {
      text = columns[static_cast<std::size_t>(parameter - policy.parameters.begin())];
    } else if (token.kind == DdlKind::text) {
      text = quoted(where, token.text);
    } else if (word) {
      text = upper(token.text);
    }
    // 12.50 and <= are two or three tokens each.
    const bool sign = before != nullptr && before->kind == DdlKind::sign;
    const bool tight = token.text == "." || token.text == "," || token.text == ")" ||
                       (sign && (before->text == "." || before->text == "(")) ||
                       (sign && token.kind == DdlKind::sign && before->text.size() == 1 &&
                        std::string_view("<>").find(before->text) != std::string_view::npos &&
                        (token.text == "=" || token.text == ">"));
    out += (before == nullptr || tight ? "" : " ") + text;
    before = &token;
  }
  return "(" + out + ")";
}

}  // namespace gbx::client
