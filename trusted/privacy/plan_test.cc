#include "trusted/privacy/plan.h"

#include <gtest/gtest.h>

#include <limits>

#include "trusted/privacy/confidence.h"

namespace gbx::privacy {
namespace {

Statistic laplace(std::int64_t per_group, std::uint64_t share) {
  return {per_group, 1, NoiseKind::laplace, share};
}

TEST(Scale, IsExactInLowestTerms) {
  EXPECT_EQ(*laplace_scale(1, laplace(1, 100'000)), (Scale{10, 1}));
  EXPECT_EQ(*laplace_scale(4, laplace(3, 7)), (Scale{12'000'000, 7}));
  EXPECT_EQ(*laplace_scale(1, laplace(1, kEpsilonMax)), (Scale{1, 1000}));
}

TEST(Scale, RefusesWhatTheSamplerHasNoProofFor) {
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(laplace_scale(1, laplace(kMax, 1)).error().reason, Literal("noise_too_large"));
  EXPECT_EQ(laplace_scale(4'294'967'295u, laplace(kMax, 999'983)).error().reason,
            Literal("noise_too_large"));
  EXPECT_FALSE(laplace_scale(0, laplace(1, 1)));
  EXPECT_FALSE(laplace_scale(1, laplace(0, 1)));
  EXPECT_FALSE(laplace_scale(1, laplace(-1, 1)));
  EXPECT_FALSE(laplace_scale(1, laplace(1, 0)));
  EXPECT_FALSE(laplace_scale(1, laplace(1, kEpsilonMax + 1)));
}

Statistic gaussian(std::int64_t per_group, std::uint64_t share, std::uint32_t levels = 1) {
  return {per_group, levels, NoiseKind::gaussian, share};
}

TEST(ExactPlan, IsWholeOrNone) {
  const Plan good = *make_plan({.accounting = Accounting::queries, .people_min = 5});
  EXPECT_EQ(good.selection, Selection::exact);
  EXPECT_EQ(*half_widths(good), std::vector<std::int64_t>{0});
  const auto broken = [&](auto spoil) {
    Plan plan = good;
    spoil(plan);
    return !check_plan(plan);
  };
  EXPECT_FALSE(broken([](Plan&) {}));
  EXPECT_TRUE(broken([](Plan& plan) { plan.accounting = Accounting::pure; }));
  EXPECT_TRUE(broken([](Plan& plan) { plan.selection = Selection::none; }));
  EXPECT_TRUE(broken([](Plan& plan) { plan.people_min = 1; }));
  EXPECT_TRUE(broken([](Plan& plan) { plan.delta = 1; }));
  EXPECT_TRUE(broken([](Plan& plan) { plan.statistics[0].share = 1; }));
  EXPECT_TRUE(broken([](Plan& plan) { plan.statistics[0].noise = NoiseKind::laplace; }));
  EXPECT_TRUE(broken([](Plan& plan) { plan.statistics.push_back(laplace(1, 1)); }));
  EXPECT_FALSE(make_plan({.accounting = Accounting::queries, .measures = {{.bins = 16}}}));
  // Nor can a plan with noise have a statistic without.
  Plan noised = *make_plan({.price = {100'000, 1'000'000}});
  noised.statistics.push_back({.noise = NoiseKind::none});
  EXPECT_FALSE(check_plan(noised));
  noised.statistics.back().share = 1;
  EXPECT_FALSE(check_plan(noised));
}

TEST(Scale, IsOfLaplaceNoiseOnly) {
  EXPECT_EQ(laplace_scale(1, gaussian(1, 1)).error().reason, Literal("plan_out_of_range"));
  Statistic levels = laplace(1, 100'000);
  levels.levels = 3;
  EXPECT_EQ(*laplace_scale(2, levels), (Scale{60, 1}));
}

// sigma^2 2 rho / L2^2, which must be at least 1: exact but for 2^-60.
long double paid_for(Sigma sigma, std::uint32_t groups, const Statistic& statistic) {
  const long double value = static_cast<long double>(sigma.numerator) / sigma.denominator;
  const long double rho = static_cast<long double>(statistic.share) / kRhoUnit;
  const long double per_group = statistic.per_group;
  return value * value * 2 * rho / (per_group * per_group * groups * statistic.levels);
}

TEST(SigmaOf, IsNeverBelowWhatWasPaidForAndHardlyAbove) {
  for (const std::uint64_t share : {std::uint64_t{12'345}, kRhoUnit / 1000, kRhoUnit / 2, kRhoUnit,
                                    7 * kRhoUnit, kRhoMax - 1, kRhoMax}) {
    for (const std::int64_t per_group : {1LL, 3LL, 1000LL, 123'456'789LL}) {
      for (const std::uint32_t groups : {1u, 2u, 7u, 2'000'000u}) {
        for (const std::uint32_t levels : {1u, 3u, kLevelsMax}) {
          const Statistic statistic = gaussian(per_group, share, levels);
          const auto sigma = gaussian_sigma(groups, statistic);
          if (!sigma) {
            EXPECT_EQ(sigma.error().reason, Literal("noise_too_large"));
            continue;
          }
          EXPECT_GE(paid_for(*sigma, groups, statistic), 1.0L);
          Sigma one_less = *sigma;
          one_less.numerator -= 1;
          EXPECT_LT(paid_for(one_less, groups, statistic), 1.0L + 0x1p-38L);
          EXPECT_TRUE(sigma->denominator == 1 ? sigma->numerator >= kSigmaFine
                                              : sigma->denominator == kSigmaGrid);
          EXPECT_LE(sigma->numerator,
                    (sigma->denominator == 1 ? kSigmaMax : kSigmaFine) * sigma->denominator);
        }
      }
    }
  }
}

TEST(SigmaOf, TakesTheGridThatItsSizeAsksFor) {
  // rho = 1/2: sigma = per_group, raised by 2^-40 before it is rounded up.
  EXPECT_EQ(*gaussian_sigma(1, gaussian(1, kRhoUnit / 2)), (Sigma{kSigmaGrid + 1, kSigmaGrid}));
  EXPECT_EQ(*gaussian_sigma(1, gaussian(1023, kRhoUnit / 2)),
            (Sigma{1023 * kSigmaGrid + 1, kSigmaGrid}));
  EXPECT_EQ(*gaussian_sigma(1, gaussian(1024, kRhoUnit / 2)), (Sigma{1025, 1}));
  EXPECT_EQ(*gaussian_sigma(4, gaussian(500, kRhoUnit / 2)),
            (Sigma{1000 * kSigmaGrid + 1, kSigmaGrid}));
}

TEST(SigmaOf, RefusesWhatTheSamplerHasNoProofFor) {
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  EXPECT_TRUE(gaussian_sigma(1, gaussian((std::int64_t{1} << 51), kRhoUnit / 2)));
  EXPECT_EQ(gaussian_sigma(1, gaussian((std::int64_t{1} << 52), kRhoUnit / 2)).error().reason,
            Literal("noise_too_large"));
  EXPECT_EQ(gaussian_sigma(4'294'967'295u, gaussian(kMax, 1)).error().reason,
            Literal("noise_too_large"));
  const auto refused = [](std::uint32_t groups, const Statistic& statistic) {
    const auto sigma = gaussian_sigma(groups, statistic);
    return !sigma && sigma.error().reason == Literal("plan_out_of_range");
  };
  EXPECT_TRUE(refused(0, gaussian(1, 1)));
  EXPECT_TRUE(refused(1, gaussian(0, 1)));
  EXPECT_TRUE(refused(1, gaussian(-1, 1)));
  EXPECT_TRUE(refused(1, gaussian(1, 0)));
  EXPECT_TRUE(refused(1, gaussian(1, kRhoMax + 1)));
  EXPECT_TRUE(refused(1, gaussian(1, 1, 0)));
  EXPECT_TRUE(refused(1, gaussian(1, 1, kLevelsMax + 1)));
  EXPECT_TRUE(refused(1, laplace(1, 1)));
}

PlanRequest request() {
  return {.grouped = true,
          .groups_per_person = 4,
          .people_min = 20,
          .measures = {{.per_group = 5}, {.per_group = 100}},
          .price = {1'000'000, 1000}};
}

TEST(MakePlan, SpendsThePriceToTheLastUnit) {
  const Plan plan = *make_plan(request());
  ASSERT_EQ(plan.statistics.size(), 3u);
  EXPECT_EQ(plan.statistics[0].share, 333'334u);
  EXPECT_EQ(plan.statistics[0].per_group, 1);
  EXPECT_EQ(plan.statistics[1].share, 333'333u);
  EXPECT_EQ(plan.statistics[2].share, 333'333u);
  EXPECT_EQ(plan.statistics[2].per_group, 100);
  EXPECT_EQ(plan.groups_per_person, 4u);
  EXPECT_EQ(plan.price(), request().price);
}

TEST(MakePlan, UngroupedHasOneGroup) {
  PlanRequest ungrouped = request();
  ungrouped.grouped = false;
  EXPECT_EQ(make_plan(ungrouped)->groups_per_person, 1u);
}

TEST(MakePlan, RefusesEveryParameterOutOfRange) {
  const auto refused = [](auto change) {
    PlanRequest bad = request();
    change(bad);
    const auto plan = make_plan(bad);
    return !plan && plan.error().code == ErrorCode::invalid_argument;
  };
  EXPECT_TRUE(refused([](PlanRequest& r) { r.price.loss = 0; }));
  EXPECT_TRUE(refused([](PlanRequest& r) { r.price.loss = 2; }));  // a share would be zero
  EXPECT_TRUE(refused([](PlanRequest& r) { r.price.loss = kEpsilonMax + 1; }));
  EXPECT_TRUE(refused([](PlanRequest& r) { r.price.delta = 0; }));
  EXPECT_TRUE(refused([](PlanRequest& r) { r.price.delta = kDeltaPlanMax + 1; }));
  EXPECT_TRUE(refused([](PlanRequest& r) { r.price.delta = kDeltaUnit; }));
  EXPECT_TRUE(refused([](PlanRequest& r) { r.groups_per_person = 0; }));
  EXPECT_TRUE(refused([](PlanRequest& r) { r.groups_per_person = kGroupsPerPersonMax + 1; }));
  EXPECT_TRUE(refused([](PlanRequest& r) { r.people_min = 1; }));
  EXPECT_TRUE(refused([](PlanRequest& r) { r.people_min = -1; }));
  EXPECT_TRUE(refused([](PlanRequest& r) { r.people_min = kPeopleMinMax + 1; }));
  EXPECT_TRUE(refused([](PlanRequest& r) { r.measures[0].per_group = 0; }));
  EXPECT_TRUE(refused(
      [](PlanRequest& r) { r.measures[0].per_group = std::numeric_limits<std::int64_t>::max(); }));
  EXPECT_TRUE(refused([](PlanRequest& r) { r.measures.resize(kStatisticsMax); }));
}

PlanRequest in_zcdp(std::uint64_t rho) {
  PlanRequest out = request();
  out.accounting = Accounting::zcdp;
  out.groups_per_person = 1;
  out.measures = {};
  out.price.loss = rho;
  return out;
}

TEST(MakePlan, InZcdpTakesTheNarrowerNoise) {
  // rho = 1/2: sigma = 1 and a half-width of 2 against b = 1 and 3. rho = 50: sigma = 0.1 and 1
  // against b = 0.1 and 0.
  EXPECT_EQ(make_plan(in_zcdp(kRhoUnit / 2))->statistics[0].noise, NoiseKind::gaussian);
  EXPECT_EQ(make_plan(in_zcdp(kRhoUnit * 50))->statistics[0].noise, NoiseKind::laplace);
  for (const std::uint64_t rho : {kRhoUnit / 1000, kRhoUnit / 2, 5 * kRhoUnit, 50 * kRhoUnit}) {
    for (const std::uint32_t groups : {1u, 3u, 20u}) {
      PlanRequest both = in_zcdp(rho);
      both.groups_per_person = groups;
      both.measures = {{.per_group = 1000}, {.per_group = 7, .weight = 250, .bins = 65536}};
      PlanRequest laplace_only = both;
      laplace_only.gaussian = false;
      PlanRequest gaussian_only = both;
      gaussian_only.laplace = false;
      const auto widths = *half_widths(*make_plan(both));
      const auto laplace_widths = *half_widths(*make_plan(laplace_only));
      const auto gaussian_widths = *half_widths(*make_plan(gaussian_only));
      for (std::size_t i = 0; i < widths.size(); i++) {
        EXPECT_EQ(widths[i], std::min(laplace_widths[i], gaussian_widths[i]));
        const bool laplace_is_no_wider = laplace_widths[i] <= gaussian_widths[i];
        EXPECT_EQ(make_plan(both)->statistics[i].noise,
                  laplace_is_no_wider ? NoiseKind::laplace : NoiseKind::gaussian);
      }
    }
  }
}

TEST(MakePlan, InZcdpIsNeverDearerThanAsked) {
  for (const bool laplace_allowed : {true, false}) {
    for (std::uint64_t rho = 3; rho < kRhoMax / 2; rho = rho * 7 + 1) {
      PlanRequest asked = in_zcdp(rho);
      asked.laplace = laplace_allowed;
      asked.gaussian = !laplace_allowed;
      asked.measures = {{.per_group = 5}, {.per_group = 2, .weight = 50, .bins = 4096}};
      const auto plan = make_plan(asked);
      if (!plan) continue;
      EXPECT_TRUE(covers(asked.price, plan->price())) << rho;
      if (!laplace_allowed) {
        EXPECT_EQ(plan->price().loss, rho);
        continue;
      }
      // The next epsilon, 10^-6 more, would cost more than its part.
      for (std::size_t i = 0; i < 3; i++) {
        const std::uint64_t weights[] = {2, 2, 1};
        EXPECT_GT(rho_of_epsilon(plan->statistics[i].share + 1), rho * weights[i] / 5);
      }
    }
  }
}

TEST(MakePlan, SplitsRhoByWeight) {
  PlanRequest asked = in_zcdp(kRhoUnit / 10 + 1);
  asked.laplace = false;
  asked.measures = {{.per_group = 5}, {.per_group = 100, .weight = 300}};
  const Plan plan = *make_plan(asked);
  EXPECT_EQ(plan.statistics[1].share, (kRhoUnit / 10 + 1) * 2 / 10);
  EXPECT_EQ(plan.statistics[2].share, (kRhoUnit / 10 + 1) * 6 / 10);
  EXPECT_EQ(plan.price(), asked.price);
}

TEST(MakePlan, RefusesNoiseThatNobodyAllows) {
  PlanRequest none = in_zcdp(kRhoUnit);
  none.laplace = none.gaussian = false;
  EXPECT_EQ(make_plan(none).error().reason, Literal("plan_out_of_range"));
  PlanRequest gaussian_in_pure = request();
  gaussian_in_pure.laplace = false;
  EXPECT_EQ(make_plan(gaussian_in_pure).error().reason, Literal("plan_out_of_range"));
}

TEST(MakePlan, SelectsAsRowsAndPolicySay) {
  PlanRequest asked = request();
  EXPECT_EQ(make_plan(asked)->selection, Selection::threshold);
  asked.geometric = true;
  asked.price.delta = std::uint64_t{1} << 40;
  EXPECT_EQ(make_plan(asked)->selection, Selection::threshold);  // persons are asked for
  asked.persons_asked = false;
  EXPECT_EQ(make_plan(asked)->selection, Selection::geometric);
  asked.price.delta = 16;  // too little for a coin
  EXPECT_EQ(make_plan(asked)->selection, Selection::threshold);
  asked = request();
  asked.public_groups = {{{Cell(std::int64_t{1})}, {Cell(std::int64_t{2})}}};
  EXPECT_TRUE(make_plan(asked)->open);
  EXPECT_EQ(make_plan(asked)->selection, Selection::threshold);
  asked.open_rows = OpenRows::hide;
  EXPECT_EQ(make_plan(asked)->selection, Selection::margin);
  EXPECT_EQ(make_plan(asked)->price().delta, 0u);
  asked.open_rows = OpenRows::show;
  EXPECT_EQ(make_plan(asked)->selection, Selection::none);
}

TEST(MakePlan, DoublesWhatAPersonWhoMovesCanChange) {
  PlanRequest asked = request();
  asked.replaces = true;
  const Plan plan = *make_plan(asked);
  EXPECT_EQ(plan.groups_per_person, 4u);
  EXPECT_EQ(plan.groups_changed(), 8u);
  EXPECT_EQ(plan.price(), make_plan(request())->price());
}

TEST(CheckPlan, RefusesEveryFieldOutOfRange) {
  const auto refused = [](auto change) {
    Plan bad = *make_plan(request());
    change(bad);
    return !check_plan(bad);
  };
  EXPECT_FALSE(refused([](Plan&) {}));
  EXPECT_TRUE(refused([](Plan& p) { p.grouped = false; }));  // L0 = 4 without groups
  EXPECT_TRUE(refused([](Plan& p) { p.statistics.clear(); }));
  EXPECT_TRUE(refused([](Plan& p) { p.statistics[0].per_group = 2; }));
  EXPECT_TRUE(refused([](Plan& p) { p.statistics[0].share = 0; }));
  EXPECT_TRUE(refused([](Plan& p) { p.statistics[1].share = 0; }));
  EXPECT_TRUE(refused([](Plan& p) { p.statistics[1].share = kEpsilonMax; }));
  EXPECT_TRUE(refused([](Plan& p) { p.statistics[1].per_group = 0; }));
}

Plan open_plan() {
  PlanRequest asked = request();
  asked.public_groups = {{{Cell(std::int64_t{1})}, {Cell(std::int64_t{2})}}};
  asked.open_rows = OpenRows::hide;
  return *make_plan(asked);
}

TEST(CheckPlan, RefusesPublicRowsOutOfPlace) {
  const auto refused = [](auto change) {
    Plan bad = open_plan();
    change(bad);
    return !check_plan(bad);
  };
  EXPECT_FALSE(refused([](Plan&) {}));
  EXPECT_FALSE(refused([](Plan& p) { p.selection = Selection::none; }));
  EXPECT_TRUE(refused([](Plan& p) { p.open = false; }));
  EXPECT_TRUE(refused([](Plan& p) { p.public_groups.clear(); }));
  EXPECT_TRUE(refused([](Plan& p) { std::swap(p.public_groups[0], p.public_groups[1]); }));
  EXPECT_TRUE(refused([](Plan& p) { p.public_groups[1] = p.public_groups[0]; }));
  EXPECT_TRUE(refused([](Plan& p) { p.public_groups[0].clear(); }));
  EXPECT_TRUE(refused([](Plan& p) {
    p.public_groups.clear();
    for (std::size_t i = 0; i <= kPublicGroupsMax; i++) {
      p.public_groups.push_back({Cell(static_cast<std::int64_t>(i))});
    }
  }));
  EXPECT_TRUE(refused([](Plan& p) { p.delta = 1; }));
  EXPECT_TRUE(refused([](Plan& p) { p.selection = Selection::threshold; }));
  EXPECT_TRUE(refused([](Plan& p) {
    p.grouped = false;  // with a list, and more than one group of a person
    p.groups_per_person = 1;
  }));
}

TEST(CheckPlan, RefusesASelectionThatDoesNotFit) {
  const auto refused = [](auto change) {
    Plan bad = *make_plan(request());
    change(bad);
    return !check_plan(bad);
  };
  EXPECT_FALSE(refused([](Plan& p) { p.selection = Selection::geometric; }));
  EXPECT_TRUE(refused([](Plan& p) { p.selection = Selection::none; }));
  EXPECT_TRUE(refused([](Plan& p) {
    p.selection = Selection::margin;
    p.delta = 0;
  }));
  EXPECT_TRUE(refused([](Plan& p) {
    p.selection = Selection::none;
    p.delta = 0;
  }));
  EXPECT_TRUE(refused([](Plan& p) { p.delta = 0; }));
  EXPECT_TRUE(refused([](Plan& p) { p.delta = kDeltaPlanMax + 1; }));
  EXPECT_TRUE(refused([](Plan& p) {
    p.accounting = Accounting::zcdp;
    p.statistics = {gaussian(1, 1000)};
    p.selection = Selection::geometric;
  }));
}

TEST(CheckPlan, RefusesNoiseThatTheLedgerHasNoPriceFor) {
  const auto refused = [](auto change) {
    Plan bad = *make_plan(in_zcdp(kRhoUnit / 2));
    change(bad);
    return !check_plan(bad);
  };
  EXPECT_FALSE(refused([](Plan&) {}));
  EXPECT_TRUE(refused([](Plan& p) { p.accounting = Accounting::pure; }));
  EXPECT_TRUE(refused([](Plan& p) { p.statistics[0].share = kRhoMax + 1; }));
  EXPECT_TRUE(refused([](Plan& p) { p.statistics[0].levels = 2; }));
  EXPECT_TRUE(refused([](Plan& p) { p.statistics.push_back(gaussian(1, 1, 0)); }));
  EXPECT_TRUE(refused([](Plan& p) { p.statistics.push_back(gaussian(1, 1, kLevelsMax + 1)); }));
  EXPECT_TRUE(refused([](Plan& p) { p.statistics.push_back(gaussian(1, kRhoMax)); }));
  // 91 epsilon costs rho 4140.5 > 4096.
  EXPECT_FALSE(refused([](Plan& p) { p.statistics = {laplace(1, 90 * kEpsilonUnit)}; }));
  EXPECT_TRUE(refused([](Plan& p) { p.statistics = {laplace(1, 91 * kEpsilonUnit)}; }));
}

// L2 = sqrt(2 L0) s: representable for L0, not for a person who can move.
TEST(CheckPlan, CountsTheGroupsThatAPersonCanMoveBetween) {
  Plan plan = *make_plan(in_zcdp(kRhoUnit / 2));
  plan.statistics.push_back(gaussian((std::int64_t{1} << 52) / 10 * 9, kRhoUnit / 2));
  EXPECT_TRUE(check_plan(plan));
  plan.replaces = true;
  EXPECT_EQ(check_plan(plan).error().reason, Literal("noise_too_large"));
}

}  // namespace
}  // namespace gbx::privacy
