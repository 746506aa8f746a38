// How long selection and noise take: one draw at several scales, a whole release of 100,000 groups
// with persons and one sum each, Laplace and Gaussian, and of 1,000 groups with a median.

#include <benchmark/benchmark.h>

#include "tests/stat/exact.h"
#include "trusted/crypto/entropy.h"
#include "trusted/privacy/release.h"
#include "trusted/privacy/sampler.h"

namespace gbx::privacy {
namespace {

void draw(benchmark::State& state) {
  crypto::SystemEntropy entropy;
  RandomBits bits(entropy);
  const Scale scale{static_cast<std::uint64_t>(state.range(0)), 1};
  for (auto unused : state) benchmark::DoNotOptimize(*discrete_laplace(bits, scale));
  state.counters["steps"] =
      benchmark::Counter(static_cast<double>(bits.steps()), benchmark::Counter::kAvgIterations);
}
BENCHMARK(draw)->Arg(1)->Arg(10)->Arg(1'000)->Arg(1'000'000)->Arg(std::int64_t{1} << 61);

void draw_gaussian(benchmark::State& state) {
  crypto::SystemEntropy entropy;
  RandomBits bits(entropy);
  const auto sigma = static_cast<std::uint64_t>(state.range(0));
  const bool fine = sigma < kSigmaFine;
  const Sigma wanted{fine ? sigma * kSigmaGrid : sigma, fine ? kSigmaGrid : 1};
  for (auto unused : state) benchmark::DoNotOptimize(*discrete_gaussian(bits, wanted));
  state.counters["steps"] =
      benchmark::Counter(static_cast<double>(bits.steps()), benchmark::Counter::kAvgIterations);
}
BENCHMARK(draw_gaussian)->Arg(1)->Arg(10)->Arg(1'000)->Arg(1'000'000);

void release_plan(benchmark::State& state, const Plan& plan,
                  const std::vector<ExactGroup>& groups) {
  crypto::SystemEntropy entropy;
  for (auto unused : state) {
    state.PauseTiming();
    Aggregate exact = room::Engine::make(groups);
    Reservation reservation = stat::reservation_for(plan);
    state.ResumeTiming();
    auto released = Releaser::release(std::move(exact), plan, std::move(reservation), entropy);
    benchmark::DoNotOptimize(released);
  }
}

PlanRequest request(Accounting accounting) {
  return {.accounting = accounting,
          .grouped = true,
          .groups_per_person = 1,
          .people_min = 20,
          .measures = {{.per_group = 1000}},
          .price = {accounting == Accounting::pure ? kEpsilonUnit : kRhoUnit / 2,
                    std::uint64_t{1} << 40}};
}

std::vector<ExactGroup> groups_of(std::int64_t count, const Histogram* histogram) {
  std::vector<ExactGroup> out;
  out.reserve(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; i++) {
    out.push_back({{Cell(i)}, {40, 9000}});
    if (histogram != nullptr) out.back().histograms = {*histogram};
  }
  return out;
}

void release_laplace(benchmark::State& state) {
  release_plan(state, *make_plan(request(Accounting::pure)), groups_of(state.range(0), nullptr));
}
BENCHMARK(release_laplace)->Arg(1)->Arg(100'000)->Unit(benchmark::kMillisecond);

void release_gaussian(benchmark::State& state) {
  release_plan(state, *make_plan(request(Accounting::zcdp)), groups_of(state.range(0), nullptr));
}
BENCHMARK(release_gaussian)->Arg(1)->Arg(100'000)->Unit(benchmark::kMillisecond);

void release_median(benchmark::State& state) {
  PlanRequest asked = request(Accounting::pure);
  asked.measures[0].bins = 65536;
  asked.measures[0].fractions = {500'000};
  Histogram histogram;
  for (std::uint32_t bin = 0; bin < 9000; bin++) histogram.push_back({7 * bin, 1});
  release_plan(state, *make_plan(asked), groups_of(state.range(0), &histogram));
}
BENCHMARK(release_median)->Arg(1)->Arg(1'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace gbx::privacy

BENCHMARK_MAIN();
