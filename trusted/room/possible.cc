#include "trusted/room/possible.h"

#include <algorithm>
#include <iterator>
#include <limits>

#include "trusted/sql/text_functions.h"

namespace gbx::room {
namespace {

using Words = std::vector<std::string>;

void in_order(Words& words) {
  std::sort(words.begin(), words.end());
  words.erase(std::unique(words.begin(), words.end()), words.end());
}

// Every text of `a` with every one of `b` behind it. The binder has proved that there are few.
Words products(const Words& a, const Words& b) {
  Words out;
  out.reserve(a.size() * b.size());
  for (const std::string& first : a) {
    for (const std::string& second : b) out.push_back(first + second);
  }
  in_order(out);
  return out;
}

Texts both(const Texts& a, const Texts& b) {
  if (a->empty() || a == b) return b;
  if (b->empty()) return a;
  auto out = std::make_shared<Words>();
  std::set_union(a->begin(), a->end(), b->begin(), b->end(), std::back_inserter(*out));
  return out;
}

// How many persons can be left of those on the left once an input of `right` persons is joined.
Int128 joined(sql::JoinKind kind, Int128 left, Int128 right) {
  switch (kind) {
    case sql::JoinKind::inner:
    case sql::JoinKind::semi: return std::min(left, right);
    case sql::JoinKind::left:
    case sql::JoinKind::anti: return left;
    case sql::JoinKind::right: return right;
    case sql::JoinKind::full: return left + right;
  }
  GBX_CHECK(false);
}

}  // namespace

Int128 persons_max(const sql::Task& task, std::span<const Dataset> datasets) {
  Int128 all = 0;
  Int128 least = datasets.empty() ? 0 : std::numeric_limits<std::int64_t>::max();
  std::vector<Int128> most;  // by source
  for (const Dataset& dataset : datasets) {
    all += dataset.persons;
    least = std::min(least, Int128{dataset.persons});
    most.push_back(dataset.persons);
  }
  if (task.steps.empty()) return least;
  for (const sql::Step& step : task.steps) {
    Int128 persons = most[step.inputs[0].source];
    for (std::size_t i = 1; i < step.inputs.size(); i++) {
      const bool append = step.kind == sql::StepKind::append;
      const sql::JoinKind kind = append ? sql::JoinKind::full : step.inputs[i].kind;
      persons = joined(kind, persons, most[step.inputs[i].source]);
    }
    most.push_back(std::min(persons, all));
  }
  return most.back();
}

PossibleTexts::PossibleTexts(const sql::Task& task, std::span<const Dataset> datasets)
    : task_(task), datasets_(datasets) {
  const auto tables = static_cast<std::uint32_t>(datasets.size());
  for (std::uint32_t t = 0; task.steps.empty() && t < tables; t++) group_sources_.push_back(t);
  const auto steps = static_cast<std::uint32_t>(task.steps.size());
  if (steps > 0) group_sources_.push_back(tables + steps - 1);
}

Texts PossibleTexts::of_column(std::uint32_t source, std::uint32_t column) {
  if (source < datasets_.size()) {  // ascending already, and can be large: shown, not copied
    return {Texts(), &datasets_[source].table->dictionary(column)};
  }
  const auto found = known_.find({source, column});
  if (found != known_.end()) return found->second;
  const Texts texts = of_step(task_.steps[source - datasets_.size()], column);
  known_[{source, column}] = texts;
  return texts;
}

Texts PossibleTexts::of_step(const sql::Step& step, std::uint32_t column) {
  Sources sources;
  for (const sql::Input& input : step.inputs) sources.push_back(input.source);
  std::size_t at = column;
  if (at < step.columns.size()) {
    Texts out = of(step.columns[at], sources);
    for (std::size_t i = 1; step.kind == sql::StepKind::append && i < sources.size(); i++) {
      out = both(out, of_column(sources[i], step.columns[at].column));
    }
    return out;
  }
  at -= step.columns.size();
  if (at < step.aggregates.size()) return of(step.aggregates[at].argument, sources);
  return of(step.windows[at - step.aggregates.size()].value.argument, sources);
}

Texts PossibleTexts::of(const sql::Expression& e, const Sources& sources) {
  if (e.op == sql::Op::column) return of_column(sources[e.relation], e.column);
  auto out = std::make_shared<Words>();
  if (e.op == sql::Op::literal) {
    out->push_back(e.text);
  } else if (sql::is_text_function(e.op)) {
    const Texts inner = of(e.children.front(), sources);
    for (const std::string& text : *inner) out->push_back(sql::text_function(e, text));
    in_order(*out);
  } else if (e.op == sql::Op::concat) {
    out->emplace_back();
    for (const sql::Expression& child : e.children) *out = products(*out, *of(child, sources));
  } else if (e.op == sql::Op::to_text) {
    const sql::Expression& number = e.children.front();
    for (std::int64_t v = number.low; v <= number.high; v++) {
      out->push_back(sql::number_text(e, v));
    }
    in_order(*out);
  } else {  // CASE, COALESCE: one of the children
    Texts any = out;
    for (const sql::Expression& child : e.children) {
      if (child.type.type == Type::text) any = both(any, of(child, sources));
    }
    return any;
  }
  return out;
}

}  // namespace gbx::room
