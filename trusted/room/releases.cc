#include "trusted/room/releases.h"

#include <algorithm>

#include "trusted/crypto/hash.h"
#include "trusted/room/response.h"

namespace gbx::room {
namespace {

std::size_t bytes_of(const std::vector<Cell>& cells) {
  std::size_t out = 0;
  for (const Cell& cell : cells) {
    const auto* text = std::get_if<std::string>(&cell);
    out += sizeof(cell) + (text == nullptr ? 0 : text->size());
  }
  return out;
}

// What an entry takes in memory, about.
std::size_t bytes_of(const privacy::Released& released) {
  std::size_t out = sizeof(Releases::Entry);
  for (const privacy::ReleasedGroup& group : released.groups()) {
    out += sizeof(group) + group.values.size() * sizeof(std::int64_t) +
           group.quantiles.size() * sizeof(privacy::QuantileLeaves) + bytes_of(group.key);
  }
  for (const privacy::ListedRow& row : released.listed()) out += sizeof(row) + bytes_of(row.cells);
  return out;
}

}  // namespace

Result<Hash> release_key(const firewall::CheckedQuery& query,
                         std::span<const packet::UsedSnapshot> snapshots, const Hash& policy) {
  GBX_TRY_ASSIGN(const packet::NoiseParameters noise, noise_parameters(query.plan()));
  Json::Array conditions;
  for (const std::string& condition : query.question().conditions) {
    conditions.emplace_back(condition);
  }
  Json::Array read;
  for (const packet::UsedSnapshot& used : snapshots) {
    read.push_back(
        Json::object({{"manifest", to_hex(used.manifest_digest)}, {"table", used.table}}));
  }
  const Json all = Json::object({{"conditions", Json(std::move(conditions))},
                                 {"noise", packet::encode(noise)},
                                 {"outline", query.question().outline},
                                 {"policy", to_hex(policy)},
                                 {"snapshots", Json(std::move(read))}});
  return crypto::sha256(as_bytes(all.canonical()));
}

const Releases::Entry* Releases::find(const Hash& key) const {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Entry& entry) { return entry.key == key; });
  return found == entries_.end() ? nullptr : &*found;
}

void Releases::give(const Hash& key, const std::string& member) {
  for (Entry& entry : entries_) {
    if (entry.key == key) entry.members.insert(member);
  }
}

void Releases::add(const Hash& key, const Hash& request, const std::string& member,
                   privacy::Released&& released) {
  const std::size_t bytes = bytes_of(released);
  if (bytes > kBytesMax) return;
  bytes_ += bytes;
  entries_.push_back({key, request, std::move(released), bytes, {member}});
  while (bytes_ > kBytesMax || entries_.size() > kReleasesMax) {
    bytes_ -= entries_.front().bytes;
    entries_.pop_front();
  }
}

void Releases::clear() {
  entries_.clear();
  bytes_ = 0;
}

}  // namespace gbx::room
