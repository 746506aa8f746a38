// What our ledgers promise against Google's dp-accounting: oracle/oracle.txt holds its epsilons for
// the same sums of charges, oracle/oracle.py makes them, and `./dev test --long` makes them anew. A
// promise of ours must never be below the oracle's tight (PLD) epsilon.

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <map>
#include <sstream>

#include "tests/stat/exact.h"
#include "trusted/privacy/mechanism.h"

namespace gbx::privacy {
namespace {

using Epsilons = std::map<double, double>;  // by delta

std::map<std::string, Epsilons> read_oracle() {
  std::ifstream file(GBX_SOURCE_DIR "/tests/stat/oracle/oracle.txt");
  std::map<std::string, Epsilons> out;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    std::istringstream words(line);
    std::string name;
    words >> name;
    for (const double delta : {1e-5, 1e-6, 1e-9}) {
      std::string epsilon;
      words >> epsilon;
      out[name][delta] = std::strtod(epsilon.c_str(), nullptr);
    }
  }
  return out;
}

const Epsilons& oracle(const std::string& name) {
  static const auto kTable = read_oracle();
  const auto found = kTable.find(name);
  GBX_CHECK(found != kTable.end());
  return found->second;
}

// A ledger of one table, charged for plans.
class Ledger {
 public:
  explicit Ledger(Accounting accounting) : accounting_(accounting) {
    GBX_CHECK(budget_.allot("t", {loss_max(accounting), kDeltaUnit - 1}));
  }

  // `times` releases of one open row with that noise.
  void charge(const Statistic& statistic, int times) {
    Plan plan;
    plan.accounting = accounting_;
    plan.open = true;
    plan.selection = Selection::none;
    plan.statistics = {statistic};
    GBX_CHECK(check_plan(plan));
    for (int i = 0; i < times; i++) GBX_CHECK(budget_.reserve({{"t"}, plan.price(), {}}, store_));
  }
  void charge_delta(const char* delta, int times) {
    for (int i = 0; i < times; i++) {
      GBX_CHECK(budget_.reserve({{"t"}, {1, *parse_delta(delta)}, {}}, store_));
    }
  }

  // The epsilon that was spent, for that whole delta.
  [[nodiscard]] double epsilon(double delta) const {
    const Price spent = *budget_.spent("t");
    const auto loss = static_cast<double>(spent.loss);
    if (accounting_ == Accounting::pure) return loss / kEpsilonUnit;
    const double selections = std::ldexp(static_cast<double>(spent.delta), -60);
    return epsilon_of_rho(loss / kRhoUnit, delta - selections);
  }

 private:
  Accounting accounting_;
  stat::KeepingStore store_;
  Budget budget_ = *Budget::make(accounting_, {{"t", {loss_max(accounting_), kDeltaUnit - 1}}});
};

// sigma is a little above, as gaussian_sigma() rounds up: never more noise than 2^-12 of it.
Statistic gaussian(double sigma) {
  const double rho = 1 / (2 * sigma * sigma);
  return {1, 1, NoiseKind::gaussian,
          static_cast<std::uint64_t>(std::ceil(rho * static_cast<double>(kRhoUnit)))};
}

Statistic laplace(double epsilon) {
  return {1, 1, NoiseKind::laplace, static_cast<std::uint64_t>(std::llround(epsilon * 1e6))};
}

void expect_above(const Ledger& ledger, const std::string& name) {
  for (const auto& [delta, tight] : oracle(name)) {
    if (delta > 1e-8) {
      EXPECT_GE(ledger.epsilon(delta), tight) << name << " " << delta;
      EXPECT_LT(ledger.epsilon(delta), 2 * tight + 0.1) << name << " " << delta;
    }
  }
}

TEST(Oracle, RhoBecomesTheEpsilonOfRenyi) {
  for (const char* sigma : {"0.5", "1", "2", "10", "100"}) {
    const double size = std::strtod(sigma, nullptr);
    for (const auto& [delta, renyi] : oracle(std::string("renyi_gaussian_") + sigma)) {
      const double ours = epsilon_of_rho(1 / (2 * size * size), delta);
      EXPECT_LE(ours, renyi + 1e-6) << sigma;  // theirs takes the best of a list of orders
      EXPECT_GT(ours, renyi * 0.998) << sigma;
      EXPECT_GE(ours, oracle(std::string("gaussian_") + sigma).at(delta)) << sigma;
    }
  }
}

TEST(Oracle, OneGaussianIsNeverBelow) {
  for (const char* sigma : {"1", "2", "10"}) {
    Ledger one(Accounting::zcdp);
    one.charge(gaussian(std::strtod(sigma, nullptr)), 1);
    expect_above(one, std::string("discrete_gaussian_") + sigma);
    Ledger fifty(Accounting::zcdp);
    fifty.charge(gaussian(std::strtod(sigma, nullptr)), 50);
    expect_above(fifty, std::string("50_discrete_gaussian_") + sigma);
  }
}

TEST(Oracle, ManyLaplaceAreNeverBelow) {
  for (const Accounting accounting : {Accounting::pure, Accounting::zcdp}) {
    Ledger fifty(accounting);
    fifty.charge(laplace(0.1), 50);
    expect_above(fifty, "50_discrete_laplace_0.1");
    expect_above(fifty, "50_laplace_10");
    Ledger twenty(accounting);
    twenty.charge(laplace(1), 20);
    expect_above(twenty, "20_discrete_laplace_1");
  }
}

TEST(Oracle, MixedLedgersAreNeverBelow) {
  Ledger first(Accounting::zcdp);
  first.charge(laplace(0.1), 20);
  first.charge(gaussian(10), 20);
  first.charge(laplace(0.1), 5);
  first.charge_delta("1e-8", 5);
  expect_above(first, "20_laplace_10+20_gaussian_10+5_of_0.1_1e-8");
  Ledger second(Accounting::zcdp);
  second.charge(laplace(0.5), 10);
  second.charge(gaussian(3), 40);
  expect_above(second, "10_discrete_laplace_0.5+40_discrete_gaussian_3");
  Ledger third(Accounting::zcdp);
  third.charge(laplace(0.05), 200);
  third.charge(gaussian(1), 2);
  third.charge_delta("1e-7", 3);
  expect_above(third, "200_discrete_laplace_0.05+2_discrete_gaussian_1+3_of_0_1e-7");
}

// The design's table: fifty Gaussians of sigma = 10 and fifty Laplace of b = 10 at 1e-6, tight and
// by Renyi.
TEST(Oracle, IsTheOneOfTheDesign) {
  EXPECT_NEAR(oracle("50_gaussian_10").at(1e-6), 3.30760, 1e-5);
  EXPECT_NEAR(oracle("50_renyi_gaussian_10").at(1e-6), 3.54236, 1e-4);
  EXPECT_NEAR(oracle("50_laplace_10").at(1e-6), 3.12071, 1e-5);
  EXPECT_NEAR(oracle("50_renyi_laplace_10").at(1e-6), 3.29961, 1e-4);
  EXPECT_GT(oracle("renyi_laplace_10").at(1e-6), 0.1);  // above the plain sum: take the minimum
  EXPECT_NEAR(oracle("50_discrete_laplace_0.1").at(1e-6), 3.172903, 1e-6);
  EXPECT_NEAR(oracle("50_discrete_gaussian_10").at(1e-6), 3.307813, 1e-6);
  EXPECT_NEAR(oracle("20_laplace_10+20_gaussian_10+5_of_0.1_1e-8").at(1e-6), 3.03223, 1e-5);
  EXPECT_NEAR(oracle("20_laplace_10+20_gaussian_10+5_of_0.1_1e-8").at(1e-5), 2.70217, 1e-5);
}

}  // namespace
}  // namespace gbx::privacy
