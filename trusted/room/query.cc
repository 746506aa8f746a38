// From a signed request to a sealed answer. The order of the steps is the protection: each takes
// what the one before made, and the charge is durable before the engine sees a row.

#include <algorithm>

#include "trusted/crypto/hash.h"
#include "trusted/packet/request.h"
#include "trusted/packet/sealed_request.h"
#include "trusted/room/room.h"

namespace gbx::room {
namespace {

// The one refusal after a charge: why can depend on rows.
constexpr Error kQueryFailed{ErrorCode::unavailable, "query_failed"};

// A list of persons is for who asks alone, who has each of them itself.
std::vector<packet::Receiver> sealed_to(const policy::Policy& policy,
                                        const firewall::CheckedQuery& query,
                                        const std::string& asker) {
  std::vector<packet::Receiver> out;
  for (const policy::Member* member : policy::receivers_of(policy, query.task().tables)) {
    if (query.lists() && member->name != asker) continue;
    out.push_back({member->name, member->sealing_key});
  }
  return out;
}

// Uniform in [1, 2^31 - 2], by rejection.
Result<std::uint32_t> draw_multiplier(Entropy& entropy) {
  constexpr int kTriesMax = 128;
  for (int i = 0; i < kTriesMax; i++) {
    std::array<std::uint8_t, 4> bytes{};
    GBX_TRY(entropy.fill(bytes));
    const std::uint32_t value = Reader(bytes).u32() & 0x7fffffffU;
    if (value >= 1 && value <= 0x7ffffffeU) return value;
  }
  return Error{ErrorCode::unavailable, "entropy_failed"};
}

Result<sql::SamplingKey> draw_sampling_key(Entropy& entropy) {
  GBX_TRY_ASSIGN(const std::uint32_t a, draw_multiplier(entropy));
  GBX_TRY_ASSIGN(const std::uint32_t b, draw_multiplier(entropy));
  GBX_TRY_ASSIGN(const std::uint32_t d, draw_multiplier(entropy));
  return sql::SamplingKey{a, b, d};
}

std::vector<packet::BudgetMove> moves_of(const std::vector<privacy::Balance>& balances) {
  std::vector<packet::BudgetMove> out;
  for (const privacy::Balance& balance : balances) {
    out.push_back({balance.table, balance.before, balance.after});
  }
  return out;
}

// What the question stood on when it was answered, as the ledger names it.
void note_derived(const packet::AnswerPredicate& predicate, Json& entry) {
  if (predicate.derived.empty()) return;
  std::vector<Hash> digests;
  for (const packet::DerivedTable& table : predicate.derived) {
    digests.push_back(packet::derived_digest(table));
  }
  entry.set("derived", hex_list(digests));
}

std::vector<std::string> sorted_tables(const firewall::CheckedQuery& query) {
  std::vector<std::string> tables = query.task().tables;
  std::sort(tables.begin(), tables.end());
  return tables;
}

}  // namespace

Result<Room::Asked> Room::open_request(std::string_view sealed_text) {
  GBX_TRY_ASSIGN(const packet::SealedRequest sealed, packet::parse_sealed_request(sealed_text));
  GBX_TRY(check_binding(sealed.binding, sealed.nonce));
  GBX_TRY_ASSIGN(const packet::Envelope envelope,
                 packet::open_sealed_request(sealed, keys_.sealing));
  GBX_TRY_ASSIGN(const std::string name, packet::peek_request_member(envelope));
  const policy::Member* member = policy_.policy().find_member(name);
  if (member == nullptr) return Error{ErrorCode::not_found, "member_unknown"};
  GBX_TRY_ASSIGN(packet::Request request, packet::open_request(envelope, member->signing_key));
  if (!member->abilities.query && !request.derived) {
    return Error{ErrorCode::policy_denied, "member_may_not_query"};
  }
  if (request.policy_hash != policy_.hash()) {
    return Error{ErrorCode::unverified, "policy_hash_wrong"};
  }
  if (request.binding != sealed.binding) {
    return Error{ErrorCode::unverified, "request_resealed"};
  }
  std::set<std::array<std::uint8_t, 16>>& asked_before = requests_[request.member];
  if (asked_before.contains(request.id)) return Error{ErrorCode::unverified, "request_replayed"};
  // A share for each, or one member could use up what all others need.
  if (asked_before.size() >= kRequestsMax / policy_.policy().members.size()) {
    return Error{ErrorCode::unavailable, "requests_exhausted"};
  }
  asked_before.insert(request.id);
  return Asked{.request = std::move(request),
               .digest = packet::request_digest(envelope),
               .now = seams_.clock->now_seconds(),
               .receivers = {}};
}

Result<firewall::CheckedQuery> Room::check(const Asked& asked) {
  const packet::Request& request = asked.request;
  firewall::Request terms{.member = request.member, .epsilon = 0};
  if (request.epsilon) {
    GBX_TRY_ASSIGN(terms.epsilon, privacy::parse_epsilon(*request.epsilon));
  }
  if (!request.call) {
    GBX_TRY_ASSIGN(const std::string ast, seams_.parser->parse(request.sql));
    terms.derived = derived_.in_scope();
    return firewall::admit(ast, request.sql, policy_, terms);
  }
  // Values are judged before anything is parsed; what is parsed is the members' own text.
  GBX_TRY_ASSIGN(const policy::TemplateUse use,
                 policy::TemplateUse::make(policy_.policy().templates, *request.call));
  terms.use = &use;
  GBX_TRY_ASSIGN(const std::string ast, seams_.parser->parse(use.sql()));
  return firewall::admit(ast, use.sql(), policy_, terms);
}

Result<std::vector<Dataset>> Room::datasets_of(const firewall::CheckedQuery& query,
                                               std::int64_t now) const {
  std::vector<Dataset> out;
  for (const std::string& table : query.task().tables) {
    GBX_TRY_ASSIGN(const Dataset dataset, datasets_.dataset(table, now));
    out.push_back(dataset);
  }
  return out;
}

std::vector<packet::UsedSnapshot> Room::snapshots_of(const firewall::CheckedQuery& query) const {
  std::vector<packet::UsedSnapshot> out;
  for (const std::string& table : sorted_tables(query)) {
    out.push_back({table, datasets_.manifest_hash(table).value_or(Hash{})});
  }
  return out;
}

Result<packet::AnswerPredicate> Room::predicate_of(const Question& question) const {
  const Asked& asked = question.asked;
  packet::AnswerPredicate out;
  out.member = asked.request.member;
  out.request_id = asked.request.id;
  out.request_digest = asked.digest;
  out.call = question.query.call();
  const policy::Template* asked_template =
      out.call ? policy_.policy().find_template(out.call->name) : nullptr;
  out.query_digest =
      crypto::sha256(as_bytes(asked_template == nullptr ? asked.request.sql : asked_template->sql));
  out.query_text = question.query.canonical();
  out.policy_hash = policy_.hash();
  out.binding = asked.request.binding;
  out.image_digest = platform_.image_digest;
  out.platform = attest::platform_name(platform_.platform);
  out.log_head = log_.head().hash;
  out.log_size = log_.head().size;
  out.time = asked.now;
  GBX_TRY_ASSIGN(out.noise, noise_parameters(question.query.plan()));
  if (question.query.lists()) out.list.emplace();
  for (const std::size_t place : question.query.derived()) {
    out.derived.push_back(derived_.table(place));
  }
  return out;
}

// Of a list: what its entry in the ledger commits to, under a salt that the answer alone has.
Status Room::commit_list(const ReleasedTable& table, packet::AnswerPredicate& predicate,
                         Json& entry) {
  if (!predicate.list) return {};
  Hash salt{};
  GBX_TRY(seams_.entropy->fill(salt));
  predicate.list->salt = salt;
  const Hash commitment = packet::list_commitment(salt, packet::answer_digest(table.table()));
  entry.set("list", Json::object({{"commitment", to_hex(commitment)},
                                  {"policy", to_hex(policy_.hash())},
                                  {"policy_version", std::int64_t{policy_.policy().version}},
                                  {"receiver", predicate.member}}));
  return {};
}

Result<std::vector<packet::BudgetMove>> Room::moves(const Question& question,
                                                    privacy::Price price) const {
  std::vector<packet::BudgetMove> out;
  for (const std::string& table : sorted_tables(question.query)) {
    GBX_TRY_ASSIGN(const privacy::Price left, budget_.left(table));
    if (left.loss < price.loss) return Error{ErrorCode::budget_exhausted, "loss_exhausted"};
    if (left.delta < price.delta) return Error{ErrorCode::budget_exhausted, "delta_exhausted"};
    out.push_back({table, left, minus(left, price)});
  }
  return out;
}

Result<Response> Room::dry_run(const Question& question) {
  GBX_TRY_ASSIGN(packet::AnswerPredicate predicate, predicate_of(question));
  privacy::Price price = question.query.plan().price();
  if (const Releases::Entry* first = releases_.find(question.key); first != nullptr) {
    predicate.repeat_of = first->request;
    price = {};
  }
  GBX_TRY_ASSIGN(predicate.budget, moves(question, price));
  GBX_TRY(check_ration(question));
  if (!predicate.repeat_of) {
    GBX_TRY(check_near(question));
    predicate.near = question.near;
  }
  GBX_TRY_ASSIGN(std::vector<packet::Output> columns, answer_columns(question.query));
  return Responder::respond_price(std::move(columns), predicate, signatory(question.asked));
}

// Of a member who had this release before, nothing is asked.
Status Room::check_ration(const Question& question) {
  const std::string& member = question.asked.request.member;
  const Releases::Entry* first = releases_.find(question.key);
  if (first != nullptr && first->members.contains(member)) return {};
  return budget_.rations().check({member, question.query.task().tables},
                                 question.query.plan().price().loss, question.asked.now);
}

bool Room::refuses_near(const firewall::CheckedQuery& query) const {
  return policy_.policy().privacy.differencing.refuse || query.lists();
}

// By the texts that were asked and the policy alone. A memory that is full must not be a way round:
// where near questions are refused it lets no other one in. Lists of persons have no noise, so
// near ones are refused whatever the policy says.
Status Room::check_near(const Question& question) const {
  if (!refuses_near(question.query)) return {};
  if (!question.near.empty()) return Error{ErrorCode::policy_denied, "question_near_another"};
  if (questions_.full(question.query.compared(), question.asked.request.member)) {
    return Error{ErrorCode::unavailable, "questions_full"};
  }
  return {};
}

Result<Response> Room::repeat(const Question& question, const Releases::Entry& first) {
  GBX_TRY_ASSIGN(packet::AnswerPredicate predicate, predicate_of(question));
  predicate.repeat_of = first.request;
  predicate.snapshots = question.snapshots;
  GBX_TRY_ASSIGN(predicate.budget, moves(question, {}));
  GBX_TRY_ASSIGN(ReleasedTable table,
                 ReleasedTable::make(question.query, policy_.policy(), first.released));
  Json entry = Json::object({{"kind", "repeat"},
                             {"of", to_hex(first.request)},
                             {"request", to_hex(question.asked.digest)}});
  const std::string& member = question.asked.request.member;
  privacy::Rations& rations = budget_.rations();
  const privacy::Asker asker{member, question.query.task().tables};
  if (rations.has(asker) && !first.members.contains(member)) {
    // Counted first, like a charge.
    rations.charge(asker, question.query.plan().price().loss, question.asked.now);
    releases_.give(question.key, member);
    rations.note(asker, entry);
  }
  note_derived(predicate, entry);
  GBX_TRY(commit_list(table, predicate, entry));
  GBX_TRY_ASSIGN(const log::Receipt receipt, log_.add(entry));
  return Responder::respond(std::move(table), receipt, std::move(predicate),
                            signatory(question.asked));
}

Result<Response> Room::answer(const Question& question, std::span<const Dataset> datasets,
                              privacy::Reservation reservation) {
  const firewall::CheckedQuery& query = question.query;
  GBX_TRY_ASSIGN(packet::AnswerPredicate predicate, predicate_of(question));
  predicate.budget = moves_of(reservation.balances());
  predicate.snapshots = question.snapshots;
  predicate.near = question.near;
  GBX_TRY_ASSIGN(const sql::SamplingKey sampling, draw_sampling_key(*seams_.entropy));
  GBX_TRY_ASSIGN(privacy::Aggregate exact, seams_.engine->run(query, sampling, datasets));
  GBX_TRY_ASSIGN(privacy::Released released,
                 privacy::Releaser::release(std::move(exact), query.plan(), std::move(reservation),
                                            *seams_.entropy));
  GBX_TRY_ASSIGN(ReleasedTable table, ReleasedTable::make(query, policy_.policy(), released));
  // The entry names the request and not the result: the host reads entries, and could try values.
  Json entry = Json::object({{"kind", "answer"}, {"request", to_hex(question.asked.digest)}});
  if (!question.near.empty()) entry.set("near", hex_list(question.near));
  note_derived(predicate, entry);
  GBX_TRY(commit_list(table, predicate, entry));
  GBX_TRY_ASSIGN(const log::Receipt receipt, log_.add(entry));
  releases_.add(question.key, question.asked.digest, question.asked.request.member,
                std::move(released));
  return Responder::respond(std::move(table), receipt, std::move(predicate),
                            signatory(question.asked));
}

Result<Response> Room::query(std::string_view sealed) {
  GBX_TRY(check_open());
  datasets_.sweep(seams_.clock->now_seconds());
  GBX_TRY_ASSIGN(Asked asked, open_request(sealed));
  if (asked.request.derived) return derive(asked);
  derived_.sweep(asked.now);
  GBX_TRY_ASSIGN(firewall::CheckedQuery query, check(asked));
  asked.receivers = sealed_to(policy_.policy(), query, asked.request.member);
  if (asked.receivers.empty()) return Error{ErrorCode::policy_denied, "receiver_not_set"};
  GBX_TRY_ASSIGN(const std::vector<Dataset> datasets, datasets_of(query, asked.now));
  std::vector<packet::UsedSnapshot> snapshots = snapshots_of(query);
  GBX_TRY_ASSIGN(const Hash key, release_key(query, snapshots, policy_.hash()));
  std::vector<Hash> near = questions_.near(query.compared());
  const Question question{std::move(asked), std::move(query), std::move(snapshots), key,
                          std::move(near)};
  if (question.asked.request.dry_run) return dry_run(question);
  if (const Releases::Entry* first = releases_.find(key); first != nullptr) {
    GBX_TRY(check_ration(question));
    auto repeated = repeat(question, *first);
    if (!repeated) return kQueryFailed;
    return repeated;
  }
  GBX_TRY(check_near(question));
  const privacy::Charge charge{.tables = question.query.task().tables,
                               .price = question.query.plan().price(),
                               .query = question.asked.digest,
                               .member = question.asked.request.member,
                               .now = question.asked.now};
  auto reservation = budget_.reserve(charge, log_);
  if (!reservation) {
    const bool nothing_spent = reservation.error().code != ErrorCode::unavailable;
    return nothing_spent ? reservation.error() : kQueryFailed;
  }
  questions_.add({question.query.compared(), question.asked.digest, question.asked.request.member},
                 refuses_near(question.query));
  auto response = answer(question, datasets, std::move(*reservation));
  if (!response) return kQueryFailed;
  return response;
}

}  // namespace gbx::room
