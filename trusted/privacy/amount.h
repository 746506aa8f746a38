#pragma once

// Amounts of privacy: what a release costs, what a budget holds, and how both are shown.
//
// A ledger keeps one of three sums. `pure`: epsilons add (basic composition). `zcdp`: rhos add,
// where a release is (rho, delta)-approximately zero-concentrated private; many releases cost far
// less there, and Gaussian noise has a price only there. `queries`: releases are counted, and
// nothing is promised about persons (threshold-only; docs/spec/privacy.md). The first two bound
// every adaptive sequence of queries and prices, and stopping at a limit is a valid filter: Rogers,
// Roth, Ullman, Vadhan, arXiv:1605.08294 (pure); Whitehouse, Ramdas, Rogers, Wu, arXiv:2203.05481
// (zcdp). An attacker chooses queries and so amounts; sums are exact integers that stop at the
// largest number, which no budget covers. Pure functions, thread-safe.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "trusted/base/result.h"

namespace gbx::privacy {

enum class Accounting : std::uint8_t { pure, zcdp, queries };

constexpr std::uint64_t kEpsilonUnit = 1'000'000;             // epsilon is in 10^-6
constexpr std::uint64_t kRhoUnit = std::uint64_t{1} << 40;    // rho is in 2^-40
constexpr std::uint64_t kDeltaUnit = std::uint64_t{1} << 60;  // delta is in 2^-60
constexpr std::uint64_t kEpsilonMax = 1000 * kEpsilonUnit;
constexpr std::uint64_t kRhoMax = 4096 * kRhoUnit;  // 2^52: a number that canonical JSON can say
constexpr std::uint64_t kQueriesMax = 1'000'000'000;

struct Price {
  // Epsilon in 10^-6, rho in 2^-40 or a number of queries: as the ledger's accounting says.
  std::uint64_t loss = 0;
  std::uint64_t delta = 0;  // in 2^-60; where queries are counted, 0
  friend bool operator==(Price, Price) = default;
};

// a + b, each part saturating.
Price add(Price a, Price b);
// True when `have` suffices for `want` in both parts.
bool covers(Price have, Price want);
// `have` must cover `spent`.
Price minus(Price have, Price spent);
// Whether both parts are there, or the one that there is where queries are counted.
bool is_amount(Accounting accounting, Price price);
// The largest loss that a ledger of that kind can hold or be charged.
std::uint64_t loss_max(Accounting accounting);

// "0.1" -> 100000; "1e-6" is allowed too. At most 6 digits after the point, in (0, 1000]. Fails
// with invalid_argument.
Result<std::uint64_t> parse_epsilon(std::string_view text);
// The shortest decimal; exact.
std::string format_epsilon(std::uint64_t epsilon);
// "1e-6" or "0.000001" -> units of 2^-60, rounded down so that no one gets more than was written;
// what is charged is the rounded number, and noise and thresholds are made from that same number.
// In (0, 1). Fails with invalid_argument.
Result<std::uint64_t> parse_delta(std::string_view text);
// The shortest decimal that parse_delta() reads back as `delta`; "0" for 0. `delta` < 2^60.
std::string format_delta(std::uint64_t delta);
// The same for rho, in (0, 4096].
Result<std::uint64_t> parse_rho(std::string_view text);
std::string format_rho(std::uint64_t rho);

constexpr std::array<Accounting, 3> kAccountings = {Accounting::pure, Accounting::zcdp,
                                                    Accounting::queries};
std::string_view accounting_name(Accounting accounting);  // "pure", "zcdp", "queries"
std::optional<Accounting> accounting_from(std::string_view name);
// What a loss is called where it is written down: "epsilon", "rho", "queries".
std::string_view loss_name(Accounting accounting);
// A loss in the unit of its ledger: parse_epsilon(), parse_rho() or a whole number in 1 ..
// kQueriesMax, and back.
Result<std::uint64_t> parse_loss(Accounting accounting, std::string_view text);
std::string format_loss(Accounting accounting, std::uint64_t loss);

// epsilon^2 / 2 in units of rho, rounded up: what an epsilon-private release costs in zcdp (Bun,
// Steinke, arXiv:1605.02065, proposition 1.4). Above kRhoMax: the largest number, which nothing
// covers. `epsilon` <= kEpsilonMax.
std::uint64_t rho_of_epsilon(std::uint64_t epsilon);
// The largest epsilon of which rho_of_epsilon() is at most `rho`; at most kEpsilonMax.
std::uint64_t epsilon_within_rho(std::uint64_t rho);

// The epsilon for which a (rho, 0)-zCDP history is (epsilon, delta)-private, in ones, rounded up:
//   min over a > 1 of  rho a + ln(1 / (a delta)) / (a - 1) + ln(1 - 1/a)
// (Canonne, Kamath, Steinke, arXiv:2004.00010, proposition 12 with corollary 13). `rho` >= 0 in
// ones, 0 < `delta` < 1.
double epsilon_of_rho(double rho, double delta);
// A rho, in units, for which a (rho, 0)-zCDP history is (epsilon, delta)-private; `epsilon` in
// 10^-6, at most kEpsilonMax, `delta` in 2^-60, at least 1. Never more than the largest one, and
// for delta up to 1/2 less by one unit or 10^-8 of it at most; zero when there is none. In integers
// only, as docs/spec/privacy.md says: the same number on every machine.
std::uint64_t rho_for(std::uint64_t epsilon, std::uint64_t delta);

// A promise of (epsilon, delta) over everything that is ever released, as a limit of a ledger.
// Not for queries. pure: as it stands. zcdp: half of delta pays for turning rho into epsilon, half
// for selections.
Price limit_for(Accounting accounting, std::uint64_t epsilon, std::uint64_t delta);

}  // namespace gbx::privacy
