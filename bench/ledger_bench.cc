// What a charge costs until it is on disk, and how long a room's whole past takes to be read again.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>

#include "host/ledger.h"
#include "trusted/crypto/entropy.h"
#include "trusted/log/log.h"
#include "trusted/privacy/budget.h"

namespace gbx::bench {
namespace {

namespace fs = std::filesystem;

// The host's file behind the seam, as in a room on this machine.
class FileStore final : public Store {
 public:
  explicit FileStore(const fs::path& file) : ledger_(file) {}
  Status append(ByteView entry) noexcept override {
    try {
      if (ledger_.append(entry)) return {};
    } catch (...) {
    }
    return Error{ErrorCode::unavailable, "store_failed"};
  }

 private:
  host::Ledger ledger_;
};

class MemoryStore final : public Store {
 public:
  Status append(ByteView entry) noexcept override {
    entries.emplace_back(entry.begin(), entry.end());
    return {};
  }
  std::vector<Bytes> entries;
};

privacy::Budget full_budget() {
  const privacy::Price all{privacy::loss_max(privacy::Accounting::pure), std::uint64_t{1} << 40};
  auto budget =
      privacy::Budget::make(privacy::Accounting::pure, {{"exposures", all}, {"purchases", all}});
  GBX_CHECK(budget && budget->allot("exposures", all) && budget->allot("purchases", all));
  return std::move(budget).value();
}

// Two tables charged in one step, chained, written and synced. The counter p50_ms is the median.
void charge_synced(benchmark::State& state) {
  const fs::path file = fs::current_path() / "ledger_bench.log";
  fs::remove(file);
  crypto::SystemEntropy entropy;
  FileStore store(file);
  auto log = log::Log::make("bench", store, entropy);
  privacy::Budget budget = full_budget();
  std::vector<double> times;
  for (auto unused : state) {
    const auto begin = std::chrono::steady_clock::now();
    const auto reservation = budget.reserve({{"exposures", "purchases"}, {1, 0}, {}}, *log);
    GBX_CHECK(reservation);
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
    times.push_back(took.count());
  }
  std::sort(times.begin(), times.end());
  state.counters["p50_ms"] = times[times.size() / 2];
  state.counters["p99_ms"] = times[times.size() * 99 / 100];
  fs::remove(file);
}
BENCHMARK(charge_synced)->Unit(benchmark::kMillisecond);

// Every entry parsed, its number and chain checked.
void read_past_releases(benchmark::State& state) {
  crypto::SystemEntropy entropy;
  MemoryStore store;
  auto log = log::Log::make("bench", store, entropy);
  privacy::Budget budget = full_budget();
  for (std::int64_t i = 0; i < state.range(0); i++) {
    GBX_CHECK(budget.reserve({{"exposures", "purchases"}, {1, 0}, {}}, *log));
  }
  for (auto unused : state) {
    const auto replay = log::replay("bench", store.entries);
    GBX_CHECK(replay && replay->head == log->head());
  }
}
BENCHMARK(read_past_releases)
    ->Arg(10'000)
    ->Arg(1'000'000)
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace gbx::bench

BENCHMARK_MAIN();
