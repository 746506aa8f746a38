#include "engine/merge/compile.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "trusted/sql/evaluate.h"
#include "trusted/sql/text_functions.h"
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

// Every text of the first beside every one of the second, the first changing fastest. The binder
// has proved how many there are; a task that lies is nothing that an engine must answer.
std::vector<std::string> products(const std::vector<Texts>& parts) {
  std::size_t several = 0;
  std::vector<std::string> out = {""};
  for (const Texts& texts : parts) {
    several += texts->size() == 1 ? 0U : 1U;
    if (several > 1 && out.size() * texts->size() > static_cast<std::size_t>(sql::kTextsMax)) {
      throw std::length_error("texts");
    }
    std::vector<std::string> next;
    for (const std::string_view text : *texts) {
      for (const std::string& before : out) next.push_back(before + std::string(text));
    }
    out = std::move(next);
  }
  return out;
}

std::vector<std::string> numbers(const Expression& to_text) {
  const Expression& number = to_text.children[0];
  std::vector<std::string> out;
  for (std::int64_t v = number.low; v <= number.high; v++) {
    out.push_back(sql::number_text(to_text, v));
  }
  return out;
}

// Whether `e` is NULL where its columns are, and never where they are not, and cannot fail.
bool is_strict(Op op) {
  constexpr std::array kStrict = {
      Op::column,      Op::literal,  Op::equal,         Op::not_equal,   Op::less,
      Op::less_equal,  Op::greater,  Op::greater_equal, Op::logical_and, Op::logical_or,
      Op::logical_not, Op::in_list,  Op::like,          Op::lower,       Op::upper,
      Op::prefix,      Op::suffix,   Op::rest,          Op::trim,        Op::replace,
      Op::split_part,  Op::pad_left, Op::pad_right,     Op::reverse,     Op::capitals,
      Op::position,    Op::concat};
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
    for (std::string_view text : *from) out->push_back(owned(text_function(e, text)));
  } else if (e.op == Op::concat) {
    for (std::string& text : products(texts_of_children(e, scope))) {
      out->push_back(owned(std::move(text)));
    }
  } else if (e.op == Op::to_text) {
    for (std::string& text : numbers(e)) out->push_back(owned(std::move(text)));
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

// One of each, or functions of functions would keep the same texts over and over: a person's text
// that is new to a dictionary must not cost much memory.
std::string_view Compiler::owned(std::string text) {
  const auto known = owned_.find(text);
  if (known != owned_.end()) return *known;
  plan_.texts.push_back(std::move(text));
  return *owned_.insert(plan_.texts.back()).first;
}

std::vector<Texts> Compiler::texts_of_children(const Expression& e, const Scope& scope) {
  std::vector<Texts> out;
  for (const Expression& child : e.children) out.push_back(texts_of(child, scope));
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
      result = std::int64_t{sql::like_matches(e, text)};
    } else if (e.op == Op::length) {
      result = sql::text_length(text);
    } else if (e.op == Op::position) {
      result = sql::text_position(text, e.children[1].text);
    } else {
      result = plan_.pool.code(text_function(e, text));
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

// What a value becomes, one by one.
std::uint32_t Compiler::add_map(Op op, std::uint32_t input, CodeTable table, Program& program) {
  Node node;
  node.op = op;
  node.type = {Type::text, 0};
  node.inputs = {input};
  node.by_code = std::move(table);
  return place(std::move(node), program);
}

// Each text that is no literal as a number of its own, times how many there are of those before;
// the sum of these is the place of what they are together.
std::uint32_t Compiler::add_concat(const Expression& e, const Scope& scope, Program& program) {
  const std::vector<Texts> texts = texts_of_children(e, scope);
  std::optional<std::uint32_t> sum;
  std::int64_t stride = 1;
  for (std::size_t i = 0; i < texts.size(); i++) {
    if (e.children[i].op == Op::literal) continue;
    auto places = std::make_shared<std::vector<std::int64_t>>(plan_.pool.size(), 0);
    std::int64_t number = 0;
    for (const std::string_view text : *texts[i]) {
      (*places)[static_cast<std::size_t>(plan_.pool.code(text))] = stride * number++;
    }
    stride *= number;
    const std::uint32_t code = add(e.children[i], scope, program);
    const std::uint32_t part = add_map(Op::length, code, std::move(places), program);
    if (sum) {
      Node both;
      both.op = Op::add;
      both.inputs = {*sum, part};
      sum = place(std::move(both), program);
    } else {
      sum = part;
    }
  }
  auto codes = std::make_shared<std::vector<std::int64_t>>();
  for (const std::string& text : products(texts)) codes->push_back(plan_.pool.code(text));
  if (!sum) {
    Node literal;
    literal.op = Op::literal;
    literal.type = e.type;
    literal.value = codes->front();
    return place(std::move(literal), program);
  }
  return add_map(Op::concat, *sum, std::move(codes), program);
}

// Of the values of the interval, the first at 0.
std::uint32_t Compiler::add_written(const Expression& e, const Scope& scope, Program& program) {
  Node low;
  low.op = Op::literal;
  low.value = e.children[0].low;
  Node number;
  number.op = Op::subtract;
  number.inputs = {add(e.children[0], scope, program), place(std::move(low), program)};
  auto codes = std::make_shared<std::vector<std::int64_t>>();
  for (const std::string& text : numbers(e)) codes->push_back(plan_.pool.code(text));
  return add_map(Op::to_text, place(std::move(number), program), std::move(codes), program);
}

std::uint32_t Compiler::add(const Expression& e, const Scope& scope, Program& program) {
  if (const auto folded = add_folded(e, scope, program)) return *folded;
  if (e.op == Op::concat) return add_concat(e, scope, program);
  if (e.op == Op::to_text) return add_written(e, scope, program);
  const bool by_text =
      is_text_function(e.op) || e.op == Op::like || e.op == Op::length || e.op == Op::position;
  Node node;
  node.op = e.op;
  node.type = e.type;
  node.value = e.value;
  const bool list = e.op == Op::in_list;
  for (const Expression& child : e.children) {
    if (by_text && !node.inputs.empty()) break;  // literals, which the table knows
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
