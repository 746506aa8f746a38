#pragma once

// Expressions of the syntax tree; the inner half of parse.h.

#include <initializer_list>
#include <string_view>

#include "trusted/base/json.h"
#include "trusted/sql/parse.h"

namespace gbx::sql {

// True when `json` is an object with exactly these members.
bool has_keys(const Json& json, std::initializer_list<std::string_view> keys);
// The string member `key`, or empty.
std::string_view string_of(const Json& json, std::string_view key);
// True when the member is null, "" or [].
bool is_absent(const Json& json, std::string_view key);

// A number, text, truth value, NULL or $name, perhaps of a stated type.
bool is_literal(const Node& node);

// Who reads the sub-selects that expressions hold.
class SelectReader {
 public:
  SelectReader() = default;
  SelectReader(const SelectReader&) = delete;
  SelectReader& operator=(const SelectReader&) = delete;
  SelectReader(SelectReader&&) = delete;
  SelectReader& operator=(SelectReader&&) = delete;
  virtual ~SelectReader() = default;
  virtual Result<Select> read(const Json& statement) = 0;
};

class ExpressionParser {
 public:
  // `selects` must outlive the parser.
  ExpressionParser(std::string_view sql, SelectReader& selects) : sql_(sql), selects_(&selects) {}

  // The expression and its alias ("" if none).
  Result<Node> parse(const Json& json) { return parse(json, 0); }
  // The same, which may also be * or t.*.
  Result<Node> parse_item(const Json& json);
  // Entries of ORDER BY. A window's are at a depth in an expression.
  Result<std::vector<OrderItem>> orders(const Json::Array& entries, std::size_t depth);

  // Those of VALUES, as long as each other; literals.
  Result<std::vector<std::vector<Node>>> rows(const Json& from);

  // An array of identifiers, at most kNamesMax.
  Result<std::vector<std::string>> names(const Json& json) const;

  // Where `json` begins in the text; {0, 0} when the tree does not say.
  [[nodiscard]] Span place(const Json& json) const;
  [[nodiscard]] Error refuse(Literal reason, const Json& json) const {
    return Error{ErrorCode::invalid_argument, reason, place(json)};
  }

 private:
  Result<Node> parse(const Json& json, std::size_t depth);
  Result<Node> by_class(const Json& json, std::size_t depth);
  Result<Node> column(const Json& json);
  Result<Node> constant(const Json& json);
  Result<Node> function(const Json& json, std::size_t depth);
  Result<Node> comparison(const Json& json, std::size_t depth);
  Result<Node> between(const Json& json, std::size_t depth);
  Result<Node> operation(const Json& json, std::size_t depth);
  Result<Node> case_when(const Json& json, std::size_t depth);
  Result<Node> cast(const Json& json, std::size_t depth);
  static Result<Node> interval(Node call);
  static Result<Node> written_interval(const Node& text, Span where);
  Result<Node> subselect(const Json& json, std::size_t depth);
  Result<Node> parameter(const Json& json);
  // parse_window.cc
  Result<Node> window(const Json& json, std::size_t depth);
  Status window_values(const Json& json, std::size_t depth, Node& node);
  Result<Over> over(const Json& json, std::size_t depth);
  Result<std::int64_t> frame_end(const Json& json, bool start, std::size_t depth);
  // Appends the elements of the array member `key` to `node`.
  Status children(const Json& json, std::string_view key, std::size_t depth, Node& node);
  Status child(const Json& json, std::string_view key, std::size_t depth, Node& node);
  // Grows node.where over its children.
  static void cover(Node& node);

  std::string_view sql_;
  SelectReader* selects_;
  std::size_t nodes_ = 0;
};

}  // namespace gbx::sql
