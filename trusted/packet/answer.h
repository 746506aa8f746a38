#pragma once

// What a room answers: a table of released values, and what the room says of it under its
// signature. docs/spec/result.md is the format.
//
// The host carries the bytes and a hostile room may write them. Nothing here is believed before the
// statement over it has been verified (client/query/verify_answer.h); decoding only makes sure that
// there is one spelling and that every size is bounded.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "trusted/base/json.h"
#include "trusted/base/value.h"
#include "trusted/packet/binding.h"
#include "trusted/packet/derived.h"
#include "trusted/packet/dsse.h"
#include "trusted/packet/formula_input.h"
#include "trusted/packet/list_terms.h"
#include "trusted/packet/template_call.h"
#include "trusted/privacy/plan.h"

namespace gbx::packet {

constexpr std::size_t kAnswerRowsMax = 1'000'000;
constexpr std::size_t kNearMax = 16;

// The enumerator is the name on the wire.
enum class OutputKind : std::uint8_t {
  group,     // a group's key: exact, and selected so that it tells of nobody
  noised,    // a measure, or computed from measures
  exact,     // the same without noise: of a policy that is threshold-only
  computed,  // of other columns of the same row, by a formula that everybody can compute again
  person,    // of a list: the person's token, 32 hex digits
  listed,    // of a list: a value of the person's, exact
  window,    // of other columns of all rows, by a window function
};

struct Output {
  std::string name;
  ValueType type;
  OutputKind kind = OutputKind::group;
  // Of the 95 % interval, in units of the last digit, when it is the same in each row.
  std::optional<std::int64_t> half_width = {};
  // Of a computed column, and of no other: as sql::encode_expression() writes it, over the columns
  // of the answer; and the columns among these that are no groups, ascending.
  std::optional<Json> formula = {};
  std::vector<FormulaInput> inputs = {};
  // Of a window column, and of no other: as sql::encode_released_window() writes it, over the
  // columns of the answer.
  std::optional<Json> window = {};
  // Not asked for: shown because a formula or a window reads it.
  bool input = false;
};

struct Interval {
  std::int64_t low = 0;
  std::int64_t high = 0;
  friend bool operator==(Interval, Interval) = default;
};

struct OutputCell {
  Cell value;                        // null, a number for all types but text, or text
  std::optional<Interval> interval;  // 95 %, in units of the last digit; never of a group's key
};

// The subject of the statement.
struct AnswerTable {
  bool dry_run = false;  // then there are no rows
  std::vector<Output> columns;
  std::vector<std::vector<OutputCell>> rows;
  // What windows read besides: rows that QUALIFY, LIMIT or OFFSET left out, ascending by key. Only
  // where there are window columns.
  std::vector<std::vector<OutputCell>> others = {};
  std::optional<std::int64_t> withheld;  // groups not shown; only where public lists make it public
  // Released rows that the policy's result_rows left out, after ORDER BY and LIMIT; 0 = none. With
  // window columns it counts `others` too, and these are NULL.
  std::int64_t rows_cut = 0;
};

struct NoisedStatistic {
  privacy::Statistic statistic;
  std::int64_t half_width = 0;  // of the 95 % interval
};

// A privacy::Plan, but for the list of public groups.
struct NoiseParameters {
  privacy::Accounting accounting = privacy::Accounting::pure;
  privacy::Price price;  // of the whole query
  privacy::Selection selection = privacy::Selection::threshold;
  bool open = false;      // public rows: each group of the lists has one
  bool replaces = false;  // calibrated for a person that moves between groups
  std::int64_t people_min = 2;
  std::uint32_t groups_per_person = 1;
  std::int64_t hides_people = 0;
  std::vector<NoisedStatistic> statistics;  // [0] = persons, then one per measure
};

struct BudgetMove {
  std::string table;
  privacy::Price before;  // left
  privacy::Price after;
};

struct UsedSnapshot {
  std::string table;
  Hash manifest_digest{};  // SHA-256 of the snapshot manifest's payload
};

// What `guarantee` says in the predicate of an answer without noise that is no list.
constexpr std::string_view kNoGuarantee = "none: threshold only, not a privacy guarantee";

// The predicate of the statement.
struct AnswerPredicate {
  std::string member;  // who asked
  std::array<std::uint8_t, 16> request_id{};
  Hash request_digest{};   // SHA-256 of the request's payload
  Hash query_digest{};     // SHA-256 of the SQL text as it was asked; with a template, of its own
  std::string query_text;  // as the room understood it, rendered again
  std::optional<TemplateCall> call;  // that was asked in place of SQL
  Hash policy_hash{};
  BindingDigest binding{};
  Hash image_digest{};
  std::string platform;  // whose evidence proves the room: "sim", "snp", ...
  Hash log_head{};       // after this answer's entry
  std::uint64_t log_size = 0;
  std::int64_t time = 0;  // seconds since 1970; the host's clock
  NoiseParameters noise;
  std::vector<BudgetMove> budget;       // by table name
  std::vector<UsedSnapshot> snapshots;  // by table name; empty for a dry run
  // SHA-256 of the payload of the request whose release this is again; then nothing was paid.
  std::optional<Hash> repeat_of;
  // Of the payloads of earlier requests that this question is near (docs/spec/room.md), the latest
  // first; at most kNearMax.
  std::vector<Hash> near;
  std::optional<ListTerms> list = {};  // of a list of persons, and of no other
  // The derived tables that the question stands on, as they were when it was answered, in the order
  // of definition.
  std::vector<DerivedTable> derived = {};
};

// Every value must be encodable (amounts within 2^53 - 1): a bug otherwise.
Json encode(const AnswerTable& table);
Json encode(const AnswerPredicate& predicate);
Json encode(const NoiseParameters& noise);
// Fail with invalid_argument ("answer_malformed"); encode() of what they yield is `json` again.
Result<AnswerTable> decode_answer_table(const Json& json);
Result<AnswerPredicate> decode_answer_predicate(const Json& json);

// SHA-256 of the canonical form: the statement's subject digest.
Hash answer_digest(const AnswerTable& table);

// What is sealed to the receivers: {"result", "statement"} as canonical JSON text.
std::string print_answer_body(const Json& result, const Envelope& statement);
struct AnswerBody {
  Json result;
  Envelope statement;
};
// Fails with invalid_argument ("answer_malformed").
Result<AnswerBody> parse_answer_body(std::string_view text);

// The request of which an answer is the answer: what the seal and the statement are bound to.
Hash request_digest(const Envelope& request);

}  // namespace gbx::packet
