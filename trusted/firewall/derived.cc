#include "trusted/firewall/derived.h"

#include <algorithm>
#include <limits>

#include "trusted/firewall/check.h"
#include "trusted/firewall/rule.h"
#include "trusted/sql/bind.h"
#include "trusted/sql/parse.h"
#include "trusted/sql/print.h"
#include "trusted/sql/scope.h"

namespace gbx::firewall {
namespace {

constexpr std::int64_t kHour = 3600;
constexpr std::size_t kNameBytesMax = 63;

Error refuse(Literal reason) { return {ErrorCode::invalid_argument, reason}; }

// [a-z][a-z0-9_]{0,62}, and nobody else's. A table "snowy.customers" is called customers, too.
Status check_name(const std::string& name, const policy::Policy& policy,
                  std::span<const sql::Derived> before) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  };
  const bool fits = !name.empty() && name.size() <= kNameBytesMax && name[0] >= 'a' &&
                    name[0] <= 'z' && std::all_of(name.begin(), name.end(), plain);
  if (!fits) return refuse("derived_name_malformed");
  const bool a_table =
      std::any_of(policy.tables.begin(), policy.tables.end(), [&](const policy::Table& table) {
        const std::size_t dot = table.name.rfind('.');
        const std::string_view whole = table.name;
        const std::string_view last = dot == std::string::npos ? whole : whole.substr(dot + 1);
        return sql::same_name(last, name) || sql::same_name(whole, name);
      });
  const bool known = std::any_of(before.begin(), before.end(),
                                 [&](const sql::Derived& one) { return one.name == name; });
  if (a_table || known) return refuse("derived_name_taken");
  return {};
}

// Every owner has agreed to derived tables of its table; the shortest time holds.
Status check_tables(const policy::Policy& policy, DerivedTable& out) {
  std::int64_t hours = std::numeric_limits<std::uint32_t>::max();
  for (const std::string& name : out.tables) {
    const policy::Table* table = policy.find_table(name);
    GBX_CHECK(table != nullptr);
    if (table->rule.derived_hours == 0) {
      return Error{ErrorCode::policy_denied, "derived_not_allowed"};
    }
    hours = std::min(hours, std::int64_t{table->rule.derived_hours});
  }
  out.retention_s = hours * kHour;
  return {};
}

}  // namespace

Result<DerivedTable> admit_derived(const Definition& definition, const policy::Policy& policy,
                                   std::span<const sql::Derived> before) {
  const policy::Member* member = policy.find_member(definition.member);
  if (member == nullptr) return Error{ErrorCode::not_found, "member_unknown"};
  if (!member->abilities.query) return Error{ErrorCode::policy_denied, "member_may_not_query"};
  GBX_TRY(check_name(definition.name, policy, before));
  DerivedTable out;
  out.rows.name = definition.name;
  GBX_TRY_ASSIGN(out.rows.select, sql::parse(definition.ast, definition.sql));
  if (sql::expressions_in(out.rows.select) > sql::kDerivedNodesMax) {
    return refuse("derived_too_large");
  }
  sql::Select select = out.rows.select;
  GBX_TRY_ASSIGN(out.beneath, sql::with_derived(select, before));
  for (const std::size_t place : out.beneath) {
    out.rows.depth = std::max(out.rows.depth, before[place].depth + 1);
  }
  if (out.rows.depth > sql::kDerivedDepthMax) return refuse("derived_too_deep");
  const sql::Catalog catalog = catalog_of(policy);
  GBX_TRY_ASSIGN(sql::DerivedRows rows, sql::bind_derived(select, catalog));
  out.columns = std::move(rows.columns);
  for (const std::uint32_t table : rows.tables) out.tables.push_back(catalog.tables[table].name);
  std::sort(out.tables.begin(), out.tables.end());
  GBX_TRY(check_tables(policy, out));
  // What no question over it could have: its rows, for who defines it.
  sql::Select probe = sql::count_of(definition.name);
  probe.with.push_back(
      {.name = definition.name, .columns = {}, .select = {std::move(select)}, .where = {}});
  GBX_TRY_ASSIGN(const sql::Query query, sql::bind(probe, catalog));
  GBX_TRY(RuleCheck(query, policy).allow_rows({.member = definition.member}));
  out.meaning = sql::print(sql::normal_form(query, catalog), catalog);
  return out;
}

}  // namespace gbx::firewall
