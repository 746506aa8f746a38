#pragma once

// The snapshots of a room: attached (sealed bytes and a signed manifest, no key), then open.
//
// The host hands over sealed bytes and may swap, cut and change them; an owner may seal something
// else than the policy describes. What must stay true: a table becomes usable only when its owner
// signed the manifest, the manifest says what the signed policy says (columns, order, types,
// bounds, collaboration, token epoch), and every block has been opened and held against it. An open
// table is never swapped for another during the life of a room.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "trusted/packet/key_release.h"
#include "trusted/policy/policy.h"
#include "trusted/room/engine.h"
#include "trusted/snapshot/snapshot.h"

namespace gbx::room {

// The manifest describes this policy's table, for this collaboration and epoch. Fails with
// policy_denied: collaboration_wrong, token_epoch_wrong, owner_wrong, columns_differ,
// rows_per_person_too_large.
Status check_manifest(const snapshot::SnapshotManifest& manifest, const policy::Policy& policy);

enum class TableState : std::uint8_t { snapshot_missing, key_not_released, retention_ended, ready };
std::string_view table_state_name(TableState state);

class Datasets {
 public:
  explicit Datasets(const policy::Policy& policy) : policy_(&policy) {}

  struct Attached {
    std::string table;
    Hash manifest{};
  };
  // Takes sealed bytes with their manifest envelope; replaces what was attached before and is not
  // open. Fails with unverified or invalid_argument (the envelope), not_found (table_unknown), as
  // check_manifest() does, or with policy_denied (retention_ended, already_released).
  Result<Attached> attach(std::string_view envelope,
                          std::shared_ptr<const snapshot::BlockSource> sealed, std::int64_t now);

  // The manifest that waits for its key. Fails with not_found (snapshot_missing) or policy_denied
  // (already_released).
  Result<Hash> waiting(std::string_view table) const;
  // Opens what waits under `table` whole. Fails as Snapshot::open() does (at most the policy's
  // rows), or with policy_denied (retention_ended); it then still waits.
  Status open(std::string_view table, const crypto::AeadKey& key, std::int64_t now,
              Entropy& entropy);
  // Forgets a table that nobody has been told is open; it can be attached again.
  void drop(std::string_view table);
  void drop_all() { entries_.clear(); }
  // Wipes the keys of tables whose retention has ended by `now`; they stay refused for good. What
  // waits for its key and is too old can still be replaced.
  void sweep(std::int64_t now);

  [[nodiscard]] TableState state(std::string_view table, std::int64_t now) const;
  // Of an attached or open table; nullopt when there is none.
  [[nodiscard]] std::optional<Hash> manifest_hash(std::string_view table) const;
  // What an engine gets. Fails with unavailable: snapshot_missing, key_not_released,
  // retention_ended.
  Result<Dataset> dataset(std::string_view table, std::int64_t now) const;

 private:
  struct Entry {
    std::string table;
    snapshot::VerifiedManifest manifest;
    std::shared_ptr<const snapshot::BlockSource> sealed;
    crypto::AeadKey key;
    std::unique_ptr<snapshot::Snapshot> opened;  // null while it waits for its key
    bool released = false;                       // was opened, ever
  };
  [[nodiscard]] const Entry* find(std::string_view table) const;
  [[nodiscard]] Entry* find(std::string_view table);

  const policy::Policy* policy_;
  std::vector<Entry> entries_;  // at most one per table of the policy
};

}  // namespace gbx::room
