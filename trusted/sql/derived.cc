#include "trusted/sql/derived.h"

#include <algorithm>
#include <optional>

#include "trusted/sql/bind_rows.h"
#include "trusted/sql/parse.h"
#include "trusted/sql/scope.h"

namespace gbx::sql {
namespace {

// All parts of a select. Recursion is as deep as parse.h lets selects and expressions nest.
class Walk {
 public:
  virtual ~Walk() = default;

  void select(Select& select) {
    selects_++;
    enter(select);
    for (Select& part : select.united) this->select(part);
    for (SelectItem& item : select.items) node(item.node);
    for (TableName& table : select.tables) {
      this->table(table);
      for (Select& inner : table.select) this->select(inner);
    }
    for (Join& join : select.joins) {
      place(join.where);
      if (join.condition) node(*join.condition);
    }
    for (std::optional<Node>* clause : {&select.filter, &select.having, &select.qualify}) {
      if (*clause) node(**clause);
    }
    nodes(select.groups);
    order(select.order);
    leave();
  }
  [[nodiscard]] std::size_t selects() const { return selects_; }
  [[nodiscard]] std::size_t expressions() const { return expressions_; }

 protected:
  // The tables of WITH, which this visits itself.
  virtual void enter(Select& select) {
    for (WithTable& table : select.with) with(table);
  }
  virtual void leave() {}
  virtual void table(TableName& table) { place(table.where); }
  virtual void place(Span& /*where*/) {}
  void with(WithTable& table) {
    place(table.where);
    for (Select& inner : table.select) select(inner);
  }

 private:
  void node(Node& node) {
    expressions_++;
    place(node.where);
    nodes(node.children);
    nodes(node.filter);
    for (Over& over : node.over) {
      place(over.where);
      nodes(over.partition);
      order(over.order);
    }
    for (Select& inner : node.select) select(inner);
  }
  void nodes(std::vector<Node>& all) {
    for (Node& one : all) node(one);
  }
  void order(std::vector<OrderItem>& items) {
    for (OrderItem& item : items) node(item.node);
  }

  std::size_t selects_ = 0;
  std::size_t expressions_ = 0;
};

// Which definitions a select names, where no WITH of its own has the name.
class Names final : public Walk {
 public:
  // All from `end` on do not exist.
  Names(std::span<const Derived> derived, std::size_t end) : derived_(derived.first(end)) {}

  std::vector<std::size_t> found;
  std::optional<Span> first;  // where the first of them is named

 private:
  void enter(Select& select) override {
    begins_.push_back(own_.size());
    for (WithTable& table : select.with) {
      with(table);
      own_.push_back(&table.name);  // from the next one on
    }
  }
  void leave() override {
    own_.resize(begins_.back());
    begins_.pop_back();
  }
  void table(TableName& table) override {
    if (!table.schema.empty() || !table.select.empty()) return;
    const auto is = [&](const std::string* name) { return same_name(*name, table.name); };
    if (std::any_of(own_.begin(), own_.end(), is)) return;
    for (std::size_t i = 0; i < derived_.size(); i++) {
      if (!same_name(derived_[i].name, table.name)) continue;
      found.push_back(i);
      if (!first) first = table.where;
    }
  }

  std::span<const Derived> derived_;
  std::vector<const std::string*> own_;
  std::vector<std::size_t> begins_;
};

// Refusals are told in the question, which is the caller's own text.
class Placed final : public Walk {
 public:
  explicit Placed(Span where) : where_(where) {}

 private:
  void place(Span& where) override { where = where_; }
  Span where_;
};

}  // namespace

Result<std::vector<std::size_t>> with_derived(Select& select, std::span<const Derived> derived) {
  std::vector<std::size_t> out;
  if (derived.empty()) return out;
  Names asked(derived, derived.size());
  asked.select(select);
  if (!asked.first) return out;
  std::vector<bool> named(derived.size(), false);
  for (const std::size_t place : asked.found) named[place] = true;
  std::vector<WithTable> tables;
  std::size_t selects = asked.selects();
  std::size_t expressions = asked.expressions();
  for (std::size_t i = derived.size(); i > 0; i--) {
    if (!named[i - 1]) continue;
    WithTable table{.name = derived[i - 1].name,
                    .columns = {},
                    .select = {derived[i - 1].select},
                    .where = *asked.first};
    Names beneath(derived, i - 1);
    beneath.select(table.select[0]);
    for (const std::size_t place : beneath.found) named[place] = true;
    Placed placed(*asked.first);
    placed.select(table.select[0]);
    selects += placed.selects();
    expressions += placed.expressions();
    if (selects > kSelectsMax || expressions > kNodesMax) {
      return Error{ErrorCode::invalid_argument, "derived_too_large", *asked.first};
    }
    tables.push_back(std::move(table));
    out.push_back(i - 1);
  }
  std::reverse(tables.begin(), tables.end());
  std::reverse(out.begin(), out.end());
  select.with.insert(select.with.begin(), std::make_move_iterator(tables.begin()),
                     std::make_move_iterator(tables.end()));
  return out;
}

Result<DerivedRows> bind_derived(const Select& select, const Catalog& catalog) {
  Binding binding(catalog);
  GBX_TRY_ASSIGN(const NamedRows rows, bind_rows(select, binding, {}));
  DerivedRows out;
  bool person = false;
  for (const NamedColumn& column : rows.columns) {
    person = person || column.person;
    out.columns.push_back(column.name);
  }
  if (!person) {
    const Span where = select.items.empty() ? Span{} : select.items[0].node.where;
    return Error{ErrorCode::policy_denied, "subquery_without_person", where};
  }
  out.tables = binding.steps.tables_of(rows.source);
  std::sort(out.tables.begin(), out.tables.end());
  return out;
}

std::size_t expressions_in(Select& select) {
  Walk all;
  all.select(select);
  return all.expressions();
}

Select count_of(const std::string& name) {
  Select out;
  TableName table;
  table.name = name;
  out.tables.push_back(std::move(table));
  SelectItem item;
  item.node.kind = NodeKind::call;
  item.node.text = "count_star";
  out.items.push_back(std::move(item));
  return out;
}

}  // namespace gbx::sql
