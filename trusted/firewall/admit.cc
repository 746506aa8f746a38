// From a text, or a template with its values, to a query that is checked.

#include "trusted/firewall/check.h"
#include "trusted/sql/bind.h"
#include "trusted/sql/parameters.h"
#include "trusted/sql/parse.h"

namespace gbx::firewall {

sql::Catalog catalog_of(const policy::Policy& policy) {
  sql::Catalog catalog;
  for (const policy::Table& table : policy.tables) {
    catalog.tables.push_back(policy::catalog_of(table));
  }
  return catalog;
}

Result<CheckedQuery> admit(std::string_view ast, std::string_view sql,
                           const policy::VerifiedPolicy& policy, const Request& request) {
  GBX_TRY_ASSIGN(sql::Select select, sql::parse(ast, sql));
  Request asked = request;
  std::vector<std::size_t> named;
  if (request.use == nullptr) {
    GBX_TRY_ASSIGN(named, sql::with_derived(select, request.derived));
  } else {
    GBX_CHECK(sql == request.use->sql());
    GBX_TRY(sql::set_parameters(select, request.use->values()));
    asked.analysis = request.use->call().name;
  }
  GBX_TRY_ASSIGN(const sql::Query query, sql::bind(select, catalog_of(policy.policy())));
  GBX_TRY_ASSIGN(CheckedQuery out, check(query, policy, asked));
  out.derived_ = std::move(named);
  return out;
}

}  // namespace gbx::firewall
