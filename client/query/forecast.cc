#include "client/query/forecast.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "engine/duckdb/parse.h"
#include "trusted/privacy/confidence.h"
#include "trusted/sql/build.h"
#include "trusted/sql/formula.h"
#include "trusted/sql/released_value.h"

namespace gbx::client {
namespace {

using firewall::OutputKind;

// Half-widths by statistic: of a value alone, and of one that shares its 5 % with one or two
// others, as a room makes its intervals.
struct Widths {
  std::vector<std::int64_t> single;
  std::vector<std::int64_t> paired;
  std::vector<std::int64_t> tripled;
};

Result<Widths> widths_of(const privacy::Plan& plan) {
  GBX_TRY_ASSIGN(auto single, privacy::half_widths(plan));
  GBX_TRY_ASSIGN(auto paired, privacy::half_widths(plan, privacy::kAlpha / 2));
  GBX_TRY_ASSIGN(auto tripled, privacy::half_widths(plan, privacy::kAlpha / 3));
  return Widths{std::move(single), std::move(paired), std::move(tripled)};
}

std::int64_t half_of(Int128 low, Int128 high) {
  const Int128 half = (high - low + 1) / 2;
  return static_cast<std::int64_t>(std::min(half, Int128{privacy::kReleasedMax}));
}

std::int64_t quarter_of(const firewall::Output& output) {
  return static_cast<std::int64_t>(output.low + (Int128{output.high} - output.low) / 4);
}

std::int64_t value_of(const sql::Item& item, const firewall::Output& output,
                      const Expected& expected) {
  const auto said = expected.values.find(item.name);
  return said == expected.values.end() ? quarter_of(output) : said->second;
}

// The centred sum of `people` values that are `value` on average.
std::int64_t centred_sum(const firewall::Output& output, std::int64_t people, std::int64_t value) {
  const Int128 most = privacy::kReleasedMax;
  const Int128 kept = std::clamp(value, output.low, output.high);
  const Int128 sum = (2 * kept - output.low - output.high) * people;
  return static_cast<std::int64_t>(std::clamp(sum, -most, most));
}

// In a row of `people` values that are `value` on average.
struct Row {
  std::int64_t people = 0;
  std::int64_t value = 0;
};

std::int64_t average_width(const firewall::Output& output, const Widths& widths, const Row& row) {
  const privacy::Estimate estimate =
      privacy::average({.sum = centred_sum(output, row.people, row.value),
                        .count = row.people,
                        .sum_half_width = widths.paired[output.index],
                        .count_half_width = widths.paired[output.count],
                        .low = output.low,
                        .high = output.high,
                        .digits = output.more_digits});
  return half_of(estimate.low, estimate.high);
}

// With centred squares that add up to zero, the deviation is a quarter of the width here.
std::int64_t moment_width(const firewall::Output& output, const Widths& widths,
                          std::int64_t people) {
  const auto around = [&](std::uint32_t statistic, Int128 value) {
    const Int128 width = widths.tripled[statistic];
    return firewall::Between{value - width, value + width};
  };
  const firewall::Between between = firewall::moment_between(
      output, around(output.count, people),
      around(output.index, centred_sum(output, people, quarter_of(output))),
      around(output.squares, 0));
  return half_of(between.low, between.high);
}

// Values spread evenly over their bounds: as much of them as the rank may be off.
std::int64_t quantile_width(const firewall::Output& output, const privacy::Plan& plan,
                            std::int64_t people) {
  std::size_t number = output.index;  // of the plan's fractions, in order
  for (const privacy::Quantiles& quantiles : plan.quantiles) {
    if (number >= quantiles.fractions.size()) {
      number -= quantiles.fractions.size();
      continue;
    }
    const privacy::Statistic& tree = plan.statistics[quantiles.statistic];
    const auto noise = privacy::noise_of(plan.groups_changed(), tree);
    GBX_CHECK(noise);  // the plan was checked
    const double off = privacy::rank_slack(*noise, tree.levels) / static_cast<double>(people);
    const auto width = static_cast<double>(Int128{output.high} - output.low);
    return static_cast<std::int64_t>(std::ceil(std::min(off, 1.0) * width));
  }
  GBX_CHECK(false);
}

std::optional<std::int64_t> width_of(const firewall::Output& output, const privacy::Plan& plan,
                                     const Widths& widths, const Row& row) {
  const OutputKind kind = output.kind;
  if (kind == OutputKind::average) return average_width(output, widths, row);
  if (kind == OutputKind::moment) return moment_width(output, widths, row.people);
  if (kind == OutputKind::quantile) return quantile_width(output, plan, row.people);
  if (kind == OutputKind::persons || kind == OutputKind::count || kind == OutputKind::sum) {
    return widths.single[output.index];
  }
  return std::nullopt;
}

// A value of the column before it was added up.
ValueType value_type(const firewall::Output& output) {
  ValueType type = output.type;
  if (output.kind == OutputKind::average) type.scale -= output.more_digits;
  if (output.kind == OutputKind::moment) type.scale = output.scale;
  if (type.scale == 0) type.type = Type::integer;
  return type;
}

bool is_wide(const firewall::Output& output) {
  const OutputKind kind = output.kind;
  if (kind != OutputKind::sum && kind != OutputKind::average && kind != OutputKind::moment) {
    return false;
  }
  Int128 wide = kWideBounds;
  for (int i = 0; i < value_type(output).scale; i++) wide *= 10;
  return Int128{output.high} - output.low >= wide;
}

// What a column is expected to hold, in units of its last digit.
std::optional<double> expected_size(const firewall::Output& output, const Row& row) {
  const auto people = static_cast<double>(row.people);
  const auto value = static_cast<double>(row.value);
  switch (output.kind) {
    case OutputKind::persons:
    case OutputKind::count: return people;
    case OutputKind::sum: return people * value;
    case OutputKind::average: return value * std::pow(10, output.more_digits);
    case OutputKind::group:
    case OutputKind::moment:
    case OutputKind::quantile:
    case OutputKind::bound_low:
    case OutputKind::bound_high:
    case OutputKind::window: break;
  }
  return std::nullopt;
}

// What a computed column is expected to hold, and how far off it is: by the rules of an answer,
// from outputs that are as expected. Nothing when one of them is not known before the answer is.
struct Forecasted {
  double size = 0;
  std::int64_t width = 0;
};
std::optional<Forecasted> forecast_of(const firewall::CheckedQuery& query,
                                      const sql::Expression& formula, std::int64_t people) {
  const std::vector<std::uint32_t> read = sql::outputs_read(formula);
  std::set<std::uint32_t> statistics;
  for (const std::uint32_t index : read) {
    for (const auto statistic : firewall::statistics_of(query.outputs()[index])) {
      statistics.insert(statistic);
    }
  }
  if (statistics.empty() || !sql::is_numeric(formula.type)) return std::nullopt;
  const auto shared =
      privacy::half_widths(query.plan(), privacy::kAlpha / static_cast<double>(statistics.size()));
  if (!shared) return std::nullopt;
  const Widths widths{*shared, *shared, *shared};
  std::vector<sql::Known> values(query.outputs().size());
  std::vector<sql::Known> ranges(query.outputs().size());
  for (const std::uint32_t index : read) {
    const firewall::Output& output = query.outputs()[index];
    const Row row = {people, quarter_of(output)};
    const auto size = expected_size(output, row);
    const auto width = width_of(output, query.plan(), widths, row);
    if (!size || !width || std::abs(*size) >= static_cast<double>(sql::kOutputMax)) {
      return std::nullopt;
    }
    const auto value = static_cast<std::int64_t>(*size);
    values[index] = {value, value};
    ranges[index] = sql::around(value, *width, output.low < 0 ? -sql::kOutputMax : 0);
  }
  const sql::Computed computed = sql::compute(formula, values, ranges);
  if (!computed.interval) return std::nullopt;
  return Forecasted{static_cast<double>(std::get<std::int64_t>(computed.value)),
                    half_of(computed.interval->low, computed.interval->high)};
}

// The least number up to `most` that is enough, when more always is.
template <typename Enough>
std::optional<std::uint64_t> least(std::uint64_t most, Enough enough) {
  if (!enough(most)) return std::nullopt;
  std::uint64_t low = 0;  // never enough
  while (most - low > 1) {
    const std::uint64_t middle = low + (most - low) / 2;
    (enough(middle) ? most : low) = middle;
  }
  return most;
}

}  // namespace

Result<Forecast> Forecast::make(std::string_view sql, policy::VerifiedPolicy policy,
                                std::string member, const std::optional<packet::TemplateCall>& call,
                                std::vector<sql::Derived> derived) {
  std::optional<policy::TemplateUse> use;
  if (call) {
    GBX_TRY_ASSIGN(use, policy::TemplateUse::make(policy.policy().templates, *call));
    sql = use->sql();
  }
  GBX_TRY_ASSIGN(const auto database, engine::Database::open({}));
  GBX_TRY_ASSIGN(std::string tree, engine::parse_sql(*database, sql));
  Forecast out(std::string(sql), std::move(tree), std::move(policy), std::move(member));
  out.use_ = std::move(use);
  out.derived_ = std::move(derived);
  GBX_TRY(out.checked(0));
  return out;
}

Result<firewall::CheckedQuery> Forecast::checked(std::uint64_t epsilon) const {
  return firewall::admit(
      tree_, sql_, policy_,
      {.member = member_, .epsilon = epsilon, .use = use_ ? &*use_ : nullptr, .derived = derived_});
}

Result<std::optional<std::int64_t>> Forecast::count_width(std::uint64_t epsilon) const {
  GBX_TRY_ASSIGN(const firewall::CheckedQuery query, checked(epsilon));
  GBX_TRY_ASSIGN(const auto widths, privacy::half_widths(query.plan()));
  std::optional<std::int64_t> out;
  for (const sql::Item& item : query.items()) {
    if (item.formula || item.person) continue;
    const firewall::Output& output = query.outputs()[item.output];
    if (output.kind == OutputKind::persons || output.kind == OutputKind::count) {
      out = std::max(out.value_or(0), widths[output.index]);
    }
  }
  return out;
}

std::optional<std::uint64_t> Forecast::epsilon_for(std::int64_t width) const {
  return least(policy_.policy().privacy.epsilon_per_query, [&](std::uint64_t epsilon) {
    const auto found = count_width(epsilon);
    return found && *found && **found <= width;  // too small a price buys no noise at all
  });
}

Result<std::optional<RelativeError>> Forecast::relative_error(std::uint64_t epsilon,
                                                              const Expected& expected) const {
  GBX_TRY_ASSIGN(const firewall::CheckedQuery query, checked(epsilon));
  GBX_TRY_ASSIGN(const Widths widths, widths_of(query.plan()));
  std::optional<RelativeError> out;
  const auto widest = [&](const std::string& name, double width, double size) {
    const double share = size == 0 ? HUGE_VAL : width / std::abs(size);
    if (!out || share > out->share) out = {name, share};
  };
  for (const sql::Item& item : query.items()) {
    if (item.formula) {
      const auto computed = forecast_of(query, *item.formula, expected.people);
      if (computed) widest(item.name, static_cast<double>(computed->width), computed->size);
      continue;
    }
    if (item.person) continue;
    const firewall::Output& output = query.outputs()[item.output];
    const Row row = {expected.people, value_of(item, output, expected)};
    const auto size = expected_size(output, row);
    if (!size) continue;
    widest(item.name, static_cast<double>(*width_of(output, query.plan(), widths, row)), *size);
  }
  return out;
}

std::optional<std::uint64_t> Forecast::epsilon_for_share(double share,
                                                         const Expected& expected) const {
  return least(policy_.policy().privacy.epsilon_per_query, [&](std::uint64_t epsilon) {
    const auto found = relative_error(epsilon, expected);
    return found && *found && (*found)->share <= share;
  });
}

std::optional<ValueType> Forecast::value_type_of(std::string_view column) const {
  const auto query = checked(0);
  if (!query) return std::nullopt;
  for (const sql::Item& item : query->items()) {
    if (item.formula || item.person) continue;
    const firewall::Output& output = query->outputs()[item.output];
    const bool valued = output.kind == OutputKind::sum || output.kind == OutputKind::average;
    if (valued && item.name == column) return value_type(output);
  }
  return std::nullopt;
}

Result<std::vector<std::int64_t>> Forecast::statistic_widths(std::uint64_t epsilon) const {
  GBX_TRY_ASSIGN(const firewall::CheckedQuery query, checked(epsilon));
  return privacy::half_widths(query.plan());
}

Result<std::vector<std::optional<std::int64_t>>> Forecast::typical_widths(
    std::uint64_t epsilon, const Expected& expected) const {
  GBX_TRY_ASSIGN(const firewall::CheckedQuery query, checked(epsilon));
  GBX_TRY_ASSIGN(const Widths widths, widths_of(query.plan()));
  std::vector<std::optional<std::int64_t>> out;
  for (const sql::Item& item : query.items()) {
    if (item.person) {
      out.emplace_back();
      continue;
    }
    if (item.formula) {
      const auto computed = forecast_of(query, *item.formula, expected.people);
      out.push_back(computed ? std::optional(computed->width) : std::nullopt);
      continue;
    }
    const firewall::Output& output = query.outputs()[item.output];
    const Row row = {expected.people, value_of(item, output, expected)};
    out.push_back(width_of(output, query.plan(), widths, row));
  }
  return out;
}

Result<std::vector<WideColumn>> Forecast::wide_columns() const {
  GBX_TRY_ASSIGN(const firewall::CheckedQuery query, checked(0));
  std::vector<WideColumn> out;
  if (query.plan().selection == privacy::Selection::exact) return out;  // no noise to narrow
  for (const sql::Item& item : query.items()) {
    if (item.formula || item.person) continue;
    const firewall::Output& output = query.outputs()[item.output];
    if (!is_wide(output)) continue;
    out.push_back({item.name, value_type(output), output.low, output.high});
  }
  return out;
}

}  // namespace gbx::client
