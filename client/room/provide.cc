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

// Nothing where more was given than there is: an older policy allowed more.
privacy::Price rest(privacy::Price a, privacy::Price b) {
  return {a.loss > b.loss ? a.loss - b.loss : 0, a.delta > b.delta ? a.delta - b.delta : 0};
}

// Decides the allotment and writes it into the book, under the folder's lock.
struct Booking {
  privacy::Price allotment;
  privacy::Price left;
};
Booking book_allotment(const Home& home, const policy::VerifiedPolicy& policy,
                       const RoomIdentity& room, const std::string& table,
                       std::optional<std::uint64_t> loss) {
  const FolderLock lock = value_or_throw(FolderLock::take(home.folder()));
  AllotmentBook book = value_or_throw(load_allotments(home.folder()));
  check_or_throw(book.check_head(room.binding.log_origin, room.log_head));
  const std::string& collaboration = policy.policy().id;
  const privacy::Accounting accounting = policy.policy().privacy.accounting;
  const privacy::Price budget = policy::budget_of(policy.policy().privacy);
  const privacy::Price left = rest(budget, book.committed(collaboration, table));
  const Allotment* before = book.find(room.binding.log_origin, table);
  const std::uint64_t usual = before != nullptr ? before->given.loss : left.loss / 2;
  const std::uint64_t wanted = loss.value_or(usual);
  if (wanted == 0) throw RoomUnverified({ErrorCode::budget_exhausted, "budget_exhausted"});
  const Booking booking{share_of(budget, wanted), {}};
  check_or_throw(book.commit({.collaboration = collaboration,
                              .table = table,
                              .log_origin = room.binding.log_origin,
                              .room_key = room.binding.signing_key,
                              .accounting = accounting,
                              .given = booking.allotment,
                              .spent = std::nullopt,
                              .head = room.log_head},
                             budget));
  check_or_throw(save_allotments(home.folder(), book));
  return {booking.allotment, rest(budget, book.committed(collaboration, table))};
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

privacy::Price share_of(privacy::Price budget, std::uint64_t loss) {
  if (budget.loss == 0) return {loss, 1};
  const auto delta =
      static_cast<std::uint64_t>(static_cast<UInt128>(budget.delta) * loss / budget.loss);
  return {loss, std::max<std::uint64_t>(delta, 1)};
}

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
                 const policy::VerifiedPolicy& policy, const Home& home,
                 std::optional<std::uint64_t> loss) {
  check_or_throw(check_provider(file, policy, home));
  crypto::SystemEntropy entropy;
  // Met before a byte of the sealed file goes out: a wrong room gets nothing at all.
  RoomIdentity room = meet_room(connection, policy, entropy);
  attach(connection, room.binding, file);
  const Booking booking = book_allotment(home, policy, room, file.manifest.manifest().table, loss);
  for (int tries = 1;; tries++) {
    try {
      const std::string release = make_release(file, policy, home, room, booking.allotment);
      call_room(connection, room.binding, {Call::release, as_bytes(release)});
      return {std::move(room), booking.allotment, booking.left};
    } catch (const RoomRefused& refused) {
      if (refused.refusal().reason != "log_head_wrong" || tries == kTriesMax) throw;
    }
    const packet::Binding before = room.binding;
    room = meet_room(connection, policy, entropy);
    if (room.binding.signing_key != before.signing_key) {
      throw RoomUnverified({ErrorCode::unverified, "room_changed"});
    }
  }
}

}  // namespace gbx::client
