#pragma once

// What an owner does to let a room use one table: look at the room, hand over the sealed file, and
// seal its key together with a part of the budget to this room alone. Nothing secret leaves before
// the room's evidence holds, and the allotment is in the owner's book before it is on the line.

#include <filesystem>
#include <optional>

#include "client/keys/home.h"
#include "client/room/allotments.h"
#include "client/room/meet.h"
#include "trusted/snapshot/manifest.h"

namespace gbx::client {

// A sealed snapshot on disk with its signed manifest beside it (FILE.json).
struct SnapshotFile {
  std::filesystem::path path;
  std::string envelope;
  snapshot::VerifiedManifest manifest;
};
// Fails with not_found (file_missing), unverified or invalid_argument.
Result<SnapshotFile> open_snapshot_file(const std::filesystem::path& path, const Home& home);

// Why this home cannot provide this file under this policy, before a room is met: policy_denied
// (owner_wrong, not_a_member, may_not_provide, collaboration_wrong, token_epoch_wrong), not_found
// (table_unknown, snapshot_key_missing).
Status check_provider(const SnapshotFile& file, const policy::VerifiedPolicy& policy,
                      const Home& home);

struct Provided {
  RoomIdentity room;
  privacy::Price allotment;
  privacy::Price left;  // of the table's budget, at home
};

// Attaches, verifies and releases. `loss` in the unit of the policy's accounting; when absent what
// this room was given before, else half of what is left at home; delta goes with it in proportion.
// Throws ConnectionError, RoomUnverified (HostRefused among them), RoomRefused; Error as a
// RoomUnverified when the book does not allow it (allotment_over_budget, budget_exhausted).
Provided provide(RoomConnection& connection, const SnapshotFile& file,
                 const policy::VerifiedPolicy& policy, const Home& home,
                 std::optional<std::uint64_t> loss);

// The part of `budget` that `loss` takes along: delta in proportion, rounded down, at least 1.
privacy::Price share_of(privacy::Price budget, std::uint64_t loss);

}  // namespace gbx::client
