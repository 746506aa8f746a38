// What privacy costs: selection and noise for 100,000 groups; all that a room does for privacy
// beside the query that it protects; parse, check and price of a question of 2 KB, as the user
// waits for it.
//
//   privacy_compare [--json FILE] [--rows N]

#include <cstdio>
#include <filesystem>
#include <string>

#include "bench/attribution.h"
#include "bench/report.h"
#include "bench/tpch.h"
#include "enclave/worker_pool.h"
#include "tests/stat/exact.h"
#include "trusted/crypto/entropy.h"
#include "trusted/firewall/check.h"
#include "trusted/log/log.h"
#include "trusted/privacy/release.h"

namespace gbx::bench {
namespace {

constexpr int kRounds = 10;
constexpr int kQuestionsARound = 30;
constexpr std::size_t kManyGroups = 100'000;
constexpr std::size_t kQuestionBytes = 2048;

class MemoryStore final : public Store {
 public:
  Status append(ByteView entry) noexcept override {
    bytes += entry.size();
    return {};
  }
  std::size_t bytes = 0;
};

privacy::Plan plan_of(privacy::Accounting accounting, std::uint32_t groups, std::int64_t sum) {
  const bool pure = accounting == privacy::Accounting::pure;
  return *privacy::make_plan(
      {.accounting = accounting,
       .grouped = true,
       .groups_per_person = groups,
       .people_min = 20,
       .measures = {{.per_group = sum}},
       .price = {pure ? privacy::kEpsilonUnit : privacy::kRhoUnit / 2, std::uint64_t{1} << 40}});
}

std::size_t release(const privacy::Plan& plan, std::vector<privacy::ExactGroup> groups,
                    privacy::Reservation reservation) {
  crypto::SystemEntropy entropy;
  auto released = privacy::Releaser::release(room::Engine::make(std::move(groups)), plan,
                                             std::move(reservation), entropy);
  GBX_CHECK(released);
  return released->groups().size();
}

// Persons and one sum each: 200,000 draws.
Line many_groups(privacy::Accounting accounting, const std::string& name) {
  const privacy::Plan plan = plan_of(accounting, 1, 1000);
  std::vector<privacy::ExactGroup> groups;
  for (std::size_t i = 0; i < kManyGroups; i++) {
    groups.push_back({{Cell(static_cast<std::int64_t>(i))}, {40, 9000}});
  }
  Line out{
      "noise and selection, 100,000 groups, " + name, "processor time; goal 100", {}, {}, "ms"};
  for (int round = 0; round < kRounds; round++) {
    std::vector<privacy::ExactGroup> copy = groups;
    privacy::Reservation reservation = stat::reservation_for(plan);
    out.ours.push_back(1e3 * processor_seconds_of(
                                 [&] { release(plan, std::move(copy), std::move(reservation)); }));
  }
  return out;
}

privacy::Budget full_budget() {
  const privacy::Price all{privacy::loss_max(privacy::Accounting::pure), std::uint64_t{1} << 52};
  auto budget =
      privacy::Budget::make(privacy::Accounting::pure, {{"exposures", all}, {"purchases", all}});
  GBX_CHECK(budget && budget->allot("exposures", all) && budget->allot("purchases", all));
  return std::move(budget).value();
}

// Check and price, the charge, selection and noise, of the tutorial's question.
Line share_of_query(std::uint64_t rows) {
  const std::vector<Held> held = seal_both(rows);
  crypto::SystemEntropy entropy;
  MemoryStore store;
  auto log = log::Log::make("bench", store, entropy);
  privacy::Budget budget = full_budget();
  Line out{
      "privacy beside its query, " + std::to_string(rows) + " x " + std::to_string(rows) + " rows",
      "processor time; goal 0.10; plan, charge, selection and noise / the merge",
      {},
      {},
      "ms"};
  for (int round = 0; round < kRounds; round++) {
    std::vector<sql::GroupRow> found;
    out.baseline.push_back(1e3 * processor_seconds_of([&] { found = merge(attribution(), held); }));
    out.ours.push_back(1e3 * processor_seconds_of([&] {
                         const privacy::Plan plan = plan_of(privacy::Accounting::pure, 3, 200'000);
                         auto paid =
                             budget.reserve({{"exposures", "purchases"}, plan.price(), {}}, *log);
                         GBX_CHECK(paid);
                         std::vector<privacy::ExactGroup> groups;
                         for (const sql::GroupRow& row : found) {
                           groups.push_back({row.key, {row.persons, row.sums[0]}});
                         }
                         GBX_CHECK(release(plan, std::move(groups), std::move(*paid)) > 0);
                       }));
  }
  return out;
}

// A question of the size, with a condition that lengthens it.
std::string long_question() {
  std::string out = tpch::queries()[6].room;
  for (int brand = 11; out.size() + 80 < kQuestionBytes; brand = brand == 55 ? 11 : brand + 1) {
    out += " OR (p_brand = 'Brand#" + std::to_string(brand) + "' AND p_size > " +
           std::to_string(brand) + " AND l_quantity < 7)";
  }
  return out;
}

std::vector<Line> checked(const std::string& worker) {
  auto pool = enclave::WorkerPool::start({worker}, {});
  GBX_CHECK(pool.has_value());
  const policy::VerifiedPolicy policy = tpch::policy(150'000);
  const std::string sql = long_question();
  Line all{"parse, check and price, " + std::to_string(sql.size()) + " bytes, wall time, p50",
           "goal 5; parsed by a worker forked for it, as in a room",
           {},
           {},
           "ms"};
  Line check{"of it check and price, processor time", "", {}, {}, "ms"};
  for (int round = 0; round < kRounds; round++) {
    std::vector<double> waited;
    std::vector<double> priced;
    for (int i = 0; i < kQuestionsARound; i++) {
      waited.push_back(1e3 * seconds_of([&] {
                         const auto tree = (*pool)->parse(sql);
                         GBX_CHECK(tree.has_value());
                         priced.push_back(1e3 * processor_seconds_of([&] {
                                            GBX_CHECK(firewall::admit(*tree, sql, policy,
                                                                      {.member = "shopgood"}));
                                          }));
                       }));
    }
    all.ours.push_back(median(waited));
    check.ours.push_back(median(priced));
  }
  return {all, check};
}

int run(const std::string& json, std::uint64_t rows, const std::string& worker) {
  std::vector<Line> lines = checked(worker);
  lines.push_back(many_groups(privacy::Accounting::pure, "Laplace"));
  lines.push_back(many_groups(privacy::Accounting::zcdp, "Gaussian"));
  lines.push_back(share_of_query(rows));
  report(lines, json);
  return 0;
}

}  // namespace
}  // namespace gbx::bench

int main(int count, char** words) {
  std::string json;
  std::uint64_t rows = 10'000'000;
  bool good = count % 2 == 1;
  for (int i = 1; good && i + 1 < count; i += 2) {
    const std::string_view value = words[i + 1];
    if (std::string_view(words[i]) == "--json") {
      json = value;
    } else {
      good = std::string_view(words[i]) == "--rows" && gbx::bench::take_number(value, rows) &&
             rows >= 1000;
    }
  }
  if (!good) {
    std::fputs("privacy_compare [--json FILE] [--rows N]\n", stderr);
    return 2;
  }
  const auto folder = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  return gbx::bench::run(json, rows, (folder / "glovebox-worker").string());
}
