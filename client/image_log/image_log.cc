#include "client/image_log/image_log.h"

#include <algorithm>

#include "client/keys/atomic_file.h"
#include "trusted/crypto/hash.h"

namespace gbx::client {
namespace {

using attest::Checkpoint;
using attest::LogKey;

constexpr unsigned kPublicMode = 0644;
constexpr Error kUnwritable{ErrorCode::unavailable, "file_unwritable"};
constexpr Error kForked{ErrorCode::unverified, "image_log_forked"};
constexpr Error kRolledBack{ErrorCode::unverified, "image_log_rolled_back"};
constexpr Error kExists{ErrorCode::policy_denied, "image_log_exists"};

// A checkpoint and the text that it was read from.
struct Signed {
  std::string note;
  Checkpoint checkpoint;
};

std::filesystem::path checkpoint_in(const std::filesystem::path& folder) {
  return folder / "checkpoint";
}
std::filesystem::path entry_in(const std::filesystem::path& folder, std::uint64_t index) {
  return folder / "entries" / std::to_string(index);
}

Result<std::string> read_note(const std::filesystem::path& path, const Error& missing) {
  auto note = read_file(path, attest::kCheckpointBytesMax);
  if (note) return note;
  if (note.error().code == ErrorCode::not_found) return missing;
  if (note.error().code != ErrorCode::invalid_argument) return note.error();
  return Error{ErrorCode::invalid_argument, "image_log_checkpoint_malformed"};
}

Result<std::string> note_in(const std::filesystem::path& folder) {
  return read_note(checkpoint_in(folder), {ErrorCode::not_found, "image_log_missing"});
}

// Of a size that is read at all.
Result<Signed> bounded(std::string note, Result<Checkpoint> read) {
  GBX_TRY_ASSIGN(Checkpoint checkpoint, std::move(read));
  if (checkpoint.size > kImageLogEntriesMax) {
    return Error{ErrorCode::invalid_argument, "image_log_full"};
  }
  return Signed{std::move(note), std::move(checkpoint)};
}

Result<Signed> verified(const std::string& note, const LogKey& key) {
  return bounded(note, attest::verify_checkpoint(note, key));
}

// Entry `index`, which is a signed manifest.
Result<std::string> read_entry(const std::filesystem::path& folder, std::uint64_t index) {
  const Error malformed{ErrorCode::invalid_argument, "image_log_entry_malformed"};
  auto entry = read_file(entry_in(folder, index), attest::kLoggedImageBytesMax);
  if (!entry && entry.error().code == ErrorCode::not_found) {
    return Error{ErrorCode::not_found, "image_log_entry_missing"};
  }
  if (!entry) return entry.error().code == ErrorCode::invalid_argument ? malformed : entry.error();
  GBX_TRY(attest::read_image_log_entry(*entry));
  return entry;
}

Status read_entries(const std::filesystem::path& folder, std::uint64_t size, ImageLogCopy& log) {
  for (std::uint64_t index = log.entries.size(); index < size; index++) {
    GBX_TRY_ASSIGN(std::string entry, read_entry(folder, index));
    log.leaves.push_back(attest::leaf_hash(as_bytes(entry)));
    log.entries.push_back(std::move(entry));
  }
  return {};
}

Result<ImageLogCopy> with_entries(const std::filesystem::path& folder, Signed newest) {
  ImageLogCopy log;
  GBX_TRY(read_entries(folder, newest.checkpoint.size, log));
  log.note = std::move(newest.note);
  log.checkpoint = std::move(newest.checkpoint);
  return log;
}

bool has_root(const ImageLogCopy& log, const Checkpoint& checkpoint) {
  const Leaves leaves(log.leaves);
  return checkpoint.size <= leaves.size() &&
         merkle_root(leaves.first(checkpoint.size)) == checkpoint.root;
}

std::optional<std::uint64_t> index_of(const ImageLogCopy& log, std::string_view entry) {
  const auto found = std::find(log.entries.begin(), log.entries.end(), entry);
  if (found == log.entries.end()) return std::nullopt;
  return static_cast<std::uint64_t>(found - log.entries.begin());
}

// The log as the home and the folder have it together: the newer checkpoint of the two, which the
// other must be a part of.
Result<ImageLogCopy> read_to_extend(const Home& home, const std::filesystem::path& folder) {
  GBX_TRY_ASSIGN(const std::string note, note_in(folder));
  GBX_TRY_ASSIGN(const Checkpoint said, attest::read_checkpoint(note));
  const LogKey key{said.origin, home.signing_key().public_key()};
  GBX_TRY_ASSIGN(Signed published, verified(note, key));
  GBX_TRY_ASSIGN(const std::string kept,
                 read_note(image_log_record(home, said.origin),
                           {ErrorCode::not_found, "image_log_record_missing"}));
  GBX_TRY_ASSIGN(Signed record, verified(kept, key));
  ImageLogCopy log;
  GBX_TRY(read_entries(folder, published.checkpoint.size, log));
  if (!has_root(log, published.checkpoint)) {
    return Error{ErrorCode::unverified, "image_log_root_wrong"};
  }
  const bool is_ahead = record.checkpoint.size > published.checkpoint.size;
  if (is_ahead) {
    const Status read = read_entries(folder, record.checkpoint.size, log);
    if (!read) return read.error().code == ErrorCode::unavailable ? read.error() : kRolledBack;
  }
  if (!has_root(log, record.checkpoint)) return is_ahead ? kRolledBack : kForked;
  Signed& newest = is_ahead ? record : published;
  log.note = std::move(newest.note);
  log.checkpoint = std::move(newest.checkpoint);
  return log;
}

// First what the home remembers, so that it never forgets what somebody may have read.
Status publish(const Home& home, const std::filesystem::path& folder, const ImageLogCopy& log) {
  const auto record = image_log_record(home, log.checkpoint.origin);
  GBX_TRY(write_file(record, log.note, kPublicMode));
  return write_file(checkpoint_in(folder), log.note, kPublicMode);
}

void sign_tree(const Home& home, const std::string& origin, ImageLogCopy& log) {
  log.checkpoint = {origin, log.leaves.size(), merkle_root(log.leaves)};
  log.note = attest::sign_checkpoint(log.checkpoint, home.signing_key());
}

}  // namespace

Result<ImageLogCopy> read_image_log(const std::filesystem::path& folder, const LogKey& key) {
  GBX_TRY_ASSIGN(const std::string note, note_in(folder));
  GBX_TRY_ASSIGN(Signed newest, verified(note, key));
  GBX_TRY_ASSIGN(ImageLogCopy log, with_entries(folder, std::move(newest)));
  if (!has_root(log, log.checkpoint)) {
    return Error{ErrorCode::unverified, "image_log_root_wrong"};
  }
  return log;
}

Result<ImageLogCopy> peek_image_log(const std::filesystem::path& folder) {
  GBX_TRY_ASSIGN(const std::string note, note_in(folder));
  GBX_TRY_ASSIGN(Signed said, bounded(note, attest::read_checkpoint(note)));
  return with_entries(folder, std::move(said));
}

Status check_grown(const ImageLogCopy& log, const Checkpoint& older) {
  const Checkpoint& now = log.checkpoint;
  if (older.origin != now.origin) return Error{ErrorCode::unverified, "image_log_origin_wrong"};
  if (older.size > now.size) return Error{ErrorCode::unverified, "image_log_behind"};
  std::vector<Hash> path;
  if (older.size > 0) path = consistency_path(log.leaves, older.size);
  const TreeHead first{older.size, older.root};
  return is_consistent(first, {now.size, now.root}, path) ? Status() : Status(kForked);
}

Result<std::string> prove_image(const ImageLogCopy& log, std::string_view entry) {
  const auto index = index_of(log, entry);
  if (!index) return Error{ErrorCode::not_found, "image_log_entry_unknown"};
  return attest::print_inclusion_proof({*index, inclusion_path(log.leaves, *index), log.note});
}

std::filesystem::path image_log_record(const Home& home, const std::string& origin) {
  return home.folder() / ("image-log-" + to_hex(crypto::sha256(as_bytes(origin))) + ".checkpoint");
}

Status begin_image_log(const Home& home, const std::filesystem::path& folder,
                       const std::string& origin) {
  if (!attest::is_log_origin(origin)) {
    return Error{ErrorCode::invalid_argument, "image_log_origin_malformed"};
  }
  GBX_TRY_ASSIGN(const FolderLock lock, FolderLock::take(home.folder()));
  std::error_code error;
  if (std::filesystem::exists(checkpoint_in(folder), error)) return kExists;
  const auto record = read_file(image_log_record(home, origin), attest::kCheckpointBytesMax);
  // A log that was begun and not published is begun again.
  if (record) {
    const auto kept = attest::read_checkpoint(*record);
    if (!kept || kept->size > 0) return kExists;
  } else if (record.error().code != ErrorCode::not_found) {
    return record.error();
  }
  std::filesystem::create_directories(folder / "entries", error);
  if (error) return kUnwritable;
  ImageLogCopy log;
  sign_tree(home, origin, log);
  return publish(home, folder, log);
}

Result<LoggedAt> log_image(const Home& home, const std::filesystem::path& folder,
                           const packet::Envelope& manifest) {
  GBX_TRY_ASSIGN(std::string entry, attest::image_log_entry(manifest));
  GBX_TRY_ASSIGN(const FolderLock keeper, FolderLock::take(home.folder()));
  GBX_TRY_ASSIGN(ImageLogCopy log, read_to_extend(home, folder));
  const auto known = index_of(log, entry);
  LoggedAt out{known.value_or(log.entries.size()), !known};
  if (out.is_new) {
    if (log.entries.size() == kImageLogEntriesMax) {
      return Error{ErrorCode::policy_denied, "image_log_full"};
    }
    // On the disk before anything is signed that stands on it.
    GBX_TRY(write_file(entry_in(folder, out.index), entry, kPublicMode));
    log.leaves.push_back(attest::leaf_hash(as_bytes(entry)));
    log.entries.push_back(std::move(entry));
    sign_tree(home, std::string(log.checkpoint.origin), log);
  }
  GBX_TRY(publish(home, folder, log));
  return out;
}

}  // namespace gbx::client
