#include "engine/testing/reference.h"

#include <algorithm>
#include <map>
#include <set>

#include "engine/testing/reference_steps.h"
#include "trusted/crypto/hash.h"
#include "trusted/sql/evaluate.h"

namespace gbx::engine {
namespace {

using Key = std::vector<Cell>;
using Values = std::map<Cell, std::int64_t>;  // rows by value, or by bin
// Of one person in one group.
struct Partial {
  std::vector<Int128> sums;
  std::vector<Values> values;  // by measure; of those that keep values
};
using Partials = std::map<Key, Partial>;
using JoinedRow = std::vector<std::vector<Cell>>;  // by relation

constexpr std::uint64_t kModulus = 2147483647;

std::uint64_t hash_of(ByteView bytes) {
  return (Reader(bytes.first(4)).u32() & 0x7fffffff) % kModulus;
}

Int128 input_of(const sql::Measure& measure, const JoinedRow& row) {
  if (measure.kind == sql::MeasureKind::rows) return 1;
  if (!sql::has_argument(measure.kind) || sql::keeps_values(measure.kind)) return 0;
  const Cell cell = sql::evaluate(measure.argument, row);
  if (cell.index() == 0) return 0;
  if (measure.kind == sql::MeasureKind::values) return 1;
  const Int128 value =
      std::clamp(*std::get_if<std::int64_t>(&cell), measure.row_low, measure.row_high);
  if (measure.kind == sql::MeasureKind::sum) return value;
  return 2 * value - (Int128{measure.row_low} + measure.row_high);
}

Cell bin_of(const sql::Measure& measure, const Cell& value) {
  const Int128 x =
      std::clamp(*std::get_if<std::int64_t>(&value), measure.row_low, measure.row_high);
  if (measure.kind == sql::MeasureKind::magnitudes) {
    const auto digits = [](Int128 of) {
      std::int64_t out = 0;
      for (Int128 rest = of; rest != 0; rest /= 2) out += of < 0 ? -1 : 1;
      return out;
    };
    return digits(x) - digits(measure.row_low);
  }
  const Int128 width = Int128{measure.row_high} - measure.row_low + 1;
  return static_cast<std::int64_t>((x - measure.row_low) * measure.bins / width);
}

bool is_clamped(const sql::Measure& measure, const JoinedRow& row) {
  if (!sql::clamps_rows(measure.kind)) return false;
  const Cell cell = sql::evaluate(measure.argument, row);
  const auto* value = std::get_if<std::int64_t>(&cell);
  return value != nullptr && (*value < measure.row_low || *value > measure.row_high);
}

// Whether a measure that others are watched by found something: a clamped row, or one too many.
bool is_bounded(const sql::Task& task, std::size_t bounded, const Partial& partial) {
  for (const std::uint32_t place : task.measures[bounded].watched) {
    const sql::Measure& measure = task.measures[place];
    Int128 brought = partial.sums[place];
    for (const auto& [value, count] : partial.values[place]) brought += count;
    if (brought < measure.low || brought > measure.high) return true;
  }
  return partial.sums[bounded] > 0;
}

void add_row(const sql::Task& task, const Token& person, const JoinedRow& row, Partials& out) {
  if (task.has_filter && sql::evaluate(task.filter, row) != Cell(std::int64_t{1})) return;
  Key key;
  if (task.lists) {
    for (const std::int64_t word : sql::words_of(person)) key.emplace_back(word);
  }
  for (const sql::Expression& group : task.groups) key.push_back(sql::evaluate(group, row));
  Partial& partial = out[key];
  partial.sums.resize(task.measures.size());
  partial.values.resize(task.measures.size());
  for (std::size_t m = 0; m < task.measures.size(); m++) {
    const sql::Measure& measure = task.measures[m];
    partial.sums[m] += input_of(measure, row);
    for (const std::uint32_t place : measure.watched) {
      if (is_clamped(task.measures[place], row)) partial.sums[m]++;
    }
    if (!sql::keeps_values(measure.kind)) continue;
    const Cell value = sql::evaluate(measure.argument, row);
    if (value.index() == 0) continue;
    if (measure.kind == sql::MeasureKind::distinct) {
      partial.values[m][value] = 1;
    } else {
      partial.values[m][bin_of(measure, value)]++;
    }
  }
}

// J of one person, row by row.
void add_steps(const sql::Task& task, const Token& person,
               const std::vector<const MemoryTable*>& tables, Partials& out) {
  std::vector<PlainSource> sources;
  for (const MemoryTable* table : tables) {
    PlainSource& source = sources.emplace_back();
    source.width = table->columns().size();
    for (const MemoryRow& row : table->rows()) {
      if (row.person == person) source.rows.push_back(row.cells);
    }
  }
  for (const std::vector<Cell>& row : run_reference_steps(task.steps, std::move(sources))) {
    add_row(task, person, {row}, out);
  }
}

std::set<Token> persons_of(const std::vector<const MemoryTable*>& tables) {
  std::set<Token> out;
  for (const MemoryTable* table : tables) {
    for (const MemoryRow& row : table->rows()) out.insert(row.person);
  }
  return out;
}

// All combinations of the person's rows.
void join(const sql::Task& task, const Token& person, const std::vector<const MemoryTable*>& tables,
          JoinedRow& row, Partials& out) {
  if (row.size() == tables.size()) return add_row(task, person, row, out);
  for (const MemoryRow& candidate : tables[row.size()]->rows()) {
    if (candidate.person != person) continue;
    row.push_back(candidate.cells);
    join(task, person, tables, row, out);
    row.pop_back();
  }
}

std::pair<std::uint64_t, Bytes> rank_of(const sql::Task& task, const Token& person,
                                        const Key& key) {
  const Bytes encoded = sql::encode_group_key(key);
  const std::uint64_t mixed = hash_of(person) * task.sampling.a +
                              hash_of(crypto::sha256(encoded)) * task.sampling.b + task.sampling.d;
  return {mixed % kModulus, encoded};
}

// What a person keeps of them.
Values keep_values(const sql::Task& task, const Token& person, const Values& values,
                   std::int64_t most) {
  std::vector<std::pair<std::pair<std::uint64_t, Bytes>, Cell>> ranked;
  for (const auto& [value, count] : values)
    ranked.emplace_back(rank_of(task, person, {value}), value);
  std::sort(ranked.begin(), ranked.end());
  Values out;
  for (const auto& [rank, value] : ranked) {
    const std::int64_t count = std::min(values.at(value), most);
    if (count > 0) out[value] = count;
    most -= count;
  }
  return out;
}

void keep_groups(const sql::Task& task, const Token& person, Partials& partials) {
  if (partials.size() <= task.groups_per_person) return;
  std::vector<std::pair<std::pair<std::uint64_t, Bytes>, Key>> ranked;
  for (const auto& [key, partial] : partials) ranked.emplace_back(rank_of(task, person, key), key);
  std::sort(ranked.begin(), ranked.end());
  for (std::size_t i = task.groups_per_person; i < ranked.size(); i++) {
    partials.erase(ranked[i].second);
  }
}

}  // namespace

Result<std::vector<sql::GroupRow>> run_reference(const sql::Task& task,
                                                 const std::vector<const MemoryTable*>& tables) {
  std::map<Key, sql::GroupRow> groups;
  std::map<Key, bool> seen;
  std::map<std::pair<Key, std::size_t>, Values> values;  // kept by anybody
  if (sql::key_width(task) == 0) groups[{}].sums.assign(task.measures.size(), 0);
  for (const Token& person : persons_of(tables)) {
    Partials partials;
    JoinedRow joined;
    if (task.steps.empty()) {
      join(task, person, tables, joined, partials);
    } else {
      add_steps(task, person, tables, partials);
    }
    for (const auto& [key, partial] : partials) seen[key] = true;
    const bool dropped = partials.size() > task.groups_per_person;
    keep_groups(task, person, partials);
    for (const auto& [key, partial] : partials) {
      sql::GroupRow& group = groups[key];
      group.key = key;
      group.persons++;
      group.sums.resize(partial.sums.size());
      for (std::size_t m = 0; m < partial.sums.size(); m++) {
        const sql::Measure& measure = task.measures[m];
        if (measure.kind == sql::MeasureKind::bounded) {
          group.sums[m] += dropped || is_bounded(task, m, partial) ? 1 : 0;
          continue;
        }
        group.sums[m] += std::clamp(partial.sums[m], Int128{measure.low}, Int128{measure.high});
        if (!sql::keeps_values(measure.kind)) continue;
        for (const auto& [value, count] :
             keep_values(task, person, partial.values[m], measure.high)) {
          std::int64_t& total = values[{key, m}][value];
          total = measure.kind == sql::MeasureKind::distinct ? 1 : total + count;
        }
      }
    }
  }
  for (const auto& [place, kept] : values) {
    sql::GroupRow& group = groups[place.first];
    for (const auto& [value, count] : kept) group.sums[place.second] += count;
  }
  for (auto& [key, group] : groups) {
    for (std::size_t m = 0; m < task.measures.size(); m++) {
      if (!sql::has_bins(task.measures[m].kind)) continue;
      Histogram& histogram = group.histograms.emplace_back();
      for (const auto& [bin, count] : values[{key, m}]) {
        histogram.push_back({static_cast<std::uint32_t>(*std::get_if<std::int64_t>(&bin)), count});
      }
    }
  }
  if (sql::key_width(task) > 0 && seen.size() > task.groups_max) {
    return Error{ErrorCode::unavailable, "too_many_groups"};
  }
  std::vector<sql::GroupRow> out;
  for (auto& [key, group] : groups) out.push_back(std::move(group));
  return out;
}

}  // namespace gbx::engine
