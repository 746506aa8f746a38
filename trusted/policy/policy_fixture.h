#pragma once

// Tests only: the policy of the tutorial, and a way to spoil one place of a packet.

#include <charconv>

#include "trusted/packet/dsse.h"
#include "trusted/policy/policy.h"

namespace gbx::policy {

// The same keys in every run.
inline crypto::SigningKey test_signing_key(std::uint8_t who) {
  std::array<std::uint8_t, 32> seed{};
  seed.fill(who);
  return crypto::SigningKey::from_seed(Secret<32>(seed));
}

inline crypto::SealingKey test_sealing_key(std::uint8_t who) {
  std::array<std::uint8_t, 32> seed{};
  seed.fill(static_cast<std::uint8_t>(who + 100));
  return crypto::SealingKey::from_secret(Secret<32>(seed));
}

inline Member test_member(std::string name, std::uint8_t who, Abilities abilities) {
  return {std::move(name), test_signing_key(who).public_key(), test_sealing_key(who).public_key(),
          abilities};
}

inline Table exposures_table() {
  Table table;
  table.name = "exposures";
  table.owner = "newsnow";
  table.person = "hashed_email";
  table.identifier = "email";
  table.columns = {
      {"hashed_email", {Type::text, 0}, Label::person, false, false, 0, 0, {}},
      {"campaign_id", {Type::text, 0}, Label::plain, false, false, 0, 0, {}},
      {"exposure_date", {Type::date, 0}, Label::plain, false, true, 19000, 21000, {}},
      {"device", {Type::text, 0}, Label::plain, true, false, 0, 0, {"desktop", "phone"}},
  };
  table.rule.aggregate_columns = {{{"hashed_email"}, AggregateFunction::count_distinct}};
  table.rule.join_columns = {"hashed_email"};
  table.rule.join_required = true;
  table.rule.dimension_columns = {"campaign_id", "device"};
  table.rule.scalar_functions = {"LOWER", "UPPER"};
  table.rule.output_constraints = {{"hashed_email", 50}};
  return table;
}

inline Table purchases_table() {
  Table table;
  table.name = "purchases";
  table.owner = "shopgood";
  table.person = "hashed_email";
  table.identifier = "email";
  table.columns = {
      {"hashed_email", {Type::text, 0}, Label::person, false, false, 0, 0, {}},
      {"purchase_date", {Type::date, 0}, Label::plain, false, true, 19000, 21000, {}},
      {"total_spent", {Type::decimal, 2}, Label::sensitive, false, true, 0, 50000, {}},
  };
  table.rule.aggregate_columns = {{{"hashed_email"}, AggregateFunction::count_distinct},
                                  {{"total_spent"}, AggregateFunction::sum},
                                  {{"total_spent"}, AggregateFunction::avg}};
  table.rule.join_columns = {"hashed_email"};
  table.rule.scalar_functions = {"ABS", "EXTRACT"};
  return table;
}

// shopgood (1) and newsnow (2) provide; newsnow and the agency (3) ask and receive.
inline Policy example_policy() {
  Policy policy;
  policy.id = "00112233445566778899aabbccddeeff";
  policy.name = "Attribution, autumn";
  policy.expires = 2'000'000'000;
  policy.members = {test_member("agency", 3, {false, true, true, false}),
                    test_member("newsnow", 2, {true, true, true, false}),
                    test_member("shopgood", 1, {true, false, false, true})};
  policy.tables = {exposures_table(), purchases_table()};
  policy.privacy = {.people_min = 50,
                    .epsilon = 3'000'000,
                    .delta = std::uint64_t{1} << 40,
                    .epsilon_per_query = 100'000,
                    .delta_per_query = std::uint64_t{1} << 36,
                    .groups_per_person = 4,
                    .rows_per_group = 20};
  policy.trust.min_assurance = attest::Assurance::insecure_sim;
  policy.trust.collateral_age_max_s = 30 * std::int64_t{86'400};
  policy.trust.crl_age_max_s = 366 * std::int64_t{86'400};
  policy.trust.sim = attest::SimTrust{{Hash{7}, Hash{9}}};
  policy.limits.rows = 100'000'000;
  return policy;
}

// The same agreement without noise.
inline void make_threshold_only(Privacy& privacy, std::uint64_t queries) {
  privacy = {.people_min = privacy.people_min,
             .accounting = privacy::Accounting::queries,
             .queries = queries,
             .laplace = false,
             .groups_per_person = privacy.groups_per_person,
             .rows_per_group = privacy.rows_per_group,
             .differencing = privacy.differencing};
}

inline packet::Envelope signed_policy(const Policy& policy) {
  packet::Envelope envelope = packet::make_envelope(kPolicyType, encode(policy));
  for (const std::uint8_t who : std::initializer_list<std::uint8_t>{1, 2, 3})
    packet::sign(envelope, test_signing_key(who));
  return envelope;
}

// `json` with the value at `path` ("tables/0/name") replaced, added, or removed when `value` is
// null.
inline Json with(const Json& json, std::string_view path, const Json& value) {
  if (path.empty()) return value;
  const std::size_t slash = path.find('/');
  const std::string_view head = path.substr(0, slash);
  const std::string_view rest =
      slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
  if (const Json::Array* items = json.array()) {
    std::size_t index = 0;
    std::from_chars(head.data(), head.data() + head.size(), index);
    Json::Array out;
    for (std::size_t i = 0; i < items->size(); i++) {
      const Json& item = (*items)[i];
      Json next = i == index ? with(item, rest, value) : item;
      if (!next.is_null()) out.push_back(std::move(next));
    }
    if (index >= items->size()) out.push_back(value);
    return Json(std::move(out));
  }
  Json::Object out;
  bool found = false;
  for (const Json::Member& member : *json.object()) {
    found = found || member.first == head;
    Json next = member.first == head ? with(member.second, rest, value) : member.second;
    if (!next.is_null()) out.emplace_back(member.first, std::move(next));
  }
  if (!found) out.emplace_back(head, value);
  return Json(std::move(out));
}

// The value at `path`.
inline Json at(const Json& json, std::string_view path) {
  const Json* here = &json;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view head = path.substr(0, slash);
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
    if (const Json::Array* items = here->array()) {
      std::size_t index = 0;
      std::from_chars(head.data(), head.data() + head.size(), index);
      here = &(*items)[index];
    } else {
      here = here->find(head);
    }
    GBX_CHECK(here != nullptr);
  }
  return *here;
}

}  // namespace gbx::policy
