// Does the time that a room works on a question tell who is in the data, or what noise was drawn?
// Whole questions: unsealed, parsed (from memory), admitted, charged, answered, noised, signed and
// sealed; the processor time of this thread, so that other work on the machine counts little.
//
// Sign test. Two questions are asked one after the other; which of two rooms goes first is decided
// by a coin. Let p be the chance that the room with the person is the slower one of a pair (equal
// times: another coin); 1/2 if time tells nothing. Of n pairs its share p^ has
// P[|p^ - p| > t] <= 2 e^(-2 n t^2) (Hoeffding), which is kAlarm at t = sqrt(ln(2 / kAlarm) / 2n).
// Whatever else makes times differ (drift, other load) does not count: the coin is independent of
// it. The same for noise: of two answers of one room the noises are exchangeable, whatever the
// times are.
//
// The claim is |p - 1/2| <= kSeen: one look at the clock guesses right in six of ten cases at most.
// It fails by chance, where it is true, with probability at most kAlarm. It is no claim that
// nothing is to be seen: docs/threat-model.md, "Timing".

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <ctime>
#include <random>

#include "tests/sim/world.h"

namespace gbx::sim {
namespace {

constexpr double kAlarm = 1e-9;
constexpr double kSeen = 0.1;

// `ctest -L long` asks more often.
std::size_t pairs() {
  const char* times = std::getenv("GBX_STAT_TIMES");
  return 800 * (times == nullptr ? 1 : std::strtoull(times, nullptr, 10));
}

double allowed(std::size_t n) {
  return kSeen + std::sqrt(std::log(2 / kAlarm) / (2 * static_cast<double>(n)));
}

std::int64_t processor_time() {
  timespec now{};
  GBX_CHECK(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) == 0);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

// In how many of n comparisons the first was larger; a coin decides between equals.
class Signs {
 public:
  void compare(std::int64_t a, std::int64_t b) {
    n_++;
    larger_ += a > b || (a == b && coin() ? 1U : 0U);
  }
  bool coin() { return (random_() & 1) != 0; }
  // How far the share is from one half.
  [[nodiscard]] double bias() const {
    return static_cast<double>(larger_) / static_cast<double>(n_) - 0.5;
  }

 private:
  std::mt19937_64 random_{20261121};
  std::size_t n_ = 0;
  std::size_t larger_ = 0;
};

constexpr std::string_view kQuestion =
    "SELECT COUNT(DISTINCT hashed_email) AS n, SUM(total_spent) AS s "
    "FROM exposures JOIN purchases USING (hashed_email)";

// A room that is asked the same again and again, each time at another price: never a repeat.
class Asked {
 public:
  explicit Asked(const Data& data) : world_(700, data) {
    world_.policy.privacy.open_rows = privacy::OpenRows::show;
    world_.policy.privacy.epsilon = 100'000'000;
    world_.terms.allotment = {100'000'000, std::uint64_t{1} << 50};
    GBX_CHECK(world_.open());
    for (int i = 0; i < 20; i++) time();  // warm
  }

  std::int64_t time() {
    const std::string price = std::to_string(kPrice + asked_++);
    world_.asked_epsilon = "0." + std::string(6 - price.size(), '0') + price;
    const std::string request = world_.make_request(kQuestion);
    const std::int64_t begin = processor_time();
    answer_ = world_.call(enclave::Call::query, request);
    const std::int64_t out = processor_time() - begin;
    GBX_CHECK(answer_.call == enclave::Call::answer);
    world_.transcript.clear();
    return out;
  }
  // How far the number of persons in the last answer is from what it was made of.
  [[nodiscard]] std::int64_t noise(std::int64_t persons) const {
    const auto read = world_.read(answer_);
    const auto* shown = std::get_if<std::int64_t>(&read->table.rows.at(0).at(0).value);
    return std::abs(*shown - persons);
  }

  World& world() { return world_; }

 private:
  static constexpr std::uint64_t kPrice = 4000;  // in 10^-6
  World world_;
  std::uint64_t asked_ = 0;
  enclave::Frame answer_;
};

Data with_one_more() {
  Data data = example_data();
  data.exposures.push_back({999, "autumn", 19500});
  data.purchases.push_back({999, 19600, 50000});
  return data;
}

// How far from one half the share of pairs is in which `b` took longer.
double bias_of(Asked& a, Asked& b, std::size_t n) {
  Signs signs;
  for (std::size_t i = 0; i < n; i++) {
    const bool first = signs.coin();
    const std::int64_t one = first ? a.time() : b.time();
    const std::int64_t other = first ? b.time() : a.time();
    signs.compare(first ? other : one, first ? one : other);
  }
  return signs.bias();
}

TEST(Timing, OfOnePersonMoreIsNotSeen) {
  Asked without(example_data());
  Asked with(with_one_more());
  const double bias = bias_of(without, with, pairs());
  RecordProperty("bias", std::to_string(bias));
  EXPECT_LT(std::abs(bias), allowed(pairs()));
}

TEST(Timing, OfNoiseIsNotSeen) {
  Asked room(example_data());
  constexpr std::int64_t kPersons = 301;
  Signs signs;
  for (std::size_t i = 0; i < pairs(); i++) {
    const std::int64_t first = room.time();
    const std::int64_t first_noise = room.noise(kPersons);
    const std::int64_t second = room.time();
    const std::int64_t second_noise = room.noise(kPersons);
    const bool slower = first > second || (first == second && signs.coin());
    signs.compare(slower ? first_noise : second_noise, slower ? second_noise : first_noise);
  }
  RecordProperty("bias", std::to_string(signs.bias()));
  EXPECT_LT(std::abs(signs.bias()), allowed(pairs()));
}

// The comparison has eyes: an engine that does everything ten times when the person is
// there.
TEST(TimingFinds, AnEngineThatWorksLongerForAPerson) {
  Asked without(example_data());
  Asked with(with_one_more());
  with.world().engine.runs_each = 10;
  EXPECT_GT(bias_of(without, with, pairs()), allowed(pairs()));
}

}  // namespace
}  // namespace gbx::sim
