#pragma once

// Tests only: a catalog to bind against.

#include "trusted/sql/catalog.h"

namespace gbx::sql {

inline CatalogColumn test_column(std::string name, ValueType type, bool bounded, std::int64_t low,
                                 std::int64_t high) {
  return {std::move(name), type, Label::plain, true, bounded, low, high, {}};
}

// The tables of the tutorial, with a column of each type.
inline Catalog test_catalog() {
  CatalogTable exposures{"exposures", "newsnow", "hashed_email", {}};
  exposures.columns = {test_column("campaign_id", {Type::text, 0}, false, 0, 0),
                       test_column("exposure_date", {Type::date, 0}, true, 19000, 21000)};
  CatalogTable purchases{"purchases", "shopgood", "hashed_email", {}};
  purchases.columns = {test_column("purchase_date", {Type::date, 0}, true, 19000, 21000),
                       test_column("total_spent", {Type::decimal, 2}, true, 0, 1'000'000),
                       test_column("items", {Type::integer, 0}, true, 1, 100),
                       test_column("store", {Type::text, 0}, false, 0, 0),
                       test_column("purchased_at", {Type::timestamp, 0}, false, 0, 0),
                       test_column("loyal", {Type::boolean, 0}, false, 0, 0)};
  return {{exposures, purchases}};
}

}  // namespace gbx::sql
