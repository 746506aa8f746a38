#pragma once

// The firewall: decides from public facts alone (the query, the signed policy, who asks) whether a
// query may run, how each person's influence is bounded, and what it costs. Under a policy without
// noise it also refuses what would make k a formality (threshold_only.h).
//
// An attacker here is a member with the right to ask: the query is theirs, every word. What must
// stay true: a CheckedQuery exists only if every table's rule allows every column in the role that
// it plays and every function, if several tables' rules meet the most restrictive wins, and its
// plan's sensitivities follow from its task's clamps. Nothing here can depend on a row, so a
// refusal leaks nothing. docs/reference/sql.md lists the reasons.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "trusted/firewall/moments.h"
#include "trusted/firewall/stability.h"
#include "trusted/policy/policy.h"
#include "trusted/privacy/plan.h"
#include "trusted/privacy/tree.h"
#include "trusted/sql/catalog.h"
#include "trusted/sql/compare.h"
#include "trusted/sql/derived.h"
#include "trusted/sql/normal_form.h"
#include "trusted/sql/query.h"
#include "trusted/sql/task.h"

namespace gbx::firewall {

// What the binder may know of a policy. Bounds are cut to what a snapshot can hold.
sql::Catalog catalog_of(const policy::Policy& policy);

struct Request {
  std::string member;  // who signed it
  // In 10^-6; at most the policy's epsilon_per_query; 0 = exactly that, and threshold-only it is 0.
  std::uint64_t epsilon = 0;
  // The template that the query was made from, checked by whoever fills it in; "" = free text.
  std::string analysis = {};
  // The template that the query was made of; nullptr for SQL of the member's own. Must outlive the
  // call.
  const policy::TemplateUse* use = nullptr;
  // What SQL of the member's own may name beside tables; a template's text may not, since its
  // owners approved what it reads.
  std::span<const sql::Derived> derived = {};
};

enum class OutputKind : std::uint8_t {
  group,       // key[index]
  persons,     // statistic 0
  count,       // statistic `index`
  sum,         // statistic `index`, in units of type.scale
  moment,      // variance or standard deviation, with Q = statistic `squares` (moments.h)
  quantile,    // of a histogram: of the plan's quantiles in order, number `index`
  bound_low,   // of magnitudes: the same, the smallest value that its `low` bin can hold
  bound_high,  // the largest that its `high` bin can hold
  average,     // (S / n + low + high) / 2 with S = statistic `index`, n = statistic `count`
  window,      // of several released rows: post-processing (sql/released_windows.h)
};

struct Output {
  OutputKind kind = OutputKind::group;
  ValueType type = {};
  std::uint32_t index = 0;    // of the key, or into Plan::statistics (0 = persons)
  std::uint32_t count = 0;    // average, moment; quantile, bounds: the histogram
  std::uint32_t squares = 0;  // moment only
  std::uint32_t bins = 0;     // quantile only
  bool sample = false;
  bool root = false;
  std::uint8_t scale = 0;  // of one value
  // not of counts: bounds of one value in units of 10^-scale, and the digits that `type` has more
  std::int64_t low = 0;
  std::int64_t high = 0;
  std::uint8_t more_digits = 0;
};

class CheckedQuery {
 public:
  // What the engine runs; its sampling key is still to be set. task().tables are the tables
  // touched, one per relation.
  [[nodiscard]] const sql::Task& task() const { return task_; }
  // statistics[0] is persons, statistics[1 + m] is measure m of the task.
  [[nodiscard]] const privacy::Plan& plan() const { return plan_; }
  // All outputs: groups, then aggregates, then windows, also those that only HAVING or ORDER BY
  // name.
  [[nodiscard]] const std::vector<Output>& outputs() const { return outputs_; }
  // By aggregate, as the canonical text has it: outputs() behind the groups.
  [[nodiscard]] const std::vector<std::string>& aggregates() const { return aggregates_; }
  // The columns of the answer, in order; Item::output is an index into outputs().
  [[nodiscard]] const std::vector<sql::Item>& items() const { return items_; }
  [[nodiscard]] const sql::PostProcessing& post() const { return post_; }
  // The query in its normal form and one spelling (sql/normal_form.h, sql/print.h).
  [[nodiscard]] const std::string& canonical() const { return canonical_; }
  // What it asks of the rows; equal for equal tasks under equal plans.
  [[nodiscard]] const sql::Question& question() const { return question_; }
  // What changes when a person leaves (stability.h); by table of the task.
  [[nodiscard]] const Stability& stability() const { return stability_; }
  // The same, to be held against other questions.
  [[nodiscard]] const sql::Compared& compared() const { return compared_; }
  // A list of persons: its groups are what stands beside the person, its one statistic is how many
  // persons there are.
  [[nodiscard]] bool lists() const { return task_.lists; }
  // The template that it was made of, with its values; nothing for SQL of the member's own.
  [[nodiscard]] const std::optional<packet::TemplateCall>& call() const { return call_; }
  // The derived tables that it stands on, as places in Request::derived; ascending.
  [[nodiscard]] const std::vector<std::size_t>& derived() const { return derived_; }

 private:
  friend Result<CheckedQuery> check(const sql::Query& asked, const policy::VerifiedPolicy& policy,
                                    const Request& request);
  friend Result<CheckedQuery> admit(std::string_view ast, std::string_view sql,
                                    const policy::VerifiedPolicy& policy, const Request& request);
  CheckedQuery() = default;
  sql::Task task_;
  privacy::Plan plan_;
  std::vector<Output> outputs_;
  std::vector<std::string> aggregates_;
  std::vector<sql::Item> items_;
  sql::PostProcessing post_;
  std::string canonical_;
  sql::Question question_;
  Stability stability_;
  sql::Compared compared_;
  std::optional<packet::TemplateCall> call_;
  std::vector<std::size_t> derived_;
};

// `asked` must have been bound against catalog_of(policy.policy()); another catalog is a bug and
// ends the process. Whether the policy has expired is the room's business.
//
// Bounds, with L0 = groups_per_person (1 without GROUP BY) and c = rows_per_group, or less when the
// tables cannot hold so many joined rows of one person:
//   COUNT(DISTINCT person)  statistic 0, sensitivity 1
//   the same with FILTER    partial in [0, 1]: whether p has a row in the group where it holds
//   COUNT(*), COUNT(x)      partial in [0, c], sensitivity c; with c = 1 COUNT(*) is statistic 0
//   COUNT(DISTINCT x)       l values of each person in each group count, l = c or as many as x can
//                           have; whoever leaves takes at most l values along that nobody else
//                           brings: sensitivity l. Which values a person keeps is decided by their
//                           own rows alone (task.h), so nobody else's values change
//   SUM(x)                  row in [low, high] of x, partial in [min(0, c low), max(0, c high)]
//   AVG(x)                  COUNT(x), and 2x - (low + high) per row, partial in +-c (high - low)
//   VAR(x), STDDEV(x)       AVG(x)'s two, and 2 y^2 - w^2 per row with y = 2x - (low + high) and
//                           w = high - low, which lies in [-w^2, w^2]: partial in +-c w^2
//   QUANTILE(x, q)          a histogram of at most c rows of each person in each group, as a tree:
//                           chosen by their own rows alone. Whoever leaves takes at most c rows
//                           along, so all bins together change by at most c, and so does every
//                           level of a tree of sums over them
//   APPROX_BOUNDS(x)        a histogram of one row of each person in each group over powers of two;
//                           whoever leaves takes one row along: one bin changes by 1. Sensitivity 1
//   COUNT_BOUNDED()         1 for each person of a group of whom something was cut off: a value by
//                           CLAMP, rows or values beyond c or l, a sum beyond its bounds, or some
//                           group beyond L0. It depends on the person's own rows alone; sensitivity
//                           1
// CLAMP(x, l, h) right inside SUM, AVG, VAR, QUANTILE or APPROX_BOUNDS gives x those bounds.
// FILTER (WHERE f) of any other aggregate is its argument as CASE WHEN f THEN x END, NULL else:
// rows where f does not hold add 0, so the bounds are the same. Equal measures are one statistic
// and paid for once.
//
// A minimum of different values that a table demands is a HAVING of its owner's (constraints.h).
//
// A list of persons has one statistic, the number of its persons, which is released or not like
// that of a row that k holds for, whatever open_rows says: with k the highest of the tables' least
// audiences. Nothing of a person is cut off it: L0 is as many rows as a person can have.
//
// A template must be approved by the owner of each table that it reads (template_not_approved).
//
// Fails with policy_denied, not_found (member_unknown) or invalid_argument.
Result<CheckedQuery> check(const sql::Query& asked, const policy::VerifiedPolicy& policy,
                           const Request& request);

// Where a moment can be when n, S and Q lie between these bounds; as assemble() makes it.
Between moment_between(const Output& output, Between n, Between s, Between q);

// Parse, bind and check in one: `ast` is the tree that DuckDB printed for `sql`, both hostile. With
// a template `sql` is its text, and its values are put into the tree; without one, derived tables
// are put where it names them.
Result<CheckedQuery> admit(std::string_view ast, std::string_view sql,
                           const policy::VerifiedPolicy& policy, const Request& request);

// The outputs of one released row, from its key and its released statistics (persons first); with
// no statistics, all but the key are NULL: a public row whose numbers are withheld. So are windows:
// sql::post_process() makes them of all rows.
// Numbers are saturated to +-sql::kOutputMax; an average is rounded half away from zero and clamped
// to its bounds. Post-processing: costs nothing.
std::vector<Cell> assemble(const CheckedQuery& query, const std::vector<Cell>& key,
                           std::span<const Int128> statistics,
                           std::span<const privacy::QuantileLeaves> quantiles = {});
// The released statistics that an output is made of, ascending; none of a group or a window.
std::vector<std::uint32_t> statistics_of(const Output& output);
// The value that stands for a leaf of a quantile's histogram, between its low and high.
std::int64_t leaf_value(const Output& quantile, std::uint32_t leaf);
// Between which values the bin of automatic bounds lies from which a bound is taken.
Between bound_between(const Output& bound, const privacy::QuantileLeaves& leaves);

}  // namespace gbx::firewall
