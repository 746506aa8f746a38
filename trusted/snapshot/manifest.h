#pragma once

// The snapshot manifest: what an owner signs about one sealed table (docs/spec/snapshot.md).
//
// An attacker (the host, or the owner) writes the packet. decode() knows every field and range;
// whether columns and bounds are those of the policy is for the room to compare. The values in the
// stream are held to what is declared here when a Snapshot is opened.

#include <string>
#include <vector>

#include "trusted/base/json.h"
#include "trusted/base/value.h"
#include "trusted/packet/dsse.h"
#include "trusted/snapshot/stream.h"

namespace gbx::snapshot {

constexpr std::string_view kManifestType = "application/vnd.glovebox.snapshot+json";
constexpr std::size_t kColumnsMax = 512;  // without the person column
constexpr std::size_t kDomainMax = 100'000;
constexpr std::uint32_t kRowsPerPersonMax = 1'000'000;

struct ManifestColumn {
  std::string name;  // [A-Za-z_][A-Za-z0-9_]{0,62}
  ValueType type;
  Label label = Label::plain;
  bool nullable = false;
  // Every value lies in [low, high]; never for text and boolean.
  bool bounded = false;
  std::int64_t low = 0;
  std::int64_t high = 0;
  std::vector<std::string> domain = {};  // text only: strictly ascending; empty = any value
  friend bool operator==(const ManifestColumn&, const ManifestColumn&) = default;
};

// What was done on the way, for the owner's own records; no effect on a room.
struct Lineage {
  Hash source = {};  // SHA-256 of the source file's name
  std::string tool;  // program and version
  std::vector<std::string> transforms;
  friend bool operator==(const Lineage&, const Lineage&) = default;
};

struct SnapshotManifest {
  std::string table;
  std::string owner;
  std::string collaboration;  // the policy's id
  std::uint32_t token_epoch = 1;
  std::string person;                   // the column that holds the token
  std::string identifier;               // "email" or "phone"
  std::vector<ManifestColumn> columns;  // the person column among them: text, not nullable
  std::uint32_t rows_per_person = 1;
  StreamSummary stream;
  Lineage lineage;
  std::int64_t created = 0;  // seconds since 1970
  std::int64_t expires = 0;  // end of retention
  friend bool operator==(const SnapshotManifest&, const SnapshotManifest&) = default;
};

// True for the names that tables and columns may have.
bool is_column_name(std::string_view name);
// True when `value` is one that `type` can have at all (a date in the years 1..9999, ...).
bool in_type_range(std::int64_t value, ValueType type);

Json encode(const SnapshotManifest& manifest);
// Fails with invalid_argument ("manifest_malformed"); checks no signature.
Result<SnapshotManifest> decode(const Json& payload);

class VerifiedManifest {
 public:
  // `owner` has signed the envelope and nobody else has. Fails with unverified, or as decode()
  // does.
  static Result<VerifiedManifest> verify(const packet::Envelope& envelope,
                                         const crypto::PublicKey& owner);

  [[nodiscard]] const SnapshotManifest& manifest() const { return manifest_; }
  // SHA-256 of the payload: names this snapshot in key releases, ledgers and logs.
  [[nodiscard]] const Hash& hash() const { return hash_; }

 private:
  VerifiedManifest(SnapshotManifest manifest, const Hash& hash)
      : manifest_(std::move(manifest)), hash_(hash) {}
  SnapshotManifest manifest_;
  Hash hash_;
};

}  // namespace gbx::snapshot
