#include "trusted/sql/normal_form.h"

#include <algorithm>
#include <numeric>

#include "trusted/sql/evaluate.h"
#include "trusted/sql/print.h"
#include "trusted/sql/simplify_steps.h"

namespace gbx::sql {
namespace {

// a op b is b mirrored(op) a; nullopt where it is not.
std::optional<Op> mirrored(Op op) {
  if (op == Op::equal || op == Op::not_equal) return op;
  if (op == Op::less) return Op::greater;
  if (op == Op::less_equal) return Op::greater_equal;
  if (op == Op::greater) return Op::less;
  if (op == Op::greater_equal) return Op::less_equal;
  return std::nullopt;
}

bool is_constant(const Expression& e) {
  return e.op != Op::column && e.op != Op::output &&
         std::all_of(e.children.begin(), e.children.end(), is_constant);
}

bool is_always_true(const Expression& e) {
  return is_constant(e) && evaluate(e, {}) == Cell(std::int64_t{1});
}

// permutation[i] is the place from which the i-th comes; what it yields is where the i-th goes.
std::vector<std::uint32_t> inverse(const std::vector<std::uint32_t>& permutation) {
  std::vector<std::uint32_t> out(permutation.size());
  for (std::uint32_t i = 0; i < permutation.size(); i++) out[permutation[i]] = i;
  return out;
}

template <typename T>
std::vector<std::uint32_t> order_by(const std::vector<T>& keys) {
  std::vector<std::uint32_t> out(keys.size());
  std::iota(out.begin(), out.end(), 0U);
  std::stable_sort(out.begin(), out.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return keys[a] < keys[b]; });
  return out;
}

template <typename T>
std::vector<T> permuted(const std::vector<T>& values, const std::vector<std::uint32_t>& order) {
  std::vector<T> out;
  out.reserve(values.size());
  for (const std::uint32_t from : order) out.push_back(values[from]);
  return out;
}

class Former {
 public:
  Former(const Query& query, const Catalog& catalog) : query_(query), catalog_(&catalog) {}

  Query form() {
    order_relations();
    if (!query_.steps.empty()) form_steps();
    if (query_.has_filter) form_filter();
    for (Expression& group : query_.groups) form(group);
    for (AggregateCall& call : query_.aggregates) form(call.argument);
    order_aggregates();
    return std::move(query_);
  }

 private:
  [[nodiscard]] std::string text(const Expression& e) const {
    return step_ != nullptr ? print(e, *step_, query_, *catalog_) : print(e, query_, *catalog_);
  }

  void order_relations() {
    std::vector<std::string> names;
    for (const Relation& relation : query_.relations) names.push_back(relation.table_name);
    const std::vector<std::uint32_t> order = order_by(names);
    query_.relations = permuted(query_.relations, order);
    goes_to_ = inverse(order);
    const auto moved = [&](Expression& e) {
      each_column(e, [&](Expression& c) { c.relation = goes_to_[c.relation]; });
    };
    for (Step& step : query_.steps) {
      for (Input& input : step.inputs) {
        if (input.source < goes_to_.size()) input.source = goes_to_[input.source];
      }
    }
    for (Expression& group : query_.groups) {
      if (query_.steps.empty()) moved(group);
    }
    for (AggregateCall& call : query_.aggregates) {
      if (query_.steps.empty()) moved(call.argument);
    }
    if (query_.has_filter) moved(query_.filter);
    for (PersonJoin& join : query_.person_joins) join.relation = goes_to_[join.relation];
    for (AggregateCall& call : query_.aggregates) {
      for (std::uint32_t& relation : call.relations) relation = goes_to_[relation];
      std::sort(call.relations.begin(), call.relations.end());
    }
  }

  // Aggregates only: groups give the rows their order. Outputs that name one follow it.
  void order_aggregates() {
    std::vector<std::string> names;
    for (const AggregateCall& call : query_.aggregates) {
      names.push_back(print(call, query_, *catalog_));
    }
    const std::vector<std::uint32_t> order = order_by(names);
    query_.aggregates = permuted(query_.aggregates, order);
    const auto groups = static_cast<std::uint32_t>(query_.groups.size());
    std::vector<std::uint32_t> outputs(groups);
    std::iota(outputs.begin(), outputs.end(), 0U);
    for (const std::uint32_t from : order) outputs.push_back(groups + from);
    for (std::uint32_t i = 0; i < query_.post.windows.size(); i++) {  // stay behind them
      outputs.push_back(static_cast<std::uint32_t>(outputs.size()));
    }
    query_.output_types = permuted(query_.output_types, outputs);
    outputs_ = inverse(outputs);
    for (Item& item : query_.items) {
      if (item.formula) follow(*item.formula);
      if (!item.person) item.output = outputs_[item.output];
    }
    if (query_.post.has_having) follow(query_.post.having);
    for (Window& window : query_.post.windows) {
      each_of_window(window, [this](Expression& e) { follow(e); });
    }
    if (query_.post.has_qualify) follow(query_.post.qualify);
    for (SortKey& key : query_.post.order) follow(key.key);
  }

  void follow(Expression& e) const {
    if (e.op == Op::output) e.column = outputs_[e.column];
    for (Expression& child : e.children) follow(child);
  }

  void form(Expression& e) {
    for (Expression& child : e.children) form(child);
    if (e.op == Op::logical_and || e.op == Op::logical_or) flatten(e);
    if (e.op == Op::in_list) order_list(e);
    if (const auto other = mirrored(e.op)) orient(e, *other);
  }

  // The parts of a connective without nesting, in order, each once. One that is left alone stands
  // for the whole.
  void flatten(Expression& e) {
    std::vector<Expression> parts;
    for (Expression& child : e.children) {
      if (child.op == e.op) {
        std::move(child.children.begin(), child.children.end(), std::back_inserter(parts));
      } else {
        parts.push_back(std::move(child));
      }
    }
    e.children = each_once(std::move(parts), 0);
    if (e.children.size() > 1) return;
    Expression alone = std::move(e.children.front());
    e = std::move(alone);
  }

  void order_list(Expression& e) const { e.children = each_once(std::move(e.children), 1); }

  // In order of their text from the `first` on.
  [[nodiscard]] std::vector<Expression> each_once(std::vector<Expression> parts,
                                                  std::size_t first) const {
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < parts.size(); i++) {
      texts.push_back(i < first ? std::string() : text(parts[i]));
    }
    const std::vector<std::uint32_t> order = order_by(texts);
    std::vector<Expression> out;
    for (std::size_t i = 0; i < order.size(); i++) {
      const bool again = i > first && texts[order[i]] == texts[order[i - 1]];
      if (!again) out.push_back(std::move(parts[order[i]]));
    }
    return out;
  }

  // What does not change stands right.
  void orient(Expression& e, Op other) const {
    const bool left = is_constant(e.children[0]);
    const bool right = is_constant(e.children[1]);
    const bool turn = left == right ? text(e.children[1]) < text(e.children[0]) : left;
    if (!turn) return;
    std::swap(e.children[0], e.children[1]);
    e.op = other;
  }

  void form_filter() { form_condition(query_.has_filter, query_.filter); }

  // AND without what is always true; none when nothing is left.
  void form_condition(bool& has, Expression& filter) {
    form(filter);
    if (filter.op == Op::logical_and) {
      std::erase_if(filter.children, is_always_true);
      if (filter.children.size() == 1) {
        Expression alone = std::move(filter.children.front());
        filter = std::move(alone);
      }
    }
    const bool empty = filter.op == Op::logical_and && filter.children.empty();
    if (!empty && !is_always_true(filter)) return;
    has = false;
    filter = Expression();
  }

  // Every condition of an inner join at the first place where it can be told, if nothing after it
  // keeps rows that it drops.
  static void spread_conditions(Step& step) {
    for (const Input& input : step.inputs) {
      if (input.kind == JoinKind::right || input.kind == JoinKind::full) return;
    }
    std::vector<Expression> all;
    for (std::size_t i = 0; i < step.inputs.size(); i++) {
      Input& input = step.inputs[i];
      if (!input.has_condition || input.kind != JoinKind::inner) continue;
      for (Expression& part : conjuncts_of(std::move(input.condition))) {
        all.push_back(std::move(part));
      }
      input.has_condition = false;
      input.condition = Expression();
    }
    if (step.has_filter) {
      for (Expression& part : conjuncts_of(std::move(step.filter))) all.push_back(std::move(part));
    }
    step.has_filter = false;
    step.filter = Expression();
    std::vector<std::vector<Expression>> placed(step.inputs.size());
    for (Expression& part : all) {
      std::uint32_t last = 0;
      each_column(part, [&](Expression& c) { last = std::max(last, c.relation); });
      const bool here = last > 0 && step.inputs[last].kind == JoinKind::inner;
      placed[here ? last : 0].push_back(std::move(part));
    }
    for (std::size_t i = 0; i < placed.size(); i++) {
      if (placed[i].empty()) continue;
      Result<Expression> condition = all_of(std::move(placed[i]));
      GBX_CHECK(condition.has_value());
      (i == 0 ? step.filter : step.inputs[i].condition) = std::move(*condition);
      (i == 0 ? step.has_filter : step.inputs[i].has_condition) = true;
    }
  }

  void form_step(Step& step) {
    step_ = &step;
    if (step.kind == StepKind::join) spread_conditions(step);
    for (Input& input : step.inputs) {
      if (input.has_condition) form_condition(input.has_condition, input.condition);
    }
    if (step.has_filter) form_condition(step.has_filter, step.filter);
    for (Expression& column : step.columns) form(column);
    for (RowAggregate& value : step.aggregates) form(value.argument);
    for (Window& window : step.windows) {
      each_of_window(window, [this](Expression& e) { form(e); });
    }
    step_ = nullptr;
  }

  // Steps in the order in which the last one needs them, equal ones once.
  void form_steps() {
    std::vector<Step> before = std::move(query_.steps);
    query_.steps.clear();
    const auto tables = static_cast<std::uint32_t>(query_.relations.size());
    std::vector<std::optional<std::uint32_t>> numbers(before.size());
    std::vector<std::string> texts;
    const auto visit = [&](std::uint32_t source, const auto& self) -> std::uint32_t {
      if (source < tables) return source;
      std::optional<std::uint32_t>& number = numbers[source - tables];
      if (number) return *number;
      Step& step = before[source - tables];
      for (Input& input : step.inputs) input.source = self(input.source, self);
      form_step(step);
      std::string text = print(step, query_, *catalog_);
      const auto known = std::find(texts.begin(), texts.end(), text);
      number = tables + static_cast<std::uint32_t>(known - texts.begin());
      if (known == texts.end()) {
        texts.push_back(std::move(text));
        query_.steps.push_back(std::move(step));
      }
      return *number;
    };
    visit(tables + static_cast<std::uint32_t>(before.size()) - 1, visit);
  }

  Query query_;
  const Catalog* catalog_;
  std::vector<std::uint32_t> goes_to_;  // relations
  const Step* step_ = nullptr;          // whose expressions are being formed
  std::vector<std::uint32_t> outputs_;
};

}  // namespace

Query normal_form(const Query& query, const Catalog& catalog) {
  return Former(query, catalog).form();
}

Question question_of(const Query& query, const Catalog& catalog) {
  Question out;
  if (query.lists) out.outline = "LIST ";
  for (const Relation& relation : query.relations) out.outline += relation.table_name + ", ";
  for (const Step& step : query.steps) out.outline += print(step, query, catalog) + "; ";
  for (const Expression& group : query.groups) {
    out.outline += "BY " + print(group, query, catalog) + ", ";
  }
  for (const AggregateCall& call : query.aggregates) {
    out.outline += print(call, query, catalog) + ", ";
  }
  if (!query.has_filter) return out;
  if (query.filter.op != Op::logical_and) {
    out.conditions.push_back(print(query.filter, query, catalog));
    return out;
  }
  for (const Expression& condition : query.filter.children) {
    out.conditions.push_back(print(condition, query, catalog));
  }
  return out;
}

}  // namespace gbx::sql
