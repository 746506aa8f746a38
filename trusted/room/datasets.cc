#include "trusted/room/datasets.h"

#include <algorithm>

namespace gbx::room {
namespace {

std::vector<std::string> sorted(std::vector<std::string> values) {
  std::sort(values.begin(), values.end());
  return values;
}

bool same(const snapshot::ManifestColumn& a, const policy::Column& b) {
  return a.name == b.name && a.type == b.type && a.label == b.label && a.nullable == b.nullable &&
         a.bounded == b.bounded && a.low == b.low && a.high == b.high &&
         sorted(a.domain) == sorted(b.domain);
}

// The table that an envelope names, before anything is verified.
Result<std::string> peek_table(const packet::Envelope& envelope) {
  GBX_TRY_ASSIGN(const Json payload, Json::parse_canonical(envelope.payload));
  const Json* table = payload.find("table");
  if (table == nullptr || table->string() == nullptr) {
    return Error{ErrorCode::invalid_argument, "manifest_malformed"};
  }
  return *table->string();
}

}  // namespace

Status check_manifest(const snapshot::SnapshotManifest& manifest, const policy::Policy& policy) {
  const policy::Table* table = policy.find_table(manifest.table);
  if (table == nullptr) return Error{ErrorCode::not_found, "table_unknown"};
  if (manifest.collaboration != policy.id) {
    return Error{ErrorCode::policy_denied, "collaboration_wrong"};
  }
  if (manifest.token_epoch != policy.token_epoch) {
    return Error{ErrorCode::policy_denied, "token_epoch_wrong"};
  }
  if (manifest.owner != table->owner) return Error{ErrorCode::policy_denied, "owner_wrong"};
  const bool same_columns = std::equal(manifest.columns.begin(), manifest.columns.end(),
                                       table->columns.begin(), table->columns.end(), same);
  if (manifest.person != table->person || manifest.identifier != table->identifier ||
      !same_columns) {
    return Error{ErrorCode::policy_denied, "columns_differ"};
  }
  if (manifest.rows_per_person > table->rows_per_person) {
    return Error{ErrorCode::policy_denied, "rows_per_person_too_large"};
  }
  return {};
}

std::string_view table_state_name(TableState state) {
  switch (state) {
    case TableState::snapshot_missing: return "snapshot_missing";
    case TableState::key_not_released: return "key_not_released";
    case TableState::retention_ended: return "retention_ended";
    case TableState::ready: return "ready";
  }
  return "unknown";
}

const Datasets::Entry* Datasets::find(std::string_view table) const {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Entry& entry) { return entry.table == table; });
  return found == entries_.end() ? nullptr : &*found;
}

Datasets::Entry* Datasets::find(std::string_view table) {
  return const_cast<Entry*>(static_cast<const Datasets*>(this)->find(table));
}

Result<Datasets::Attached> Datasets::attach(std::string_view envelope,
                                            std::shared_ptr<const snapshot::BlockSource> sealed,
                                            std::int64_t now) {
  GBX_TRY_ASSIGN(const packet::Envelope parsed, packet::parse_envelope(envelope));
  GBX_TRY_ASSIGN(const std::string name, peek_table(parsed));
  const policy::Table* table = policy_->find_table(name);
  if (table == nullptr) return Error{ErrorCode::not_found, "table_unknown"};
  const policy::Member* owner = policy_->find_member(table->owner);
  GBX_CHECK(owner != nullptr);
  GBX_TRY_ASSIGN(snapshot::VerifiedManifest manifest,
                 snapshot::VerifiedManifest::verify(parsed, owner->signing_key));
  GBX_TRY(check_manifest(manifest.manifest(), *policy_));
  if (manifest.manifest().expires <= now) {
    return Error{ErrorCode::policy_denied, "retention_ended"};
  }
  Entry* before = find(name);
  if (before != nullptr && before->released) {
    return Error{ErrorCode::policy_denied, "already_released"};
  }
  Attached attached{name, manifest.hash()};
  Entry entry{name, std::move(manifest), std::move(sealed), {}, nullptr, false};
  if (before != nullptr) {
    *before = std::move(entry);
  } else {
    entries_.push_back(std::move(entry));
  }
  return attached;
}

Result<Hash> Datasets::waiting(std::string_view table) const {
  const Entry* entry = find(table);
  if (entry == nullptr) return Error{ErrorCode::not_found, "snapshot_missing"};
  if (entry->released) return Error{ErrorCode::policy_denied, "already_released"};
  return entry->manifest.hash();
}

Status Datasets::open(std::string_view table, const crypto::AeadKey& key, std::int64_t now,
                      Entropy& entropy) {
  Entry* entry = find(table);
  GBX_CHECK(entry != nullptr && !entry->released);
  if (entry->manifest.manifest().expires <= now) {
    return Error{ErrorCode::policy_denied, "retention_ended"};
  }
  GBX_TRY_ASSIGN(auto opened, snapshot::Snapshot::open(entry->manifest, key.copy(), entry->sealed,
                                                       entropy, policy_->limits.rows));
  entry->opened = std::move(opened);
  entry->key = key.copy();
  entry->released = true;
  return {};
}

void Datasets::drop(std::string_view table) {
  std::erase_if(entries_, [&](const Entry& entry) { return entry.table == table; });
}

void Datasets::sweep(std::int64_t now) {
  for (Entry& entry : entries_) {
    if (!entry.released || entry.manifest.manifest().expires > now) continue;
    entry.opened.reset();
    entry.key = {};
  }
}

TableState Datasets::state(std::string_view table, std::int64_t now) const {
  const Entry* entry = find(table);
  if (entry == nullptr) return TableState::snapshot_missing;
  if (entry->manifest.manifest().expires <= now || (entry->released && !entry->opened)) {
    return TableState::retention_ended;
  }
  return entry->released ? TableState::ready : TableState::key_not_released;
}

std::optional<Hash> Datasets::manifest_hash(std::string_view table) const {
  const Entry* entry = find(table);
  return entry == nullptr ? std::nullopt : std::optional(entry->manifest.hash());
}

Result<Dataset> Datasets::dataset(std::string_view table, std::int64_t now) const {
  switch (state(table, now)) {
    case TableState::snapshot_missing: return Error{ErrorCode::unavailable, "snapshot_missing"};
    case TableState::key_not_released: return Error{ErrorCode::unavailable, "key_not_released"};
    case TableState::retention_ended: return Error{ErrorCode::unavailable, "retention_ended"};
    case TableState::ready: break;
  }
  const Entry* entry = find(table);
  return Dataset{entry->opened.get(), entry->sealed.get(),     &entry->manifest.manifest(),
                 &entry->key,         &entry->opened->marks(), entry->opened->persons()};
}

}  // namespace gbx::room
