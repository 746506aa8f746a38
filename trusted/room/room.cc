#include "trusted/room/room.h"

#include <algorithm>

#include "trusted/packet/statement.h"

namespace gbx::room {
namespace {

Json head_json(const log::Log& log) {
  return Json::object(
      {{"hash", to_hex(log.head().hash)}, {"origin", log.origin()}, {"size", log.head().size}});
}

// One log a boot: named by the collaboration and by the key that this boot has made.
std::string log_origin(const policy::Policy& policy, const crypto::PublicKey& key) {
  return "glovebox/" + policy.id + "/" + std::to_string(policy.version) + "/" + to_hex(key);
}

Result<privacy::Budget> make_budget(const policy::Policy& policy) {
  std::vector<privacy::TableCeiling> ceilings;
  for (const policy::Table& table : policy.tables) {
    ceilings.push_back({table.name, policy::budget_of(policy.privacy)});
  }
  std::map<std::string, std::vector<privacy::Ration>, std::less<>> rations;
  for (const policy::Member& member : policy.members) {
    rations[member.name] = member.rations;
    for (const policy::Table& table : policy.tables) {
      rations[privacy::access_name(member.name, table.name)] = table.rule.access_budget;
    }
  }
  return privacy::Budget::make(policy.privacy.accounting, std::move(ceilings),
                               privacy::Rations(std::move(rations)));
}

}  // namespace

Room::Room(policy::VerifiedPolicy policy, Platform platform, const Seams& seams, Keys keys,
           Accounts accounts)
    : policy_(std::move(policy)),
      platform_(platform),
      seams_(seams),
      keys_(std::move(keys)),
      log_(std::move(accounts.log)),
      budget_(std::move(accounts.budget)),
      datasets_(policy_.policy()),
      questions_(policy_.policy().members.size()),
      derived_(policy_.policy()) {}

Result<std::unique_ptr<Room>> Room::boot(policy::VerifiedPolicy verified, Platform platform,
                                         const Seams& seams) {
  const policy::Policy& policy = verified.policy();
  if (policy.expires <= seams.clock->now_seconds()) {
    return Error{ErrorCode::policy_denied, "policy_expired"};
  }
  const std::vector<Hash> images = attest::images_of(policy.trust, platform.platform);
  if (std::ranges::find(images, platform.image_digest) == images.end()) {
    return Error{ErrorCode::policy_denied, "image_not_allowed"};
  }
  GBX_TRY_ASSIGN(auto signing, crypto::SigningKey::make(*seams.entropy));
  GBX_TRY_ASSIGN(auto sealing, crypto::SealingKey::make(*seams.entropy));
  GBX_TRY_ASSIGN(privacy::Budget budget, make_budget(policy));
  GBX_TRY_ASSIGN(log::Log log, log::Log::make(log_origin(policy, signing.public_key()),
                                              *seams.store, *seams.entropy));
  const Json entry = Json::object({{"image", to_hex(platform.image_digest)},
                                   {"kind", "boot"},
                                   {"origin", log.origin()},
                                   {"policy", to_hex(verified.hash())}});
  GBX_TRY(log.add(entry));
  return std::unique_ptr<Room>(new Room(std::move(verified), platform, seams,
                                        {std::move(signing), std::move(sealing)},
                                        {std::move(log), std::move(budget)}));
}

Status Room::check_open() const {
  if (closed_) return Error{ErrorCode::unavailable, "room_closed"};
  if (policy_.policy().expires <= seams_.clock->now_seconds()) {
    return Error{ErrorCode::policy_denied, "policy_expired"};
  }
  return {};
}

packet::Binding Room::binding_for(ByteView nonce) const {
  packet::Binding binding;
  GBX_CHECK(nonce.size() == binding.nonce.size());
  std::ranges::copy(nonce, binding.nonce.begin());
  binding.signing_key = keys_.signing.public_key();
  binding.sealing_key = keys_.sealing.public_key();
  binding.policy_hash = policy_.hash();
  binding.log_origin = log_.origin();
  binding.image_digest = platform_.image_digest;
  return binding;
}

Status Room::check_binding(const packet::BindingDigest& digest, ByteView nonce) const {
  if (packet::digest(binding_for(nonce)) == digest) return {};
  return Error{ErrorCode::unverified, "binding_unknown"};
}

Result<std::string> Room::hello(ByteView nonce) {
  if (nonce.size() != packet::Binding{}.nonce.size()) {
    return Error{ErrorCode::invalid_argument, "nonce_size"};
  }
  const packet::Binding binding = binding_for(nonce);
  GBX_TRY_ASSIGN(const Bytes quoted, seams_.quoter->quote(packet::digest(binding)));
  GBX_TRY_ASSIGN(Json evidence, Json::parse_canonical(as_text(quoted)));
  return Json::object({{"binding", packet::encode(binding)},
                       {"evidence", std::move(evidence)},
                       {"log", head_json(log_)}})
      .canonical();
}

Result<std::string> Room::attach(std::string_view envelope,
                                 std::shared_ptr<const snapshot::BlockSource> sealed) {
  GBX_TRY(check_open());
  const std::int64_t now = seams_.clock->now_seconds();
  datasets_.sweep(now);
  GBX_TRY_ASSIGN(const Datasets::Attached attached,
                 datasets_.attach(envelope, std::move(sealed), now));
  return Json::object({{"snapshot", to_hex(attached.manifest)}, {"table", attached.table}})
      .canonical();
}

Result<packet::OpenedRelease> Room::open_release(std::string_view text) const {
  GBX_TRY_ASSIGN(const packet::Envelope envelope, packet::parse_envelope(text));
  GBX_TRY_ASSIGN(const std::string name, packet::peek_release_table(envelope));
  const policy::Table* table = policy_.policy().find_table(name);
  if (table == nullptr) return Error{ErrorCode::not_found, "table_unknown"};
  const policy::Member* owner = policy_.policy().find_member(table->owner);
  GBX_CHECK(owner != nullptr);
  return packet::open_key_release(envelope, owner->signing_key, keys_.sealing);
}

Status Room::check_terms(const packet::ReleaseTerms& terms) const {
  if (terms.policy_hash != policy_.hash()) {
    return Error{ErrorCode::unverified, "policy_hash_wrong"};
  }
  GBX_TRY(check_binding(terms.binding, terms.nonce));
  GBX_TRY_ASSIGN(const Hash waiting, datasets_.waiting(terms.table));
  if (terms.manifest_digest != waiting) return Error{ErrorCode::unverified, "manifest_wrong"};
  if (terms.log_head != log_.head().hash) return Error{ErrorCode::unverified, "log_head_wrong"};
  if (terms.accounting != budget_.accounting()) {
    return Error{ErrorCode::policy_denied, "accounting_wrong"};
  }
  if (!privacy::covers(policy::budget_of(policy_.policy().privacy), terms.allotment)) {
    return Error{ErrorCode::policy_denied, "allotment_over_ceiling"};
  }
  if (!privacy::is_amount(terms.accounting, terms.allotment)) {
    return Error{ErrorCode::invalid_argument, "allotment_empty"};
  }
  return {};
}

Status Room::log_release(const packet::ReleaseTerms& terms) {
  const Json entry = Json::object({{"delta", privacy::format_delta(terms.allotment.delta)},
                                   {std::string(loss_name(terms.accounting)),
                                    format_loss(terms.accounting, terms.allotment.loss)},
                                   {"kind", "allotment"},
                                   {"snapshot", to_hex(terms.manifest_digest)},
                                   {"table", terms.table}});
  GBX_TRY(log_.add(entry));
  return {};
}

Result<std::string> Room::release(std::string_view envelope) {
  GBX_TRY(check_open());
  const std::int64_t now = seams_.clock->now_seconds();
  datasets_.sweep(now);
  GBX_TRY_ASSIGN(const packet::OpenedRelease release, open_release(envelope));
  const packet::ReleaseTerms& terms = release.terms;
  GBX_TRY(check_terms(terms));
  GBX_TRY(datasets_.open(terms.table, release.snapshot_key, now, *seams_.entropy));
  if (const Status logged = log_release(terms); !logged) {
    datasets_.drop(terms.table);
    return logged.error();
  }
  const Status allotted = budget_.allot(terms.table, terms.allotment);
  GBX_CHECK(allotted);  // a table is opened once, and its allotment was checked
  return Json::object({{"delta", privacy::format_delta(terms.allotment.delta)},
                       {std::string(loss_name(terms.accounting)),
                        format_loss(terms.accounting, terms.allotment.loss)},
                       {"log", head_json(log_)},
                       {"table", terms.table}})
      .canonical();
}

Json Room::table_status(const policy::Table& table) const {
  const TableState state = datasets_.state(table.name, seams_.clock->now_seconds());
  Json out = table_totals(table);
  out.set("owner", table.owner);
  out.set("state", closed_ ? "room_closed" : table_state_name(state));
  if (const auto manifest = datasets_.manifest_hash(table.name)) {
    out.set("snapshot", to_hex(*manifest));
  }
  return out;
}

Json Room::table_totals(const policy::Table& table) const {
  const auto left = budget_.left(table.name);
  const auto spent = budget_.spent(table.name);
  GBX_CHECK(left && spent);
  const privacy::Accounting accounting = budget_.accounting();
  const std::string loss(loss_name(accounting));
  return Json::object({{"delta_left_2_60", left->delta},
                       {"delta_spent_2_60", spent->delta},
                       {loss + "_left", format_loss(accounting, left->loss)},
                       {loss + "_spent", format_loss(accounting, spent->loss)},
                       {"table", table.name}});
}

std::string Room::status() const {
  Json tables{Json::Array{}};
  for (const policy::Table& table : policy_.policy().tables) tables.push(table_status(table));
  Json::Array rations;
  for (const policy::Member& member : policy_.policy().members) {
    if (!budget_.rations().has(member.name)) continue;
    rations.push_back(
        Json::object({{"left", budget_.rations().left(member.name)}, {"member", member.name}}));
  }
  Json out = Json::object({{"closed", closed_},
                           {"image", to_hex(platform_.image_digest)},
                           {"log", head_json(log_)},
                           {"policy", to_hex(policy_.hash())},
                           {"tables", std::move(tables)}});
  if (!rations.empty()) out.set("rations", Json(std::move(rations)));
  Json::Array access;
  for (const policy::Member& member : policy_.policy().members) {
    for (const policy::Table& table : policy_.policy().tables) {
      const std::string name = privacy::access_name(member.name, table.name);
      if (!member.abilities.query || !budget_.rations().has(name)) continue;
      access.push_back(Json::object({{"left", budget_.rations().left(name)},
                                     {"member", member.name},
                                     {"table", table.name}}));
    }
  }
  if (!access.empty()) out.set("access", Json(std::move(access)));
  return out.canonical();
}

Status Room::check_close(std::string_view text) const {
  GBX_TRY_ASSIGN(const packet::Envelope envelope, packet::parse_envelope(text));
  GBX_TRY_ASSIGN(const std::string name, packet::peek_close_member(envelope));
  const policy::Member* member = policy_.policy().find_member(name);
  if (member == nullptr) return Error{ErrorCode::not_found, "member_unknown"};
  GBX_TRY_ASSIGN(const packet::CloseRequest request,
                 packet::open_close_request(envelope, member->signing_key));
  if (!member->abilities.provide && !member->abilities.query) {
    return Error{ErrorCode::policy_denied, "member_may_not_close"};
  }
  if (request.policy_hash != policy_.hash()) {
    return Error{ErrorCode::unverified, "policy_hash_wrong"};
  }
  return check_binding(request.binding, request.nonce);
}

// One entry, however often the store fails: it is the last one of the log.
Result<log::Receipt> Room::log_close(const Json& entry) {
  if (close_logged_) return log_.retry();
  const std::uint64_t before = log_.head().size;
  auto receipt = log_.add(entry);
  close_logged_ = log_.head().size > before;
  return receipt;
}

Result<std::string> Room::close(std::string_view envelope) {
  GBX_TRY(check_close(envelope));
  closed_ = true;
  datasets_.drop_all();
  releases_.clear();
  questions_.clear();
  derived_.clear();
  if (!closing_statement_.empty()) return closing_statement_;
  Json tables{Json::Array{}};
  for (const policy::Table& table : policy_.policy().tables) tables.push(table_totals(table));
  Json predicate = Json::object({{"kind", "close"}, {"tables", std::move(tables)}});
  GBX_TRY_ASSIGN(const log::Receipt receipt, log_close(predicate));
  predicate.set("log", head_json(log_));
  predicate.set("policy", to_hex(policy_.hash()));
  const packet::Statement statement{.subject_name = log_.origin(),
                                    .subject_digest = receipt.head().hash,
                                    .predicate_type = std::string(packet::kClosingPredicate),
                                    .predicate = std::move(predicate)};
  closing_statement_ = packet::print_envelope(packet::make_statement(statement, keys_.signing));
  return closing_statement_;
}

}  // namespace gbx::room
