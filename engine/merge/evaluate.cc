#include "engine/merge/evaluate.h"

#include <algorithm>

#include "engine/merge/clones.h"
#include "engine/merge/packed.h"
#include "trusted/sql/evaluate.h"

namespace gbx::engine {
namespace {

using sql::Op;

std::int64_t wrap(std::uint64_t value) { return static_cast<std::int64_t>(value); }
std::uint64_t bits(std::int64_t value) { return static_cast<std::uint64_t>(value); }

template <typename F>
void map_one(Vector a, std::size_t count, std::int64_t* out, F f) {
  for (std::size_t i = 0; i < count; i++) out[i] = f(a.values[i]);
}

template <typename F>
void map_two(Vector a, Vector b, std::size_t count, std::int64_t* out, F f) {
  const std::int64_t* x = a.values;
  const std::int64_t* y = b.values;
  if (b.same) {
    const std::int64_t one = *y;
    for (std::size_t i = 0; i < count; i++) out[i] = f(x[i], one);
  } else if (a.same) {
    const std::int64_t one = *x;
    for (std::size_t i = 0; i < count; i++) out[i] = f(one, y[i]);
  } else {
    for (std::size_t i = 0; i < count; i++) out[i] = f(x[i], y[i]);
  }
}

void compare(Op op, Vector a, Vector b, std::span<std::int64_t> out) {
  const auto with = [&](auto f) { map_two(a, b, out.size(), out.data(), f); };
  if (op == Op::equal) with([](auto x, auto y) { return std::int64_t{x == y}; });
  if (op == Op::not_equal) with([](auto x, auto y) { return std::int64_t{x != y}; });
  if (op == Op::less) with([](auto x, auto y) { return std::int64_t{x < y}; });
  if (op == Op::less_equal) with([](auto x, auto y) { return std::int64_t{x <= y}; });
  if (op == Op::greater) with([](auto x, auto y) { return std::int64_t{x > y}; });
  if (op == Op::greater_equal) with([](auto x, auto y) { return std::int64_t{x >= y}; });
}

void calculate(Op op, Vector a, Vector b, std::span<std::int64_t> out) {
  const auto with = [&](auto f) { map_two(a, b, out.size(), out.data(), f); };
  if (op == Op::add) return with([](auto x, auto y) { return wrap(bits(x) + bits(y)); });
  if (op == Op::subtract) return with([](auto x, auto y) { return wrap(bits(x) - bits(y)); });
  with([](auto x, auto y) { return wrap(bits(x) * bits(y)); });
}

void find_in(const std::vector<std::int64_t>& list, Vector a, std::span<std::int64_t> out) {
  map_one(a, out.size(), out.data(),
          [&](auto x) { return std::int64_t{std::binary_search(list.begin(), list.end(), x)}; });
}

bool known(Vector v, std::size_t row) { return v.valid == nullptr || v.valid[row] != 0; }

void look_up(const std::vector<std::int64_t>& table, Vector a, std::span<std::int64_t> out) {
  for (std::size_t i = 0; i < out.size(); i++) {
    out[i] = known(a, i) ? table.at(static_cast<std::size_t>(a.values[i])) : 0;
  }
}

// Between two literals.
void clamp(Vector a, Vector low, Vector high, std::span<std::int64_t> out) {
  const std::int64_t least = *low.values;
  const std::int64_t most = *high.values;
  map_one(a, out.size(), out.data(), [&](auto x) { return std::clamp(x, least, most); });
}

// Days of a value that may be NULL, kept inside what the calendar functions take.
std::int64_t days_of(const Node& node, std::int64_t value) {
  constexpr std::int64_t kDaysMax = 1'000'000'000;
  if (node.input_type == Type::timestamp) value = sql::day_of_timestamp(value);
  return std::clamp(value, -kDaysMax, kDaysMax);
}

// AND, or OR where `any`, of inputs that cannot be NULL.
void connect_valid(std::span<const Vector> inputs, std::size_t count, bool any, std::int64_t* out) {
  std::fill_n(out, count, any ? 0 : 1);
  for (const Vector& input : inputs) {
    const std::int64_t* from = input.values;
    for (std::size_t i = 0; any && i < count; i++) out[i] |= std::int64_t{from[i] != 0};
    for (std::size_t i = 0; !any && i < count; i++) out[i] &= std::int64_t{from[i] != 0};
  }
}

// Kleene's AND (`absorbing` 0) or OR (`absorbing` 1) of all inputs.
void connect(std::span<const Vector> inputs, std::size_t count, std::int64_t absorbing,
             std::span<std::int64_t> values, std::span<std::uint8_t> valid) {
  for (std::size_t i = 0; i < count; i++) {
    bool absorbed = false;
    bool unknown = false;
    for (const Vector& input : inputs) {
      const bool valid_here = known(input, i);
      unknown |= !valid_here;
      absorbed |= valid_here && (input.values[i] != 0) == (absorbing != 0);
    }
    values[i] = absorbed ? absorbing : 1 - absorbing;
    valid[i] = absorbed || !unknown ? 1 : 0;
  }
}

}  // namespace

Evaluator::Evaluator(const Program& program)
    : program_(program), storage_(program.nodes.size()), results_(program.nodes.size()) {
  for (std::size_t i = 0; i < program.nodes.size(); i++) {
    const Node& node = program.nodes[i];
    storage_[i].values.assign(kBatchRows, node.op == Op::literal ? node.value : 0);
    storage_[i].valid.assign(kBatchRows, node.op == Op::null ? 0 : 1);
    results_[i].values = storage_[i].values.data();
    results_[i].same = node.op == Op::literal;
    if (node.op == Op::null) results_[i].valid = storage_[i].valid.data();
  }
}

void Evaluator::run(std::span<const RowSource> sources, std::size_t count) {
  GBX_CHECK(count <= kBatchRows);
  for (std::uint32_t i = 0; i < program_.nodes.size(); i++) {
    const Node& node = program_.nodes[i];
    if (node.op == Op::column) {
      load(node, i, sources[node.relation], count);
    } else if (node.op != Op::literal && node.op != Op::null) {
      evaluate(node, i, count);
    }
  }
}

void Evaluator::load(const Node& node, std::uint32_t place, const RowSource& source,
                     std::size_t count) {
  const snapshot::ColumnData& column = source.block->columns[node.column];
  std::int64_t* values = storage_[place].values.data();
  std::uint8_t* valid = storage_[place].valid.data();
  Vector& out = results_[place];
  out.valid = column.valid.empty() ? nullptr : valid;
  if (source.rows == nullptr && column.width == 0) {
    out.values = column.values.data() + source.first;
  } else {
    out.values = values;
    read_values(column, source.rows, source.first, {values, count});
  }
  if (out.valid != nullptr && source.rows == nullptr) {
    out.valid = column.valid.data() + source.first;
  } else if (out.valid != nullptr) {
    for (std::size_t i = 0; i < count; i++) valid[i] = column.valid[source.rows[i]];
  }
  if (node.by_code == nullptr) return;
  const std::vector<std::int64_t>& codes = *node.by_code;
  for (std::size_t i = 0; i < count; i++) {
    values[i] = known(out, i) ? codes[static_cast<std::size_t>(out.values[i])] : 0;
  }
  out.values = values;
}

// The rows where every input is valid.
const std::uint8_t* Evaluator::both_valid(const Node& node, std::uint32_t place,
                                          std::size_t count) {
  std::uint8_t* valid = storage_[place].valid.data();
  const std::uint8_t* first = nullptr;
  bool copied = false;
  for (std::uint32_t input : node.inputs) {
    const std::uint8_t* other = results_[input].valid;
    if (other == nullptr || other == first) continue;
    if (first == nullptr) {
      first = other;
      continue;
    }
    const std::uint8_t* left = copied ? valid : first;
    for (std::size_t i = 0; i < count; i++) {
      valid[i] = static_cast<std::uint8_t>(left[i] & other[i]);
    }
    copied = true;
  }
  return copied ? valid : first;
}

GBX_CLONES void Evaluator::evaluate(const Node& node, std::uint32_t place, std::size_t n) {
  std::int64_t* out = storage_[place].values.data();
  results_[place].values = out;
  const Vector a = results_[node.inputs[0]];
  const Vector b = node.inputs.size() > 1 ? results_[node.inputs[1]] : Vector{};
  results_[place].valid = both_valid(node, place, n);
  switch (node.op) {
    case Op::add:
    case Op::subtract:
    case Op::multiply: return calculate(node.op, a, b, {out, n});
    case Op::negate: return map_one(a, n, out, [](auto x) { return wrap(0 - bits(x)); });
    case Op::absolute:
      return map_one(a, n, out, [](auto x) { return x < 0 ? wrap(0 - bits(x)) : x; });
    case Op::rescale:
      return map_one(a, n, out, [&](auto x) { return wrap(bits(x) * bits(node.value)); });
    case Op::clamp: return clamp(a, b, results_[node.inputs[2]], {out, n});
    case Op::quotient:
    case Op::remainder: return divide(node, place, n);
    case Op::equal:
    case Op::not_equal:
    case Op::less:
    case Op::less_equal:
    case Op::greater:
    case Op::greater_equal: return compare(node.op, a, b, {out, n});
    case Op::logical_not: return map_one(a, n, out, [](auto x) { return std::int64_t{x == 0}; });
    case Op::in_list: return find_in(node.list, a, {out, n});
    case Op::like:
    case Op::lower:
    case Op::upper:
    case Op::prefix:
    case Op::suffix:
    case Op::rest:
    case Op::trim:
    case Op::replace:
    case Op::split_part:
    case Op::pad_left:
    case Op::pad_right:
    case Op::reverse:
    case Op::capitals:
    case Op::position:
    case Op::concat:
    case Op::to_text:
    case Op::length: return look_up(*node.by_code, a, {out, n});
    case Op::year:
    case Op::quarter:
    case Op::month:
    case Op::day:
    case Op::day_of_week:
    case Op::date_of:
    case Op::truncate_year:
    case Op::truncate_quarter:
    case Op::truncate_month:
    case Op::truncate_week:
    case Op::add_months: return calendar(node, place, n);
    case Op::is_null:
    case Op::logical_and:
    case Op::logical_or:
    case Op::case_when:
    case Op::coalesce: return conditional(node, place, n);
    case Op::column:
    case Op::literal:
    case Op::null:
    case Op::output:
    case Op::ratio: break;
  }
  GBX_CHECK(false);  // the planner lets no other operator in
}

// NULL where the divisor is 0.
void Evaluator::divide(const Node& node, std::uint32_t place, std::size_t count) {
  const Vector a = results_[node.inputs[0]];
  const Vector b = results_[node.inputs[1]];
  std::vector<std::int64_t>& values = storage_[place].values;
  std::vector<std::uint8_t>& valid = storage_[place].valid;
  const auto rounding = static_cast<sql::Rounding>(node.value % 4);
  const std::uint8_t* known_inputs = results_[place].valid;
  for (std::size_t i = 0; i < count; i++) {
    const bool is_known = known_inputs == nullptr || known_inputs[i] != 0;
    valid[i] = is_known && b.values[i] != 0 ? 1 : 0;
    values[i] = node.op == Op::remainder
                    ? sql::remainder(a.values[i], b.values[i], rounding)
                    : sql::divide(a.values[i], b.values[i], rounding, node.value / 4);
  }
  results_[place].valid = valid.data();
}

void Evaluator::calendar(const Node& node, std::uint32_t place, std::size_t count) {
  const Vector a = results_[node.inputs[0]];
  std::int64_t* out = storage_[place].values.data();
  if (node.op == Op::date_of) {
    return map_one(a, count, out, [](auto x) { return sql::day_of_timestamp(x); });
  }
  if (node.op == Op::add_months) {
    return map_one(a, count, out,
                   [&](auto x) { return sql::months_later(days_of(node, x), node.value); });
  }
  map_one(a, count, out, [&](auto x) { return sql::date_function(node.op, days_of(node, x)); });
}

// What decides by itself when it is NULL.
void Evaluator::conditional(const Node& node, std::uint32_t place, std::size_t count) {
  std::vector<Vector> inputs;
  for (std::uint32_t input : node.inputs) inputs.push_back(results_[input]);
  std::vector<std::int64_t>& values = storage_[place].values;
  std::vector<std::uint8_t>& valid = storage_[place].valid;
  results_[place].valid = valid.data();
  if (node.op == Op::is_null) {
    results_[place].valid = nullptr;
    for (std::size_t i = 0; i < count; i++) values[i] = known(inputs[0], i) ? 0 : 1;
    return;
  }
  if (node.op == Op::logical_and || node.op == Op::logical_or) {
    const bool all_valid = std::all_of(inputs.begin(), inputs.end(),
                                       [](const Vector& input) { return input.valid == nullptr; });
    if (all_valid) {
      results_[place].valid = nullptr;
      return connect_valid(inputs, count, node.op == Op::logical_or, values.data());
    }
    return connect(inputs, count, node.op == Op::logical_or ? 1 : 0, values, valid);
  }
  const bool coalesce = node.op == Op::coalesce;
  for (std::size_t i = 0; i < count; i++) {
    std::size_t taken = coalesce ? 0 : 1;
    if (coalesce) {
      while (taken + 1 < inputs.size() && !known(inputs[taken], i)) taken++;
    } else {
      const auto holds = [&](const Vector& v) { return known(v, i) && v.values[i] != 0; };
      while (taken < inputs.size() && !holds(inputs[taken - 1])) taken += 2;
      taken = std::min(taken, inputs.size() - 1);  // ELSE stands last
    }
    values[i] = inputs[taken].values[i];
    valid[i] = known(inputs[taken], i) ? 1 : 0;
  }
}

}  // namespace gbx::engine
