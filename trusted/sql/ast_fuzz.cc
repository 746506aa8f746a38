// The first line is the analyst's text, the rest the tree that a hostile parser made of it.
// Whatever they are: a refusal, or a query that is whole.

#include <cstdint>
#include <string_view>

#include "trusted/base/bytes.h"

#include "trusted/sql/bind.h"
#include "trusted/sql/derived.h"
#include "trusted/sql/fixture.h"
#include "trusted/sql/parse.h"
#include "trusted/sql/print.h"
#include "trusted/sql/well_formed.h"

namespace {

using gbx::sql::Expression;

void check_expression(const Expression& expression, std::size_t relations) {
  GBX_CHECK(gbx::sql::is_well_formed(expression, relations));
  for (const Expression& child : expression.children) check_expression(child, relations);
}

void check_query(const gbx::sql::Query& query) {
  const std::size_t relations = query.relations.size();
  if (query.has_filter) check_expression(query.filter, relations);
  for (const Expression& group : query.groups) check_expression(group, relations);
  GBX_CHECK(query.output_types.size() ==
            query.groups.size() + query.aggregates.size() + query.post.windows.size());
  for (const gbx::sql::Item& item : query.items) {
    GBX_CHECK(item.output < query.output_types.size());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = gbx::as_text({data, size});
  const std::size_t line = input.find('\n');
  if (line == std::string_view::npos) return 0;
  const std::string_view sql = input.substr(0, line);
  const auto select = gbx::sql::parse(input.substr(line + 1), sql);
  if (!select) {
    GBX_CHECK(select.error().where.end <= sql.size());
    GBX_CHECK(select.error().where.begin <= select.error().where.end);
    return 0;
  }
  const gbx::sql::Catalog catalog = gbx::sql::test_catalog();
  // As the definition of a derived table, and over one that is called like one of its tables.
  gbx::sql::Select definition = *select;
  static_cast<void>(gbx::sql::bind_derived(definition, catalog));
  const gbx::sql::Derived derived{.name = "purchases", .select = definition};
  gbx::sql::Select over = *select;
  const auto named = gbx::sql::with_derived(over, std::span(&derived, 1));
  if (named) {
    GBX_CHECK(over.with.size() == select->with.size() + named->size());
    const auto bound = gbx::sql::bind(over, catalog);
    GBX_CHECK(bound || bound.error().where.end <= sql.size());
  }
  const auto query = gbx::sql::bind(*select, catalog);
  if (!query) {
    GBX_CHECK(query.error().where.end <= sql.size());
    return 0;
  }
  check_query(*query);
  GBX_CHECK(!gbx::sql::print(*query, catalog).empty());
  return 0;
}
