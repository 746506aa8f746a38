#include "trusted/room/possible.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "trusted/sql/text_functions.h"

namespace gbx::room {
namespace {

using Words = std::vector<std::string>;

constexpr Error kTooMuch{ErrorCode::unavailable, "engine_failed"};

std::shared_ptr<Words> in_order(Words words) {
  std::sort(words.begin(), words.end());
  words.erase(std::unique(words.begin(), words.end()), words.end());
  return std::make_shared<Words>(std::move(words));
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

Status PossibleTexts::add(Words& words, std::string text) {
  const std::size_t bytes = sizeof(std::string) + text.size();
  if (bytes > bytes_left_) return kTooMuch;
  bytes_left_ -= bytes;
  words.push_back(std::move(text));
  return {};
}

Result<Texts> PossibleTexts::any(const std::set<Texts>& several) {
  if (several.size() == 1) return *several.begin();
  Words out;
  for (const Texts& texts : several) {
    for (const std::string& text : *texts) GBX_TRY(add(out, text));
  }
  return Texts(in_order(std::move(out)));
}

PossibleTexts::PossibleTexts(const sql::Task& task, std::span<const Dataset> datasets,
                             std::size_t bytes_max)
    : task_(task), datasets_(datasets), bytes_left_(bytes_max) {
  const auto tables = static_cast<std::uint32_t>(datasets.size());
  for (std::uint32_t t = 0; task.steps.empty() && t < tables; t++) group_sources_.push_back(t);
  const auto steps = static_cast<std::uint32_t>(task.steps.size());
  if (steps > 0) group_sources_.push_back(tables + steps - 1);
}

Result<Texts> PossibleTexts::of_column(std::uint32_t source, std::uint32_t column) {
  if (source < datasets_.size()) {  // ascending already, and can be large: shown, not copied
    return Texts(Texts(), &datasets_[source].table->dictionary(column));
  }
  const auto found = known_.find({source, column});
  if (found != known_.end()) return found->second;
  GBX_TRY_ASSIGN(const Texts texts, of_step(task_.steps[source - datasets_.size()], column));
  known_[{source, column}] = texts;
  return texts;
}

Result<Texts> PossibleTexts::of_step(const sql::Step& step, std::uint32_t column) {
  Sources sources;
  for (const sql::Input& input : step.inputs) sources.push_back(input.source);
  std::size_t at = column;
  if (at < step.columns.size()) {
    std::set<Texts> several;
    GBX_TRY_ASSIGN(const Texts first, of(step.columns[at], sources));
    several.insert(first);
    for (std::size_t i = 1; step.kind == sql::StepKind::append && i < sources.size(); i++) {
      GBX_TRY_ASSIGN(const Texts more, of_column(sources[i], step.columns[at].column));
      several.insert(more);
    }
    return any(several);
  }
  at -= step.columns.size();
  if (at < step.aggregates.size()) return of(step.aggregates[at].argument, sources);
  return of(step.windows[at - step.aggregates.size()].value.argument, sources);
}

Result<Texts> PossibleTexts::of(const sql::Expression& e, const Sources& sources) {
  if (e.op == sql::Op::column) return of_column(sources[e.relation], e.column);
  Words out;
  if (e.op == sql::Op::literal) {
    GBX_TRY(add(out, e.text));
  } else if (sql::is_text_function(e.op)) {
    GBX_TRY_ASSIGN(const Texts inner, of(e.children.front(), sources));
    for (const std::string& text : *inner) GBX_TRY(add(out, sql::text_function(e, text)));
  } else if (e.op == sql::Op::to_text) {
    const sql::Expression& number = e.children.front();
    for (std::int64_t v = number.low; v <= number.high; v++) {
      GBX_TRY(add(out, sql::number_text(e, v)));
    }
  } else if (e.op == sql::Op::concat) {
    return of_concat(e, sources);
  } else {  // CASE, COALESCE: one of the children
    std::set<Texts> several;
    for (const sql::Expression& child : e.children) {
      if (child.type.type != Type::text) continue;
      GBX_TRY_ASSIGN(const Texts texts, of(child, sources));
      several.insert(texts);
    }
    return any(several);
  }
  return Texts(in_order(std::move(out)));
}

// Each with every one of the next behind it. The binder has proved that there are few.
Result<Texts> PossibleTexts::of_concat(const sql::Expression& e, const Sources& sources) {
  Words out{""};
  for (const sql::Expression& child : e.children) {
    GBX_TRY_ASSIGN(const Texts texts, of(child, sources));
    const Words before = std::exchange(out, {});
    for (const std::string& first : before) {
      for (const std::string& second : *texts) GBX_TRY(add(out, first + second));
    }
  }
  return Texts(in_order(std::move(out)));
}

}  // namespace gbx::room
