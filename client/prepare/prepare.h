#pragma once

// From a table at home to a sealed snapshot and its signed manifest. Nothing of the source is
// written anywhere but into the sealed stream; rejected rows leave a line number and a reason. What
// stops half-way leaves no output.

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "client/prepare/convert.h"
#include "client/prepare/manifest_file.h"
#include "trusted/crypto/sign.h"
#include "trusted/snapshot/manifest.h"

namespace gbx::policy {
struct Policy;
}

namespace gbx::prepare {

// How many rejected rows are too many: a number, or a share of all rows in 10^-4 ("1%" = 100).
struct RejectLimit {
  bool share = true;
  std::uint64_t amount = 100;
};
// "250" or "1%" or "0.5%"; nullopt for anything else.
std::optional<RejectLimit> parse_reject_limit(std::string_view text);

struct PrepareJob {
  TableManifest manifest;
  std::string out;           // the stream; the signed manifest goes to out + ".json"
  std::string rejects_file;  // written only when there are rejected rows
  RejectLimit max_rejects;
  unsigned threads = 0;          // 0: as many as the machine has
  std::uint64_t memory_max = 0;  // bytes for rows; 0: three quarters of the machine's

  // Who and for what: as in the policy.
  std::string owner;
  std::string collaboration;
  std::uint32_t token_epoch = 1;
  TokenMaker token;
  const crypto::SigningKey* signing_key = nullptr;
  Entropy* entropy = nullptr;
  std::int64_t now = 0;  // seconds since 1970
  std::string tool;      // program and version, for the lineage

  // Keeps the snapshot's key before the output gets its names; may throw.
  std::function<void(const Hash& manifest_hash, const crypto::AeadKey& key)> keep_key;
  // Progress of a phase ("reading", "sorting", "sealing", "publishing"); called from one thread at
  // a time. What it throws stops the preparation there.
  std::function<void(std::string_view phase, std::uint64_t done, std::uint64_t total)> progress;
  const std::atomic<bool>* interrupted = nullptr;
};

struct PrepareReport {
  std::uint64_t rows_in = 0;
  std::uint64_t rows = 0;     // in the snapshot
  std::uint64_t persons = 0;  // in the snapshot
  std::array<std::uint64_t, kRejects> rejected{};
  std::uint64_t rejected_total = 0;
  std::uint64_t unlisted = 0;  // kept out by the opt-out or consent list
  std::uint64_t over_cap = 0;  // dropped by rows_per_person
  std::uint64_t listed = 0;    // identifiers in the list that could be read
  std::uint64_t list_malformed = 0;
  std::vector<std::string> left_out;  // source columns that do not enter
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  double seconds = 0;
  Hash manifest_hash{};
  snapshot::SnapshotManifest manifest;
};

// At every moment, and whatever ends it, `out` and its manifest are the older pair, the new pair,
// or a stream without a manifest. Throws Failure (also when the columns or the table are not those
// of a policy, see below) and Interrupted.
PrepareReport prepare(const PrepareJob& job);

// Takes owner, collaboration and epoch from `policy`, and holds the manifest against the policy's
// table of that name: columns, types, labels, bounds, domains, identifier, rows per person. Throws
// Failure naming the first difference.
void bind_to_policy(PrepareJob& job, const policy::Policy& policy);

// The lines of a reject file: "line,column,reason".
std::string reject_lines(const ConvertPlan& plan, std::vector<RejectedRow> rejected,
                         std::string_view line_word);

}  // namespace gbx::prepare
