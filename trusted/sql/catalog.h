#pragma once

// The names a query may use: what the binder knows of the world. Made from a verified policy by the
// firewall; this folder does not know policies.

#include <cstdint>
#include <string>
#include <vector>

#include "trusted/base/value.h"

namespace gbx::sql {

struct CatalogColumn {
  std::string name;
  ValueType type;
  Label label = Label::plain;
  bool nullable = false;
  // Every value that is present lies in [low, high]. A snapshot that breaks it is refused when it
  // is read.
  bool bounded = false;
  std::int64_t low = 0;
  std::int64_t high = 0;
  std::vector<std::string> domain;  // public list of values (text); empty = none
};

struct CatalogTable {
  std::string name;                     // "customers", or "snowy.customers"
  std::string owner;                    // queries may also say owner.name
  std::string person;                   // the person column; not among `columns`
  std::vector<CatalogColumn> columns;   // in the order that Expression::column counts
  std::uint32_t rows_per_person = 100;  // a person has no more in a snapshot
};

struct Catalog {
  std::vector<CatalogTable> tables;
};

// Interval of values in [low, high].
struct Range {
  std::int64_t low = 0;
  std::int64_t high = 0;
  friend bool operator==(Range, Range) = default;
};

// What a snapshot can hold at all: 0..1, the whole of int64, or the days (microseconds) of the
// years 0001..9999. Whoever reads a snapshot refuses values outside. Text: {0, 0}.
Range storage_range(ValueType type);

}  // namespace gbx::sql
