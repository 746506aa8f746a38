#include "trusted/sql/bind_join.h"

#include <algorithm>
#include <numeric>
#include <optional>

#include "trusted/sql/bind.h"

namespace gbx::sql {
namespace {

Error deny(Literal reason, Span where) { return {ErrorCode::policy_denied, reason, where}; }

bool is_call(const Node& node, std::string_view name) {
  return node.kind == NodeKind::call && node.text == name;
}

// The person column that `node` is, if it is one.
std::optional<Found> person_of(const Node& node, const Scope& scope) {
  if (node.kind != NodeKind::column) return std::nullopt;
  const Result<Found> found = scope.find(node);
  if (!found || !found->person) return std::nullopt;
  return *found;
}

// The finer reason, when some condition names persons but does not join them.
Status check_persons_within(const Node& node, const Scope& scope) {
  GBX_TRY(check_person_condition(node, scope));
  for (const Node& child : node.children) GBX_TRY(check_persons_within(child, scope));
  return {};
}

class Joiner {
 public:
  Joiner(const Select& select, const Scope& scope)
      : select_(&select), scope_(&scope), root_(select.tables.size()) {
    std::iota(root_.begin(), root_.end(), std::size_t{0});
  }

  Result<JoinedRows> join() {
    for (const Join& step : select_->joins) {
      for (const std::string& column : step.using_columns) GBX_TRY(using_column(step, column));
      if (step.condition) GBX_TRY(condition(*step.condition));
    }
    if (select_->filter) GBX_TRY(condition(*select_->filter));
    for (const Join& step : select_->joins) {
      if (root(step.right) != root(0)) {
        for (const Node* filter : out_.filters) GBX_TRY(check_persons_within(*filter, *scope_));
        return deny("join_not_on_person", select_->tables[step.right].where);
      }
    }
    return std::move(out_);
  }

 private:
  std::size_t root(std::size_t relation) const {
    while (root_[relation] != relation) relation = root_[relation];
    return relation;
  }

  void tie(std::uint32_t a, Span at_a, std::uint32_t b, Span at_b) {
    root_[root(a)] = root(b);
    out_.person_joins.push_back({a, at_a});
    out_.person_joins.push_back({b, at_b});
  }

  Status using_column(const Join& step, const std::string& name) {
    const auto left = scope_->persons(name, step.right);
    const auto right = scope_->persons(name, step.right + 1);
    const bool in_right = !right.empty() && right.back() == step.right;
    if (left.empty() || !in_right) return deny("join_not_on_person", step.where);
    tie(left.front(), step.where, right.back(), step.where);
    return {};
  }

  // The conjuncts of `node`, without recursion: AND is flat in the tree, yet may be nested.
  Status condition(const Node& node) {
    std::vector<const Node*> open = {&node};
    while (!open.empty()) {
      const Node& next = *open.back();
      open.pop_back();
      if (is_call(next, "and")) {
        for (std::size_t i = next.children.size(); i > 0; i--) {
          open.push_back(&next.children[i - 1]);
        }
        continue;
      }
      GBX_TRY_ASSIGN(const bool joined, person_equality(next));
      if (!joined) out_.filters.push_back(&next);
      if (out_.filters.size() > kConjunctsMax) {
        return Error{ErrorCode::invalid_argument, "expression_too_large", next.where};
      }
    }
    return {};
  }

  Result<bool> person_equality(const Node& node) {
    if (!is_call(node, "=") || node.children.size() != 2) return false;
    const auto a = person_of(node.children[0], *scope_);
    const auto b = person_of(node.children[1], *scope_);
    if (!a || !b) return false;
    // An unqualified name stands for every table that has it: which join is meant is unclear.
    if (a->relations.size() > 1) {
      return Error{ErrorCode::invalid_argument, "column_ambiguous", node.children[0].where};
    }
    if (b->relations.size() > 1) {
      return Error{ErrorCode::invalid_argument, "column_ambiguous", node.children[1].where};
    }
    if (a->relation == b->relation) return deny("join_same_table", node.where);
    tie(a->relation, node.children[0].where, b->relation, node.children[1].where);
    return true;
  }

  const Select* select_;
  const Scope* scope_;
  std::vector<std::size_t> root_;  // union-find over relations
  JoinedRows out_;
};

Error two_persons(const Node& node, const Found& a, const Found& b) {
  if (a.relations == b.relations) return deny("join_same_table", node.where);
  if (node.text == "=") return deny("join_not_conjunctive", node.where);
  return deny("join_not_equality", node.where);
}

class OperatorFinder {
 public:
  void select(const Select& s) {
    for (const WithTable& with : s.with) selects(with.select);
    selects(s.united);
    for (const TableName& table : s.tables) selects(table.select);
    for (const Join& join : s.joins) {
      if (join.condition) node(*join.condition, true);
    }
    for (const SelectItem& item : s.items) node(item.node, false);
    for (const Node& group : s.groups) node(group, false);
    for (const std::optional<Node>* clause : {&s.filter, &s.having, &s.qualify}) {
      if (*clause) node(**clause, false);
    }
  }
  std::vector<JoinOperator> take() { return std::move(out_); }

 private:
  void selects(const std::vector<Select>& all) {
    for (const Select& s : all) select(s);
  }
  void node(const Node& n, bool in_on) {
    const bool is_or = is_call(n, "or");
    if (in_on && (is_or || is_call(n, "and"))) out_.push_back({is_or, n.where});
    for (const Node& child : n.children) node(child, in_on);
    for (const Node& filter : n.filter) node(filter, in_on);
    selects(n.select);
  }
  std::vector<JoinOperator> out_;
};

}  // namespace

Result<JoinedRows> join_persons(const Select& select, const Scope& scope) {
  return Joiner(select, scope).join();
}

Status check_person_condition(const Node& node, const Scope& scope) {
  constexpr std::string_view kConditions[] = {"is distinct from",
                                              "is not distinct from",
                                              "=",
                                              "<>",
                                              "<",
                                              "<=",
                                              ">",
                                              ">=",
                                              "in",
                                              "not in",
                                              "~~",
                                              "!~~",
                                              "between",
                                              "~~*",
                                              "!~~*"};
  if (node.kind != NodeKind::call || node.children.size() < 2) return {};
  if (std::find(std::begin(kConditions), std::end(kConditions), node.text) ==
      std::end(kConditions)) {
    return {};
  }
  std::vector<Found> persons;
  bool has_column = false;
  for (const Node& child : node.children) {
    if (const auto person = person_of(child, scope)) {
      persons.push_back(*person);
    } else {
      has_column = has_column || child.kind == NodeKind::column;
    }
  }
  if (persons.empty()) return {};
  if (persons.size() == 2 && node.children.size() == 2) {
    return two_persons(node, persons[0], persons[1]);
  }
  if (has_column) return deny("join_not_on_person", node.where);
  return deny("single_person_predicate", node.where);
}

std::vector<JoinOperator> join_operators_of(const Select& select) {
  OperatorFinder finder;
  finder.select(select);
  return finder.take();
}

}  // namespace gbx::sql
