#pragma once

// What a room would plan for a question, worked out on the analyst's own machine: how wide each
// column's noise is for a price, and the least price for a wanted width.
//
// The question is the analyst's own text, parsed here as a room would parse it; the policy is
// verified. Nothing is asked, read or spent, and nothing here is a promise: the room's own dry run
// is. Not thread-safe.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "trusted/firewall/check.h"

namespace gbx::client {

constexpr std::int64_t kWideBounds = 1000;  // in ones

struct WideColumn {
  std::string name;
  ValueType type;  // of one value
  std::int64_t low = 0;
  std::int64_t high = 0;
};

// What the analyst expects of a row.
struct Expected {
  std::int64_t people = 0;  // about how many it stands for, with one value each; >= 1
  // By column (a sum or an average): about what one value is, in units of 10^-scale of
  // value_type_of(); for others it lies a quarter into its bounds.
  std::map<std::string, std::int64_t> values = {};
};

// How far off a column is, as a part of what is expected in it.
struct RelativeError {
  std::string column;
  double share = 0;  // infinite where nothing is expected
};

class Forecast {
 public:
  // With a `call`, of that template; `sql` is not looked at then. It may name `derived`. Fails as
  // the room would: template, parser, binder, firewall.
  static Result<Forecast> make(std::string_view sql, policy::VerifiedPolicy policy,
                               std::string member,
                               const std::optional<packet::TemplateCall>& call = {},
                               std::vector<sql::Derived> derived = {});

  // The widest 95 % half-width among the counts (of people, rows, values) in the answer, for a
  // question of that epsilon (10^-6; 0 = the policy's); nullopt when the answer has no count. Fails
  // as firewall::check() does.
  [[nodiscard]] Result<std::optional<std::int64_t>> count_width(std::uint64_t epsilon) const;

  // The least epsilon (10^-6) for which count_width() is at most `width`; nullopt when the policy's
  // own price per question is not enough, or the answer has no count.
  [[nodiscard]] std::optional<std::uint64_t> epsilon_for(std::int64_t width) const;

  // The widest 95 % half-width among counts, sums and averages, relative to what is expected in
  // them; nullopt when the answer has none. Fails as firewall::check() does.
  [[nodiscard]] Result<std::optional<RelativeError>> relative_error(std::uint64_t epsilon,
                                                                    const Expected& expected) const;
  // The least epsilon for which that is at most `share`; nullopt when there is none.
  [[nodiscard]] std::optional<std::uint64_t> epsilon_for_share(double share,
                                                               const Expected& expected) const;
  // The type of one value of a sum or an average; nullopt for other names.
  [[nodiscard]] std::optional<ValueType> value_type_of(std::string_view column) const;

  // The half-widths of the plan's statistics, as a room says them.
  [[nodiscard]] Result<std::vector<std::int64_t>> statistic_widths(std::uint64_t epsilon) const;

  // The 95 % half-width of each column, in units of its last digit, in a row as it is expected;
  // nullopt for a group. That of an average or a deviation depends on the answer: here the standard
  // deviation is a quarter of the width of the bounds, around a quarter of it; for a quantile,
  // values lie evenly between them. Fails as firewall::check() does.
  [[nodiscard]] Result<std::vector<std::optional<std::int64_t>>> typical_widths(
      std::uint64_t epsilon, const Expected& expected) const;

  // The columns whose noise follows from bounds of one value that are at least kWideBounds apart:
  // where values are mostly smaller, automatic bounds are worth their price.
  [[nodiscard]] Result<std::vector<WideColumn>> wide_columns() const;

 private:
  Forecast(std::string sql, std::string tree, policy::VerifiedPolicy policy, std::string member)
      : sql_(std::move(sql)),
        tree_(std::move(tree)),
        policy_(std::move(policy)),
        member_(std::move(member)) {}
  [[nodiscard]] Result<firewall::CheckedQuery> checked(std::uint64_t epsilon) const;

  std::string sql_;
  std::string tree_;
  policy::VerifiedPolicy policy_;
  std::string member_;
  std::optional<policy::TemplateUse> use_;
  std::vector<sql::Derived> derived_;
};

}  // namespace gbx::client
