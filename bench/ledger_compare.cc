// What a charge costs until it is on disk, beside what the disk asks for the same bytes, and how
// long a room's whole past takes to be read again, beside its hashes alone.
//
//   ledger_compare [--json FILE]

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "bench/report.h"
#include "enclave/channel.h"
#include "host/ledger.h"
#include "trusted/crypto/entropy.h"
#include "trusted/log/log.h"
#include "trusted/privacy/budget.h"

namespace gbx::bench {
namespace {

namespace fs = std::filesystem;

constexpr int kRounds = 10;
constexpr int kChargesARound = 100;
constexpr std::size_t kReleases = 1'000'000;

// The host's file behind the seam, as in a room on this machine.
class FileStore final : public Store {
 public:
  explicit FileStore(const fs::path& file) : ledger_(file) {}
  Status append(ByteView entry) noexcept override {
    const Error failed{ErrorCode::unavailable, "store_failed"};
    size = entry.size() + 1;
    try {
      if (ledger_.append(entry)) return {};
      return failed;
    } catch (...) {
      return failed;
    }
  }
  std::size_t size = 0;  // of the last line

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

void charge(privacy::Budget& budget, log::Log& log) {
  GBX_CHECK(budget.reserve({{"exposures", "purchases"}, {1, 0}, {}}, log));
}

// Two tables charged in one step, chained, written and synced; in turn with as many bytes appended
// to a file beside it and synced.
Line charges(const fs::path& folder, const std::string& where, const std::string& note) {
  const fs::path ours = folder / "ledger_compare.log";
  const fs::path plain = folder / "ledger_compare.plain";
  fs::remove(ours);
  fs::remove(plain);
  crypto::SystemEntropy entropy;
  FileStore store(ours);
  auto log = log::Log::make("bench", store, entropy);
  privacy::Budget budget = full_budget();
  const enclave::Descriptor file(
      ::open(plain.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  GBX_CHECK(file.valid());
  Line out{"a charge until it is on disk, p50, " + where, note, {}, {}, "ms"};
  for (int round = 0; round < kRounds; round++) {
    std::vector<double> charged;
    std::vector<double> written;
    for (int i = 0; i < kChargesARound; i++) {
      charged.push_back(1e3 * seconds_of([&] { charge(budget, *log); }));
      const Bytes line(store.size, 'x');
      written.push_back(1e3 * seconds_of([&] {
                          GBX_CHECK(::write(file.get(), line.data(), line.size()) ==
                                        static_cast<ssize_t>(line.size()) &&
                                    ::fdatasync(file.get()) == 0);
                        }));
    }
    out.ours.push_back(median(charged));
    out.baseline.push_back(median(written));
  }
  fs::remove(ours);
  fs::remove(plain);
  return out;
}

// Every entry's form, number and chain checked.
std::vector<Line> past_releases() {
  crypto::SystemEntropy entropy;
  MemoryStore store;
  auto log = log::Log::make("bench", store, entropy);
  privacy::Budget budget = full_budget();
  for (std::size_t i = 0; i < kReleases; i++) charge(budget, *log);
  Line processor{"1,000,000 past releases read and checked, processor time",
                 "goal 1; baseline: the chain's hashes alone",
                 {},
                 {}};
  Line wall{"1,000,000 past releases read and checked, wall time", "", {}, {}};
  for (int round = 0; round < kRounds; round++) {
    processor.ours.push_back(processor_seconds_of([&] {
      wall.ours.push_back(seconds_of([&] {
        const auto replay = log::replay("bench", store.entries);
        GBX_CHECK(replay && replay->head == log->head());
      }));
    }));
    processor.baseline.push_back(processor_seconds_of([&] {
      log::Head head = log::empty_head("bench");
      for (const Bytes& entry : store.entries) head = log::extend(head, entry);
      GBX_CHECK(head == log->head());
    }));
  }
  return {processor, wall};
}

}  // namespace
}  // namespace gbx::bench

int main(int argc, char** argv) {
  const std::string json = argc == 3 && std::string_view(argv[1]) == "--json" ? argv[2] : "";
  std::vector<gbx::bench::Line> lines = gbx::bench::past_releases();
  lines.push_back(gbx::bench::charges(
      std::filesystem::current_path(), "this disk",
      "goal 2; baseline: as many bytes appended and synced, the least this disk takes"));
  lines.push_back(
      gbx::bench::charges("/dev/shm", "in memory", "what is ours of it: no disk under the file"));
  gbx::bench::report(lines, json);
  return 0;
}
