#include "engine/testing/reference_steps.h"

#include <algorithm>
#include <map>
#include <set>

#include "trusted/sql/evaluate.h"

namespace gbx::engine {
namespace {

using sql::JoinKind;
using sql::RowFunction;
using Row = std::vector<Cell>;
using JoinedRow = std::vector<Row>;  // by input; one that cannot be read is empty

bool holds(const sql::Expression& condition, const JoinedRow& row) {
  return sql::evaluate(condition, row) == Cell(std::int64_t{1});
}

Row values_of(const std::vector<sql::Expression>& expressions, const JoinedRow& row) {
  Row out;
  for (const sql::Expression& e : expressions) out.push_back(sql::evaluate(e, row));
  return out;
}

std::vector<JoinedRow> join_one(const std::vector<JoinedRow>& left, const sql::Input& input,
                                const PlainSource& source) {
  const JoinKind kind = input.kind;
  const bool keeps_left = kind == JoinKind::left || kind == JoinKind::full;
  const bool keeps_right = kind == JoinKind::right || kind == JoinKind::full;
  const bool pairs = keeps_left || keeps_right || kind == JoinKind::inner;
  std::vector<JoinedRow> out;
  const auto with = [](JoinedRow row, Row last) {
    row.push_back(std::move(last));
    return row;
  };
  for (const JoinedRow& row : left) {
    bool partner = false;
    for (const Row& candidate : source.rows) {
      JoinedRow both = with(row, candidate);
      if (input.has_condition && !holds(input.condition, both)) continue;
      partner = true;
      if (pairs) out.push_back(std::move(both));
    }
    if (kind == JoinKind::semi && partner) out.push_back(with(row, {}));
    if (kind == JoinKind::anti && !partner) out.push_back(with(row, {}));
    if (keeps_left && !partner) out.push_back(with(row, Row(source.width)));
  }
  return out;
}

// The rows of the input that are in no pair, with NULLs for all before it.
void add_unmet(const std::vector<JoinedRow>& left, const JoinedRow& nulls, const sql::Input& input,
               const PlainSource& source, std::vector<JoinedRow>& out) {
  if (input.kind != JoinKind::right && input.kind != JoinKind::full) return;
  for (const Row& row : source.rows) {
    const bool met = std::any_of(left.begin(), left.end(), [&](const JoinedRow& l) {
      JoinedRow both = l;
      both.push_back(row);
      return !input.has_condition || holds(input.condition, both);
    });
    if (met) continue;
    out.push_back(nulls);
    out.back().push_back(row);
  }
}

PlainRows join(const sql::Step& step, const std::vector<PlainSource>& sources) {
  std::vector<JoinedRow> rows = {{}};
  JoinedRow nulls;
  for (std::size_t i = 0; i < step.inputs.size(); i++) {
    const PlainSource& source = sources[step.inputs[i].source];
    std::vector<JoinedRow> next = join_one(rows, step.inputs[i], source);
    add_unmet(rows, nulls, step.inputs[i], source, next);
    rows = std::move(next);
    nulls.emplace_back(source.width);
  }
  PlainRows out;
  for (const JoinedRow& row : rows) {
    if (!step.has_filter || holds(step.filter, row)) out.push_back(values_of(step.columns, row));
  }
  return out;
}

// Half away from zero.
Int128 rounded(Int128 number, Int128 by) {
  const Int128 size = number < 0 ? -number : number;
  const Int128 quotient = (2 * size + by) / (2 * by);
  return number < 0 ? -quotient : quotient;
}

// Of everything but the functions of windows alone.
Cell aggregate(const sql::RowAggregate& value, const PlainRows& rows) {
  const auto count = static_cast<std::int64_t>(rows.size());
  if (value.function == RowFunction::rows) return count;
  std::vector<Cell> cells;
  for (const Row& row : rows) {
    const Cell cell = sql::evaluate(value.argument, JoinedRow{row});
    if (cell != Cell()) cells.push_back(cell);
  }
  const auto found = static_cast<std::int64_t>(cells.size());
  if (value.function == RowFunction::values) return found;
  if (value.function == RowFunction::distinct) {
    return static_cast<std::int64_t>(std::set<Cell>(cells.begin(), cells.end()).size());
  }
  if (cells.empty()) return {};
  if (value.function == RowFunction::minimum) return *std::min_element(cells.begin(), cells.end());
  if (value.function == RowFunction::maximum) return *std::max_element(cells.begin(), cells.end());
  Int128 sum = 0;
  for (const Cell& cell : cells) sum += *std::get_if<std::int64_t>(&cell);
  if (value.function == RowFunction::sum) {
    return static_cast<std::int64_t>(std::clamp(sum, Int128{value.low}, Int128{value.high}));
  }
  GBX_CHECK(value.function == RowFunction::average);
  for (int i = value.argument.type.scale; i < value.type.scale; i++) sum *= 10;
  return static_cast<std::int64_t>(rounded(sum, found));
}

PlainRows group(const sql::Step& step, const PlainRows& rows) {
  std::map<Row, PlainRows> groups;
  for (const Row& row : rows) groups[values_of(step.columns, {row})].push_back(row);
  PlainRows out;
  for (const auto& [key, members] : groups) {
    Row row = key;
    for (const sql::RowAggregate& value : step.aggregates) {
      row.push_back(aggregate(value, members));
    }
    out.push_back(std::move(row));
  }
  return out;
}

// Whether `a` stands before `b`, as far as the keys say.
bool precedes(const std::vector<sql::RowOrder>& order, const Row& a, const Row& b) {
  for (const sql::RowOrder& by : order) {
    const Cell x = sql::evaluate(by.key, JoinedRow{a});
    const Cell y = sql::evaluate(by.key, JoinedRow{b});
    if (x == y) continue;
    if (x == Cell() || y == Cell()) return (x == Cell()) == by.nulls_first;
    return (x < y) != by.descending;
  }
  return false;
}

// One window over one partition in its order; a value for each row of it.
std::vector<Cell> window_values(const sql::Window& window, const PlainRows& rows) {
  const auto peers = [&](std::size_t a, std::size_t b) {
    return !precedes(window.order, rows[a], rows[b]) && !precedes(window.order, rows[b], rows[a]);
  };
  const auto argument = [&](std::size_t row) {
    return sql::evaluate(window.value.argument, JoinedRow{rows[row]});
  };
  std::vector<Cell> out;
  std::int64_t rank = 0;
  std::int64_t dense_rank = 0;
  for (std::size_t i = 0; i < rows.size(); i++) {
    const auto place = static_cast<std::int64_t>(i);
    const auto size = static_cast<std::int64_t>(rows.size());
    if (i == 0 || !peers(i - 1, i)) {
      rank = place + 1;
      dense_rank++;
    }
    std::size_t end = window.frame == sql::Frame::partition ? rows.size() : i + 1;
    while (window.frame == sql::Frame::peers && end < rows.size() && peers(i, end)) end++;
    std::int64_t begin = 0;
    if (window.frame == sql::Frame::offsets) {
      begin = std::clamp(place + window.first, std::int64_t{0}, size);
      end = static_cast<std::size_t>(std::clamp(place + window.last + 1, std::int64_t{0}, size));
    }
    const bool some = begin < static_cast<std::int64_t>(end);
    const RowFunction function = window.value.function;
    const std::int64_t from =
        place + (function == RowFunction::lag ? -window.offset : window.offset);
    if (function == RowFunction::row_number) {
      out.emplace_back(place + 1);
    } else if (function == RowFunction::rank) {
      out.emplace_back(rank);
    } else if (function == RowFunction::dense_rank) {
      out.emplace_back(dense_rank);
    } else if (function == RowFunction::lag || function == RowFunction::lead) {
      const bool there = from >= 0 && from < size;
      out.push_back(there ? argument(static_cast<std::size_t>(from)) : Cell());
    } else if (function == RowFunction::first_value) {
      out.push_back(some ? argument(static_cast<std::size_t>(begin)) : Cell());
    } else if (function == RowFunction::last_value) {
      out.push_back(some ? argument(end - 1) : Cell());
    } else {
      const auto last = rows.begin() + static_cast<std::ptrdiff_t>(end);
      out.push_back(
          aggregate(window.value,
                    {rows.begin() + std::min<std::ptrdiff_t>(begin, last - rows.begin()), last}));
    }
  }
  return out;
}

PlainRows windows(const sql::Step& step, PlainRows rows) {
  std::sort(rows.begin(), rows.end());
  PlainRows out = rows;
  for (const sql::Window& window : step.windows) {
    std::map<Row, std::vector<std::size_t>> partitions;
    for (std::size_t i = 0; i < rows.size(); i++) {
      partitions[values_of(window.partition, {rows[i]})].push_back(i);
    }
    for (auto& [key, members] : partitions) {
      std::sort(members.begin(), members.end(), [&](std::size_t a, std::size_t b) {
        if (precedes(window.order, rows[a], rows[b])) return true;
        return !precedes(window.order, rows[b], rows[a]) && a < b;
      });
      PlainRows ordered;
      for (const std::size_t i : members) ordered.push_back(rows[i]);
      const std::vector<Cell> values = window_values(window, ordered);
      for (std::size_t i = 0; i < members.size(); i++) out[members[i]].push_back(values[i]);
    }
  }
  return out;
}

PlainRows rows_of(const sql::Step& step, const std::vector<PlainSource>& sources) {
  switch (step.kind) {
    case sql::StepKind::join: return join(step, sources);
    case sql::StepKind::group: return group(step, sources[step.inputs[0].source].rows);
    case sql::StepKind::window: return windows(step, sources[step.inputs[0].source].rows);
    case sql::StepKind::append: break;
  }
  PlainRows out;
  for (const sql::Input& input : step.inputs) {
    const PlainRows& rows = sources[input.source].rows;
    out.insert(out.end(), rows.begin(), rows.end());
  }
  return out;
}

}  // namespace

PlainRows run_reference_steps(const std::vector<sql::Step>& steps,
                              std::vector<PlainSource> sources) {
  for (const sql::Step& step : steps) {
    PlainRows rows = rows_of(step, sources);
    if (step.distinct) {
      std::sort(rows.begin(), rows.end());
      rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
    }
    sources.push_back({sql::columns_of(step).size(), std::move(rows)});
  }
  return sources.back().rows;
}

}  // namespace gbx::engine
