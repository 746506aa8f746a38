// How long the numbers of a formula over released values can become, and how much work they are:
// from the formula alone.

#include <algorithm>

#include "trusted/sql/released_value.h"

namespace gbx::sql {
namespace {

// How long a fraction can be, in bits; how many texts that are no literals a text is made of.
struct Length {
  std::size_t top = 64;
  std::size_t bottom = 0;
  std::size_t texts = 0;
  double cost = 0;  // with what it is made of
};

constexpr std::size_t kBitsMax = 4096;
constexpr std::size_t kTextsInOneMax = 16;  // a group's may have 64 KiB

// log2(10) < 4
std::size_t bits_of(ValueType type) { return type.type == Type::decimal ? 4 * type.scale : 0; }

Length longer(Length a, Length b) {
  return {std::max(a.top, b.top), std::max(a.bottom, b.bottom), std::max(a.texts, b.texts)};
}

// Of a node with children of these lengths; all that can be taken apart are numbers.
Length length_of(const Expression& e, const std::vector<Length>& parts) {
  const Length a = parts.empty() ? Length{64, bits_of(e.type)} : parts[0];
  if (e.op == Op::add || e.op == Op::subtract) {
    return {std::max(a.top + parts[1].bottom, parts[1].top + a.bottom) + 1,
            a.bottom + parts[1].bottom};
  }
  if (e.op == Op::multiply) return {a.top + parts[1].top, a.bottom + parts[1].bottom};
  if (e.op == Op::ratio) return {a.top + parts[1].bottom, a.bottom + parts[1].top};
  if (e.op == Op::quotient || e.op == Op::remainder) {  // and what they take on the way
    return {a.top + parts[1].bottom + 256, a.bottom + parts[1].top + 256};
  }
  Length out{64, bits_of(e.type)};
  std::size_t texts = 0;
  for (const Length& part : parts) {
    out = longer(out, part);
    texts += part.texts;
  }
  if (e.op == Op::concat) out.texts = texts;
  if (e.op == Op::to_text || (parts.empty() && e.op != Op::literal)) out.texts = 1;
  return out;
}

// LIKE may compare every byte of its pattern with every one of its text.
double cost_of_like(const Expression& e, const Length& text) {
  return static_cast<double>(e.text.size()) *
         static_cast<double>(std::max<std::size_t>(text.texts, 1));
}

// {kBitsMax, kBitsMax} for what is too long, or too deep.
Length length(const Expression& e, std::size_t depth) {
  constexpr Length kTooLong{kBitsMax, kBitsMax, 0, kFormulasCostMax};
  if (depth > kFormulaDepthMax) return kTooLong;
  std::vector<Length> parts;
  double cost = 0;
  for (const Expression& child : e.children) {
    parts.push_back(length(child, depth + 1));
    if (parts.back().top + parts.back().bottom > kBitsMax) return kTooLong;
    cost += parts.back().cost;
  }
  Length out = length_of(e, parts);
  if (out.texts > kTextsInOneMax) return kTooLong;
  const double words = 1 + static_cast<double>(out.top + out.bottom) / 64;
  out.cost = cost + words * words + (e.op == Op::like ? cost_of_like(e, parts[0]) : 0);
  return out;
}

}  // namespace

bool formula_fits(const Expression& expression) {
  const Length found = length(expression, 0);
  return found.top + found.bottom <= kBitsMax;
}

double formula_cost(const Expression& expression) { return length(expression, 0).cost; }

}  // namespace gbx::sql
