// How long selection and noise take: one draw at several scales, and a whole release of 100,000
// groups with persons and one sum each.

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

void release(benchmark::State& state) {
  const Plan plan = *make_plan({.grouped = true,
                                .groups_per_person = 1,
                                .people_min = 20,
                                .measures = {{.per_group = 1000}},
                                .price = {1'000'000, std::uint64_t{1} << 40}});
  std::vector<ExactGroup> groups;
  groups.reserve(static_cast<std::size_t>(state.range(0)));
  for (std::int64_t i = 0; i < state.range(0); i++) groups.push_back({{Cell(i)}, {40, 9000}});
  crypto::SystemEntropy entropy;
  for (auto unused : state) {
    state.PauseTiming();
    Aggregate exact = room::Engine::make(groups);
    Reservation reservation = stat::reservation_for(plan);
    state.ResumeTiming();
    auto released = Releaser::release(std::move(exact), plan, std::move(reservation), entropy);
    benchmark::DoNotOptimize(released);
  }
  state.counters["per_draw"] = benchmark::Counter(
      static_cast<double>(2 * state.range(0)),
      benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);  // seconds
}
BENCHMARK(release)->Arg(1)->Arg(100'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace gbx::privacy

BENCHMARK_MAIN();
