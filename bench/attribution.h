#pragma once

// The two tables of the tutorial at any size, from a seed: half as many persons as rows on each
// side, half of them on both, 1..3 rows each, 50 campaigns, 60 days.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "enclave/file_source.h"
#include "engine/duckdb/database.h"
#include "trusted/snapshot/snapshot.h"
#include "trusted/sql/task.h"

namespace gbx::bench {

struct Side {
  bool purchases = false;  // day, cents; otherwise exposures: campaign, day
  std::uint64_t users = 0;
  std::uint64_t first_user = 0;

  static Side make(bool purchases, std::uint64_t rows);
  [[nodiscard]] std::uint64_t rows_of(std::uint64_t user) const;
  [[nodiscard]] std::int64_t value(std::uint64_t user, std::uint64_t row, int column) const;
};

// A person's token, in halves of 62 and 63 bits.
std::uint64_t token_high(std::uint64_t user);
std::uint64_t token_low(std::uint64_t user);
std::string campaign_name(std::int64_t code);

// Seals one side into the file `stream`, and writes its manifest into the file `manifest`.
void seal(const Side& side, int stream, int manifest);

// A sealed side as a room holds it.
struct Held {
  snapshot::SnapshotManifest manifest;
  std::shared_ptr<enclave::FileSource> source;
  snapshot::Marks marks;
};
// Exposures and purchases, sealed by a process of their own so that it leaves no memory behind.
std::vector<Held> seal_both(std::uint64_t rows);
crypto::AeadKey bench_key();

// Converted persons and revenue by campaign, of exposures before the purchase; three campaigns a
// person.
sql::Task attribution();

// Held tables opened again, as for a query.
class OpenTables {
 public:
  explicit OpenTables(const std::vector<Held>& held);
  // Valid as long as this.
  [[nodiscard]] std::vector<const snapshot::Table*> first(std::size_t count) const;

 private:
  std::vector<std::unique_ptr<snapshot::Snapshot>> opened_;
};

// Reopens, decrypts, checks, evaluates, bounds and adds: all that a query costs.
std::vector<sql::GroupRow> merge(const sql::Task& task, const std::vector<Held>& held,
                                 std::uint32_t threads = 2);
// Runs a query to its end; how many rows it has.
std::uint64_t run_plain(engine::Database& database, const std::string& sql);

}  // namespace gbx::bench
