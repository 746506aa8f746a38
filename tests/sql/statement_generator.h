#pragma once

// Tests only: random SELECT statements over the tables of a policy, by the grammar of
// docs/reference/sql.md. Most are accepted; some break a rule of the policy or of the language.

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "trusted/policy/policy.h"

namespace gbx::testing {

// Of the generator's own files.
constexpr ValueType kInteger{Type::integer, 0};
inline bool is_number(ValueType type) {
  return type.type == Type::integer || type.type == Type::decimal;
}
std::string joined(const std::vector<std::string>& parts, const std::string& between);

class StatementGenerator {
 public:
  // `comparable`: only what means the same in DuckDB to the last digit, and has one answer: no
  // quotients, no averages inside, no ties in windows.
  StatementGenerator(const policy::Policy& policy, std::uint64_t seed, bool comparable);

  // The same seed gives the same statements in the same order.
  std::string next();

 private:
  struct Column {
    std::string name;  // as an expression of the scope that it is in
    ValueType type;
    bool group = false;    // may be grouped by
    bool sum = false;      // may be summed
    bool unique = false;   // of one person no two rows have the same
    bool bounded = false;  // may be computed with
  };
  // A table, a sub-select or a name of WITH; or what FROM joins of them.
  struct Scope {
    std::string sql;
    std::string person;
    std::vector<Column> columns;
  };

  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
  bool chance(std::uint64_t percent) { return below(100) < percent; }
  std::string one_of(const std::vector<std::string>& words) { return words[below(words.size())]; }
  std::string fresh(const std::string& prefix) { return prefix + std::to_string(count_++); }
  const Column* pick(const Scope& scope, bool (*fits)(const Column&));

  Scope table(const std::string& alias);
  Scope relation(int depth);
  Scope from(int depth, int relations_max);
  void join(Scope& left, int depth, bool by_using);
  void join_written(Scope& scope);
  void hide_person(Scope& scope);
  std::string where(const Scope& scope, int depth);

  // Sub-selects, in parentheses.
  Scope subselect(int depth);
  Scope projection(int depth);
  Scope grouped(int depth);
  Scope windowed();
  Scope united(int depth);
  Scope set_operation(int depth);

  std::string number(const Scope& scope, int depth, bool summable);
  std::string respelled_number(const Scope& scope, const std::string& name,
                               const std::string& small);
  std::string condition(const Scope& scope, int depth);
  std::string comparison(const Scope& scope);
  std::string literal(const Column& column);
  std::string dimension(const Scope& scope);
  std::string aggregate(const Scope& scope);
  std::string answer_window(const std::vector<std::string>& groups, bool plain);
  std::string groups_clause(const std::vector<std::string>& groups, bool& plain);

  const policy::Policy* policy_;
  std::mt19937_64 random_;
  bool comparable_;
  std::uint64_t count_ = 0;
  std::string with_;
  std::vector<Scope> named_;  // by WITH; `person` and the columns are bare names
};

}  // namespace gbx::testing
