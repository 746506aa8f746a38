#include <algorithm>
#include <limits>
#include <set>

#include "trusted/room/engine.h"
#include "trusted/sql/evaluate.h"

namespace gbx::room {
namespace {

using TextSet = std::set<std::string, std::less<>>;

const std::vector<std::string>& dictionary(const sql::Expression& column,
                                           std::span<const Dataset> datasets) {
  return datasets[column.relation].table->dictionary(column.column);
}

// The text function `e` of one value of its child.
std::string apply(sql::Expression e, const std::string& text) {
  sql::Expression literal;
  literal.op = sql::Op::literal;
  literal.type = e.type;
  literal.text = text;
  e.children = {std::move(literal)};
  const Cell value = sql::evaluate(e, {});
  const auto* out = std::get_if<std::string>(&value);
  GBX_CHECK(out != nullptr);  // NULL in, NULL out, and a literal is not NULL
  return *out;
}

// Adds every text that `e` can be on any row; perhaps more, as no condition is looked at.
void collect(const sql::Expression& e, std::span<const Dataset> datasets, TextSet& out) {
  if (e.op == sql::Op::column) {
    const auto& values = dictionary(e, datasets);
    out.insert(values.begin(), values.end());
  } else if (e.op == sql::Op::literal) {
    out.insert(e.text);
  } else if (e.op == sql::Op::lower || e.op == sql::Op::upper || e.op == sql::Op::prefix) {
    TextSet inner;
    collect(e.children.front(), datasets, inner);
    for (const std::string& text : inner) out.insert(apply(e, text));
  } else {  // CASE, COALESCE: one of the children
    for (const sql::Expression& child : e.children) {
      if (child.type.type == Type::text) collect(child, datasets, out);
    }
  }
}

// The texts that one group expression can yield.
class Texts {
 public:
  Texts(const sql::Expression& group, std::span<const Dataset> datasets) {
    if (group.type.type != Type::text) return;
    if (group.op == sql::Op::column) {
      dictionary_ = &dictionary(group, datasets);  // ascending already, and can be large
    } else {
      collect(group, datasets, texts_);
    }
  }
  [[nodiscard]] bool has(const std::string& text) const {
    if (dictionary_ == nullptr) return texts_.contains(text);
    return std::binary_search(dictionary_->begin(), dictionary_->end(), text);
  }

 private:
  const std::vector<std::string>* dictionary_ = nullptr;
  TextSet texts_;
};

bool fits(const Cell& cell, const sql::Expression& expression, const Texts& texts) {
  if (std::holds_alternative<std::monostate>(cell)) return true;
  if (const auto* text = std::get_if<std::string>(&cell)) {
    return expression.type.type == Type::text && texts.has(*text);
  }
  const auto* number = std::get_if<std::int64_t>(&cell);
  return number != nullptr && expression.type.type != Type::text && *number >= expression.low &&
         *number <= expression.high;
}

// Relations are joined on the person: nobody is in an answer who is not in every one of them.
Int128 persons_max(std::span<const Dataset> datasets) {
  Int128 out = datasets.empty() ? 0 : std::numeric_limits<std::int64_t>::max();
  for (const Dataset& dataset : datasets) out = std::min(out, Int128{dataset.persons});
  return out;
}

// Ascending bins that exist, with rows in each; as many rows as the measure counted.
bool fits(const Histogram& histogram, const sql::Measure& measure, Int128 rows) {
  Int128 sum = 0;
  for (std::size_t i = 0; i < histogram.size(); i++) {
    if (histogram[i].bin >= measure.bins || histogram[i].count <= 0) return false;
    if (i > 0 && histogram[i].bin <= histogram[i - 1].bin) return false;
    sum += histogram[i].count;
  }
  return sum == rows;
}

bool fits(const sql::GroupRow& row, const sql::Task& task, const std::vector<Texts>& texts) {
  if (row.histograms.size() != sql::histograms_of(task)) return false;
  if (row.key.size() != task.groups.size() || row.sums.size() != task.measures.size()) return false;
  if (row.persons < (task.groups.empty() ? 0 : 1)) return false;
  for (std::size_t i = 0; i < row.key.size(); i++) {
    if (!fits(row.key[i], task.groups[i], texts[i])) return false;
  }
  std::size_t histogram = 0;
  for (std::size_t i = 0; i < row.sums.size(); i++) {
    const sql::Measure& measure = task.measures[i];
    const Int128 persons = row.persons;
    if (row.sums[i] < persons * measure.low || row.sums[i] > persons * measure.high) return false;
    const bool bins = sql::has_bins(measure.kind);
    if (bins && !fits(row.histograms[histogram++], measure, row.sums[i])) return false;
  }
  return true;
}

}  // namespace

Status check_groups(const sql::Task& task, std::span<const Dataset> datasets,
                    const std::vector<sql::GroupRow>& groups) {
  const Error failed{ErrorCode::unavailable, "engine_failed"};
  if (groups.size() > task.groups_max) return failed;
  if (task.groups.empty() && groups.size() != 1) return failed;
  std::vector<Texts> texts;
  for (const sql::Expression& group : task.groups) texts.emplace_back(group, datasets);
  const Int128 persons = persons_max(datasets);
  Int128 kept = 0;  // persons, once for each of their groups
  std::set<Bytes> keys;
  for (const sql::GroupRow& row : groups) {
    if (row.persons > persons || !fits(row, task, texts)) return failed;
    if (!keys.insert(sql::encode_group_key(row.key)).second) return failed;
    kept += row.persons;
  }
  if (kept > persons * task.groups_per_person) return failed;
  return {};
}

}  // namespace gbx::room
