#include "trusted/privacy/amount.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace gbx::privacy {
namespace {

TEST(Epsilon, ReadsExactly) {
  EXPECT_EQ(*parse_epsilon("0.1"), 100'000u);
  EXPECT_EQ(*parse_epsilon("3"), 3'000'000u);
  EXPECT_EQ(*parse_epsilon("1e-6"), 1u);
  EXPECT_EQ(*parse_epsilon("0.000001"), 1u);
  EXPECT_EQ(*parse_epsilon("1.5e-3"), 1'500u);
  EXPECT_EQ(*parse_epsilon("0.10000000"), 100'000u);
  EXPECT_EQ(*parse_epsilon("1000"), kEpsilonMax);
}

TEST(Epsilon, RefusesWhatIsNoAmount) {
  for (const char* text : {"",
                           "0",
                           "0.0",
                           "-1",
                           "+1",
                           "1000.000001",
                           "1001",
                           "NaN",
                           "inf",
                           "1e308",
                           "1e6",
                           "1e+3",
                           "1e-7",
                           "0.0000001",
                           "01",
                           "1.",
                           ".1",
                           "1 ",
                           " 1",
                           "0x1",
                           "1e-",
                           "1,0",
                           "1.0.0",
                           "99999999999999999999",
                           "0.00000000000000000000000000000000000000001"}) {
    const auto result = parse_epsilon(text);
    ASSERT_FALSE(result) << text;
    EXPECT_EQ(result.error().code, ErrorCode::invalid_argument) << text;
  }
}

TEST(Epsilon, PrintsWhatItReads) {
  for (const std::uint64_t epsilon : {1u, 10u, 100'000u, 123'456u, 1'000'000u, 1'050'000u, 7u}) {
    EXPECT_EQ(*parse_epsilon(format_epsilon(epsilon)), epsilon);
  }
  EXPECT_EQ(format_epsilon(100'000), "0.1");
  EXPECT_EQ(format_epsilon(3'000'000), "3");
  EXPECT_EQ(format_epsilon(0), "0");
}

TEST(Delta, RoundsDown) {
  EXPECT_EQ(*parse_delta("1e-6"), 1'152'921'504'606u);  // 2^60 / 10^6 = 1152921504606.85
  EXPECT_EQ(*parse_delta("0.000001"), *parse_delta("1e-6"));
  EXPECT_EQ(*parse_delta("0.5"), kDeltaUnit / 2);
  EXPECT_EQ(*parse_delta("1e-18"), 1u);  // 1.15
}

TEST(Delta, RefusesWhatIsNoProbability) {
  for (const char* text : {"", "0", "1", "1.0", "2", "-0.1", "1e-19", "NaN", "1e6", "1e-37",
                           "1e-99999999999999999999", "0.1e-36"}) {
    const auto result = parse_delta(text);
    ASSERT_FALSE(result) << text;
    EXPECT_EQ(result.error().code, ErrorCode::invalid_argument) << text;
  }
}

TEST(Delta, PrintsTheShortestThatReadsBack) {
  EXPECT_EQ(format_delta(*parse_delta("1e-6")), "1e-6");
  EXPECT_EQ(format_delta(*parse_delta("2.5e-9")), "2.5e-9");
  EXPECT_EQ(format_delta(0), "0");
  std::uint64_t delta = 1;
  for (int i = 0; i < 2000; i++) {
    delta = (delta * 6364136223846793005u + 1442695040888963407u) % kDeltaUnit;
    const std::uint64_t sized = (delta >> (i % 60)) | 1;
    EXPECT_EQ(*parse_delta(format_delta(sized)), sized);
  }
  EXPECT_EQ(*parse_delta(format_delta(kDeltaUnit - 1)), kDeltaUnit - 1);
  EXPECT_EQ(*parse_delta(format_delta(1)), 1u);
}

TEST(Price, NeverWraps) {
  constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();
  EXPECT_EQ(add({1, 2}, {3, 4}), (Price{4, 6}));
  EXPECT_EQ(add({kMax, kMax}, {1, kMax}), (Price{kMax, kMax}));
}

TEST(Price, CoversInBothParts) {
  EXPECT_TRUE(covers({5, 5}, {5, 5}));
  EXPECT_FALSE(covers({5, 5}, {6, 5}));
  EXPECT_FALSE(covers({5, 5}, {5, 6}));
}

TEST(Price, MinusIsWhatIsLeft) {
  EXPECT_EQ(minus({5, 6}, {2, 6}), (Price{3, 0}));
  EXPECT_DEATH({ EXPECT_EQ(minus({5, 6}, {6, 0}), Price{}); }, "invariant");
}

TEST(Rho, ReadsAndPrintsExactly) {
  EXPECT_EQ(*parse_rho("0.125"), kRhoUnit / 8);
  EXPECT_EQ(*parse_rho("4096"), kRhoMax);
  EXPECT_EQ(format_rho(kRhoUnit / 8), "0.125");
  EXPECT_EQ(format_rho(0), "0");
  EXPECT_EQ(format_rho(kRhoUnit * 2), "2");
  std::uint64_t rho = 1;
  for (int i = 0; i < 2000; i++) {
    rho = (rho * 6364136223846793005u + 1442695040888963407u) % kRhoMax;
    const std::uint64_t sized = (rho >> (i % 52)) | 1;
    EXPECT_EQ(*parse_rho(format_rho(sized)), sized);
  }
}

TEST(Rho, RefusesWhatIsNone) {
  for (const char* text : {"", "0", "4096.1", "5000", "-1", "1e-20", "NaN"}) {
    EXPECT_FALSE(parse_rho(text)) << text;
  }
}

TEST(Queries, AreWholeNumbers) {
  EXPECT_EQ(*parse_loss(Accounting::queries, "1"), 1u);
  EXPECT_EQ(*parse_loss(Accounting::queries, "1000000000"), kQueriesMax);
  EXPECT_EQ(format_loss(Accounting::queries, 1000), "1000");
  for (const char* text : {"", "0", "1000000001", "1.5", "1e-1", "-1", "x"}) {
    EXPECT_FALSE(parse_loss(Accounting::queries, text)) << text;
  }
}

TEST(Price, IsAnAmountInItsLedgersParts) {
  EXPECT_TRUE(is_amount(Accounting::pure, {1, 1}));
  EXPECT_FALSE(is_amount(Accounting::pure, {1, 0}));
  EXPECT_FALSE(is_amount(Accounting::zcdp, {0, 1}));
  EXPECT_TRUE(is_amount(Accounting::queries, {1, 0}));
  EXPECT_FALSE(is_amount(Accounting::queries, {1, 1}));
  EXPECT_FALSE(is_amount(Accounting::queries, {0, 0}));
}

TEST(Loss, HasTheUnitOfItsLedger) {
  EXPECT_EQ(*parse_loss(Accounting::pure, "0.5"), 500'000u);
  EXPECT_EQ(*parse_loss(Accounting::zcdp, "0.5"), kRhoUnit / 2);
  EXPECT_EQ(format_loss(Accounting::pure, 500'000), "0.5");
  EXPECT_EQ(format_loss(Accounting::zcdp, kRhoUnit / 2), "0.5");
  EXPECT_EQ(loss_name(Accounting::pure), "epsilon");
  EXPECT_EQ(loss_name(Accounting::zcdp), "rho");
  for (const Accounting accounting : {Accounting::pure, Accounting::zcdp}) {
    EXPECT_EQ(accounting_from(accounting_name(accounting)), accounting);
  }
  EXPECT_FALSE(accounting_from("gdp"));
}

TEST(RhoOfEpsilon, IsHalfTheSquareRoundedUp) {
  EXPECT_EQ(rho_of_epsilon(kEpsilonUnit), kRhoUnit / 2);
  EXPECT_EQ(rho_of_epsilon(1), 1u);  // 2^40 / (2 * 10^12) = 0.55
  EXPECT_EQ(rho_of_epsilon(0), 0u);
  EXPECT_EQ(rho_of_epsilon(100 * kEpsilonUnit), std::numeric_limits<std::uint64_t>::max());
}

TEST(EpsilonWithinRho, IsTheLargest) {
  for (const std::uint64_t rho : {std::uint64_t{1}, std::uint64_t{54'975'581}, kRhoUnit, kRhoMax}) {
    const std::uint64_t epsilon = epsilon_within_rho(rho);
    EXPECT_LE(rho_of_epsilon(epsilon), rho);
    EXPECT_GT(rho_of_epsilon(epsilon + 1), rho);
  }
}

// Values of dp_accounting 0.4's RDP accountant, equal to the formula.
TEST(EpsilonOfRho, PublishedValues) {
  EXPECT_NEAR(epsilon_of_rho(0.01, 1e-6), 0.621693, 1e-6);
  EXPECT_NEAR(epsilon_of_rho(0.1, 1e-6), 2.141939, 1e-6);
  EXPECT_NEAR(epsilon_of_rho(0.5, 1e-6), 5.221534, 1e-6);
  EXPECT_NEAR(epsilon_of_rho(1, 1e-6), 7.766217, 1e-6);
  EXPECT_NEAR(epsilon_of_rho(0.5, 1e-9), 6.474070, 1e-6);
}

TEST(EpsilonOfRho, IsBelowTheLooseBoundAndGrows) {
  double before = 0;
  for (const double rho : {1e-9, 1e-6, 1e-3, 0.1, 1.0, 10.0, 4096.0}) {
    const double epsilon = epsilon_of_rho(rho, 1e-6);
    EXPECT_LT(epsilon, rho + 2 * std::sqrt(rho * std::log(1e6)));
    EXPECT_GE(epsilon, before);
    before = epsilon;
  }
}

TEST(RhoFor, KeepsThePromiseAndUsesIt) {
  const std::uint64_t delta = *parse_delta("1e-6");
  const auto ones = [](std::uint64_t rho) {
    return static_cast<double>(rho) / static_cast<double>(kRhoUnit);
  };
  EXPECT_NEAR(ones(rho_for(1'000'000, delta)), 0.024356, 1e-6);
  EXPECT_NEAR(ones(rho_for(3'000'000, delta)), 0.18507, 1e-5);
  EXPECT_NEAR(ones(rho_for(5'000'000, delta)), 0.463065, 1e-6);
  EXPECT_NEAR(ones(rho_for(10'000'000, delta)), 1.539279, 1e-6);
  EXPECT_NEAR(ones(rho_for(20'000'000, delta)), 4.789373, 1e-6);
}

// To the last unit, as docs/spec/privacy.md has them: owner and room may never differ. Each was
// held against the optimum with 50 digits; the last is at most 6 * 10^-9 of it below.
TEST(RhoFor, IsTheSameOnEveryMachine) {
  struct Case {
    std::uint64_t epsilon;
    std::uint64_t delta;
    std::uint64_t rho;
  };
  constexpr std::uint64_t kMillionth = 1'152'921'504'606;
  for (const Case& c :
       {Case{1, 1, 0}, Case{1, kMillionth, 3}, Case{1'000, kMillionth, 72'010},
        Case{100'000, 1, 80'594'299}, Case{1'000'000, 1, 7'473'108'908},
        Case{1'000'000, kMillionth, 26'779'672'614}, Case{3'000'000, kMillionth, 203'486'441'617},
        Case{10'000'000, kMillionth, 1'692'454'897'416},
        Case{20'000'000, kDeltaUnit / 4, 14'992'928'228'060},
        Case{1'000'000'000, kMillionth, 872'642'993'962'631}}) {
    EXPECT_EQ(rho_for(c.epsilon, c.delta), c.rho) << c.epsilon << " " << c.delta;
  }
}

TEST(RhoFor, GrowsWithEpsilonAndDeltaAndIsNeverMoreThanEpsilonAllows) {
  for (std::uint64_t epsilon = 1'000; epsilon <= kEpsilonMax; epsilon = epsilon * 3 / 2) {
    std::uint64_t before = 0;
    for (std::uint64_t delta = 1; delta <= kDeltaUnit / 2; delta *= 32) {
      const std::uint64_t rho = rho_for(epsilon, delta);
      const double share = std::ldexp(static_cast<double>(delta), -60);
      const double wanted = static_cast<double>(epsilon) * 1e-6;
      EXPECT_GE(rho, before);
      EXPECT_LE(epsilon_of_rho(std::ldexp(static_cast<double>(rho), -40), share),
                wanted * (1 + 1e-8));
      EXPECT_GT(epsilon_of_rho(std::ldexp(static_cast<double>(rho) * (1 + 1e-7) + 2, -40), share),
                wanted);
      before = rho;
    }
  }
}

TEST(LimitFor, SplitsDeltaInZcdpOnly) {
  EXPECT_EQ(limit_for(Accounting::pure, 7, 9), (Price{7, 9}));
  const Price limit = limit_for(Accounting::zcdp, 3'000'000, 2'000'001);
  EXPECT_EQ(limit.delta, 1'000'001u);
  EXPECT_EQ(limit.loss, rho_for(3'000'000, 1'000'000));
  EXPECT_EQ(limit_for(Accounting::zcdp, 3'000'000, 1), Price{});
}

}  // namespace
}  // namespace gbx::privacy
