#include "trusted/room/derived.h"

#include <algorithm>

#include "trusted/crypto/hash.h"

namespace gbx::room {
bool DerivedTables::is_over_table_of(const std::string& owner,
                                     const std::vector<std::string>& tables) const {
  return std::any_of(tables.begin(), tables.end(), [&](const std::string& name) {
    const policy::Table* table = policy_->find_table(name);
    return table != nullptr && table->owner == owner;
  });
}

void DerivedTables::sweep(std::int64_t now) {
  latest_ = std::max(latest_, now);
  std::vector<bool> gone;
  for (const Entry& entry : entries_) gone.push_back(entry.table.until <= latest_);
  remove(std::move(gone));
}

packet::DerivedList DerivedTables::list() const {
  packet::DerivedList out;
  for (const Entry& entry : entries_) {
    out.tables.push_back({entry.table, entry.columns, entry.tables, entry.beneath});
  }
  for (const auto& [owner, vetoed] : vetoed_) {
    for (const std::string& name : vetoed.names) out.vetoes.push_back({owner, name});
  }
  return out;
}

Status DerivedTables::check(const packet::DerivedTable& table,
                            const firewall::DerivedTable& made) const {
  if (table.until <= latest_) return Error{ErrorCode::invalid_argument, "derived_over"};
  bool too_long = table.until - latest_ > made.retention_s;
  for (const std::size_t place : made.beneath) {
    too_long = too_long || table.until > entries_[place].table.until;
  }
  if (too_long) return Error{ErrorCode::policy_denied, "derived_retention_too_long"};
  const Hash meaning = crypto::sha256(as_bytes(made.meaning));
  for (const auto& [owner, vetoed] : vetoed_) {
    const bool hit = vetoed.names.contains("") || vetoed.names.contains(table.name) ||
                     vetoed.meanings.contains(meaning);
    if (hit && is_over_table_of(owner, made.tables)) {
      return Error{ErrorCode::policy_denied, "derived_vetoed"};
    }
  }
  const auto own = static_cast<std::size_t>(
      std::count_if(entries_.begin(), entries_.end(),
                    [&](const Entry& entry) { return entry.table.member == table.member; }));
  if (own >= packet::kDerivedMax / policy_->members.size()) {
    return Error{ErrorCode::unavailable, "derived_tables_full"};
  }
  return {};
}

Json DerivedTables::entry(const packet::DerivedTable& table,
                          const firewall::DerivedTable& made) const {
  std::vector<Hash> beneath;
  for (const std::size_t place : made.beneath) beneath.push_back(entries_[place].digest);
  Json::Array tables;
  for (const std::string& name : made.tables) tables.emplace_back(name);
  Json out = Json::object({{"definition", to_hex(packet::derived_digest(table))},
                           {"tables", Json(std::move(tables))},
                           {"until", table.until}});
  if (!beneath.empty()) out.set("derived", hex_list(beneath));
  return out;
}

void DerivedTables::add(packet::DerivedTable table, firewall::DerivedTable made) {
  Entry entry;
  entry.digest = packet::derived_digest(table);
  for (const std::size_t place : made.beneath) {
    entry.beneath.push_back(entries_[place].table.name);
  }
  entry.table = std::move(table);
  entry.columns = std::move(made.columns);
  entry.tables = std::move(made.tables);
  entry.meaning = crypto::sha256(as_bytes(made.meaning));
  entries_.push_back(std::move(entry));
  rows_.push_back(std::move(made.rows));
}

// What stands on another comes after it.
std::vector<Hash> DerivedTables::remove(std::vector<bool> gone) {
  std::set<std::string> names;
  std::vector<Hash> out;
  for (std::size_t i = 0; i < entries_.size(); i++) {
    for (const std::string& name : entries_[i].beneath) {
      if (names.contains(name)) gone[i] = true;
    }
    if (!gone[i]) continue;
    names.insert(entries_[i].table.name);
    out.push_back(entries_[i].digest);
  }
  for (std::size_t i = entries_.size(); i > 0; i--) {
    if (!gone[i - 1]) continue;
    entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(i - 1));
    rows_.erase(rows_.begin() + static_cast<std::ptrdiff_t>(i - 1));
  }
  return out;
}

Result<std::vector<Hash>> DerivedTables::drop(const std::string& member, const std::string& name) {
  std::vector<bool> gone(entries_.size(), false);
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Entry& entry) { return entry.table.name == name; });
  if (found == entries_.end()) return Error{ErrorCode::not_found, "derived_unknown"};
  if (found->table.member != member) return Error{ErrorCode::policy_denied, "derived_not_yours"};
  gone[static_cast<std::size_t>(found - entries_.begin())] = true;
  return remove(std::move(gone));
}

Result<std::vector<Hash>> DerivedTables::veto(const std::string& owner, const std::string& name) {
  const bool owns = std::any_of(policy_->tables.begin(), policy_->tables.end(),
                                [&](const policy::Table& table) { return table.owner == owner; });
  if (!owns) return Error{ErrorCode::policy_denied, "member_may_not_veto"};
  Vetoed& vetoed = vetoed_[owner];
  const bool more = !name.empty() && !vetoed.names.contains(name);
  if (more && vetoed.names.size() >= packet::kVetoesMax) {
    return Error{ErrorCode::unavailable, "vetoes_full"};  // "" is always taken
  }
  vetoed.names.insert(name);
  std::vector<bool> gone(entries_.size(), false);
  for (std::size_t i = 0; i < entries_.size(); i++) {
    const Entry& entry = entries_[i];
    const bool called = name.empty() || entry.table.name == name;
    gone[i] = called && is_over_table_of(owner, entry.tables);
    if (gone[i]) vetoed.meanings.insert(entry.meaning);
  }
  return remove(std::move(gone));
}

void DerivedTables::clear() {
  entries_.clear();
  rows_.clear();
}

}  // namespace gbx::room
