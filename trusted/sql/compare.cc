#include "trusted/sql/compare.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <tuple>

#include "trusted/sql/evaluate.h"
#include "trusted/sql/print.h"

namespace gbx::sql {
namespace {

bool is_constant(const Expression& e) {
  return e.op != Op::column && e.op != Op::output &&
         std::all_of(e.children.begin(), e.children.end(), is_constant);
}

Int128 width(Interval interval) {
  return interval.low > interval.high ? Int128{0} : interval.high - interval.low + 1;
}

Interval both(Interval a, Interval b) { return {std::max(a.low, b.low), std::min(a.high, b.high)}; }

// An expression held between bounds, of what it can be.
struct Held {
  std::string subject;
  Interval in;
  std::optional<Interval> whole;  // nothing is declared when there is none
};

bool is_order(Op op) {
  return op == Op::less || op == Op::less_equal || op == Op::greater || op == Op::greater_equal;
}

Op opposite(Op op) {
  if (op == Op::less) return Op::greater_equal;
  if (op == Op::less_equal) return Op::greater;
  if (op == Op::greater) return Op::less_equal;
  GBX_CHECK(op == Op::greater_equal);
  return Op::less;
}

std::optional<Interval> declared(const Expression& e) {
  const Range all = storage_range(e.type);
  if (e.low == all.low && e.high == all.high) return std::nullopt;
  return Interval{e.low, e.high};
}

class Comparer {
 public:
  Comparer(const Query& query, const Catalog& catalog, Narrow narrow)
      : query_(&query), catalog_(&catalog), narrow_(narrow) {}

  // The AND-terms of a condition of the query.
  void add_all(const Expression& filter) {
    if (filter.op != Op::logical_and) return add(filter);
    for (const Expression& part : filter.children) add(part);
  }

  // Those of a condition of the step at `place`: its filter, or of its `input`-th join.
  void add_all(const Expression& filter, const Step& step, std::size_t place, std::size_t input) {
    step_ = &step;
    prefix_ = "step " + std::to_string(place) + "." + std::to_string(input) + ": ";
    add_all(filter);
    step_ = nullptr;
    prefix_.clear();
  }

  std::vector<Term> take();

 private:
  void add(const Expression& e) {
    const bool turned = e.op == Op::logical_not;
    if (const auto held = held_by(turned ? e.children.front() : e, turned)) {
      const auto [at, is_new] = held_.try_emplace(held->subject, *held);
      if (!is_new) at->second.in = both(at->second.in, held->in);
      return;
    }
    const bool narrow = few_pass(e) || few_fail(e);
    const bool listed = (e.op == Op::equal || e.op == Op::in_list) &&
                        std::all_of(e.children.begin() + 1, e.children.end(), is_constant);
    if (!listed) {
      terms_.push_back({Term::Kind::text, text(e), {}, {}, narrow});
      return;
    }
    Term term{Term::Kind::values, text(e.children.front()), values_in(e), {}, narrow};
    const auto [at, is_new] = listed_.try_emplace(term.subject, term);
    if (is_new) return;
    std::vector<std::string> left;
    std::set_intersection(term.values.begin(), term.values.end(), at->second.values.begin(),
                          at->second.values.end(), std::back_inserter(left));
    at->second.values = std::move(left);
    at->second.narrow = at->second.narrow || narrow;
  }

  // What the list of `e` says: by value, or one could be spelled in two ways. NULL equals nothing.
  static std::vector<std::string> values_in(const Expression& e) {
    std::vector<std::string> out;
    for (std::size_t i = 1; i < e.children.size(); i++) {
      const Cell cell = evaluate(e.children[i], {});
      if (const auto* number = std::get_if<std::int64_t>(&cell)) {
        out.push_back(std::to_string(*number));
      } else if (const auto* value = std::get_if<std::string>(&cell)) {
        out.push_back(*value);
      }
    }
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
  }

  [[nodiscard]] std::string text(const Expression& e) const {
    return prefix_ +
           (step_ == nullptr ? print(e, *query_, *catalog_) : print(e, *step_, *query_, *catalog_));
  }

  // What a comparison of numbers, or its opposite, says of the difference of its two sides.
  [[nodiscard]] std::optional<Held> held_by(const Expression& e, bool turned) const {
    if (!is_order(e.op) || e.children[0].type.type == Type::text) return std::nullopt;
    const Expression& a = e.children[0];
    const Expression& b = e.children[1];
    Held out;
    Int128 bound = 0;
    std::optional<Interval> whole = declared(a);
    if (is_constant(b)) {
      const Cell cell = evaluate(b, {});
      const auto* number = std::get_if<std::int64_t>(&cell);
      if (number == nullptr) return std::nullopt;  // NULL
      out.subject = text(a);
      bound = *number;
    } else {
      out.subject = text(a) + " - " + text(b);
      const auto other = declared(b);
      if (whole && other) whole = Interval{whole->low - other->high, whole->high - other->low};
      if (!other) whole = std::nullopt;
    }
    constexpr Int128 kFar = Int128{1} << 70;
    out.whole = whole;
    out.in = whole.value_or(Interval{-kFar, kFar});
    const Op op = turned ? opposite(e.op) : e.op;
    if (op == Op::less) out.in.high = std::min(out.in.high, bound - 1);
    if (op == Op::less_equal) out.in.high = std::min(out.in.high, bound);
    if (op == Op::greater) out.in.low = std::max(out.in.low, bound + 1);
    if (op == Op::greater_equal) out.in.low = std::max(out.in.low, bound);
    return out;
  }

  [[nodiscard]] bool is_little(const Held& held) const {
    return !held.whole || width(held.in) * 100 < width(*held.whole) * narrow_.percent;
  }
  [[nodiscard]] bool is_little_outside(const Held& held) const {
    const Int128 rest = held.whole ? width(*held.whole) - width(held.in) : Int128{0};
    return !held.whole || rest * 100 < width(*held.whole) * narrow_.percent;
  }

  // How many values `e` can have, by what is declared.
  [[nodiscard]] std::optional<Int128> values_of(const Expression& e) const {
    if (e.type.type == Type::boolean) return Int128{2};
    if (e.type.type == Type::text) {
      if (e.op != Op::column || !query_->steps.empty()) return std::nullopt;
      const CatalogTable& table = catalog_->tables[query_->relations[e.relation].table];
      const std::size_t values = table.columns[e.column].domain.size();
      if (values == 0) return std::nullopt;
      return static_cast<Int128>(values);
    }
    const auto whole = declared(e);
    if (!whole) return std::nullopt;
    return width(*whole);
  }

  // Whether all but few values of `e` are among `count`.
  [[nodiscard]] bool is_nearly_all(const Expression& e, std::size_t count) const {
    const auto values = values_of(e);
    return values && *values - static_cast<Int128>(count) <= narrow_.values;
  }

  // Of parts that must all hold (turned: whose opposites must), whether some expression is left
  // little to be.
  [[nodiscard]] bool is_held_little(const std::vector<Expression>& parts, bool turned) const {
    std::map<std::string, Held> all;
    for (const Expression& part : parts) {
      const auto held = held_by(part, turned);
      if (!held) continue;
      const auto [at, is_new] = all.try_emplace(held->subject, *held);
      if (!is_new) at->second.in = both(at->second.in, held->in);
    }
    return std::any_of(all.begin(), all.end(),
                       [&](const auto& entry) { return is_little(entry.second); });
  }

  // Whether `e` may hold for few rows. What no rule below knows may do so.
  [[nodiscard]] bool few_pass(const Expression& e) const {
    const auto pass = [&](const Expression& child) { return few_pass(child); };
    const auto& children = e.children;
    if (e.op == Op::logical_not) return few_fail(children.front());
    if (e.op == Op::logical_and) {
      return std::any_of(children.begin(), children.end(), pass) || is_held_little(children, false);
    }
    if (e.op == Op::logical_or) return std::all_of(children.begin(), children.end(), pass);
    if (e.op == Op::equal) return true;
    if (e.op == Op::not_equal) return is_nearly_all(children.front(), 1);
    if (e.op == Op::in_list) return children.size() - 1 <= narrow_.values;
    if (const auto held = held_by(e, false)) return is_little(*held);
    return true;
  }

  // Whether `e` may fail for few rows.
  [[nodiscard]] bool few_fail(const Expression& e) const {
    const auto fail = [&](const Expression& child) { return few_fail(child); };
    const auto& children = e.children;
    if (e.op == Op::logical_not) {
      return children.front().op == Op::in_list || few_pass(children.front());
    }
    if (e.op == Op::logical_and) return std::all_of(children.begin(), children.end(), fail);
    if (e.op == Op::logical_or) {
      return std::any_of(children.begin(), children.end(), fail) || is_held_little(children, true);
    }
    if (e.op == Op::equal) return is_nearly_all(children.front(), 1);
    if (e.op == Op::not_equal) return true;
    if (e.op == Op::in_list) return is_nearly_all(children.front(), children.size() - 1);
    if (const auto held = held_by(e, true)) return is_little(*held);
    return true;
  }

  const Query* query_;
  const Catalog* catalog_;
  Narrow narrow_;
  std::vector<Term> terms_;
  std::map<std::string, Held> held_;    // by subject
  std::map<std::string, Term> listed_;  // by subject
  const Step* step_ = nullptr;          // whose condition is read
  std::string prefix_;
};

auto order_of(const Term& term) { return std::tie(term.subject, term.kind); }

std::vector<Term> Comparer::take() {
  for (const auto& [subject, held] : held_) {
    const bool narrow = is_little(held) || is_little_outside(held);
    terms_.push_back({Term::Kind::range, subject, {}, held.in, narrow});
  }
  for (auto& [subject, term] : listed_) terms_.push_back(std::move(term));
  std::sort(terms_.begin(), terms_.end(),
            [](const Term& a, const Term& b) { return order_of(a) < order_of(b); });
  const auto repeated = std::unique(terms_.begin(), terms_.end(), [](const Term& a, const Term& b) {
    return order_of(a) == order_of(b);
  });
  terms_.erase(repeated, terms_.end());
  return std::move(terms_);
}

// What two questions with the same rows differ in, term by term.
class Difference {
 public:
  explicit Difference(Narrow narrow) : narrow_(narrow) {}

  void only_one_has(const Term& term) {
    differ_ = true;
    if (!term.narrow) wide_ = true;
  }

  // Both hold the same subject in the same way.
  void both_have(const Term& a, const Term& b) {
    if (a.kind == Term::Kind::values) return both_list(a, b);
    if (a.kind == Term::Kind::text || a.range == b.range) return;
    differ_ = true;
    if (width(both(a.range, b.range)) == 0) exclusive_ = true;
  }

  [[nodiscard]] bool is_little() const { return differ_ && !wide_ && !exclusive_; }

 private:
  void both_list(const Term& a, const Term& b) {
    if (a.values == b.values) return;
    std::vector<std::string> changed;
    std::set_symmetric_difference(a.values.begin(), a.values.end(), b.values.begin(),
                                  b.values.end(), std::back_inserter(changed));
    differ_ = true;
    if (changed.size() == a.values.size() + b.values.size()) exclusive_ = true;
    if (changed.size() > narrow_.values && !(a.narrow && b.narrow)) wide_ = true;
  }

  Narrow narrow_;
  bool differ_ = false;
  bool wide_ = false;
  bool exclusive_ = false;
};

}  // namespace

Compared compared_of(const Query& query, const Catalog& catalog, Narrow narrow) {
  Compared out;
  out.narrow = narrow;
  for (const Relation& relation : query.relations) out.rows += relation.table_name + ", ";
  for (const Expression& group : query.groups) {
    if (query.lists) break;  // whatever a list shows beside the person, it shows the person
    out.rows += "BY " + print(group, query, catalog) + ", ";
  }
  Comparer comparer(query, catalog, narrow);
  if (query.has_filter) comparer.add_all(query.filter);
  for (std::size_t i = 0; i < query.steps.size(); i++) {
    const Step& step = query.steps[i];
    Step bare = step;
    if (step.has_filter) comparer.add_all(step.filter, step, i, 0);
    bare.has_filter = false;
    bare.filter = Expression();
    for (std::size_t at = 0; at < step.inputs.size(); at++) {
      if (!step.inputs[at].has_condition) continue;
      comparer.add_all(step.inputs[at].condition, step, i, at);
      bare.inputs[at].has_condition = false;
      bare.inputs[at].condition = Expression();
    }
    out.rows += print(bare, query, catalog) + "; ";
  }
  out.terms = comparer.take();
  return out;
}

bool is_near(const Compared& a, const Compared& b) {
  if (a.rows != b.rows) return false;
  Difference difference(a.narrow);
  auto left = a.terms.begin();
  auto right = b.terms.begin();
  while (left != a.terms.end() || right != b.terms.end()) {
    const bool first =
        right == b.terms.end() || (left != a.terms.end() && order_of(*left) < order_of(*right));
    const bool second =
        left == a.terms.end() || (right != b.terms.end() && order_of(*right) < order_of(*left));
    if (first) {
      difference.only_one_has(*left++);
    } else if (second) {
      difference.only_one_has(*right++);
    } else {
      difference.both_have(*left++, *right++);
    }
  }
  return difference.is_little();
}

}  // namespace gbx::sql
