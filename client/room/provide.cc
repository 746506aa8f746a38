#include "client/room/provide.h"

#include <fcntl.h>

#include "client/keys/atomic_file.h"
#include "trusted/crypto/entropy.h"
#include "trusted/packet/key_release.h"

namespace gbx::client {
namespace {

using enclave::Call;

constexpr std::size_t kManifestBytesMax = std::size_t{16} << 20;
// Others may use the room between our look at the log and our release.
constexpr int kTriesMax = 8;

template <typename T>
T value_or_throw(Result<T> result) {
  if (!result) throw RoomUnverified(result.error());
  return std::move(*result);
}

void check_or_throw(const Status& status) {
  if (!status) throw RoomUnverified(status.error());
}

AllotmentOrder order_of(const SnapshotFile& file, const policy::VerifiedPolicy& policy,
                        const RoomIdentity& room, const ProvideTerms& terms) {
  return {.population = terms.population,
          .grant = {.at = terms.now,
                    .collaboration = policy.policy().id,
                    .table = file.manifest.manifest().table,
                    .policy = policy.hash(),
                    .snapshot = file.manifest.hash(),
                    .binding = room.digest,
                    .log_origin = room.binding.log_origin,
                    .room_key = room.binding.signing_key,
                    .accounting = policy.policy().privacy.accounting,
                    .head = room.log_head},
          .budget = policy::budget_of(policy.policy().privacy),
          .loss = terms.loss};
}

template <typename T>
T granted_or_throw(Result<T> result, const HomeLedger& ledger, const AllotmentOrder& order) {
  if (!result) throw LedgerRefused(result.error(), ledger.shortage(order));
  return std::move(*result);
}

// Says no before anything is sent, if the ledger would.
void check_ledger(Home& home, const AllotmentOrder& order) {
  const HomeLedger ledger = value_or_throw(HomeLedger::open(home));
  granted_or_throw(ledger.plan(order), ledger, order);
}

// From here on the allotment counts as spent until the room has signed what it has not.
Provided book_allotment(Home& home, const AllotmentOrder& order) {
  HomeLedger ledger = value_or_throw(HomeLedger::open(home));
  const Grant grant = granted_or_throw(ledger.allot(order), ledger, order);
  const std::string name = granted_or_throw(ledger.resolve(order), ledger, order);
  const Population& population = *ledger.find(name);
  return {.room = {},
          .population = name,
          .allotment = grant.given,
          .accounting = population.accounting(),
          .total = population.total(),
          .free = population.free()};
}

std::string make_release(const SnapshotFile& file, const policy::VerifiedPolicy& policy,
                         const Home& home, const RoomIdentity& room, privacy::Price allotment) {
  const packet::ReleaseTerms terms{.table = file.manifest.manifest().table,
                                   .policy_hash = policy.hash(),
                                   .binding = room.digest,
                                   .nonce = room.binding.nonce,
                                   .manifest_digest = file.manifest.hash(),
                                   .log_head = room.log_head.hash,
                                   .accounting = policy.policy().privacy.accounting,
                                   .allotment = allotment};
  crypto::SystemEntropy entropy;
  return packet::print_envelope(value_or_throw(packet::make_key_release(
      terms, *home.snapshot_key(file.manifest.hash()), room.binding, home.signing_key(), entropy)));
}

void attach(RoomConnection& connection, const packet::Binding& room, const SnapshotFile& file) {
  const enclave::Descriptor sealed(::open(file.path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!sealed.valid()) throw RoomUnverified({ErrorCode::not_found, "file_missing"});
  call_room(connection, room, {Call::attach, as_bytes(file.envelope), sealed.get()});
}

}  // namespace

Result<SnapshotFile> open_snapshot_file(const std::filesystem::path& path, const Home& home) {
  GBX_TRY_ASSIGN(std::string text, read_file(path.string() + ".json", kManifestBytesMax));
  GBX_TRY_ASSIGN(const packet::Envelope envelope, packet::parse_envelope(text));
  GBX_TRY_ASSIGN(snapshot::VerifiedManifest manifest,
                 snapshot::VerifiedManifest::verify(envelope, home.identity().signing_key));
  return SnapshotFile{path, std::move(text), std::move(manifest)};
}

Status check_provider(const SnapshotFile& file, const policy::VerifiedPolicy& policy,
                      const Home& home) {
  const snapshot::SnapshotManifest& manifest = file.manifest.manifest();
  const policy::Member* self = policy.policy().find_member(home.identity().name);
  if (self == nullptr || self->signing_key != home.identity().signing_key) {
    return Error{ErrorCode::policy_denied, "not_a_member"};
  }
  if (!self->abilities.provide) return Error{ErrorCode::policy_denied, "may_not_provide"};
  const policy::Table* table = policy.policy().find_table(manifest.table);
  if (table == nullptr) return Error{ErrorCode::not_found, "table_unknown"};
  if (table->owner != self->name) return Error{ErrorCode::policy_denied, "owner_wrong"};
  if (manifest.collaboration != policy.policy().id) {
    return Error{ErrorCode::policy_denied, "collaboration_wrong"};
  }
  if (manifest.token_epoch != policy.policy().token_epoch) {
    return Error{ErrorCode::policy_denied, "token_epoch_wrong"};
  }
  if (home.snapshot_key(file.manifest.hash()) == nullptr) {
    return Error{ErrorCode::not_found, "snapshot_key_missing"};
  }
  return {};
}

Provided provide(RoomConnection& connection, const SnapshotFile& file,
                 const policy::VerifiedPolicy& policy, Home& home, const ProvideTerms& terms) {
  check_or_throw(check_provider(file, policy, home));
  crypto::SystemEntropy entropy;
  // Met before a byte of the sealed file goes out: a wrong room gets nothing at all.
  const Verifier verifier{&policy, terms.now};
  RoomIdentity room = meet_room(connection, verifier, entropy);
  const AllotmentOrder order = order_of(file, policy, room, terms);
  check_ledger(home, order);
  attach(connection, room.binding, file);
  Provided provided = book_allotment(home, order);
  for (int tries = 1;; tries++) {
    try {
      const std::string release = make_release(file, policy, home, room, provided.allotment);
      call_room(connection, room.binding, {Call::release, as_bytes(release)});
      provided.room = std::move(room);
      return provided;
    } catch (const RoomRefused& refused) {
      if (refused.refusal().reason != "log_head_wrong" || tries == kTriesMax) throw;
    }
    const packet::Binding before = room.binding;
    room = meet_room(connection, verifier, entropy);
    if (room.binding.signing_key != before.signing_key) {
      throw RoomUnverified({ErrorCode::unverified, "room_changed"});
    }
  }
}

}  // namespace gbx::client
