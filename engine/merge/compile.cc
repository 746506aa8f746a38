#include "engine/merge/compile.h"

#include <algorithm>
#include <array>

#include "trusted/sql/evaluate.h"
#include "trusted/sql/well_formed.h"

namespace gbx::engine {
namespace {

using sql::Expression;
using sql::is_text_function;
using sql::Op;
using sql::text_function;

constexpr Error kMisfit{ErrorCode::invalid_argument, "task_misfit"};

void flatten(const Expression& e, std::vector<const Expression*>& out) {
  if (e.op != Op::logical_and) {
    out.push_back(&e);
    return;
  }
  for (const Expression& child : e.children) flatten(child, out);
}

void add_relations(const Expression& e, std::set<std::uint32_t>& out) {
  if (e.op == Op::column) out.insert(e.relation);
  for (const Expression& child : e.children) add_relations(child, out);
}

Status check_at(const Expression& e, const Scope& scope, std::uint32_t depth) {
  if (depth > kExpressionDepthMax) return kMisfit;
  if (!sql::is_well_formed(e, scope.size())) return kMisfit;
  if (e.op == Op::column) {
    const std::vector<ScopeColumn>& columns = scope[e.relation];
    if (e.column >= columns.size() || columns[e.column].type != e.type) return kMisfit;
  }
  for (const Expression& child : e.children) GBX_TRY(check_at(child, scope, depth + 1));
  return {};
}

constexpr std::size_t kFoldedTextsMax = 1 << 16;

// Whether `e` is NULL where its columns are, and never where they are not, and cannot fail.
bool is_strict(Op op) {
  constexpr std::array kStrict = {
      Op::column,      Op::literal, Op::equal,         Op::not_equal,   Op::less,
      Op::less_equal,  Op::greater, Op::greater_equal, Op::logical_and, Op::logical_or,
      Op::logical_not, Op::in_list, Op::like,          Op::lower,       Op::upper,
      Op::prefix,      Op::suffix,  Op::rest,          Op::trim};
  return std::find(kStrict.begin(), kStrict.end(), op) != kStrict.end();
}

// Whether `e` is strict and reads one column only, a table's text; which is then set.
bool reads_one_text(const Expression& e, const Scope& scope, const Expression*& column) {
  if (!is_strict(e.op)) return false;
  if (e.op == Op::column) {
    const ScopeColumn& here = scope[e.relation][e.column];
    if (e.type.type != Type::text || here.table == nullptr || here.pooled) return false;
    if (column != nullptr) return column->relation == e.relation && column->column == e.column;
    column = &e;
    return true;
  }
  return std::all_of(e.children.begin(), e.children.end(),
                     [&](const Expression& child) { return reads_one_text(child, scope, column); });
}

// One node for each different leaf.
std::uint32_t place(Node node, Program& program) {
  for (std::uint32_t i = 0; i < program.nodes.size(); i++) {
    const Node& old = program.nodes[i];
    const bool same_leaf = old.op == node.op && old.type == node.type && node.inputs.empty() &&
                           old.relation == node.relation && old.column == node.column &&
                           old.value == node.value && old.by_code == node.by_code;
    if (same_leaf) return i;
  }
  program.nodes.push_back(std::move(node));
  return static_cast<std::uint32_t>(program.nodes.size() - 1);
}

}  // namespace

std::vector<ScopeColumn> scope_of(const snapshot::Table& table) {
  std::vector<ScopeColumn> out;
  for (const snapshot::ColumnInfo& info : table.columns()) {
    out.push_back({.type = info.type, .table = &table, .column = out.size(), .texts = {}});
  }
  return out;
}

std::vector<const Expression*> conjuncts_of(const Expression& e) {
  std::vector<const Expression*> out;
  flatten(e, out);
  return out;
}

std::set<std::uint32_t> relations_of(const Expression& e) {
  std::set<std::uint32_t> out;
  add_relations(e, out);
  return out;
}

Status Compiler::check(const Expression& e, const Scope& scope) { return check_at(e, scope, 0); }

Texts Compiler::dictionary_texts(const ScopeColumn& column) {
  Texts& texts = dictionaries_[{column.table, column.column}];
  if (!texts) {
    const auto& dictionary = column.table->dictionary(column.column);
    texts = std::make_shared<std::vector<std::string_view>>(dictionary.begin(), dictionary.end());
  }
  return texts;
}

Texts Compiler::texts_of(const Expression& e, const Scope& scope) {
  if (e.op == Op::column) {
    const ScopeColumn& column = scope[e.relation][e.column];
    return column.table != nullptr ? dictionary_texts(column) : column.texts;
  }
  auto out = std::make_shared<std::vector<std::string_view>>();
  if (e.op == Op::literal) {
    out->push_back(e.text);
  } else if (is_text_function(e.op)) {
    const Texts from = texts_of(e.children[0], scope);
    for (std::string_view text : *from) {
      plan_.texts.push_back(text_function(e.op, text, e.value));
      out->push_back(plan_.texts.back());
    }
  } else {
    for (const Expression& child : e.children) {
      if (child.type.type != Type::text) continue;
      const Texts more = texts_of(child, scope);
      out->insert(out->end(), more->begin(), more->end());
    }
  }
  std::sort(out->begin(), out->end());
  out->erase(std::unique(out->begin(), out->end()), out->end());
  return out;
}

void Compiler::collect(const Expression& e, const Scope& scope) {
  for (const Expression& child : e.children) collect(child, scope);
  if (e.type.type != Type::text || e.op == Op::null) return;
  if (e.op == Op::case_when || e.op == Op::coalesce) return;  // its children's
  collected_.insert(texts_of(e, scope));
}

void Compiler::make_pool() {
  std::vector<std::string_view> texts;
  for (const Texts& some : collected_) texts.insert(texts.end(), some->begin(), some->end());
  collected_.clear();
  plan_.pool = TextPool(std::move(texts));
}

CodeTable Compiler::codes_of(const snapshot::Table& table, std::size_t column) {
  CodeTable& known = codes_[{&table, column}];
  if (known) return known;
  const auto& dictionary = table.dictionary(column);
  if (dictionary.size() == plan_.pool.size()) return nullptr;  // the pool is this dictionary
  auto codes = std::make_shared<std::vector<std::int64_t>>();
  codes->reserve(dictionary.size());
  for (const std::string& text : dictionary) codes->push_back(plan_.pool.code(text));
  known = codes;
  return known;
}

CodeTable Compiler::function_table(const Expression& e, const Scope& scope) {
  auto results = std::make_shared<std::vector<std::int64_t>>(plan_.pool.size(), 0);
  const Texts texts = texts_of(e.children[0], scope);
  for (std::string_view text : *texts) {
    auto& result = (*results)[static_cast<std::size_t>(plan_.pool.code(text))];
    if (e.op == Op::like) {
      result = std::int64_t{sql::like_matches(text, e.text)};
    } else if (e.op == Op::length) {
      result = sql::text_length(text);
    } else {
      result = plan_.pool.code(text_function(e.op, text, e.value));
    }
  }
  return results;
}

std::int64_t Compiler::literal_value(const Expression& e) const {
  return e.type.type == Type::text ? plan_.pool.code(e.text) : e.value;
}

// A condition on one text column, decided once for each text of its dictionary.
std::optional<std::uint32_t> Compiler::add_folded(const Expression& e, const Scope& scope,
                                                  Program& program) {
  const Expression* column = nullptr;
  if (e.type.type != Type::boolean || !reads_one_text(e, scope, column) || column == nullptr) {
    return {};
  }
  const ScopeColumn& from = scope[column->relation][column->column];
  const std::vector<std::string>& dictionary = from.table->dictionary(from.column);
  if (dictionary.size() > kFoldedTextsMax) return {};
  auto holds = std::make_shared<std::vector<std::int64_t>>();
  std::vector<std::vector<Cell>> row(column->relation + 1);
  row.back().resize(column->column + 1);
  for (const std::string& text : dictionary) {
    row.back().back() = text;
    holds->push_back(std::get<std::int64_t>(sql::evaluate(e, row)));
  }
  Node raw;
  raw.op = Op::column;
  raw.type = column->type;
  raw.relation = column->relation;
  raw.column = column->column;
  Node node;
  node.op = Op::like;
  node.type = e.type;
  node.input_type = Type::text;
  node.inputs = {place(std::move(raw), program)};
  node.by_code = holds;
  return place(std::move(node), program);
}

std::uint32_t Compiler::add(const Expression& e, const Scope& scope, Program& program) {
  if (const auto folded = add_folded(e, scope, program)) return *folded;
  Node node;
  node.op = e.op;
  node.type = e.type;
  node.value = e.value;
  const bool list = e.op == Op::in_list;
  for (const Expression& child : e.children) {
    if (list && !node.inputs.empty()) {
      node.list.push_back(literal_value(child));
    } else {
      node.inputs.push_back(add(child, scope, program));
    }
  }
  std::sort(node.list.begin(), node.list.end());
  if (!e.children.empty()) node.input_type = e.children[0].type.type;
  if (e.op == Op::literal) node.value = literal_value(e);
  if (e.op == Op::column) {
    const ScopeColumn& column = scope[e.relation][e.column];
    node.relation = e.relation;
    node.column = e.column;
    const bool text = e.type.type == Type::text;
    if (text && !column.pooled) node.by_code = codes_of(*column.table, column.column);
  }
  const bool by_text = is_text_function(e.op) || e.op == Op::like || e.op == Op::length;
  if (by_text) node.by_code = function_table(e, scope);
  if (e.op == Op::rescale) {
    node.value = 1;
    for (std::int64_t i = 0; i < e.value; i++) node.value *= 10;
  }
  return place(std::move(node), program);
}

void Compiler::add_condition(const Expression& e, const Scope& scope, Filter& filter) {
  filter.conditions.push_back(add(e, scope, filter.program));
}

}  // namespace gbx::engine
