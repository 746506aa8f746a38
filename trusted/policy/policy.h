#pragma once

// The policy packet: what every member has signed, as one value that can only be had verified.
//
// An attacker (the host, one member) hands over the envelope. verify() is the only maker: each
// member has signed the same canonical bytes, nobody else has, every field is known and in range.
// What this packet says is the whole law of a room; docs/spec/policy.md has the format.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attest/trust_policy.h"
#include "trusted/base/bytes.h"
#include "trusted/base/value.h"
#include "trusted/crypto/hpke.h"
#include "trusted/crypto/sign.h"
#include "trusted/packet/dsse.h"
#include "trusted/policy/template.h"
#include "trusted/privacy/plan.h"
#include "trusted/privacy/rations.h"
#include "trusted/sql/catalog.h"
#include "trusted/sql/syntax.h"

namespace gbx::policy {

constexpr std::string_view kPolicyType = "application/vnd.glovebox.policy+json";
constexpr std::int64_t kPolicyFormat = 1;

// Limits of what a packet may say; check.cc holds them.
constexpr std::size_t kMembersMax = 64;
constexpr std::size_t kTablesMax = 64;
constexpr std::size_t kColumnsMax = 1000;
constexpr std::size_t kDomainMax = 10000;
constexpr std::size_t kDomainValueBytesMax = 256;
constexpr std::int64_t kExpiresMax = 253'402'300'799;              // 9999-12-31T23:59:59Z
constexpr std::uint64_t kEpsilonMax = 1000 * 1'000'000ULL;         // 1000, in 10^-6
constexpr std::uint64_t kDeltaMax = (std::uint64_t{1} << 53) - 1;  // about 0.0078, in 2^-60
constexpr std::int64_t kPeopleMinMax = 100'000;
constexpr std::uint32_t kGroupsPerPersonMax = 10'000;
constexpr std::uint32_t kRowsPerGroupMax = 1'000'000;
constexpr std::uint32_t kRowsPerPersonMax = 1'000'000;
// What one person can change in one group, in units of a column's last digit, stays below it.
constexpr std::int64_t kContributionMax = std::int64_t{1} << 53;

struct Abilities {
  bool provide = false;
  bool query = false;
  bool receive = false;
  bool audit = false;
  bool list = false;  // of a member that may query and receive: lists of persons, too
};

struct Member {
  std::string name;  // [a-z][a-z0-9_-]{0,62}
  crypto::PublicKey signing_key;
  crypto::SealingPublicKey sealing_key;
  Abilities abilities;
  // What this member's queries may cost, beside the tables' budgets; by window, each once.
  std::vector<privacy::Ration> rations = {};
};

struct Column {
  std::string name;  // as in the manifest; [A-Za-z_][A-Za-z0-9_]{0,62}
  ValueType type;
  Label label = Label::plain;
  bool nullable = false;
  // Numbers, dates and timestamps that can be measured or computed with: every value lies in [low,
  // high].
  bool bounded = false;
  std::int64_t low = 0;
  std::int64_t high = 0;
  // A public list of values (text): groups over it exist publicly. Empty = none.
  std::vector<std::string> domain;
};

// The enumerator is AWS Clean Rooms' word in lower case, variance (and its root) and quantile being
// our own; the wire has it in upper case.
enum class AggregateFunction : std::uint8_t { count, count_distinct, sum, avg, variance, quantile };

struct AggregateColumns {
  std::vector<std::string> columns;
  AggregateFunction function = AggregateFunction::count;
};

// COUNT_DISTINCT of the column must be >= minimum in every row of a result. Of the person column it
// is a minimum of people, always safely met. Another column has exact numbers only, so the policy
// is threshold-only: under noise a row could be hidden or shown for what the noise is.
struct OutputConstraint {
  std::string column;
  std::int64_t minimum = 2;
};
constexpr std::uint32_t kDerivedHoursMax = 87'600;  // ten years
constexpr std::size_t kConstraintsMax = 8;          // of a table

// What may be compared in conditions; a column that is in no list may not.
struct ComparisonControls {
  std::vector<std::string> literal_columns;  // with what the query says
  std::vector<std::string> column_columns;   // with columns, and with what is made of them
};

// Whether a result may be worked on: NOT_ALLOWED, ALLOWED; REQUIRED: nothing else may be done.
enum class AdditionalAnalyses : std::uint8_t { not_allowed, allowed, required };

struct JoinOperators {
  bool logical_and = false;
  bool logical_or = false;
};

// aggregation: columns have the roles that the rule lists. custom: all columns have every role that
// their label allows, for the analyses that the rule lists. list: the table answers nothing but
// lists of persons (docs/spec/audience.md), of which `output_constraints` has the smallest size.
enum class RuleKind : std::uint8_t { aggregation, custom, list };

std::string_view rule_kind_name(RuleKind kind);  // "aggregation", "custom", "list"

constexpr std::string_view kAnyQuery = "ANY_QUERY";

struct Rule {
  RuleKind kind = RuleKind::aggregation;
  // aggregation only
  std::vector<AggregateColumns> aggregate_columns;
  std::vector<std::string> join_columns;
  bool join_required = false;  // usable only joined with a table of the member who asks
  std::vector<std::string> dimension_columns;
  std::vector<std::string> scalar_functions;    // upper case, AWS's names where they exist
  std::optional<JoinOperators> join_operators;  // of ON; none: any
  // custom only
  std::vector<std::string> analyses;            // names of templates, kAnyQuery; ascending
  std::vector<std::string> analysis_providers;  // members; ascending; with kAnyQuery only
  std::vector<std::string> disallowed_outputs;  // columns that only conditions may read
  bool needs_noise = false;                     // refuses threshold-only
  // list only, which has join_columns and join_operators, too
  std::vector<std::string> list_columns;  // what a list shows, and what its conditions read
  // all
  std::vector<OutputConstraint> output_constraints;
  AdditionalAnalyses additional_analyses = AdditionalAnalyses::not_allowed;
  std::optional<ComparisonControls> comparisons;             // none: no control
  std::optional<std::vector<std::string>> result_receivers;  // members, ascending; none: all
  // What the questions of each member about this table may be charged; by window, each once.
  std::vector<privacy::Ration> access_budget;
  // How long a derived table over this one may be (docs/spec/derived.md); 0: there may be none.
  std::uint32_t derived_hours = 0;
};

struct Table {
  std::string name;
  std::string owner;                    // a member that may provide
  std::string person;                   // the column that holds the token
  std::string identifier;               // "email" or "phone": what the token was made of
  std::vector<Column> columns;          // includes the person column, label person
  std::uint32_t rows_per_person = 100;  // at most so many rows of one person are in a snapshot
  // Only rows where it is true exist for a query (sql/row_filter.h).
  std::optional<sql::Node> row_filter;
  Rule rule;
};

// What becomes of a question that differs from an earlier one by a narrow condition only
// (sql/compare.h): it is answered and flagged, or refused.
struct Differencing {
  bool refuse = false;
  std::uint32_t values = 10;  // narrow: so many values or fewer
  std::uint32_t percent = 5;  // narrow: less than this share of a declared width
  friend bool operator==(Differencing, Differencing) = default;
};
constexpr std::uint32_t kNarrowValuesMax = 10'000;

struct Privacy {
  std::int64_t people_min = 2;  // k
  // queries: threshold-only. Numbers are exact, rows of fewer than k persons are withheld, and
  // there is no privacy guarantee; from `laplace` to `delta_per_query` nothing is set.
  privacy::Accounting accounting = privacy::Accounting::pure;
  std::uint64_t queries = 0;  // threshold-only: how many each table answers, in all
  bool laplace = true;        // which noise may be used; at least one
  bool gaussian = false;      // in zcdp accounting only
  bool geometric = false;     // groups may be selected by a coin when persons are not asked for
  privacy::OpenRows open_rows = privacy::OpenRows::select;  // rows whose existence is public
  // Whether persons may move between groups when they leave one table (outer and anti joins), at
  // twice the noise; else such questions are refused.
  bool outer_joins = false;
  std::uint64_t epsilon = 0;  // whole budget of each table, in 10^-6
  std::uint64_t delta = 0;    // in 2^-60
  // What a query costs unless it says less, in 10^-6; in zcdp it pays half its square as rho.
  std::uint64_t epsilon_per_query = 0;
  std::uint64_t delta_per_query = 0;    // in 2^-60
  std::uint32_t groups_per_person = 1;  // L0
  std::uint32_t rows_per_group = 1;     // most joined rows of one person that count in one group
  Differencing differencing = {};
};

// What the packet of a threshold-only policy says, so that every member has signed it.
constexpr std::string_view kThresholdOnly = "no noise: not a privacy guarantee";
bool threshold_only(const Privacy& privacy);
// The whole budget of each table, as a limit of its ledger (privacy::limit_for()).
privacy::Price budget_of(const Privacy& privacy);
// What a query of that epsilon may spend, <= kEpsilonMax; threshold-only: one query.
privacy::Price price_of(const Privacy& privacy, std::uint64_t epsilon);

struct Limits {
  std::uint64_t rows = 0;           // of one snapshot
  std::uint32_t seconds = 60;       // of one query
  std::uint64_t memory_mib = 1024;  // of the worker
  std::uint32_t result_rows = 10000;
};

struct Policy {
  std::string id;  // collaboration, 16 random bytes as hex
  std::string name;
  std::uint32_t version = 1;
  std::optional<Hash> previous;  // hash of the version before; exactly when version > 1
  std::int64_t expires = 0;      // seconds since 1970
  std::uint32_t token_epoch = 1;
  std::vector<Member> members;      // 2..64, by name
  std::vector<Table> tables;        // by name
  std::vector<Template> templates;  // by name; absent from the packet when there is none
  Privacy privacy;
  attest::TrustPolicy trust;  // what members believe of the room that runs it
  Limits limits;

  [[nodiscard]] const Member* find_member(std::string_view member) const;
  [[nodiscard]] const Table* find_table(std::string_view table) const;
  [[nodiscard]] const Template* find_template(std::string_view wanted) const;
};

// The column of that name, as written; nullptr when there is none.
const Column* find_column(const Table& table, std::string_view column);

// How many people a row of an answer about the table stands for at least: k, or what its constraint
// on the person column demands.
std::int64_t people_min(const Policy& policy, const Table& table);

// Who hears the answer of a query over these tables: members that may receive and that no rule of
// these tables leaves out.
std::vector<const Member*> receivers_of(const Policy& policy, std::span<const std::string> tables);

// What the binder may know of a table. Bounds are cut to what a snapshot can hold.
sql::CatalogTable catalog_of(const Table& table);

// Checks every field and cross reference; no signature. Fails with invalid_argument and a finer
// reason; encode() of what it yields is `payload` again.
Result<Policy> decode(const Json& payload);
Json encode(const Policy& policy);

// Every range and cross reference of a value that somebody filled in; what decode() ends with. The
// parts let an author's tool say which line is wrong. Fail with invalid_argument.
Status check(const Policy& policy);
Status check_member(const Member& member);
Status check_rations(const std::vector<privacy::Ration>& rations);
// Whether a ration is in the unit of the ledger, or in queries.
bool is_counted(const privacy::Ration& ration, const Privacy& privacy);
Status check_column(const Column& column);
Status check_table(const Table& table, const Policy& policy);  // its columns and rule included
Status check_rule(const Table& table, const Policy& policy);
Status check_privacy(const Privacy& privacy);
Status check_trust(const attest::TrustPolicy& trust);
Status check_limits(const Limits& limits);

// The scalar functions that policies may name, ascending, as AWS Clean Rooms names them.
std::span<const std::string_view> scalar_function_names();
std::string_view aggregate_function_name(AggregateFunction function);  // "COUNT_DISTINCT", ...
std::optional<AggregateFunction> aggregate_function_from(std::string_view name);

class VerifiedPolicy {
 public:
  // Fails with unverified (a signature is missing, wrong or extra) or as decode() does.
  static Result<VerifiedPolicy> verify(const packet::Envelope& envelope);

  [[nodiscard]] const Policy& policy() const { return policy_; }
  // SHA-256 of the payload: what evidence and key releases are bound to.
  [[nodiscard]] const Hash& hash() const { return hash_; }

 private:
  VerifiedPolicy(Policy policy, const Hash& hash) : policy_(std::move(policy)), hash_(hash) {}
  Policy policy_;
  Hash hash_;
};

}  // namespace gbx::policy
