#pragma once

// What an owner does to let a room use one table: look at the room, hand over the sealed file, and
// seal its key together with a part of the budget to this room alone. Nothing secret leaves before
// the room's evidence holds, and the allotment is in the home ledger, on the disk, before it is on
// the line. When the ledger does not have it, not even the sealed file leaves.

#include <filesystem>
#include <optional>

#include "client/keys/home.h"
#include "client/ledger/home_ledger.h"
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

struct ProvideTerms {
  std::string population = {};  // as HomeLedger::resolve()
  // What the room gets, in the unit of the policy's accounting; when absent what this room was
  // given before, else what is left of the policy's budget for the table. Delta goes with it in
  // proportion.
  std::optional<std::uint64_t> loss = {};
  std::int64_t now = 0;  // seconds since 1970: what the evidence is held against, and the record
};

struct Provided {
  RoomIdentity room;
  std::string population;
  privacy::Price allotment;                                    // in the policy's accounting
  privacy::Accounting accounting = privacy::Accounting::pure;  // the population's, of the next two
  privacy::Price total;
  privacy::Price free;
};

// The home ledger says no: nothing has left. error() as HomeLedger::allot().
class LedgerRefused : public RoomUnverified {
 public:
  LedgerRefused(const Error& error, Shortage shortage)
      : RoomUnverified(error), shortage_(std::move(shortage)) {}
  [[nodiscard]] const Shortage& shortage() const { return shortage_; }

 private:
  Shortage shortage_;
};

// Attaches, verifies and releases. Throws ConnectionError, RoomUnverified (HostRefused, and
// LedgerRefused among them), RoomRefused.
Provided provide(RoomConnection& connection, const SnapshotFile& file,
                 const policy::VerifiedPolicy& policy, Home& home, const ProvideTerms& terms);

}  // namespace gbx::client
