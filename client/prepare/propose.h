#pragma once

// A first manifest for a file, to be edited: types, labels, bounds and domains as the rows suggest
// them. When in doubt a column stays at home.

#include <cstdint>
#include <string>

namespace gbx::prepare {

struct ProposalOptions {
  std::string file;                    // CSV or Parquet
  std::string from;                    // folder of the manifest: the file is named relative to it
  std::string table;                   // "" = after the file's name
  std::string region;                  // of phone numbers without "+"; "" = none
  std::uint64_t rows_max = 1'000'000;  // how many rows are looked at; 0 = all
};

struct Proposal {
  std::string yaml;  // commented
  std::string table;
  std::uint64_t rows = 0;  // looked at
  std::size_t columns = 0;
  std::string person;  // the source column taken for the person; "" = none was found
};

// Throws Failure as the readers of the formats do.
Proposal propose_manifest(const ProposalOptions& options);

}  // namespace gbx::prepare
