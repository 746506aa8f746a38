// How long the numbers of a formula over released values can become, and how much work they are:
// from the formula alone.

#include <algorithm>

#include "trusted/sql/released_value.h"

namespace gbx::sql {
namespace {

// How long a fraction can be, in bits.
struct Length {
  std::size_t top = 64;
  std::size_t bottom = 0;
  double cost = 0;  // with what it is made of
};

constexpr std::size_t kBitsMax = 4096;

// log2(10) < 4
std::size_t bits_of(ValueType type) { return type.type == Type::decimal ? 4 * type.scale : 0; }

Length longer(Length a, Length b) {
  return {std::max(a.top, b.top), std::max(a.bottom, b.bottom), 0};
}

// Of a node with children of these lengths; all that can be taken apart are numbers.
Length length_of(const Expression& e, const std::vector<Length>& parts) {
  const Length a = parts.empty() ? Length{64, bits_of(e.type), 0} : parts[0];
  if (e.op == Op::add || e.op == Op::subtract) {
    return {std::max(a.top + parts[1].bottom, parts[1].top + a.bottom) + 1,
            a.bottom + parts[1].bottom, 0};
  }
  if (e.op == Op::multiply) return {a.top + parts[1].top, a.bottom + parts[1].bottom, 0};
  if (e.op == Op::ratio) return {a.top + parts[1].bottom, a.bottom + parts[1].top, 0};
  if (e.op == Op::quotient || e.op == Op::remainder) {  // and what they take on the way
    return {a.top + parts[1].bottom + 256, a.bottom + parts[1].top + 256, 0};
  }
  Length out{64, bits_of(e.type), 0};
  for (const Length& part : parts) out = longer(out, part);
  return out;
}

// {kBitsMax, kBitsMax} for what is too long, or too deep.
Length length(const Expression& e, std::size_t depth) {
  constexpr Length kTooLong{kBitsMax, kBitsMax, kFormulasCostMax};
  if (depth > kFormulaDepthMax) return kTooLong;
  std::vector<Length> parts;
  double cost = 0;
  for (const Expression& child : e.children) {
    parts.push_back(length(child, depth + 1));
    if (parts.back().top + parts.back().bottom > kBitsMax) return kTooLong;
    cost += parts.back().cost;
  }
  Length out = length_of(e, parts);
  const double words = 1 + static_cast<double>(out.top + out.bottom) / 64;
  out.cost = cost + words * words;
  return out;
}

}  // namespace

bool formula_fits(const Expression& expression) {
  const Length found = length(expression, 0);
  return found.top + found.bottom <= kBitsMax;
}

double formula_cost(const Expression& expression) { return length(expression, 0).cost; }

}  // namespace gbx::sql
