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

const Column* find_column(const Table& table, std::string_view column) {
  const auto found = std::find_if(table.columns.begin(), table.columns.end(),
                                  [&](const Column& entry) { return entry.name == column; });
  return found == table.columns.end() ? nullptr : &*found;
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
