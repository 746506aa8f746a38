#include "client/query/verify_answer.h"

#include <algorithm>

#include "client/query/verify_computed.h"
#include "client/query/verify_list.h"
#include "trusted/crypto/hash.h"
#include "trusted/packet/statement.h"
#include "trusted/privacy/confidence.h"
#include "trusted/privacy/plan.h"
#include "trusted/privacy/tree.h"

namespace gbx::client {
namespace {

Error unverified(Literal reason) { return {ErrorCode::unverified, reason}; }

// Step 2: the policy is the one that the reader trusts, whatever the file says of itself.
Result<policy::VerifiedPolicy> verify_policy(const packet::Envelope& envelope,
                                             const Hash& trusted) {
  if (crypto::sha256(as_bytes(envelope.payload)) != trusted) {
    return unverified("policy_not_the_given");
  }
  return policy::VerifiedPolicy::verify(envelope);
}

// Step 3.
Result<attest::ProvenRoom> verify_room(const AnswerFile& file, const policy::VerifiedPolicy& policy,
                                       std::int64_t now) {
  if (file.binding.policy_hash != policy.hash()) return unverified("policy_hash_wrong");
  return attest::verify_room(file.evidence, file.binding, policy.policy().trust, now);
}

// Step 6.
Result<packet::Request> verify_request(const packet::Envelope& envelope,
                                       const packet::AnswerPredicate& predicate,
                                       const policy::Policy& policy) {
  const policy::Member* member = policy.find_member(predicate.member);
  if (member == nullptr) return unverified("request_member_unknown");
  GBX_TRY_ASSIGN(packet::Request request, packet::open_request(envelope, member->signing_key));
  if (request.member != member->name) return unverified("request_member_unknown");
  if (!member->abilities.query) return unverified("request_member_may_not_query");
  if (packet::request_digest(envelope) != predicate.request_digest) {
    return unverified("request_digest_wrong");
  }
  if (request.id != predicate.request_id) return unverified("request_id_wrong");
  if (request.derived) return unverified("query_digest_wrong");  // it asked for no answer
  if (request.call != predicate.call) return unverified("statement_template_wrong");
  std::string sql = request.sql;
  if (request.call) {
    GBX_TRY_ASSIGN(const policy::TemplateUse use,
                   policy::TemplateUse::make(policy.templates, *request.call));
    sql = use.sql();
  }
  if (crypto::sha256(as_bytes(sql)) != predicate.query_digest) {
    return unverified("query_digest_wrong");
  }
  return request;
}

// Step 7: what the room says of itself is what was proven.
Status verify_identity(const packet::AnswerPredicate& predicate, const packet::Request& request,
                       const packet::Binding& binding, const attest::ProvenRoom& room) {
  const packet::BindingDigest digest = packet::digest(binding);
  if (predicate.policy_hash != binding.policy_hash || request.policy_hash != binding.policy_hash) {
    return unverified("statement_policy_wrong");
  }
  if (predicate.binding != digest || request.binding != digest) {
    return unverified("statement_binding_wrong");
  }
  if (predicate.image_digest != room.image_digest) return unverified("statement_image_wrong");
  if (predicate.platform != attest::platform_name(room.platform)) {
    return unverified("statement_platform_wrong");
  }
  return {};
}

// Step 8: tables and budget. A repeat moves nothing.
Status verify_budget(const packet::AnswerPredicate& predicate, const policy::Policy& policy,
                     bool dry_run) {
  if (predicate.budget.empty()) return unverified("statement_budget_wrong");
  if (predicate.repeat_of == predicate.request_digest) return unverified("statement_repeat_wrong");
  const privacy::Price paid = predicate.repeat_of ? privacy::Price{} : predicate.noise.price;
  std::vector<std::string> charged;
  for (const packet::BudgetMove& move : predicate.budget) {
    charged.push_back(move.table);
    if (policy.find_table(move.table) == nullptr) return unverified("statement_table_unknown");
    const bool within = covers(policy::budget_of(policy.privacy), move.before);
    const bool exact = covers(move.before, move.after) && minus(move.before, move.after) == paid;
    if (!within || !exact) return unverified("statement_budget_wrong");
  }
  std::vector<std::string> read;
  for (const packet::UsedSnapshot& used : predicate.snapshots) read.push_back(used.table);
  const bool as_charged = dry_run ? read.empty() : read == charged;
  if (!as_charged) return unverified("statement_snapshots_wrong");
  return {};
}

// The most restrictive k of the policy and of the tables that were charged.
std::int64_t people_min(const packet::AnswerPredicate& predicate, const policy::Policy& policy) {
  std::int64_t out = policy.privacy.people_min;
  for (const packet::BudgetMove& move : predicate.budget) {
    const policy::Table* table = policy.find_table(move.table);
    out = std::max(out, policy::people_min(policy, *table));
  }
  return out;
}

// The plan that the statement says the room made. Which groups are public is not in it; for the
// checks, one stands for all.
privacy::Plan plan_of(const packet::NoiseParameters& noise) {
  privacy::Plan plan;
  plan.accounting = noise.accounting;
  plan.selection = noise.selection;
  plan.open = noise.open;
  plan.grouped = true;
  if (plan.open) plan.public_groups.push_back({std::int64_t{0}});
  plan.groups_per_person = noise.groups_per_person;
  plan.replaces = noise.replaces;
  plan.people_min = noise.people_min;
  plan.delta = noise.price.delta;
  for (const packet::NoisedStatistic& entry : noise.statistics) {
    const std::uint32_t levels = entry.statistic.levels;
    if (levels > 1 && levels <= privacy::kLevelsMax) {
      plan.quantiles.push_back({plan.statistics.size(), privacy::tree_bins(levels), {}});
    }
    plan.statistics.push_back(entry.statistic);
  }
  return plan;
}

bool noise_allowed(privacy::NoiseKind noise, const policy::Privacy& privacy) {
  switch (noise) {
    case privacy::NoiseKind::laplace: return privacy.laplace;
    case privacy::NoiseKind::gaussian: return privacy.gaussian;
    case privacy::NoiseKind::none: return policy::threshold_only(privacy);
  }
  return false;
}

bool selection_allowed(const packet::NoiseParameters& noise, const policy::Privacy& privacy) {
  const bool exact = noise.selection == privacy::Selection::exact;
  if (exact || policy::threshold_only(privacy)) return exact == policy::threshold_only(privacy);
  switch (noise.selection) {
    case privacy::Selection::threshold: return true;
    case privacy::Selection::geometric: return privacy.geometric;
    case privacy::Selection::margin: return privacy.open_rows == privacy::OpenRows::hide;
    case privacy::Selection::none: return privacy.open_rows == privacy::OpenRows::show;
    case privacy::Selection::exact: break;
  }
  return false;
}

// Step 8: where the policy refuses near questions none is answered. A repeat was none when it was
// asked.
Status verify_near(const packet::AnswerPredicate& predicate, const policy::Policy& policy) {
  const bool refused = policy.privacy.differencing.refuse || predicate.repeat_of.has_value() ||
                       predicate.list.has_value();
  return refused && !predicate.near.empty() ? Status(unverified("statement_near_wrong")) : Status();
}

// Step 8: what the question stood on was there when it was answered, and no template stands on any.
// That these are all, and what they mean, StaticCheck::confirm() says.
Status verify_derived(const packet::AnswerPredicate& predicate, const packet::Request& request) {
  const bool there =
      std::all_of(predicate.derived.begin(), predicate.derived.end(),
                  [&](const packet::DerivedTable& table) { return table.until > predicate.time; });
  if (!there || (request.call && !predicate.derived.empty())) {
    return unverified("statement_derived_wrong");
  }
  return {};
}

// Step 8: the noise is the policy's or stronger. verify_budget() came before.
Status verify_strength(const packet::AnswerPredicate& predicate, const policy::Policy& policy) {
  const policy::Privacy& privacy = policy.privacy;
  const packet::NoiseParameters& noise = predicate.noise;
  const auto allowed = [&](const packet::NoisedStatistic& entry) {
    return noise_allowed(entry.statistic.noise, privacy);
  };
  // 1 is a query without groups.
  const bool strong =
      noise.accounting == privacy.accounting && noise.price.loss >= 1 &&
      covers(policy::price_of(privacy, privacy.epsilon_per_query), noise.price) &&
      noise.people_min >= people_min(predicate, policy) &&
      (noise.groups_per_person == 1 || noise.groups_per_person == privacy.groups_per_person) &&
      std::all_of(noise.statistics.begin(), noise.statistics.end(), allowed) &&
      selection_allowed(noise, privacy);
  if (!strong) return unverified("statement_noise_too_weak");
  return {};
}

// Step 8: one query, or the price is what the request names, or else the policy's. In pure
// accounting all of it is spent; in zcdp what is left over from rounding shares down is not
// charged.
Status verify_price(const packet::NoiseParameters& noise, const packet::Request& request,
                    const policy::Privacy& privacy) {
  if (policy::threshold_only(privacy)) {
    const bool one = !request.epsilon && noise.price == policy::price_of(privacy, 0);
    return one ? Status() : Status(unverified("statement_price_wrong"));
  }
  const Result<std::uint64_t> asked = request.epsilon
                                          ? privacy::parse_epsilon(*request.epsilon)
                                          : Result<std::uint64_t>(privacy.epsilon_per_query);
  if (!asked) return unverified("statement_price_wrong");
  const privacy::Price price = policy::price_of(privacy, *asked);
  const bool pure = privacy.accounting == privacy::Accounting::pure;
  const bool loss_right = pure ? noise.price.loss == price.loss : noise.price.loss <= price.loss;
  const bool delta_right = noise.price.delta == 0 || noise.price.delta == price.delta;
  if (!loss_right || !delta_right) return unverified("statement_price_wrong");
  return {};
}

// Step 8: the parts of the noise are what they must be.
Status verify_noise(const packet::NoiseParameters& noise) {
  const privacy::Plan plan = plan_of(noise);
  const auto widths = privacy::half_widths(plan);
  if (!widths || plan.price() != noise.price) return unverified("statement_noise_wrong");
  for (std::size_t i = 0; i < widths->size(); i++) {
    if ((*widths)[i] != noise.statistics[i].half_width) {
      return unverified("statement_noise_wrong");
    }
  }
  if (widths->front() != noise.hides_people) return unverified("statement_noise_wrong");
  return {};
}

// Step 8: groups_per_person is 1 only without groups; a smaller bound makes weaker noise.
Status verify_groups(const packet::AnswerTable& table, const packet::NoiseParameters& noise,
                     const policy::Policy& policy) {
  const bool grouped =
      std::any_of(table.columns.begin(), table.columns.end(),
                  [](const auto& column) { return column.kind == packet::OutputKind::group; });
  if (grouped && noise.groups_per_person != policy.privacy.groups_per_person) {
    return unverified("statement_noise_too_weak");
  }
  return {};
}

Status verify_half_width(const packet::Output& column, const packet::NoiseParameters& noise) {
  if (column.kind == packet::OutputKind::group) return {};
  if (column.kind == packet::OutputKind::computed) return {};  // verify_computed()
  if (column.kind == packet::OutputKind::window) return {};
  if (column.kind == packet::OutputKind::person) return {};  // verify_list()
  if (column.kind == packet::OutputKind::listed) return {};
  const bool exact = noise.selection == privacy::Selection::exact;
  if (exact != (column.kind == packet::OutputKind::exact)) return unverified("result_kind_wrong");
  if (exact) return {};
  // An average is made of two statistics, and has no width of its own.
  const auto& statistics = noise.statistics;
  const bool found = column.half_width
                         ? std::any_of(statistics.begin(), statistics.end(),
                                       [&](const packet::NoisedStatistic& statistic) {
                                         return statistic.half_width == *column.half_width;
                                       })
                         : statistics.size() >= 2;
  if (!found) return unverified("result_half_width_wrong");
  return {};
}

bool interval_fits(const packet::OutputCell& cell, const packet::Output& column) {
  const auto* value = std::get_if<std::int64_t>(&cell.value);
  if (column.kind != packet::OutputKind::noised || value == nullptr) return !cell.interval;
  if (!cell.interval) return false;
  const packet::Interval interval = *cell.interval;
  if (!column.half_width) return interval.low <= *value && *value <= interval.high;
  const Int128 most = privacy::kReleasedMax;
  const Int128 width = *column.half_width;
  return interval.low == std::max(*value - width, -most) &&
         interval.high == std::min(*value + width, most);
}

Status verify_intervals(const std::vector<packet::OutputCell>& row,
                        const packet::AnswerTable& table) {
  for (std::size_t i = 0; i < row.size(); i++) {
    if (table.columns[i].kind == packet::OutputKind::computed) continue;
    if (!interval_fits(row[i], table.columns[i])) return unverified("result_interval_wrong");
  }
  return {};
}

// Step 9: the table against the policy's bound and the statement's noise.
Status verify_table(const packet::AnswerTable& table, const packet::NoiseParameters& noise,
                    const policy::Policy& policy) {
  const std::size_t rows_max = policy.limits.result_rows;
  const std::size_t rows = table.rows.size() + table.others.size();
  if (rows > rows_max || (table.rows_cut > 0 && rows < rows_max)) {
    return unverified("result_rows_wrong");
  }
  for (const packet::Output& column : table.columns) {
    GBX_TRY(verify_half_width(column, noise));
  }
  for (const auto* all : {&table.rows, &table.others}) {
    for (const auto& row : *all) GBX_TRY(verify_intervals(row, table));
  }
  return verify_computed(table, plan_of(noise));
}

}  // namespace

Result<VerifiedAnswer> VerifiedAnswer::verify(const AnswerFile& file, const Hash& policy_hash,
                                              std::int64_t now) {
  VerifiedAnswer out;
  GBX_TRY_ASSIGN(const policy::VerifiedPolicy policy, verify_policy(file.policy, policy_hash));
  GBX_TRY_ASSIGN(out.room_, verify_room(file, policy, now));
  GBX_TRY_ASSIGN(
      const packet::Statement statement,
      packet::open_statement(file.statement, packet::kAnswerPredicate, file.binding.signing_key));
  if (statement.subject_name != "result" ||
      statement.subject_digest != crypto::sha256(as_bytes(file.result.canonical()))) {
    return unverified("result_digest_wrong");
  }
  GBX_TRY_ASSIGN(out.table_, packet::decode_answer_table(file.result));
  GBX_TRY_ASSIGN(out.predicate_, packet::decode_answer_predicate(statement.predicate));
  GBX_TRY_ASSIGN(out.request_, verify_request(file.request, out.predicate_, policy.policy()));
  if (out.request_.dry_run != out.table_.dry_run) return unverified("answer_kind_wrong");
  GBX_TRY(verify_identity(out.predicate_, out.request_, file.binding, out.room_));
  GBX_TRY(verify_budget(out.predicate_, policy.policy(), out.table_.dry_run));
  GBX_TRY(verify_near(out.predicate_, policy.policy()));
  GBX_TRY(verify_derived(out.predicate_, out.request_));
  GBX_TRY(verify_list(out.table_, out.predicate_, policy.policy()));
  GBX_TRY(verify_strength(out.predicate_, policy.policy()));
  GBX_TRY(verify_price(out.predicate_.noise, out.request_, policy.policy().privacy));
  GBX_TRY(verify_noise(out.predicate_.noise));
  GBX_TRY(verify_groups(out.table_, out.predicate_.noise, policy.policy()));
  GBX_TRY(verify_table(out.table_, out.predicate_.noise, policy.policy()));
  out.policy_ = policy.policy();
  return out;
}

const std::string& VerifiedAnswer::sql() const {
  const policy::Template* entry =
      request_.call ? policy_.find_template(request_.call->name) : nullptr;
  return entry == nullptr ? request_.sql : entry->sql;
}

std::string_view VerifiedAnswer::assurance() const {
  return attest::assurance_word(room_.assurance);
}

}  // namespace gbx::client
