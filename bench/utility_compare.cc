// How far noised answers lie from the truth, on counts and sums of TPC-H at scale factor 1, beside
// the published errors of Race-to-the-Top (Dong et al., SIGMOD 2022; its repository's
// Result/TPCH/*.txt: mean of 10 runs, trimmed) and of its local-sensitivity baseline.
//
//   utility_compare [--json FILE]
//
// The rows are made here, spread as TPC-H's generator spreads them (orders of customers whose
// number is not divisible by three, 1..7 lines an order, quantities 1..50), so true answers agree
// with the published ones to about a percent and errors are shown in percent. What one person
// brings is clamped as an engine clamps it, then goes through the product's own plan and release.
// Each is measured with a bound that fits, with one ten times too wide, and with a bound that was
// asked for (APPROX_BOUNDS: a fifth of the epsilon). Published errors stand as the baseline.
// After these the tutorial's question, from ten thousand to ten million people.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <functional>
#include <random>
#include <string_view>

#include "tests/stat/exact.h"
#include "trusted/base/json.h"
#include "trusted/crypto/entropy.h"
#include "trusted/privacy/bounds.h"
#include "trusted/privacy/release.h"
#include "trusted/privacy/sampler.h"
#include "trusted/sql/task.h"

namespace gbx::bench {
namespace {

constexpr std::size_t kCustomers = 150'000;
constexpr std::size_t kOrders = 1'500'000;
constexpr std::size_t kSuppliers = 10'000;
constexpr std::int64_t kDays = 2406;         // of order dates
constexpr std::int64_t kShippedDays = 1169;  // those before 1995-03-15
constexpr int kRuns = 10;
constexpr int kTrimmed = 2;  // runs left out at either end of a trimmed mean

using Partials = std::vector<std::int64_t>;  // what each person brings

struct Tables {
  Partials lines_of_customer = Partials(kCustomers, 0);  // in orders before the date
  Partials quantity_of_customer = Partials(kCustomers, 0);
  Partials lines_of_order = Partials(kOrders, 0);
  Partials lines_of_supplier = Partials(kSuppliers, 0);
};

Tables make_tables() {
  std::mt19937_64 random(19'920'101);
  const auto below = [&](std::uint64_t bound) { return random() % bound; };
  Tables out;
  for (std::size_t order = 0; order < kOrders; order++) {
    std::size_t customer = below(kCustomers);
    while (customer % 3 == 2) customer = below(kCustomers);  // numbers begin with 1
    const bool before = static_cast<std::int64_t>(below(kDays)) < kShippedDays;
    const auto lines = static_cast<std::int64_t>(1 + below(7));
    out.lines_of_order[order] = lines;
    if (before) out.lines_of_customer[customer] += lines;
    for (std::int64_t line = 0; line < lines; line++) {
      out.quantity_of_customer[customer] += static_cast<std::int64_t>(1 + below(50));
      out.lines_of_supplier[below(kSuppliers)]++;
    }
  }
  return out;
}

Int128 clamped_sum(const Partials& partials, std::int64_t cap) {
  Int128 out = 0;
  for (const std::int64_t partial : partials) out += std::min(partial, cap);
  return out;
}

privacy::Plan plan_of(std::int64_t cap, std::uint64_t epsilon) {
  privacy::MeasureBound bound;
  bound.per_group = cap;
  bound.weight = 1000;  // the number of persons is not asked for
  auto plan = privacy::make_plan({.gaussian = false,
                                  .open_rows = privacy::OpenRows::show,
                                  .people_min = 2,
                                  .persons_asked = false,
                                  .measures = {bound},
                                  .price = {epsilon, 0}});
  GBX_CHECK(plan);
  return *plan;
}

std::int64_t noised(const Partials& partials, std::int64_t cap, std::uint64_t epsilon) {
  crypto::SystemEntropy entropy;
  const privacy::Plan plan = plan_of(cap, epsilon);
  const auto persons = static_cast<std::int64_t>(partials.size());
  std::vector<privacy::ExactGroup> groups = {{{}, {persons, clamped_sum(partials, cap)}}};
  auto released = privacy::Releaser::release(room::Engine::make(std::move(groups)), plan,
                                             stat::reservation_for(plan), entropy);
  GBX_CHECK(released);
  return released->groups()[0].values[1];
}

// The upper end of the highest power of two that enough persons reach, for an epsilon of its own.
std::int64_t bound_asked_for(const Partials& partials, std::uint64_t epsilon) {
  constexpr std::uint32_t kBins = 64;
  std::vector<std::int64_t> counts(kBins, 0);
  for (const std::int64_t partial : partials) {
    counts[static_cast<std::size_t>(sql::magnitude(partial))]++;
  }
  Histogram histogram;
  for (std::uint32_t bin = 0; bin < kBins; bin++) {
    if (counts[bin] > 0) histogram.push_back({bin, counts[bin]});
  }
  const auto noise = privacy::noise_of(
      1, {.per_group = 1, .noise = privacy::NoiseKind::laplace, .share = epsilon});
  GBX_CHECK(noise);
  crypto::SystemEntropy entropy;
  privacy::RandomBits bits(entropy);
  const auto leaves =
      privacy::noisy_bounds(bits, *noise, {.exact = histogram, .bins = kBins, .people_min = 2});
  GBX_CHECK(leaves);
  return (std::int64_t{1} << std::min<std::uint32_t>(leaves->high, 40)) - 1;
}

double trimmed_mean(std::vector<double> errors) {
  std::sort(errors.begin(), errors.end());
  double sum = 0;
  for (int i = kTrimmed; i < kRuns - kTrimmed; i++) sum += errors[static_cast<std::size_t>(i)];
  return sum / (kRuns - 2 * kTrimmed);
}

// In percent of the truth.
double error_of(const Partials& partials, const std::function<std::int64_t()>& answer) {
  const auto truth = static_cast<double>(clamped_sum(partials, INT64_MAX));
  std::vector<double> errors;
  for (int run = 0; run < kRuns; run++) {
    errors.push_back(100 * std::abs(static_cast<double>(answer()) - truth) / truth);
  }
  return trimmed_mean(std::move(errors));
}

// Published errors in percent; negative: none for that epsilon.
struct Published {
  std::string_view query;
  const Partials* partials;
  std::string_view unit;
  std::int64_t fits;  // a bound that an owner would declare
  double race_tenth;
  double race_eight_tenths;
  double local_eight_tenths;
};

Json row(const std::string& what, double ours, double baseline, const std::string& note) {
  const auto number = [](double value) {
    return Json(format_decimal(static_cast<std::int64_t>(std::llround(value * 1e6)), 6));
  };
  Json out = Json::object({{"what", what}, {"unit", "%"}, {"note", note}});
  Json mine{Json::Array()};
  mine.push(number(ours));
  out.set("ours", std::move(mine));
  if (baseline > 0) {
    Json theirs{Json::Array()};
    theirs.push(number(baseline));
    out.set("baseline", std::move(theirs));
  }
  return out;
}

void measure(const Published& query, Json& rows) {
  struct At {
    std::uint64_t epsilon;
    const char* text;
    double race;
    double local;
  };
  const std::array<At, 3> all = {
      {{100'000, "0.1", query.race_tenth, -1},
       {800'000, "0.8", query.race_eight_tenths, query.local_eight_tenths},
       {1'000'000, "1", -1, -1}}};
  for (const At& at : all) {
    const std::string what = std::string(query.query) + ", epsilon " + at.text;
    const auto with_cap = [&](std::int64_t cap) {
      return error_of(*query.partials, [&] { return noised(*query.partials, cap, at.epsilon); });
    };
    const double fitting = with_cap(query.fits);
    const std::string unit = "unit " + std::string(query.unit) + ", bound ";
    rows.push(row(what, fitting, at.race, unit + std::to_string(query.fits) + "; baseline R2T"));
    rows.push(
        row(what, with_cap(10 * query.fits), at.race, unit + "ten times too wide; baseline R2T"));
    const double automatic = error_of(*query.partials, [&] {
      const std::int64_t cap = bound_asked_for(*query.partials, at.epsilon / 5);
      return noised(*query.partials, cap, at.epsilon - at.epsilon / 5);
    });
    rows.push(row(what, automatic, at.race, unit + "asked for; baseline R2T"));
    if (at.local > 0) {
      rows.push(row(what, fitting, at.local,
                    unit + std::to_string(query.fits) + "; baseline local sensitivity"));
    }
  }
}

// The tutorial's question over `persons` converted people and 50 campaigns: each person in up to
// three of them, with up to four purchases of up to 500.00. What a row is off by, in percent of the
// truth, as the mean over campaigns: noise and bounds, and what is withheld beside it.
void measure_attribution(std::size_t persons, std::uint64_t epsilon, Json& rows) {
  constexpr std::int64_t kCampaigns = 50;
  std::mt19937_64 random(persons);
  std::vector<std::int64_t> people(kCampaigns, 0);
  std::vector<std::int64_t> revenue(kCampaigns, 0);
  for (std::size_t person = 0; person < persons; person++) {
    const std::uint64_t seen = 1 + random() % 3;
    const std::uint64_t first = random() % kCampaigns;
    for (std::uint64_t i = 0; i < seen; i++) {
      const std::size_t campaign = (first + i * 17) % kCampaigns;
      people[campaign]++;
      for (std::uint64_t buys = 1 + random() % 4; buys > 0; buys--) {
        revenue[campaign] += static_cast<std::int64_t>(random() % 50'000);
      }
    }
  }
  privacy::MeasureBound bound;
  bound.per_group = 4 * 50'000;
  auto plan = privacy::make_plan({.gaussian = false,
                                  .grouped = true,
                                  .groups_per_person = 3,
                                  .people_min = 50,
                                  .measures = {bound},
                                  .price = {epsilon, std::uint64_t{1} << 36}});
  GBX_CHECK(plan);
  crypto::SystemEntropy entropy;
  double shown = 0;
  std::array<double, 2> errors{};
  for (int run = 0; run < kRuns; run++) {
    std::vector<privacy::ExactGroup> groups;
    for (std::int64_t g = 0; g < kCampaigns; g++) {
      const auto at = static_cast<std::size_t>(g);
      if (people[at] > 0) groups.push_back({{Cell(g)}, {people[at], revenue[at]}});
    }
    auto released = privacy::Releaser::release(room::Engine::make(std::move(groups)), *plan,
                                               stat::reservation_for(*plan), entropy);
    GBX_CHECK(released);
    for (const auto& group : released->groups()) {
      const auto at = static_cast<std::size_t>(*std::get_if<std::int64_t>(group.key.data()));
      const std::array<std::int64_t, 2> truth = {people[at], revenue[at]};
      for (std::size_t m = 0; m < truth.size(); m++) {
        const auto exact = static_cast<double>(truth[m]);
        errors[m] += 100 * std::abs(static_cast<double>(group.values[m]) - exact) / exact;
      }
      shown++;
    }
  }
  const auto of_rows = static_cast<int>(std::lround(100 * shown / (kRuns * kCampaigns)));
  const std::string what = "attribution, " + std::to_string(persons) + " persons, epsilon " +
                           format_decimal(static_cast<std::int64_t>(epsilon), 6);
  const std::string note = std::to_string(of_rows) + " % of 50 rows shown";
  if (shown == 0) {
    rows.push(row(what + ", all rows withheld", 100, -1, note));
    return;
  }
  rows.push(row(what + ", people", errors[0] / shown, -1, note));
  rows.push(row(what + ", revenue", errors[1] / shown, -1, note));
}

int run(std::span<char*> arguments) {
  const Tables tables = make_tables();
  // Percentages of the published absolute errors: of 2,888,656, 6,001,215, 153,078,795.
  const std::array<Published, 4> queries = {{
      {"Q3, count customer-orders-lineitem", &tables.lines_of_customer, "customer", 150, 2.28,
       0.254, 38.8},
      {"Q12, count orders-lineitem", &tables.lines_of_order, "order", 7, 0.204, 0.0229, 16.3},
      {"Q20, count supplier-lineitem", &tables.lines_of_supplier, "supplier", 750, 5.0, 0.579,
       15.4},
      {"Q18, sum of l_quantity", &tables.quantity_of_customer, "customer", 6000, 0.873, 0.132, -1},
  }};
  Json rows{Json::Array()};
  for (const Published& query : queries) measure(query, rows);
  for (const std::size_t persons : {10'000U, 100'000U, 1'000'000U, 10'000'000U}) {
    for (const std::uint64_t epsilon : {100'000U, 500'000U, 1'000'000U}) {
      measure_attribution(persons, epsilon, rows);
    }
  }
  const Json out = Json::object({{"rows", std::move(rows)}});
  if (arguments.size() == 3 && std::string_view(arguments[1]) == "--json") {
    std::ofstream(arguments[2]) << out.canonical();
  } else {
    std::puts(out.canonical().c_str());
  }
  return 0;
}

}  // namespace
}  // namespace gbx::bench

int main(int argc, char** argv) { return gbx::bench::run({argv, static_cast<std::size_t>(argc)}); }
