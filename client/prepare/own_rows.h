#pragma once

// Whose tokens these are: the owner's own rows of the persons in a list (docs/spec/audience.md).
//
// The source is the file that a manifest describes, and never leaves the owner: a room hands out
// tokens, and only who has the file and the token key can say of whom they are.

#include <string>
#include <vector>

#include "client/prepare/convert.h"

namespace gbx::prepare {

struct OwnRow {
  Token person{};
  std::vector<std::string> values;  // of the columns that were asked for, as the file has them
};

// The first row of each person in `wanted`, in the order of the file. `columns` are names in the
// file; none: the person column alone. Throws Failure: a file that cannot be read, a column that it
// lacks.
std::vector<OwnRow> own_rows(const TableManifest& manifest, const TokenMaker& token,
                             TokenSet wanted, const std::vector<std::string>& columns);

}  // namespace gbx::prepare
