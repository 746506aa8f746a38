#pragma once

// Random typed expressions over given columns, as the binder could make them: total, with the
// interval of their values. And the randomness that everything generated is made of.

#include <random>
#include <vector>

#include "trusted/sql/step.h"

namespace gbx::engine {

struct Interval {
  std::int64_t low;
  std::int64_t high;
};

// Values of a type that columns hold; small or not, by `variant`.
Interval interval_of(Type type, std::uint64_t variant);

class Randomness {
 public:
  explicit Randomness(std::uint64_t seed) : random_(seed) {}

  std::uint64_t word() { return random_(); }
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
  bool chance(std::uint64_t one_in) { return below(one_in) == 0; }
  // Often an end of it.
  std::int64_t value_in(Interval in);
  ValueType type();
  Cell cell(ValueType type, Interval in);

 private:
  std::mt19937_64 random_;
};

class RandomExpression {
 public:
  using Columns = std::vector<sql::StepColumn>;

  explicit RandomExpression(Randomness& random) : random_(random) {}

  // What expressions read from now on, by relation; nothing of one that is empty.
  void set_scope(std::vector<Columns> scope) { scope_ = std::move(scope); }
  sql::Expression make(ValueType type, std::uint32_t depth);
  // A column of the type when there is one; else a literal, or NULL.
  sql::Expression leaf(ValueType type);
  sql::Expression column(std::uint32_t relation, std::uint32_t column) const;
  // Several conjuncts, so that some are of one relation and some of all.
  sql::Expression condition();

 private:
  sql::Expression literal(ValueType type);
  sql::Expression choice(ValueType type, std::uint32_t depth);
  sql::Expression truth(std::uint32_t depth);
  sql::Expression quotient(ValueType type, std::uint32_t depth);
  sql::Expression arithmetic(ValueType type, std::uint32_t depth);
  sql::Expression clamped(ValueType type, std::uint32_t depth);
  sql::Expression scaled(ValueType type, std::uint32_t depth);
  sql::Expression part(std::uint32_t depth);
  sql::Expression day(std::uint32_t depth);
  sql::Expression text(std::uint32_t depth);
  sql::Expression composed_text(std::uint32_t depth);

  Randomness& random_;
  std::vector<Columns> scope_;
};

}  // namespace gbx::engine
