#include "tests/sim/world.h"

#include <algorithm>
#include <map>

#include "attest/sim.h"
#include "engine/duckdb/parse.h"
#include "trusted/crypto/hash.h"
#include "trusted/log/log.h"
#include "trusted/packet/close_request.h"
#include "trusted/packet/key_release.h"
#include "trusted/packet/request.h"
#include "trusted/packet/sealed_answer.h"
#include "trusted/packet/sealed_request.h"
#include "trusted/packet/statement.h"
#include "trusted/policy/policy_fixture.h"
#include "trusted/snapshot/snapshot_fixture.h"

namespace gbx::sim {
namespace {

using enclave::Call;
using enclave::Frame;

constexpr std::uint8_t kShopgood = 1;  // who signs, as policy_fixture.h numbers them
constexpr std::uint8_t kNewsnow = 2;
constexpr std::uint8_t kAgency = 3;
constexpr Hash kImage{7};

policy::Policy sim_policy() {
  policy::Policy policy = policy::example_policy();
  policy.privacy.people_min = 20;
  policy.privacy.epsilon = 3'000'000;
  policy.privacy.epsilon_per_query = 1'000'000;
  policy.privacy.delta = std::uint64_t{1} << 50;
  policy.privacy.delta_per_query = std::uint64_t{1} << 44;
  policy.privacy.groups_per_person = 2;
  policy.privacy.rows_per_group = 1;
  for (policy::Table& table : policy.tables) {
    for (auto& constraint : table.rule.output_constraints) constraint.minimum = 20;
    if (table.name == "exposures") table.rule.join_required = false;
  }
  return policy;
}

snapshot::SnapshotManifest manifest_for(const policy::Policy& policy, std::string_view name) {
  const policy::Table* table = policy.find_table(name);
  GBX_CHECK(table != nullptr);
  snapshot::SnapshotManifest manifest;
  manifest.table = table->name;
  manifest.owner = table->owner;
  manifest.collaboration = policy.id;
  manifest.token_epoch = policy.token_epoch;
  manifest.person = table->person;
  manifest.identifier = table->identifier;
  manifest.rows_per_person = table->rows_per_person;
  for (const policy::Column& column : table->columns) {
    manifest.columns.push_back({column.name, column.type, column.label, column.nullable,
                                column.bounded, column.low, column.high, column.domain});
  }
  manifest.lineage.tool = "glovebox 0.1.0";
  manifest.created = 1'780'000'000;
  manifest.expires = 1'900'000'000;
  return manifest;
}

Sealed seal(snapshot::SnapshotManifest manifest, const snapshot::SortedRows& rows,
            std::uint8_t owner) {
  constexpr std::uint32_t kRowsPerBlock = 64;
  snapshot::SealedTable sealed = snapshot::seal(rows, kRowsPerBlock, std::move(manifest));
  packet::Envelope envelope =
      packet::make_envelope(snapshot::kManifestType, snapshot::encode(sealed.manifest));
  packet::sign(envelope, policy::test_signing_key(owner));
  return {sealed.manifest, packet::print_envelope(envelope), std::move(sealed.stream),
          crypto::sha256(as_bytes(envelope.payload))};
}

// Rows of one person stay in their order.
template <typename Row>
void sort_by_person(std::vector<Row>& rows) {
  std::multimap<std::uint64_t, Row> sorted;
  for (Row& row : rows) sorted.emplace(row.person, std::move(row));
  rows.clear();
  for (auto& [person, row] : sorted) rows.push_back(std::move(row));
}

snapshot::SortedRows exposure_rows(std::vector<ExposureRow> rows) {
  sort_by_person(rows);
  std::vector<std::string> campaigns;
  for (const ExposureRow& row : rows) campaigns.push_back(row.campaign);
  std::sort(campaigns.begin(), campaigns.end());
  campaigns.erase(std::unique(campaigns.begin(), campaigns.end()), campaigns.end());
  snapshot::SortedRows out;
  out.columns.resize(3);
  out.dictionaries = {campaigns, {}, {"desktop", "phone"}};
  for (const ExposureRow& row : rows) {
    out.persons.push_back(snapshot::test_token(row.person));
    out.columns[0].values.push_back(
        std::lower_bound(campaigns.begin(), campaigns.end(), row.campaign) - campaigns.begin());
    out.columns[1].values.push_back(row.day);
    out.columns[2].values.push_back(static_cast<std::int64_t>(row.person % 2));
    out.columns[2].valid.push_back(1);
  }
  return out;
}

snapshot::SortedRows purchase_rows(std::vector<PurchaseRow> rows) {
  sort_by_person(rows);
  snapshot::SortedRows out;
  out.columns.resize(2);
  out.dictionaries.resize(2);
  for (const PurchaseRow& row : rows) {
    out.persons.push_back(snapshot::test_token(row.person));
    out.columns[0].values.push_back(row.day);
    out.columns[1].values.push_back(row.cents);
  }
  return out;
}

std::uint8_t number_of(const std::string& member) {
  if (member == "newsnow") return kNewsnow;
  return member == "shopgood" ? kShopgood : kAgency;
}

void keep(Bytes& transcript, const Frame& frame) {
  const Bytes bytes = enclave::encode_frame(frame.call, frame.payload);
  transcript.insert(transcript.end(), bytes.begin(), bytes.end());
}

}  // namespace

Status SeededEntropy::fill(std::span<std::uint8_t> out) noexcept {
  if (calls++ == fail_at) return Error{ErrorCode::unavailable, "entropy_failed"};
  std::size_t done = 0;
  while (done < out.size()) {
    Writer block;
    block.u64(seed_);
    block.u64(counter_++);
    const Hash bytes = crypto::sha256(block.bytes());
    const std::size_t count = std::min(bytes.size(), out.size() - done);
    std::copy_n(bytes.begin(), count, out.begin() + static_cast<std::ptrdiff_t>(done));
    done += count;
  }
  return {};
}

Status FaultyStore::append(ByteView entry) noexcept {
  const bool fails = calls++ == fail_at;
  if (!fails || keeps_failed) entries.emplace_back(entry.begin(), entry.end());
  if (fails) return Error{ErrorCode::unavailable, "store_failed"};
  return {};
}

Result<std::vector<sql::GroupRow>> LocalEngine::compute(
    const sql::Task& task, std::span<const room::Dataset> datasets) noexcept {
  runs++;
  if (fails) return Error{ErrorCode::unavailable, "worker_failed"};
  if (lie) return *lie;
  std::vector<const snapshot::Table*> tables;
  for (const room::Dataset& dataset : datasets) tables.push_back(dataset.table);
  for (std::size_t i = 1; i < runs_each; i++) GBX_TRY(engine::run_merge(task, tables, {}));
  return engine::run_merge(task, tables, {});
}

Result<std::string> LocalParser::parse(std::string_view sql) noexcept {
  const auto known = parsed_.find(sql);
  if (known != parsed_.end()) return known->second;
  GBX_TRY_ASSIGN(const auto database, engine::Database::open({}));
  GBX_TRY_ASSIGN(std::string tree, engine::parse_sql(*database, sql));
  return parsed_.emplace(sql, std::move(tree)).first->second;
}

Data example_data() {
  Data data;
  for (std::uint64_t person = 1; person <= 300; person++) {
    data.exposures.push_back({person, "autumn", 19500});
    if (person <= 200) data.exposures.push_back({person, "spring", 19510});
    data.purchases.push_back({person, 19600, static_cast<std::int64_t>(person) * 100});
  }
  data.exposures.push_back({400, "jane", 19500});
  data.purchases.push_back({400, 19600, 50000});
  return data;
}

World::World(std::uint64_t seed, const Data& data)
    : policy(sim_policy()),
      exposures(seal(manifest_for(policy, "exposures"), exposure_rows(data.exposures), kNewsnow)),
      purchases(seal(manifest_for(policy, "purchases"), purchase_rows(data.purchases), kShopgood)),
      entropy(seed),
      party_entropy(seed ^ 0x5eedU) {
  terms.allotment = {3'000'000, std::uint64_t{1} << 50};
}

Frame World::call(Call kind, ByteView payload) {
  const Frame request{kind, Bytes(payload.begin(), payload.end())};
  // The descriptor that comes along: the file that the envelope describes.
  attaching_ = as_text(payload) == purchases.envelope ? purchases.bytes : exposures.bytes;
  keep(transcript, request);
  Frame answer = session_.handle({request, enclave::Descriptor()});
  keep(transcript, answer);
  return answer;
}

std::string World::policy_packet() {
  const packet::Envelope envelope = policy::signed_policy(policy);
  policy_hash_ = crypto::sha256(as_bytes(envelope.payload));
  return packet::print_envelope(envelope);
}

Frame World::boot() { return call(Call::boot, policy_packet()); }

bool World::take_hello(const Frame& answer) {
  if (answer.call != Call::answer) return false;
  const Json json = Json::parse_canonical(as_text(answer.payload)).value();
  binding = packet::decode_binding(*json.find("binding")).value();
  const Bytes head = from_hex(*json.find("log")->find("hash")->string()).value();
  std::copy(head.begin(), head.end(), log_head.begin());
  return true;
}

Frame World::hello() {
  Bytes nonce(enclave::kNonceBytes);
  GBX_CHECK(party_entropy.fill(nonce));
  Frame answer = call(Call::hello, nonce);
  take_hello(answer);
  return answer;
}

Frame World::attach(const Sealed& sealed) { return call(Call::attach, sealed.envelope); }

std::string World::make_release(const Sealed& sealed) {
  packet::ReleaseTerms out = terms;
  out.table = sealed.manifest.table;
  out.policy_hash = policy_hash_;
  out.binding = packet::digest(binding);
  out.nonce = binding.nonce;
  out.manifest_digest = sealed.digest;
  out.log_head = log_head;
  const std::uint8_t owner = sealed.manifest.owner == "shopgood" ? kShopgood : kNewsnow;
  return packet::print_envelope(packet::make_key_release(out, snapshot::test_key(), binding,
                                                         policy::test_signing_key(owner),
                                                         party_entropy)
                                    .value());
}

Frame World::release(const Sealed& sealed) { return call(Call::release, make_release(sealed)); }

bool World::open() {
  if (boot().call != Call::answer) return false;
  for (const Sealed* sealed : {&exposures, &purchases}) {
    if (attach(*sealed).call != Call::answer) return false;
    if (hello().call != Call::answer) return false;
    if (release(*sealed).call != Call::answer) return false;
  }
  return true;
}

std::string World::make_request(std::string_view sql, bool dry_run) {
  packet::Request request;
  request.member = asker;
  request.policy_hash = policy_hash_;
  request.binding = packet::digest(binding);
  request.id[0] = static_cast<std::uint8_t>(requests_);
  request.id[1] = static_cast<std::uint8_t>(requests_ >> 8);
  requests_++;
  request.call = asked_call;
  request.derived = asked_derived;
  if (!asked_call && !asked_derived) request.sql = std::string(sql);
  request.dry_run = dry_run;
  if (!asked_derived) request.epsilon = asked_epsilon;
  last_request = packet::make_request(request, policy::test_signing_key(number_of(asker)));
  return packet::seal_request(last_request, binding, party_entropy).value();
}

std::string World::make_close(const std::string& member) {
  packet::CloseRequest request{.member = member,
                               .policy_hash = policy_hash_,
                               .binding = packet::digest(binding),
                               .nonce = binding.nonce};
  GBX_CHECK(party_entropy.fill(request.id));
  const std::uint8_t who = member == "shopgood" ? kShopgood : kNewsnow;
  return packet::print_envelope(packet::make_close_request(request, policy::test_signing_key(who)));
}

std::optional<World::Read> World::read(const Frame& answer) const {
  if (answer.call != Call::answer) return std::nullopt;
  const auto body =
      packet::open_answer(as_text(answer.payload), "newsnow", policy::test_sealing_key(kNewsnow),
                          packet::request_digest(last_request));
  if (!body) return std::nullopt;
  const auto parts = packet::parse_answer_body(*body);
  if (!parts) return std::nullopt;
  const auto statement =
      packet::open_statement(parts->statement, packet::kAnswerPredicate, binding.signing_key);
  if (!statement) return std::nullopt;
  auto table = packet::decode_answer_table(parts->result);
  auto predicate = packet::decode_answer_predicate(statement->predicate);
  if (!table || !predicate) return std::nullopt;
  if (packet::answer_digest(*table) != statement->subject_digest) return std::nullopt;
  return Read{std::move(*table), std::move(*predicate)};
}

Frame World::derive(const packet::DerivedCall& call) {
  asked_derived = call;
  Frame out = ask("");
  asked_derived.reset();
  return out;
}

std::optional<packet::DerivedList> World::read_derived(const Frame& answer) const {
  if (answer.call != Call::answer) return std::nullopt;
  const auto body = packet::open_answer(as_text(answer.payload), asker,
                                        policy::test_sealing_key(number_of(asker)),
                                        packet::request_digest(last_request));
  if (!body) return std::nullopt;
  const auto parts = packet::parse_answer_body(*body);
  if (!parts) return std::nullopt;
  const auto statement =
      packet::open_statement(parts->statement, packet::kDerivedPredicate, binding.signing_key);
  if (!statement) return std::nullopt;
  const Hash digest = crypto::sha256(as_bytes(parts->result.canonical()));
  if (statement->subject_digest != digest) return std::nullopt;
  const auto said = packet::decode_derived_predicate(statement->predicate, "derived_answer_wrong");
  if (!said || said->request_digest != packet::request_digest(last_request)) return std::nullopt;
  auto list = packet::decode_derived_list(parts->result, "derived_answer_wrong");
  if (!list) return std::nullopt;
  return std::move(*list);
}

Result<std::unique_ptr<room::Room>> World::make(policy::VerifiedPolicy verified) noexcept {
  quoter_ = std::make_unique<attest::SimQuoter>(kImage, verified.hash());
  return room::Room::boot(std::move(verified), {kImage, attest::Platform::sim},
                          {&entropy, &store, &clock, quoter_.get(), &parser, &engine});
}

std::shared_ptr<const snapshot::BlockSource> World::source(
    enclave::Descriptor /*descriptor*/) noexcept {
  return std::make_shared<snapshot::MemorySource>(attaching_);
}

std::string refusal_of(const Frame& frame) {
  if (frame.call != Call::refusal) return "";
  const auto refusal = enclave::decode_refusal(frame.payload);
  return refusal ? refusal->reason : "malformed";
}

}  // namespace gbx::sim
