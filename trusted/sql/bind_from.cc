#include "trusted/sql/bind_from.h"

#include <algorithm>
#include <numeric>

#include "trusted/sql/bind.h"
#include "trusted/sql/bind_join.h"
#include "trusted/sql/bind_rows.h"
#include "trusted/sql/build.h"
#include "trusted/sql/exists_groups.h"
#include "trusted/sql/row_leaves.h"

namespace gbx::sql {
namespace {

Error deny(Literal reason, Span where) { return {ErrorCode::policy_denied, reason, where}; }
Error refuse(Literal reason, Span where) { return {ErrorCode::invalid_argument, reason, where}; }

bool is_call(const Node& node, std::string_view name) {
  return node.kind == NodeKind::call && node.text == name;
}

bool reads_before(const Expression& e, std::size_t first) {
  if (e.op == Op::column && e.relation < first) return true;
  return std::any_of(e.children.begin(), e.children.end(),
                     [&](const Expression& child) { return reads_before(child, first); });
}

void move_relations(Expression& e, std::size_t by) {
  if (e.op == Op::column) e.relation -= static_cast<std::uint32_t>(by);
  for (Expression& child : e.children) move_relations(child, by);
}

JoinKind kind_of(JoinWord word) {
  switch (word) {
    case JoinWord::inner: return JoinKind::inner;
    case JoinWord::left: return JoinKind::left;
    case JoinWord::right: return JoinKind::right;
    case JoinWord::full: return JoinKind::full;
    case JoinWord::semi: return JoinKind::semi;
    case JoinWord::anti: return JoinKind::anti;
  }
  GBX_CHECK(false);
}

class FromBinder {
 public:
  FromBinder(const Select& select, Scope scope, Binding& binding)
      : select_(&select), binding_(&binding), first_(scope.first()) {
    out_.scope = std::move(scope);
  }

  Result<FromRows> bind() {
    for (std::size_t i = 0; i < select_->tables.size(); i++) {
      GBX_TRY(add(select_->tables[i]));
      if (i > 0) GBX_TRY(join(select_->joins[i - 1]));
    }
    out_.where = select_->tables.back().where;
    if (select_->filter) GBX_TRY(conjuncts(*select_->filter, nullptr));
    GBX_TRY(check_joined());
    if (!filters_.empty()) {
      GBX_TRY_ASSIGN(out_.step.filter, all_of(std::move(filters_)));
      out_.step.has_filter = true;
      move_relations(out_.step.filter, first_);
    }
    return std::move(out_);
  }

 private:
  std::vector<NamedRelation>& relations() { return out_.scope.relations(); }
  Status add(const TableName& written);
  Result<NamedRelation> relation(const TableName& written);
  Status join(const Join& join);
  Status using_columns(const Join& join);
  Status using_column(const Join& join, const std::string& name);
  Status conjuncts(const Node& node, const Join* join);
  Status conjunct(const Node& node, const Join* join);
  Result<bool> person_equality(const Node& node, const Join* join);
  Status tie(const Found& a, const Found& b, const Join* join, Span where);
  Status condition(Expression e, const Join* join);
  Result<bool> subselect(const Node& node, const Join* join);
  Status exists(const Node& node, bool negated);
  Status exists_group(const Node& node, const Select& select, bool negated);
  Status in_select(const Node& node, bool negated);
  Status add_match(FromRows inner, bool negated, Span where);
  Status person_in(const Found& person, const Node& node, bool negated);
  Status weaken(std::size_t begin, std::size_t end);
  Status check_left(const Join& join);
  Status check_joined();
  Status input(std::uint32_t source, JoinKind kind, Span where);

  std::size_t root(std::size_t relation) const {
    while (root_[relation] != relation) relation = root_[relation];
    return relation;
  }
  void named(std::uint32_t source, Span where) {
    for (const std::uint32_t table : binding_->steps.tables_of(source)) {
      binding_->joined.push_back({table, where});
    }
  }

  const Select* select_;
  Binding* binding_;
  std::size_t first_;
  FromRows out_;
  std::vector<Expression> filters_;
  std::vector<Expression> conditions_;  // of the join being bound
  bool tied_ = false;                   // whether these have an equality of persons
  std::optional<std::size_t> around_;   // an own relation that is tied to the SELECT around
  std::vector<std::size_t> root_;       // union-find over own relations, counted from first_
};

Result<NamedRelation> FromBinder::relation(const TableName& written) {
  if (!binding_->name_one()) return refuse("too_many_tables", written.where);
  if (!written.select.empty()) {
    GBX_TRY_ASSIGN(const NamedRows rows, bind_rows(written.select[0], *binding_, written.where));
    return relation_of(written, rows);
  }
  for (std::size_t i = binding_->with.size(); i > 0 && written.schema.empty(); i--) {
    const NamedRows& rows = binding_->with[i - 1];
    if (same_name(rows.name, written.name)) return relation_of(written, rows);
  }
  if (!written.columns.empty()) return refuse("column_alias_unsupported", written.where);
  NamedRelation out;
  out.written = written;
  GBX_TRY_ASSIGN(out.source, find_table(written, binding_->steps.catalog()));
  out.columns = columns_of(binding_->steps.catalog().tables[out.source]);
  Span& where = binding_->tables[out.source];
  if (where == Span{}) where = written.where;
  return out;
}

Status FromBinder::input(std::uint32_t source, JoinKind kind, Span where) {
  const std::int64_t rows = binding_->steps.rows(source);
  const std::int64_t before = out_.step.inputs.empty() ? 1 : out_.rows;
  if (before > kPersonPairsMax / std::max(rows, std::int64_t{1})) {
    return deny("join_too_wide", where);
  }
  const Int128 joined = rows_of_join(kind, before, rows);
  if (joined > Int128{kPersonRowsMax}) return deny("join_too_wide", where);
  out_.rows = static_cast<std::int64_t>(joined);
  out_.step.inputs.push_back(input_of(source, kind));
  return {};
}

Status FromBinder::add(const TableName& written) {
  GBX_TRY_ASSIGN(NamedRelation next, relation(written));
  const std::size_t at = root_.size();
  const JoinKind kind = at == 0 ? JoinKind::inner : kind_of(select_->joins[at - 1].word);
  GBX_TRY(input(next.source, kind, written.where));
  root_.push_back(at);
  return out_.scope.add(std::move(next));
}

// From here on rows may lack these relations: each gets a column that says whether it is there.
Status FromBinder::weaken(std::size_t begin, std::size_t end) {
  for (std::size_t i = begin; i < end; i++) {
    NamedRelation& weak = relations()[i];
    if (weak.absent || weak.hidden) continue;
    const auto columns = static_cast<std::uint32_t>(binding_->steps.columns(weak.source).size());
    GBX_TRY_ASSIGN(weak.source, binding_->steps.add_presence(weak.source, weak.written.where));
    weak.absent = true;
    weak.presence = columns;
    out_.step.inputs[i - first_].source = weak.source;
  }
  for (MergedColumn& merged : out_.scope.merged()) {
    const bool within = std::all_of(merged.relations.begin(), merged.relations.end(),
                                    [&](std::uint32_t r) { return r >= begin && r < end; });
    if (!merged.person || merged.absent || !within) continue;
    std::vector<Expression> any;
    for (const std::uint32_t r : merged.relations) {
      any.push_back(is_present(r, relations()[r], {}));
    }
    merged.absent = true;
    GBX_TRY_ASSIGN(merged.value, make_logical(Op::logical_or, std::move(any), {}));
  }
  return {};
}

// RIGHT and FULL keep rows that have no partner among all that stands left: that must be the rows
// of one person already.
Status FromBinder::check_left(const Join& join) {
  for (std::size_t i = 1; i < join.right; i++) {
    if (!relations()[first_ + i].hidden && root(i) != root(0)) {
      return deny("join_not_on_person", select_->tables[i].where);
    }
  }
  return {};
}

Status FromBinder::join(const Join& join) {
  const std::size_t right = first_ + join.right;
  tied_ = false;
  if (join.word == JoinWord::right || join.word == JoinWord::full) GBX_TRY(check_left(join));
  GBX_TRY(using_columns(join));
  if (join.condition) GBX_TRY(conjuncts(*join.condition, &join));
  if (join.word != JoinWord::inner && !tied_) {
    return deny("join_not_on_person", select_->tables[join.right].where);
  }
  if (!conditions_.empty()) {
    Input& input = out_.step.inputs[join.right];
    GBX_TRY_ASSIGN(input.condition, all_of(std::move(conditions_)));
    move_relations(input.condition, first_);
    input.has_condition = true;
    conditions_.clear();
  }
  const bool semi = join.word == JoinWord::semi || join.word == JoinWord::anti;
  if (semi) relations()[right].hidden = true;
  if (join.word == JoinWord::left || join.word == JoinWord::full) GBX_TRY(weaken(right, right + 1));
  if (join.word == JoinWord::right || join.word == JoinWord::full) GBX_TRY(weaken(first_, right));
  return {};
}

Status FromBinder::using_columns(const Join& join) {
  const std::size_t right = first_ + join.right;
  std::vector<std::string> names = join.using_columns;
  if (join.natural) {
    for (const NamedColumn& column : relations()[right].columns) {
      if (out_.scope.find_in(column.name, first_, right)) names.push_back(column.name);
    }
    if (names.empty()) return deny("join_not_on_person", join.where);
  }
  for (const std::string& name : names) GBX_TRY(using_column(join, name));
  return {};
}

Status FromBinder::using_column(const Join& join, const std::string& name) {
  const std::size_t right = first_ + join.right;
  std::optional<Found> a = out_.scope.find_in(name, first_, right);
  std::optional<Found> b = out_.scope.find_in(name, right, right + 1);
  if (!a || !b || a->person != b->person) return deny("join_not_on_person", join.where);
  const auto at = static_cast<std::uint32_t>(right);
  MergedColumn merged{
      .name = name, .relations = {}, .person = a->person, .absent = false, .value = {}};
  for (auto r = static_cast<std::uint32_t>(first_); r < at; r++) {
    if (!relations()[r].hidden && has_column(relations()[r], name)) merged.relations.push_back(r);
  }
  const bool semi = join.word == JoinWord::semi || join.word == JoinWord::anti;
  if (!semi) merged.relations.push_back(at);
  if (a->person) {
    GBX_TRY(tie(*a, *b, &join, join.where));
    if (a->absent && join.word == JoinWord::full) return deny("person_may_be_absent", join.where);
    if (a->absent && (join.word == JoinWord::left || semi)) {
      merged.absent = true;
      merged.value = a->value;
    }
  } else {
    a->value.where = join.where;
    b->value.where = join.where;
    merged.value = join.word == JoinWord::right ? b->value : a->value;
    if (join.word == JoinWord::full) {
      std::vector<Expression> either = {a->value, b->value};
      GBX_TRY_ASSIGN(merged.value, make_coalesce(std::move(either), join.where));
    }
    GBX_TRY_ASSIGN(Expression equal, make_comparison(Op::equal, std::move(a->value),
                                                     std::move(b->value), join.where));
    GBX_TRY(condition(std::move(equal), &join));
  }
  out_.scope.merge(std::move(merged));
  return {};
}

// The conjuncts of `node`, without recursion. `join` is nothing for WHERE.
Status FromBinder::conjuncts(const Node& node, const Join* join) {
  std::vector<const Node*> open = {&node};
  while (!open.empty()) {
    const Node& next = *open.back();
    open.pop_back();
    if (is_call(next, "and")) {
      for (std::size_t i = next.children.size(); i > 0; i--) open.push_back(&next.children[i - 1]);
      continue;
    }
    GBX_TRY(conjunct(next, join));
    if (filters_.size() + conditions_.size() > kConjunctsMax) {
      return refuse("expression_too_large", next.where);
    }
  }
  return {};
}

Status FromBinder::conjunct(const Node& node, const Join* join) {
  GBX_TRY_ASSIGN(const bool joined, person_equality(node, join));
  if (joined) return {};
  GBX_TRY_ASSIGN(const bool matched, subselect(node, join));
  if (matched) return {};
  GBX_TRY_ASSIGN(Expression bound,
                 bind_row_condition(node, out_.scope, "aggregate_in_where", binding_->functions));
  return condition(std::move(bound), join);
}

Status FromBinder::condition(Expression e, const Join* join) {
  if (reads_before(e, first_)) {
    if (join != nullptr && join->word != JoinWord::inner) {
      return refuse("subquery_unsupported", e.where);
    }
    out_.correlated.push_back(std::move(e));
    return {};
  }
  (join == nullptr ? filters_ : conditions_).push_back(std::move(e));
  return {};
}

Result<bool> FromBinder::person_equality(const Node& node, const Join* join) {
  if (!is_call(node, "=") || node.children.size() != 2) return false;
  if (!is_person(node.children[0], out_.scope) || !is_person(node.children[1], out_.scope)) {
    return false;
  }
  GBX_TRY_ASSIGN(const Found a, out_.scope.find(node.children[0]));
  GBX_TRY_ASSIGN(const Found b, out_.scope.find(node.children[1]));
  for (const Node& side : node.children) {
    GBX_TRY_ASSIGN(const Found found, out_.scope.find(side));
    const bool merged = std::any_of(
        out_.scope.merged().begin(), out_.scope.merged().end(),
        [&](const MergedColumn& column) { return same_name(column.name, side.path.back()); });
    // An unqualified name stands for every table that has it: which join is meant is unclear.
    if (found.relations.size() > 1 && !merged) return refuse("column_ambiguous", side.where);
  }
  if (a.relation == b.relation) return deny("join_same_table", node.where);
  GBX_TRY(tie(a, b, join, node.where));
  return true;
}

Status FromBinder::tie(const Found& a, const Found& b, const Join* join, Span where) {
  for (const Found* side : {&a, &b}) {
    named(relations()[side->relation].source, where);
    if (side->absent) {
      Expression present = side->value;
      present.where = where;
      GBX_TRY(condition(std::move(present), join));
    }
  }
  const bool a_own = a.relation >= first_;
  const bool b_own = b.relation >= first_;
  if (!a_own && !b_own) return deny("subquery_not_on_person", where);
  if (!a_own || !b_own) {
    if (join != nullptr && join->word != JoinWord::inner) {
      return refuse("subquery_unsupported", where);
    }
    out_.tied = true;
    const std::size_t own = (a_own ? a.relation : b.relation) - first_;
    if (!around_) around_ = own;  // what is tied to the person around is tied to each other
    root_[root(own)] = root(*around_);
    return {};
  }
  const std::size_t right = join == nullptr ? 0 : first_ + join->right;
  const bool meets = join != nullptr && (a.relation == right) != (b.relation == right);
  tied_ = tied_ || meets;
  // In ON of an outer join, an equality left of it keeps no row out.
  const bool ties = join == nullptr || join->word == JoinWord::inner || meets;
  if (ties) root_[root(a.relation - first_)] = root(b.relation - first_);
  return {};
}

Status FromBinder::check_joined() {
  for (std::size_t i = 1; i < root_.size(); i++) {
    if (root(i) != root(0)) return deny("join_not_on_person", select_->tables[i].where);
  }
  return {};
}

// [NOT] EXISTS and [NOT] IN of a sub-select.
Result<bool> FromBinder::subselect(const Node& node, const Join* join) {
  const Node* inner = &node;
  bool negated = false;
  while (is_call(*inner, "not") && inner->children.size() == 1) {
    inner = &inner->children[0];
    negated = !negated;
  }
  if (inner->kind != NodeKind::exists && inner->kind != NodeKind::in_select) return false;
  if (join != nullptr) return refuse("subquery_in_join", node.where);
  if (inner->kind == NodeKind::exists) {
    GBX_TRY(exists(*inner, negated));
  } else {
    GBX_TRY(in_select(*inner, negated));
  }
  return true;
}

Status FromBinder::exists(const Node& node, bool negated) {
  const Select select = for_existence(node.select[0]);
  if (!select.groups.empty()) return exists_group(node, select, negated);
  if (!is_bare(select)) return refuse("subquery_unsupported", node.where);
  GBX_TRY_ASSIGN(FromRows inner, bind_from(select, Scope::inside(out_.scope), *binding_));
  for (const SelectItem& item : select.items) {  // what is shown does not matter; it must exist
    if (item.node.kind == NodeKind::star || is_person(item.node, inner.scope)) continue;
    if (holds_window_or_aggregate(item.node)) return refuse("subquery_unsupported", node.where);
    GBX_TRY(bind_row(item.node, inner.scope, "aggregate_nested", binding_->functions));
  }
  return add_match(std::move(inner), negated, node.where);
}

Status FromBinder::exists_group(const Node& node, const Select& select, bool negated) {
  Binding trial = *binding_;
  Select from;
  from.tables = select.tables;
  from.joins = select.joins;
  GBX_TRY_ASSIGN(const FromRows inside, bind_from(from, Scope(), trial));
  const auto groups = groups_of_persons(select, out_.scope, inside.scope);
  if (!groups) return deny("subquery_not_on_person", node.where);
  GBX_TRY(bind_rows(groups->select, trial, node.where));  // what is shown must exist
  Node in = node;
  in.kind = NodeKind::in_select;
  in.children = {groups->outer};
  in.select = {groups->select};
  in.select[0].items.resize(1);
  return in_select(in, negated);
}

// The rows of `inner` become an input that a row must have a partner in, or must not.
Status FromBinder::add_match(FromRows inner, bool negated, Span where) {
  if (!inner.tied) return deny("subquery_not_on_person", where);
  const auto at = static_cast<std::uint32_t>(out_.step.inputs.size());
  ColumnPool pool(inner.step.columns);
  // The scope around has other numbers inside, and a step counts from its own first.
  const std::size_t inside = inner.scope.first();
  const auto lower = [&](Expression& e, const auto& self) -> void {
    if (e.op == Op::column && e.relation >= inside) {
      e.relation -= static_cast<std::uint32_t>(inside);
      pool.lower(e);
      e.relation = at;
      return;
    }
    for (Expression& child : e.children) self(child, self);
  };
  Input match;
  if (!inner.correlated.empty()) {
    GBX_TRY_ASSIGN(match.condition, all_of(std::move(inner.correlated)));
    lower(match.condition, lower);
    match.has_condition = true;
  }
  GBX_TRY_ASSIGN(const std::uint32_t source,
                 binding_->steps.add(std::move(inner.step), inner.rows, where));
  GBX_TRY(input(source, negated ? JoinKind::anti : JoinKind::semi, where));
  out_.step.inputs.back().condition = std::move(match.condition);
  out_.step.inputs.back().has_condition = match.has_condition;
  return {};
}

Status FromBinder::person_in(const Found& person, const Node& node, bool negated) {
  if (person.relation < first_) return deny("subquery_not_on_person", node.where);
  if (person.absent && negated) return deny("person_may_be_absent", node.where);
  const Select& select = node.select[0];
  if (is_bare(select) && select.items.size() == 1) {
    GBX_TRY_ASSIGN(FromRows inner, bind_from(select, Scope::inside(out_.scope), *binding_));
    const bool found = is_person(select.items[0].node, inner.scope);
    if (!found) return deny("subquery_without_person", node.where);
    GBX_TRY_ASSIGN(const Found item, inner.scope.find(select.items[0].node));
    if (item.relation < inner.scope.first()) return deny("subquery_not_on_person", node.where);
    if (item.absent) return deny("person_may_be_absent", node.where);
    named(relations()[person.relation].source, node.where);
    named(inner.scope.relations()[item.relation].source, node.where);
    if (person.absent) filters_.push_back(person.value);
    inner.tied = true;
    return add_match(std::move(inner), negated, node.where);
  }
  GBX_TRY_ASSIGN(const NamedRows rows, bind_rows(select, *binding_, node.where));
  if (rows.columns.size() != 1) return refuse("argument_count", node.where);
  if (!rows.columns[0].person) return deny("subquery_without_person", node.where);
  named(relations()[person.relation].source, node.where);
  named(rows.source, node.where);
  if (person.absent) filters_.push_back(person.value);
  return input(rows.source, negated ? JoinKind::anti : JoinKind::semi, node.where);
}

Status FromBinder::in_select(const Node& node, bool negated) {
  const Select& select = node.select[0];
  if (is_person(node.children[0], out_.scope)) {
    GBX_TRY_ASSIGN(const Found person, out_.scope.find(node.children[0]));
    return person_in(person, node, negated);
  }
  if (select_->set_operation) return refuse("set_operation_unsupported", node.where);
  if (!is_bare(select) || select.items.size() != 1) {
    return refuse("subquery_unsupported", node.where);
  }
  GBX_TRY_ASSIGN(FromRows inner, bind_from(select, Scope::inside(out_.scope), *binding_));
  // `value` stands in the scope around, whose relations are the first of the inner one.
  GBX_TRY_ASSIGN(Expression value,
                 bind_row(node.children[0], out_.scope, "aggregate_in_where", binding_->functions));
  if (reads_before(value, first_)) return refuse("subquery_unsupported", node.where);
  move_relations(value, first_);
  GBX_TRY_ASSIGN(Expression item, bind_row(select.items[0].node, inner.scope, "aggregate_nested",
                                           binding_->functions));
  if (reads_before(item, inner.scope.first())) return refuse("subquery_unsupported", node.where);
  GBX_TRY_ASSIGN(Expression equal,
                 make_comparison(Op::equal, std::move(value), std::move(item), node.where));
  if (negated) {  // x NOT IN (...) holds when x differs from all; NULL on either side is no more
    std::vector<Expression> either = {equal, make_is_null(equal, node.where)};
    GBX_TRY_ASSIGN(equal, make_logical(Op::logical_or, std::move(either), node.where));
  }
  inner.correlated.push_back(std::move(equal));
  return add_match(std::move(inner), negated, node.where);
}

}  // namespace

Result<FromRows> bind_from(const Select& select, Scope scope, Binding& binding) {
  return FromBinder(select, std::move(scope), binding).bind();
}

}  // namespace gbx::sql
