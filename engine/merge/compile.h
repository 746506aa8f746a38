#pragma once

// Expressions as programs: checks that they fit what they read, collects every text that they can
// meet, and then, once there is a pool of these, writes the instructions.

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "engine/merge/plan.h"

namespace gbx::engine {

// Every text that something can be; may repeat.
using Texts = std::shared_ptr<const std::vector<std::string_view>>;

// A column that an expression can read: a table's, whose texts are its dictionary, or a step's.
struct ScopeColumn {
  ValueType type;
  const snapshot::Table* table = nullptr;
  std::size_t column = 0;  // of the table
  Texts texts;             // of a step's column, when it is text
  bool pooled = false;     // texts come as codes of the pool already
};

// By relation and column. A relation that cannot be read has no columns.
using Scope = std::vector<std::vector<ScopeColumn>>;

std::vector<ScopeColumn> scope_of(const snapshot::Table& table);
// The conjuncts of a boolean expression.
std::vector<const sql::Expression*> conjuncts_of(const sql::Expression& e);
// The relations that an expression reads.
std::set<std::uint32_t> relations_of(const sql::Expression& e);

class Compiler {
 public:
  // `plan` gets the pool and must outlive the compiler.
  explicit Compiler(Plan& plan) : plan_(plan) {}

  // Fails with invalid_argument ("task_misfit") when `e` does not fit the scope.
  static Status check(const sql::Expression& e, const Scope& scope);
  // Every text that `e`, of type text, can be.
  Texts texts_of(const sql::Expression& e, const Scope& scope);
  // To be called for every expression before make_pool().
  void collect(const sql::Expression& e, const Scope& scope);
  void make_pool();
  // After make_pool(): adds the instructions to `program`; the node of the result.
  std::uint32_t add(const sql::Expression& e, const Scope& scope, Program& program);
  void add_condition(const sql::Expression& e, const Scope& scope, Filter& filter);
  // The pool's codes by code of a table's text column; null: they are the same.
  CodeTable codes_of(const snapshot::Table& table, std::size_t column);

 private:
  using Place = std::pair<const snapshot::Table*, std::size_t>;
  Texts dictionary_texts(const ScopeColumn& column);
  std::string_view owned(std::string text);
  static std::optional<std::uint32_t> add_folded(const sql::Expression& e, const Scope& scope,
                                                 Program& program);
  std::vector<Texts> texts_of_children(const sql::Expression& e, const Scope& scope);
  CodeTable function_table(const sql::Expression& e, const Scope& scope);
  static std::uint32_t add_map(sql::Op op, std::uint32_t input, CodeTable table, Program& program);
  std::uint32_t add_concat(const sql::Expression& e, const Scope& scope, Program& program);
  std::uint32_t add_written(const sql::Expression& e, const Scope& scope, Program& program);
  std::int64_t literal_value(const sql::Expression& e) const;

  Plan& plan_;
  std::map<Place, Texts> dictionaries_;
  std::set<Texts> collected_;
  std::unordered_set<std::string_view> owned_;  // plan_.texts
  std::map<Place, CodeTable> codes_;
};

}  // namespace gbx::engine
