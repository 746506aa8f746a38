// A model check of the budget and the log together: random interleavings of queries over tables,
// against a store that fails at chosen writes. What must hold after every step:
//   - the charges of a table never exceed its allotment, and equal an independent sum;
//   - a Reservation exists only when the entry of its charge is in the store;
//   - a refusal changes nothing, and depends on nothing but what an observer can compute too;
//   - the entries replay to the log's head.
// Tables' budgets read no clock, so one that jumps changes nothing of them; members' rations do,
// and are walked with a clock that goes on, stands, jumps and goes back.

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "tests/stat/exact.h"
#include "trusted/log/log.h"
#include "trusted/privacy/budget.h"

namespace gbx::privacy {
namespace {

// Fails at every write whose number is in `failing`; every other failure keeps the entry all the
// same, as a crash between write and confirmation does.
class FaultyStore final : public Store {
 public:
  Status append(ByteView entry) noexcept override {
    const std::size_t call = calls_++;
    const bool fails = failing.count(call) > 0;
    if (!fails || call % 2 == 0) entries.emplace_back(entry.begin(), entry.end());
    if (fails) return Error{ErrorCode::unavailable, "store_failed"};
    return {};
  }
  [[nodiscard]] std::size_t calls() const { return calls_; }
  std::set<std::size_t> failing;
  std::vector<Bytes> entries;

 private:
  std::size_t calls_ = 0;
};

const std::vector<std::string> kTables = {"a", "b", "c"};
constexpr Price kAllotment{1'000'000, 5'000};

struct World {
  explicit World(std::uint64_t seed, Accounting in = Accounting::pure)
      : accounting(in), random(seed) {
    for (const std::string& table : kTables) EXPECT_TRUE(budget.allot(table, kAllotment));
  }

  std::uint64_t below(std::uint64_t bound) { return random() % bound; }

  Charge next_charge() {
    Charge out;
    while (out.tables.empty()) {
      for (const std::string& table : kTables) {
        if (below(2) == 0) out.tables.push_back(table);
      }
    }
    out.price = {1 + below(150'000), 1 + below(900)};
    out.query[0] = static_cast<std::uint8_t>(queries);
    out.query[1] = static_cast<std::uint8_t>(queries >> 8);
    queries++;
    return out;
  }

  // What an observer expects, from public facts.
  [[nodiscard]] bool affordable(const Charge& charge) {
    for (const std::string& table : charge.tables) {
      if (!covers(kAllotment, add(charged[table], charge.price))) return false;
    }
    return true;
  }

  void step() {
    const Charge charge = next_charge();
    const bool expected = affordable(charge);
    const std::size_t calls = store.calls();
    const auto reservation = budget.reserve(charge, log);
    if (expected) {
      for (const std::string& table : charge.tables) {
        charged[table] = add(charged[table], charge.price);
      }
    } else {
      EXPECT_EQ(reservation.error().code, ErrorCode::budget_exhausted);
      EXPECT_EQ(store.calls(), calls);
    }
    if (reservation) paid.push_back(to_hex(charge.query));
    for (const std::string& table : kTables) {
      EXPECT_EQ(*budget.spent(table), charged[table]);
      EXPECT_TRUE(covers(kAllotment, *budget.spent(table)));
    }
  }

  void check_log() {
    const auto replayed = log::replay("room/test", store.entries);
    ASSERT_TRUE(replayed);
    std::set<std::string> stored;
    std::map<std::string, Price> written;
    for (const std::string_view text : replayed->bodies) {
      const Json body = *Json::parse_canonical(text);
      EXPECT_TRUE(stored.insert(*body.find("query")->string()).second) << "one charge, one entry";
      const Price price{*parse_loss(accounting, *body.find(loss_name(accounting))->string()),
                        *parse_delta(*body.find("delta")->string())};
      for (const Json& table : *body.find("tables")->array()) {
        Price& sum = written[*table.find("table")->string()];
        sum = add(sum, price);
      }
    }
    for (const std::string& query : paid) EXPECT_EQ(stored.count(query), 1u);
    for (const auto& [table, price] : written) EXPECT_TRUE(covers(charged[table], price));
  }

  Accounting accounting;
  std::mt19937_64 random;
  stat::SeededEntropy entropy{5};
  FaultyStore store;
  log::Log log = *log::Log::make("room/test", store, entropy);
  Budget budget =
      *Budget::make(accounting, {{"a", kAllotment}, {"b", kAllotment}, {"c", kAllotment}});
  std::map<std::string, Price> charged;
  std::vector<std::string> paid;
  std::uint64_t queries = 0;
};

constexpr int kSteps = 60;

TEST(Ledger, NeverOverspendsWhateverTheOrder) {
  for (const Accounting accounting : {Accounting::pure, Accounting::zcdp}) {
    for (std::uint64_t seed = 0; seed < 300; seed++) {
      World world(seed, accounting);
      for (int i = 0; i < kSteps; i++) world.step();
      world.check_log();
      EXPECT_FALSE(world.paid.empty());
    }
  }
}

TEST(Ledger, HoldsWhenTheNthWriteFails) {
  for (std::size_t n = 0; n < 80; n++) {
    World world(n, n % 2 == 0 ? Accounting::pure : Accounting::zcdp);
    world.store.failing = {n / 2};
    for (int i = 0; i < kSteps; i++) world.step();
    world.check_log();
  }
}

TEST(Ledger, HoldsWhenManyWritesFail) {
  for (std::uint64_t seed = 0; seed < 300; seed++) {
    World world(seed);
    for (std::size_t i = 0; i < 200; i++) {
      if (world.below(3) == 0) world.store.failing.insert(i);
    }
    for (int i = 0; i < kSteps; i++) world.step();
    world.check_log();
  }
}

TEST(Ledger, AStoreThatIsDeadBuysNothingAndEndsTheBudget) {
  World world(1);
  for (std::size_t i = 0; i < 10'000; i++) world.store.failing.insert(i);
  for (int i = 0; i < 200; i++) world.step();
  EXPECT_TRUE(world.paid.empty());
  EXPECT_GT(world.charged["a"].loss, 500'000u);
}

// Whoever remembers a head refuses every older, longer or changed list of entries: what a host
// could put back to make charges forgotten.
TEST(Ledger, RestoredFilesDoNotHaveTheHeadThatIsRemembered) {
  World world(7, Accounting::zcdp);
  for (int i = 0; i < kSteps; i++) world.step();
  const std::vector<Bytes>& entries = world.store.entries;
  ASSERT_GT(entries.size(), 8u);
  const auto refused = [&](const std::vector<Bytes>& restored) {
    const auto replayed = log::replay("room/test", restored);
    return !replayed || replayed->head != world.log.head();
  };
  EXPECT_FALSE(refused(entries));
  for (std::size_t size = 0; size < entries.size(); size++) {  // an older file
    EXPECT_TRUE(refused({entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(size)}));
  }
  for (std::size_t i = 0; i < entries.size(); i++) {
    std::vector<Bytes> without = entries;
    without.erase(without.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_TRUE(refused(without));
    std::vector<Bytes> swapped = entries;
    std::swap(swapped[i], swapped[(i + 1) % entries.size()]);
    EXPECT_TRUE(refused(swapped));
    std::vector<Bytes> changed = entries;
    changed[i].back() ^= 1;
    EXPECT_TRUE(refused(changed));
  }
  World other(8, Accounting::zcdp);  // another run of the same room
  for (int i = 0; i < kSteps; i++) other.step();
  EXPECT_TRUE(refused(other.store.entries));
}

// What a member may be charged, against a model that keeps every charge: by the latest time ever
// seen, no window's sum passes its ration, and exactly what would pass it is refused.
class RationedWorld {
 public:
  explicit RationedWorld(std::uint64_t seed) : random_(seed) {
    GBX_CHECK(budget_.allot("a", {loss_max(Accounting::pure), kDeltaUnit - 1}));
    for (std::size_t i = random_() % 4; i < 200; i += 1 + random_() % 9) store_.failing.insert(i);
  }

  void step() {
    jump();
    const std::string member = random_() % 2 == 0 ? "anna" : "bert";
    const std::uint64_t loss = 1 + random_() % 40'000;
    const bool expected = fits(member, loss);
    const auto reservation = budget_.reserve({{"a"}, {loss, 1}, {}, member, now_}, store_);
    if (!expected) {
      EXPECT_EQ(reservation.error().reason.view(), "ration_exhausted");
      refused++;
      return;
    }
    // A charge counts, even when its entry failed.
    EXPECT_TRUE(reservation || reservation.error().code == ErrorCode::unavailable);
    charges_.push_back({member, latest_, loss});
    for (const auto& [window, length] : kLengths) EXPECT_LE(sum(member, length), most(window));
    answered += reservation ? 1U : 0U;
  }

  std::size_t refused = 0;
  std::size_t answered = 0;

 private:
  static constexpr std::int64_t kDay = 86'400;
  static constexpr std::array<std::pair<Window, std::int64_t>, 2> kLengths{
      {{Window::day, kDay}, {Window::month, 30 * kDay}}};
  static std::uint64_t most(Window window) { return window == Window::day ? 100'000 : 500'000; }

  void jump() {
    const auto by = static_cast<std::int64_t>(random_() % (3 * kDay));
    const std::uint64_t how = random_() % 8;
    if (how == 0) now_ += 10 * by;
    if (how == 1) now_ -= 5 * by;
    if (how == 2) now_ = 0;
    if (how == 3) now_ = latest_;
    if (how >= 5) now_ += by / 30;
    latest_ = std::max(latest_, now_);
  }

  [[nodiscard]] std::uint64_t sum(const std::string& member, std::int64_t length) const {
    std::uint64_t out = 0;
    for (const auto& charge : charges_) {
      if (charge.member == member && charge.when > latest_ - length) out += charge.loss;
    }
    return out;
  }
  [[nodiscard]] bool fits(const std::string& member, std::uint64_t loss) const {
    return std::all_of(kLengths.begin(), kLengths.end(), [&](const auto& window) {
      return sum(member, window.second) + loss <= most(window.first);
    });
  }

  struct Counted {
    std::string member;
    std::int64_t when = 0;
    std::uint64_t loss = 0;
  };
  static std::vector<Ration> rations() {
    return {{Window::day, Accounting::pure, most(Window::day)},
            {Window::month, Accounting::pure, most(Window::month)}};
  }

  std::mt19937_64 random_;
  FaultyStore store_;
  Budget budget_ =
      *Budget::make(Accounting::pure, {{"a", {loss_max(Accounting::pure), kDeltaUnit - 1}}},
                    Rations({{"anna", rations()}, {"bert", rations()}}));
  std::int64_t now_ = 1'790'000'000;
  std::int64_t latest_ = 0;
  std::vector<Counted> charges_;
};

TEST(Ledger, RationsHoldWhateverTheClockDoes) {
  std::size_t refused = 0;
  std::size_t answered = 0;
  for (std::uint64_t seed = 0; seed < 300; seed++) {
    RationedWorld world(seed);
    for (int i = 0; i < kSteps; i++) world.step();
    refused += world.refused;
    answered += world.answered;
  }
  EXPECT_GT(refused, 1000U);
  EXPECT_GT(answered, 1000U);
}

// An owner's whole amount, handed to boot after boot in parts; each boot ends by a crash at some
// write and takes what it was allotted with it. A boot begins with nothing, so whatever a host
// restores, all releases of all boots together stay within the owner's amount.
TEST(Ledger, BootsTogetherStayWithinWhatTheOwnerHandedOut) {
  for (std::uint64_t seed = 0; seed < 100; seed++) {
    std::mt19937_64 random(seed);
    Price at_home = kAllotment;
    Price released;
    int boots = 0;
    for (; at_home.loss > 0 && at_home.delta > 0; boots++) {
      const Price part{1 + random() % at_home.loss, 1 + random() % at_home.delta};
      FaultyStore store;
      for (std::size_t i = random() % 8; i < 100; i++) store.failing.insert(i);
      Budget budget = *Budget::make(Accounting::zcdp, {{"t", kAllotment}});
      const Charge early{{"t"}, {1, 1}, {}};
      EXPECT_EQ(budget.reserve(early, store).error().code, ErrorCode::budget_exhausted);
      ASSERT_TRUE(budget.allot("t", part));
      EXPECT_FALSE(budget.allot("t", part));  // the same key release, again
      at_home = minus(at_home, part);
      for (int i = 0; i < 12; i++) {
        const Price price{1 + random() % 40'000, 1 + random() % 200};
        const auto reservation = budget.reserve({{"t"}, price, {}}, store);
        if (reservation) released = add(released, reservation->price());
      }
    }
    EXPECT_GT(boots, 1);
    EXPECT_GT(released.loss, 0u);
    EXPECT_TRUE(covers(kAllotment, released));
  }
}

}  // namespace
}  // namespace gbx::privacy
