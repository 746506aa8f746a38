// The numbers behind the figures of docs/explanation/choosing-epsilon.md, as JSON on stdout: from
// the plans that a room would make, and for the first figure from draws of the sampler as well.
// bench/figures.py draws them.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "trusted/crypto/entropy.h"
#include "trusted/privacy/confidence.h"
#include "trusted/privacy/mechanism.h"

namespace gbx::privacy {
namespace {

constexpr std::int64_t kPeopleMin = 20;
constexpr std::int64_t kWanted = 30;  // the error of a count that figures 3 and 4 want
constexpr double kDelta = 1e-6;
constexpr int kDraws = 20'000;

struct Point {
  double x = 0;
  double y = 0;
};

struct Series {
  std::string name;
  std::vector<Point> points;
};

std::uint64_t units(double epsilon) {
  return static_cast<std::uint64_t>(std::llround(epsilon * static_cast<double>(kEpsilonUnit)));
}

// A grouped question for the number of people, at delta 1e-6.
PlanRequest request_of(Accounting accounting, double epsilon, std::uint32_t groups) {
  PlanRequest out;
  out.accounting = accounting;
  out.laplace = accounting == Accounting::pure;
  out.grouped = true;
  out.groups_per_person = groups;
  out.people_min = kPeopleMin;
  const std::uint64_t loss = units(epsilon);
  out.price = {accounting == Accounting::pure ? loss : rho_of_epsilon(loss),
               static_cast<std::uint64_t>(kDelta * static_cast<double>(kDeltaUnit))};
  return out;
}

Mechanism mechanism_for(const PlanRequest& request) {
  return mechanism_of(make_plan(request).value()).value();
}

// The 95 % point of the size of noise, from draws.
double measured(RandomBits& bits, const Noise& noise) {
  std::vector<double> sizes;
  sizes.reserve(kDraws);
  for (int i = 0; i < kDraws; i++) {
    sizes.push_back(std::abs(static_cast<double>(draw(bits, noise).value())));
  }
  std::sort(sizes.begin(), sizes.end());
  return sizes[kDraws * 95 / 100];
}

std::vector<Series> error_of_a_count() {
  crypto::SystemEntropy entropy;
  RandomBits bits(entropy);
  std::vector<Series> out;
  for (const Accounting accounting : {Accounting::pure, Accounting::zcdp}) {
    for (const std::uint32_t groups : {1U, 4U}) {
      const std::string name =
          std::string(accounting == Accounting::pure ? "Laplace" : "Gaussian") + ", " +
          std::to_string(groups) + (groups == 1 ? " group" : " groups");
      Series line{name, {}};
      Series dots{name + ", drawn", {}};
      for (int step = 0; step <= 16; step++) {
        const double epsilon = 0.02 * std::pow(10.0, step / 8.0);
        const Noise noise = mechanism_for(request_of(accounting, epsilon, groups)).noises.front();
        line.points.push_back({epsilon, static_cast<double>(half_width(noise))});
        if (step % 4 == 0) dots.points.push_back({epsilon, measured(bits, noise)});
      }
      out.push_back(std::move(line));
      out.push_back(std::move(dots));
    }
  }
  return out;
}

// A question for a sum at epsilon 1, which the number of people shares with it.
std::vector<Series> chance_to_be_shown() {
  std::vector<Series> out;
  for (const char* name : {"Laplace threshold", "Gaussian threshold", "coin"}) {
    const bool gaussian = name[0] == 'G';
    PlanRequest request = request_of(gaussian ? Accounting::zcdp : Accounting::pure, 1, 1);
    request.measures = {{.per_group = 1}};
    request.geometric = name[0] == 'c';
    request.persons_asked = !request.geometric;
    const Mechanism mechanism = mechanism_for(request);
    Series series{name, {}};
    for (std::int64_t n = 10; n <= 70; n++) {
      series.points.push_back({static_cast<double>(n), keep_probability(mechanism, n)});
    }
    out.push_back(std::move(series));
  }
  return out;
}

// The least loss for which the noise of a count is within kWanted.
std::uint64_t loss_wanted(NoiseKind noise, std::uint64_t high) {
  std::uint64_t low = 0;
  while (high - low > 1) {
    const std::uint64_t middle = low + (high - low) / 2;
    const auto width = half_width(1, Statistic{1, 1, noise, middle});
    (width && *width <= kWanted ? high : low) = middle;
  }
  return high;
}

std::vector<Series> questions_of_a_budget() {
  const std::uint64_t epsilon = loss_wanted(NoiseKind::laplace, kEpsilonMax);
  const std::uint64_t rho = loss_wanted(NoiseKind::gaussian, kRhoMax);
  const auto delta = static_cast<std::uint64_t>(kDelta * static_cast<double>(kDeltaUnit));
  Series pure{"pure, Laplace", {}};
  Series zcdp{"zcdp, Gaussian", {}};
  for (int step = 2; step <= 24; step++) {
    const double promise = step * 0.25;
    const auto limit = limit_for(Accounting::zcdp, units(promise), delta).loss;
    const std::uint64_t of_pure = units(promise) / epsilon;
    pure.points.push_back({promise, static_cast<double>(of_pure)});
    const std::uint64_t of_zcdp = limit / rho;
    zcdp.points.push_back({promise, static_cast<double>(of_zcdp)});
  }
  return {pure, zcdp};
}

std::vector<Series> epsilon_of_many() {
  const std::uint64_t epsilon = loss_wanted(NoiseKind::laplace, kEpsilonMax);
  const auto gaussian = static_cast<double>(loss_wanted(NoiseKind::gaussian, kRhoMax));
  const auto laplace = static_cast<double>(rho_of_epsilon(epsilon));
  Series pure{"pure, Laplace", {}};
  Series mixed{"zcdp, Laplace", {}};
  Series zcdp{"zcdp, Gaussian", {}};
  for (int questions = 1; questions <= 120; questions += questions < 10 ? 1 : 3) {
    const double n = questions;
    const auto spent = [&](double rho) {
      return epsilon_of_rho(n * rho / static_cast<double>(kRhoUnit), kDelta);
    };
    pure.points.push_back(
        {n, n * static_cast<double>(epsilon) / static_cast<double>(kEpsilonUnit)});
    mixed.points.push_back({n, spent(laplace)});
    zcdp.points.push_back({n, spent(gaussian)});
  }
  return {pure, mixed, zcdp};
}

void print(const char* name, const std::vector<Series>& figure, bool last) {
  std::printf(" \"%s\": {\n", name);
  for (std::size_t i = 0; i < figure.size(); i++) {
    std::printf("  \"%s\": [", figure[i].name.c_str());
    for (std::size_t p = 0; p < figure[i].points.size(); p++) {
      std::printf("%s[%.4g, %.6g]", p == 0 ? "" : ", ", figure[i].points[p].x,
                  figure[i].points[p].y);
    }
    std::printf("]%s\n", i + 1 == figure.size() ? "" : ",");
  }
  std::printf(" }%s\n", last ? "" : ",");
}

}  // namespace
}  // namespace gbx::privacy

int main() {
  using gbx::privacy::print;
  std::printf("{\n");
  print("error", gbx::privacy::error_of_a_count(), false);
  print("shown", gbx::privacy::chance_to_be_shown(), false);
  print("questions", gbx::privacy::questions_of_a_budget(), false);
  print("spent", gbx::privacy::epsilon_of_many(), true);
  std::printf("}\n");
  return 0;
}
