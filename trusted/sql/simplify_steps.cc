#include "trusted/sql/simplify_steps.h"

#include <algorithm>
#include <set>

#include "trusted/sql/build.h"
#include "trusted/sql/parse.h"

namespace gbx::sql {
namespace {

std::size_t size_of(const Expression& e) {
  std::size_t out = 1;
  for (const Expression& child : e.children) out += size_of(child);
  return out;
}

// How deep `e` is once each column of `relation` is as deep as `inner` says.
std::size_t depth_with(const Expression& e, std::size_t relation,
                       const std::vector<std::size_t>& inner) {
  if (e.op == Op::column) return e.relation == relation ? inner[e.column] : 1;
  std::size_t below = 0;
  for (const Expression& child : e.children) {
    below = std::max(below, depth_with(child, relation, inner));
  }
  return below + 1;
}

bool is_strong(JoinKind kind) { return kind == JoinKind::right || kind == JoinKind::full; }

// Its pairs are no rows: asked after more joins they are more pairs, which no bound of rows sees.
bool only_asks(JoinKind kind) { return kind == JoinKind::semi || kind == JoinKind::anti; }

// Joins one source and keeps every row.
bool is_projection(const Step& step) {
  return step.kind == StepKind::join && step.inputs.size() == 1 && !step.has_filter &&
         !step.distinct;
}

class Simplifier {
 public:
  Simplifier(const StepList& list, std::uint32_t source, const std::vector<Expression*>& readers)
      : list_(&list), tables_(list.catalog().tables.size()), root_(source), readers_(&readers) {
    steps_ = list.steps();
    steps_.resize(root_ - tables_ + 1);
  }

  Result<SimpleSteps> run(Span where) {
    prune();
    bool changed = true;
    for (int pass = 0; changed && pass < kPassesMax; pass++) {
      changed = false;
      for (std::size_t s = 0; s < steps_.size(); s++) {
        // What nobody needs still reads columns that its sources have lost.
        if (!needed_[tables_ + s]) continue;
        Step& step = steps_[s];
        for (std::size_t i = 0; i < step.inputs.size(); i++) {
          if (pass_through(step, i) || splice(step, i)) changed = true;
        }
      }
    }
    narrow_root();
    prune();
    return number(where);
  }

 private:
  static constexpr int kPassesMax = 64;

  bool is_table(std::uint32_t source) const { return source < tables_; }
  Step& at(std::uint32_t source) { return steps_[source - tables_]; }
  std::size_t width(std::uint32_t source) {
    return is_table(source) ? list_->columns(source).size() : columns_of(at(source)).size();
  }

  void prune();
  void mark(Step& step, const std::set<std::uint32_t>& used);
  void keep(Step& step, const std::set<std::uint32_t>& used);
  bool is_identity(const Step& step);
  bool pass_through(Step& step, std::size_t at);
  bool splice(Step& step, std::size_t at);
  bool can_splice(const Step& step, std::size_t at, const Step& inner) const;
  void narrow_root();
  Result<SimpleSteps> number(Span where);

  const StepList* list_;
  std::size_t tables_;
  std::uint32_t root_;
  std::vector<Step> steps_;
  const std::vector<Expression*>* readers_;
  std::vector<std::set<std::uint32_t>> used_;        // by source: columns that are read
  std::vector<bool> needed_;                         // by source
  std::vector<std::vector<std::uint32_t>> goes_to_;  // by source: columns' new places
};

// From the last step to the first: which columns each must have.
void Simplifier::prune() {
  used_.assign(tables_ + steps_.size(), {});
  needed_.assign(tables_ + steps_.size(), false);
  goes_to_.assign(tables_ + steps_.size(), {});
  needed_[root_] = true;
  for (Expression* reader : *readers_) {
    each_column(*reader, [&](Expression& e) { used_[root_].insert(e.column); });
  }
  for (std::size_t i = steps_.size(); i > 0; i--) {
    const auto source = static_cast<std::uint32_t>(tables_ + i - 1);
    if (needed_[source]) mark(at(source), used_[source]);
  }
  for (std::size_t i = 0; i < steps_.size(); i++) {
    const auto source = static_cast<std::uint32_t>(tables_ + i);
    if (!needed_[source]) continue;
    keep(at(source), used_[source]);
  }
  for (Expression* reader : *readers_) {
    each_column(*reader, [&](Expression& e) { e.column = goes_to_[root_][e.column]; });
  }
}

void Simplifier::mark(Step& step, const std::set<std::uint32_t>& used) {
  for (const Input& input : step.inputs) needed_[input.source] = true;
  const auto reads = [&](Expression& e) {
    each_column(e, [&](Expression& c) { used_[step.inputs[c.relation].source].insert(c.column); });
  };
  for (Input& input : step.inputs) {
    if (input.has_condition) reads(input.condition);
  }
  if (step.has_filter) reads(step.filter);
  const auto all = static_cast<std::uint32_t>(step.columns.size());
  if (step.kind == StepKind::append) {
    for (std::uint32_t i = 0; i < all; i++) {
      if (!step.distinct && !used.contains(i)) continue;
      for (const Input& input : step.inputs) used_[input.source].insert(i);
    }
    return;
  }
  const bool whole = step.distinct || step.kind == StepKind::group;
  for (std::uint32_t i = 0; i < all; i++) {
    if (whole || used.contains(i)) reads(step.columns[i]);
  }
  for (std::uint32_t i = 0; i < step.aggregates.size(); i++) {
    if (used.contains(all + i)) reads(step.aggregates[i].argument);
  }
  for (std::uint32_t i = 0; i < step.windows.size(); i++) {
    if (!used.contains(all + i)) continue;
    Window& window = step.windows[i];
    reads(window.value.argument);
    for (Expression& key : window.partition) reads(key);
    for (RowOrder& key : window.order) reads(key.key);
  }
}

// Where the columns of a step go.
struct Places {
  std::vector<std::uint32_t> goes_to;
  std::uint32_t next = 0;
};

// Leaves out what is not used of the columns that come next.
template <typename T>
void keep_used(std::vector<T>& values, const std::set<std::uint32_t>& used, bool all,
               Places& places) {
  std::vector<T> kept;
  for (T& value : values) {
    const bool stays = all || used.contains(static_cast<std::uint32_t>(places.goes_to.size()));
    places.goes_to.push_back(stays ? places.next++ : 0);
    if (stays) kept.push_back(std::move(value));
  }
  values = std::move(kept);
}

// The step with its used columns only, over sources that have been treated so.
void Simplifier::keep(Step& step, const std::set<std::uint32_t>& used) {
  const auto place = [&](std::uint32_t source, std::uint32_t column) {
    return is_table(source) ? column : goes_to_[source][column];
  };
  Places places;
  const auto columns = static_cast<std::uint32_t>(step.columns.size());
  if (step.kind == StepKind::window) {  // as wide as its input
    const std::uint32_t source = step.inputs[0].source;
    for (std::uint32_t i = 0; i < columns; i++) places.goes_to.push_back(place(source, i));
    const std::vector<StepColumn> before =
        is_table(source) ? list_->columns(source) : columns_of(at(source));
    step.columns = read_all(before, 0);
    places.next = static_cast<std::uint32_t>(before.size());
  } else {
    const bool all = step.distinct || step.kind == StepKind::group;
    keep_used(step.columns, used, all, places);
  }
  keep_used(step.aggregates, used, false, places);
  keep_used(step.windows, used, false, places);
  const auto at_step = static_cast<std::size_t>(&step - steps_.data());
  const auto source = static_cast<std::uint32_t>(at_step + tables_);
  if (step.kind == StepKind::append) {
    for (std::uint32_t i = 0; i < step.columns.size(); i++) step.columns[i].column = i;
  } else {
    const auto move = [&](Expression& e) {
      each_column(
          e, [&](Expression& c) { c.column = place(step.inputs[c.relation].source, c.column); });
    };
    std::vector<Expression> kept = std::move(step.columns);
    step.columns.clear();
    each_expression(step, move);
    if (step.kind != StepKind::window) {  // whose columns are in their places already
      for (Expression& column : kept) move(column);
    }
    step.columns = std::move(kept);
  }
  goes_to_[source] = std::move(places.goes_to);
}

bool Simplifier::is_identity(const Step& step) {
  if (!is_projection(step) || step.columns.size() != width(step.inputs[0].source)) return false;
  for (std::uint32_t i = 0; i < step.columns.size(); i++) {
    if (step.columns[i].op != Op::column || step.columns[i].column != i) return false;
  }
  return true;
}

// An input that only renames columns of its own input is left out.
bool Simplifier::pass_through(Step& step, std::size_t index) {
  const std::uint32_t source = step.inputs[index].source;
  if (is_table(source) || !is_projection(at(source))) return false;
  const Step& inner = at(source);
  const bool plain = std::all_of(inner.columns.begin(), inner.columns.end(),
                                 [](const Expression& e) { return e.op == Op::column; });
  const bool renames = step.kind == StepKind::join || step.kind == StepKind::group;
  if (!plain || (!renames && !is_identity(inner))) return false;
  if (!renames && is_table(inner.inputs[0].source)) return false;
  if (renames) {
    each_expression(step, [&](Expression& e) {
      each_column(e, [&](Expression& c) {
        if (c.relation != index) return;
        if (c.where == Span{}) c.where = inner.columns[c.column].where;
        c.column = inner.columns[c.column].column;
      });
    });
  }
  step.inputs[index].source = inner.inputs[0].source;
  return true;
}

bool Simplifier::can_splice(const Step& step, std::size_t index, const Step& inner) const {
  if (step.kind != StepKind::join || inner.kind != StepKind::join || inner.distinct) return false;
  if (step.inputs[index].kind != JoinKind::inner) return false;
  if (step.inputs.size() + inner.inputs.size() - 1 > kStepInputsMax) return false;
  for (std::size_t i = index + 1; i < step.inputs.size(); i++) {
    if (is_strong(step.inputs[i].kind)) return false;
  }
  for (const Input& input : inner.inputs) {
    if (index > 0 && (is_strong(input.kind) || only_asks(input.kind))) return false;
  }
  std::vector<std::size_t> sizes;
  std::vector<std::size_t> depths;
  for (const Expression& column : inner.columns) {
    sizes.push_back(size_of(column));
    depths.push_back(depth_of(column));
  }
  std::size_t parts = 0;
  bool deep = false;
  each_expression(step, [&](const Expression& e) {
    each_column(e, [&](const Expression& c) {
      if (c.relation == index) parts += sizes[c.column];
    });
    deep = deep || depth_with(e, index, depths) > kNodeDepthMax;
  });
  return parts <= kNodesMax && !deep;  // else it stays a step: names of names would go on and on
}

// A join inside a join: its inputs become inputs, its filter part of the filter. Nothing that comes
// after it keeps rows which a filter drops (can_splice()), so that may wait.
bool Simplifier::splice(Step& step, std::size_t index) {
  const std::uint32_t source = step.inputs[index].source;
  if (is_table(source) || !can_splice(step, index, at(source))) return false;
  Step inner = at(source);
  const auto shift = static_cast<std::uint32_t>(inner.inputs.size() - 1);
  const auto first = static_cast<std::uint32_t>(index);
  each_expression(
      inner, [&](Expression& e) { each_column(e, [&](Expression& c) { c.relation += first; }); });
  const auto substitute = [&](Expression& e) {
    each_column(e, [&](Expression& c) {
      if (c.relation == index) {
        const Span where = c.where;
        c = Expression(inner.columns[c.column]);
        if (where != Span{}) c.where = where;
      } else if (c.relation > index) {
        c.relation += shift;
      }
    });
  };
  each_expression(step, substitute);
  std::vector<Expression> parts;
  if (inner.has_filter) parts = conjuncts_of(std::move(inner.filter));
  if (step.inputs[index].has_condition) {
    parts.push_back(std::move(step.inputs[index].condition));
  }
  if (step.has_filter) {
    for (Expression& part : conjuncts_of(std::move(step.filter))) parts.push_back(std::move(part));
  }
  step.inputs.erase(step.inputs.begin() + first);
  step.inputs.insert(step.inputs.begin() + first, inner.inputs.begin(), inner.inputs.end());
  if (!parts.empty()) {
    Result<Expression> all = all_of(std::move(parts));
    GBX_CHECK(all.has_value());
    step.filter = std::move(*all);
    step.has_filter = true;
  }
  return true;
}

// Readers of a step that only renames columns of another read that.
void Simplifier::narrow_root() {
  while (is_projection(at(root_)) && !is_table(at(root_).inputs[0].source)) {
    const Step& last = at(root_);
    const bool plain = std::all_of(last.columns.begin(), last.columns.end(),
                                   [](const Expression& e) { return e.op == Op::column; });
    if (!plain) return;
    for (Expression* reader : *readers_) {
      each_column(*reader, [&](Expression& e) { e.column = last.columns[e.column].column; });
    }
    root_ = last.inputs[0].source;
    steps_.resize(root_ - tables_ + 1);
  }
}

// Tables and steps that are needed, in order of first need.
Result<SimpleSteps> Simplifier::number(Span where) {
  SimpleSteps out;
  std::vector<std::uint32_t> numbers(tables_ + steps_.size(), 0);
  for (std::uint32_t i = 0; i < tables_; i++) {
    if (!needed_[i]) continue;
    numbers[i] = static_cast<std::uint32_t>(out.tables.size());
    out.tables.push_back(i);
  }
  for (std::size_t i = 0; i < steps_.size(); i++) {
    if (!needed_[tables_ + i]) continue;
    Step& step = steps_[i];
    for (Input& input : step.inputs) input.source = numbers[input.source];
    numbers[tables_ + i] = static_cast<std::uint32_t>(out.tables.size() + out.steps.size());
    if (columns_of(step).size() > kStepColumnsMax) {
      return Error{ErrorCode::invalid_argument, "too_many_columns", where};
    }
    out.steps.push_back(std::move(step));
  }
  if (out.steps.size() > kStepsMax) {
    return Error{ErrorCode::invalid_argument, "too_many_steps", where};
  }
  return out;
}

}  // namespace

std::vector<Expression> conjuncts_of(Expression condition) {
  if (condition.op != Op::logical_and) {
    std::vector<Expression> out;
    out.push_back(std::move(condition));
    return out;
  }
  std::vector<Expression> out;
  for (Expression& child : condition.children) {
    for (Expression& part : conjuncts_of(std::move(child))) out.push_back(std::move(part));
  }
  return out;
}

Result<SimpleSteps> simplify(const StepList& list, std::uint32_t source,
                             const std::vector<Expression*>& readers, Span where) {
  return Simplifier(list, source, readers).run(where);
}

}  // namespace gbx::sql
