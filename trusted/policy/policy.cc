#include "trusted/policy/policy.h"

#include <algorithm>
#include <array>

#include "trusted/crypto/hash.h"

namespace gbx::policy {
namespace {

struct FunctionName {
  AggregateFunction function;
  std::string_view name;
};
constexpr std::array<FunctionName, 6> kFunctions = {{
    {AggregateFunction::count, "COUNT"},
    {AggregateFunction::count_distinct, "COUNT_DISTINCT"},
    {AggregateFunction::sum, "SUM"},
    {AggregateFunction::avg, "AVG"},
    {AggregateFunction::variance, "VARIANCE"},
    {AggregateFunction::quantile, "QUANTILE"},
}};

}  // namespace

std::string_view aggregate_function_name(AggregateFunction function) {
  for (const FunctionName& entry : kFunctions) {
    if (entry.function == function) return entry.name;
  }
  GBX_CHECK(false);
}

std::optional<AggregateFunction> aggregate_function_from(std::string_view name) {
  for (const FunctionName& entry : kFunctions) {
    if (entry.name == name) return entry.function;
  }
  return std::nullopt;
}

const Member* Policy::find_member(std::string_view member) const {
  const auto found = std::find_if(members.begin(), members.end(),
                                  [&](const Member& entry) { return entry.name == member; });
  return found == members.end() ? nullptr : &*found;
}

const Table* Policy::find_table(std::string_view table) const {
  const auto found = std::find_if(tables.begin(), tables.end(),
                                  [&](const Table& entry) { return entry.name == table; });
  return found == tables.end() ? nullptr : &*found;
}

const Template* Policy::find_template(std::string_view wanted) const {
  const auto found = std::find_if(templates.begin(), templates.end(),
                                  [&](const Template& entry) { return entry.name == wanted; });
  return found == templates.end() ? nullptr : &*found;
}

const Column* find_column(const Table& table, std::string_view column) {
  const auto found = std::find_if(table.columns.begin(), table.columns.end(),
                                  [&](const Column& entry) { return entry.name == column; });
  return found == table.columns.end() ? nullptr : &*found;
}

std::int64_t people_min(const Policy& policy, const Table& table) {
  std::int64_t out = policy.privacy.people_min;
  for (const OutputConstraint& constraint : table.rule.output_constraints) {
    if (constraint.column == table.person) out = std::max(out, constraint.minimum);
  }
  return out;
}

std::vector<const Member*> receivers_of(const Policy& policy, std::span<const std::string> tables) {
  std::vector<const Member*> out;
  for (const Member& member : policy.members) {
    const bool left_out = std::any_of(tables.begin(), tables.end(), [&](const std::string& name) {
      const Table* table = policy.find_table(name);
      if (table == nullptr || !table->rule.result_receivers) return false;
      const std::vector<std::string>& some = *table->rule.result_receivers;
      return std::find(some.begin(), some.end(), member.name) == some.end();
    });
    if (member.abilities.receive && !left_out) out.push_back(&member);
  }
  return out;
}

sql::CatalogTable catalog_of(const Table& table) {
  sql::CatalogTable out{table.name, table.owner, table.person, {}, table.rows_per_person};
  for (const Column& column : table.columns) {
    if (column.name == table.person) continue;
    const sql::Range all = sql::storage_range(column.type);
    out.columns.push_back({column.name, column.type, column.label, column.nullable, column.bounded,
                           std::clamp(column.low, all.low, all.high),
                           std::clamp(column.high, all.low, all.high), column.domain});
  }
  return out;
}

Result<VerifiedPolicy> VerifiedPolicy::verify(const packet::Envelope& envelope) {
  if (envelope.payload_type != kPolicyType) {
    return Error{ErrorCode::unverified, "packet_type_wrong"};
  }
  const auto payload = Json::parse_canonical(envelope.payload);
  if (!payload) return Error{ErrorCode::unverified, "payload_not_canonical"};
  GBX_TRY_ASSIGN(Policy policy, decode(*payload));
  std::vector<crypto::PublicKey> keys;
  for (const Member& member : policy.members) keys.push_back(member.signing_key);
  GBX_TRY(packet::verify_envelope(envelope, kPolicyType, keys));
  return VerifiedPolicy(std::move(policy), crypto::sha256(as_bytes(envelope.payload)));
}

}  // namespace gbx::policy
