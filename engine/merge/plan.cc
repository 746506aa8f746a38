#include "engine/merge/plan.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>

#include "trusted/sql/evaluate.h"
#include "trusted/sql/well_formed.h"

namespace gbx::engine {
namespace {

using sql::Expression;
using sql::Op;

bool is_text_function(Op op) { return op == Op::lower || op == Op::upper || op == Op::prefix; }

void flatten_conjuncts(const Expression& e, std::vector<const Expression*>& out) {
  if (e.op != Op::logical_and) {
    out.push_back(&e);
    return;
  }
  for (const Expression& child : e.children) flatten_conjuncts(child, out);
}

void relations_of(const Expression& e, std::set<std::uint32_t>& out) {
  if (e.op == Op::column) out.insert(e.relation);
  for (const Expression& child : e.children) relations_of(child, out);
}

// The place of a column in the tables, whatever its dictionary.
class Planner {
 public:
  Planner(const sql::Task& task, const std::vector<const snapshot::Table*>& tables, Plan& plan)
      : task_(task), tables_(tables), plan_(plan) {}

  Status run() {
    GBX_TRY(check_all());
    collect_all_texts();
    plan_.pool = TextPool(std::move(texts_));
    place_filter();
    place_outputs();
    choose_columns();
    choose_group_numbers();
    return {};
  }

 private:
  Status check_all() {
    const Error misfit{ErrorCode::invalid_argument, "task_misfit"};
    if (tables_.empty() || tables_.size() > kRelationsMax) return misfit;
    if (!task_.steps.empty() || task_.tables.size() != tables_.size()) return misfit;
    if (task_.groups.size() > kGroupKeysMax || task_.groups_per_person == 0) return misfit;
    if (task_.has_filter) GBX_TRY(check(task_.filter, 0));
    for (const Expression& group : task_.groups) GBX_TRY(check(group, 0));
    for (const sql::Measure& measure : task_.measures) GBX_TRY(check_measure(measure));
    if (!sql::watches_others(task_.measures)) return misfit;
    return {};
  }

  Status check_measure(const sql::Measure& measure) {
    const Error misfit{ErrorCode::invalid_argument, "task_misfit"};
    if (measure.low > measure.high || measure.row_low > measure.row_high) return misfit;
    std::int64_t sum = 0;
    std::int64_t width = 0;
    const bool centred = measure.kind == sql::MeasureKind::centred;
    if (centred && (__builtin_add_overflow(measure.row_low, measure.row_high, &sum) ||
                    __builtin_sub_overflow(measure.row_high, measure.row_low, &width))) {
      return misfit;
    }
    if (!sql::has_argument(measure.kind)) return {};
    const bool few = measure.low == 0 && measure.high <= sql::kValuesPerPersonMax;
    if (sql::keeps_values(measure.kind) && !few) return misfit;
    const bool bins = measure.bins > 0 && measure.bins <= sql::kBinsMax;
    if (sql::has_bins(measure.kind) && !bins) return misfit;
    return check(measure.argument, 0);
  }

  Status check(const Expression& e, std::uint32_t depth) {
    const Error misfit{ErrorCode::invalid_argument, "task_misfit"};
    if (depth > kExpressionDepthMax) return misfit;
    if (!sql::is_well_formed(e, tables_.size())) return misfit;
    if (e.op == Op::column) {
      const auto& columns = tables_[e.relation]->columns();
      if (e.column >= columns.size() || columns[e.column].type != e.type) return misfit;
    }
    for (const Expression& child : e.children) GBX_TRY(check(child, depth + 1));
    return {};
  }

  // Every text that `e` can be.
  std::vector<std::string_view> texts_of(const Expression& e) {
    if (e.op == Op::literal) return {e.text};
    std::vector<std::string_view> out;
    if (e.op == Op::column) {
      const auto& dictionary = tables_[e.relation]->dictionary(e.column);
      return {dictionary.begin(), dictionary.end()};
    }
    if (is_text_function(e.op)) {
      for (std::string_view text : texts_of(e.children[0])) {
        plan_.texts.push_back(text_function(e.op, text, e.value));
        out.push_back(plan_.texts.back());
      }
      return out;
    }
    for (const Expression& child : e.children) {
      if (child.type.type != Type::text) continue;
      auto more = texts_of(child);
      out.insert(out.end(), more.begin(), more.end());
    }
    return out;
  }

  void collect_texts(const Expression& e) {
    for (const Expression& child : e.children) collect_texts(child);
    if (e.type.type != Type::text || e.op == Op::null) return;
    if (e.op == Op::column && !columns_seen_.insert({e.relation, e.column}).second) return;
    if (e.op == Op::case_when || e.op == Op::coalesce) return;  // its children's
    for (std::string_view text : texts_of(e)) texts_.push_back(text);
  }

  void collect_all_texts() {
    if (task_.has_filter) collect_texts(task_.filter);
    for (const Expression& group : task_.groups) collect_texts(group);
    for (const sql::Measure& measure : task_.measures) {
      if (sql::has_argument(measure.kind)) collect_texts(measure.argument);
    }
  }

  CodeTable column_table(const Expression& e) {
    auto& table = column_tables_[{e.relation, e.column}];
    if (table) return table;
    const auto& dictionary = tables_[e.relation]->dictionary(e.column);
    if (dictionary.size() == plan_.pool.size()) return nullptr;  // the pool is this dictionary
    auto codes = std::make_shared<std::vector<std::int64_t>>();
    codes->reserve(dictionary.size());
    for (const std::string& text : dictionary) codes->push_back(plan_.pool.code(text));
    table = codes;
    return table;
  }

  CodeTable function_table(const Expression& e) {
    auto results = std::make_shared<std::vector<std::int64_t>>(plan_.pool.size(), 0);
    for (std::string_view text : texts_of(e.children[0])) {
      auto& result = (*results)[static_cast<std::size_t>(plan_.pool.code(text))];
      result = e.op == Op::like ? std::int64_t{sql::like_matches(text, e.text)}
                                : plan_.pool.code(text_function(e.op, text, e.value));
    }
    return results;
  }

  std::int64_t literal_value(const Expression& e) {
    return e.type.type == Type::text ? plan_.pool.code(e.text) : e.value;
  }

  std::uint32_t add(const Expression& e, Program& program) {
    Node node;
    node.op = e.op;
    node.type = e.type;
    node.value = e.value;
    const bool list = e.op == Op::in_list;
    for (const Expression& child : e.children) {
      if (list && !node.inputs.empty()) {
        node.list.push_back(literal_value(child));
      } else {
        node.inputs.push_back(add(child, program));
      }
    }
    std::sort(node.list.begin(), node.list.end());
    if (!e.children.empty()) node.input_type = e.children[0].type.type;
    if (e.op == Op::literal) node.value = literal_value(e);
    if (e.op == Op::column) {
      node.relation = e.relation;
      node.column = e.column;
      if (e.type.type == Type::text) node.by_code = column_table(e);
    }
    if (is_text_function(e.op) || e.op == Op::like) node.by_code = function_table(e);
    if (e.op == Op::rescale) {
      node.value = 1;
      for (std::int64_t i = 0; i < e.value; i++) node.value *= 10;
    }
    return place(std::move(node), program);
  }

  // One node for each different instruction.
  static std::uint32_t place(Node node, Program& program) {
    for (std::uint32_t i = 0; i < program.nodes.size(); i++) {
      const Node& old = program.nodes[i];
      const bool same_leaf = old.op == node.op && old.type == node.type && node.inputs.empty() &&
                             old.relation == node.relation && old.column == node.column &&
                             old.value == node.value;
      if (same_leaf) return i;
    }
    program.nodes.push_back(std::move(node));
    return static_cast<std::uint32_t>(program.nodes.size() - 1);
  }

  void place_filter() {
    plan_.relations.resize(tables_.size());
    if (!task_.has_filter) return;
    std::vector<const Expression*> conjuncts;
    flatten_conjuncts(task_.filter, conjuncts);
    for (const Expression* conjunct : conjuncts) {
      std::set<std::uint32_t> used;
      relations_of(*conjunct, used);
      if (used.size() > 1) {
        plan_.conditions.push_back(add(*conjunct, plan_.filter));
        continue;
      }
      RelationPlan& relation = plan_.relations[used.empty() ? 0 : *used.begin()];
      relation.conditions.push_back(add(*conjunct, relation.filter));
    }
  }

  void place_outputs() {
    for (const Expression& group : task_.groups) {
      GroupPlan planned{.node = add(group, plan_.outputs), .text = group.type.type == Type::text};
      plan_.groups.push_back(planned);
    }
    for (const sql::Measure& measure : task_.measures) {
      MeasurePlan planned{.bounds = measure};
      planned.bounds.argument = {};
      if (sql::has_argument(measure.kind)) {
        planned.node = add(measure.argument, plan_.outputs);
        planned.text =
            measure.kind == sql::MeasureKind::distinct && measure.argument.type.type == Type::text;
      }
      plan_.measures.push_back(std::move(planned));
    }
    plan_.groups_per_person = task_.groups_per_person;
    plan_.groups_max = task_.groups_max;
    plan_.sampling = task_.sampling;
  }

  void choose_columns() {
    for (std::uint32_t r = 0; r < tables_.size(); r++) {
      std::set<std::size_t> wanted;
      for (const Program* program : {&plan_.filter, &plan_.outputs, &plan_.relations[r].filter}) {
        for (const Node& node : program->nodes) {
          if (node.op == Op::column && node.relation == r) wanted.insert(node.column);
        }
      }
      plan_.relations[r].table = tables_[r];
      plan_.relations[r].wanted.assign(wanted.begin(), wanted.end());
    }
  }

  void choose_group_numbers() {
    plan_.dense = true;
    for (std::size_t i = 0; i < plan_.groups.size(); i++) {
      GroupPlan& group = plan_.groups[i];
      const Expression& e = task_.groups[i];
      const bool truth = e.type.type == Type::boolean;
      group.low = group.text || truth ? 0 : e.low;
      std::int64_t high = truth ? 1 : e.high;
      if (group.text) high = static_cast<std::int64_t>(plan_.pool.size()) - 1;
      const auto width = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(group.low);
      const bool wide = high >= group.low && width >= kDenseGroupsMax;
      group.size = high < group.low ? 1 : width + 2;  // 1: NULL only
      if (!wide) plan_.dense_size *= group.size;
      if (wide || plan_.dense_size > kDenseGroupsMax) {
        plan_.dense = false;
        return;
      }
    }
  }

  const sql::Task& task_;
  const std::vector<const snapshot::Table*>& tables_;
  Plan& plan_;
  std::vector<std::string_view> texts_;
  std::set<std::pair<std::uint32_t, std::uint32_t>> columns_seen_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, CodeTable> column_tables_;
};

}  // namespace

Result<std::unique_ptr<const Plan>> make_plan(const sql::Task& task,
                                              const std::vector<const snapshot::Table*>& tables) {
  auto plan = std::make_unique<Plan>();
  GBX_TRY(Planner(task, tables, *plan).run());
  return std::unique_ptr<const Plan>(std::move(plan));
}

}  // namespace gbx::engine
